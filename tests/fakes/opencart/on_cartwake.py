"""An OpenCart 4 shop on a real server with Cartwake on it: one for a module's tests, with customers of their own."""

import itertools
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fakes.opencart.catalogue import KETTLE, MARK, UNITED_KINGDOM
from fakes.opencart.shop_4 import OpenCart4
from fakes.preset_shop import PresetShop
from fakes.shop_statements import cents

from binlog_watcher.core.cart import Cart

MARKED = (
    f"UPDATE oc_product SET sort_order = sort_order + 1 WHERE product_id = {MARK.id}",
    MARK.id,
)


def variables(release: str, **more: str) -> str:
    """SHOP_VARIABLES of the preset: a shop in the United Kingdom."""
    named = {"release": release, "shop_country": str(UNITED_KINGDOM), "shop_zone": "0", **more}
    return ",".join(f"{name}={value}" for name, value in named.items())


@dataclass
class Open:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: OpenCart4
    _numbers: Any = field(default_factory=itertools.count)

    def customer(self, **more: Any) -> int:
        """A new one, with an address that nobody else has."""
        return self.shop.register(f"jane{next(self._numbers)}@example.com", **more)

    def customer_with_cart(self, *products: int, minutes_ago: float = 60, **more: Any) -> int:
        who = self.customer(**more)
        for product in products or (KETTLE.id,):
            self.shop.add(who, product, minutes_ago=minutes_ago)
        return who

    def email(self, customer: int) -> str:
        ((email,),) = self.db.run("SELECT email FROM oc_customer WHERE customer_id = %s", (customer,))
        return str(email)

    def order(self, customer: int, pieces: dict[int, int], status: int = 0, minutes_ago: float = 0) -> int:
        """An order of the customer's, with what it has in it; 0: the last page was looked at, no more."""
        number = self.shop.confirm_page(customer, pieces, email=self.email(customer), minutes_ago=minutes_ago)
        if status:
            self.shop.set_status(number, status)
        return number

    def cart(self, customer: int) -> Cart:
        return self.db.load(customer)[customer]

    def prices(self, customer: int) -> list[Decimal]:
        """What a piece of each line costs, as it is shown."""
        return [cents(line.price) for line in self.cart(customer).lines]
