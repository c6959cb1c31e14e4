"""A PrestaShop on a real server, and Cartwake on it by its preset."""

from dataclasses import dataclass
from typing import Any

from fakes.preset_shop import PresetShop
from fakes.prestashop.catalogue import LAMP, LANTERN
from fakes.prestashop.shop import PrestaShop

MARK = (
    f"UPDATE ps_product SET minimal_quantity = minimal_quantity + 1 WHERE id_product = {LANTERN.id}",
    LANTERN.id,
)


@dataclass
class Presta:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: PrestaShop

    def customer_with_cart(
        self, email: str = "jane@example.com", *, minutes_ago: float = 60, **customer: Any
    ) -> int:
        """The cart of a new customer, with a lamp."""
        who = self.shop.register(email, **customer)
        cart = self.shop.new_cart(customer=who, minutes_ago=minutes_ago)
        self.shop.add(cart, LAMP.id, minutes_ago=minutes_ago)
        return cart
