"""Cartwake beside a Sylius shop, as the tests of the preset use it."""

from dataclasses import dataclass
from typing import Any

from fakes.preset_shop import PresetShop
from fakes.sylius.catalogue import KETTLE, SAMPLE, Variant
from fakes.sylius.shop import Sylius

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason

MARK = (
    f"UPDATE sylius_product SET average_rating = average_rating + 1 WHERE id = {SAMPLE.product}",
    SAMPLE.product,
)


@dataclass
class OnSylius:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: Sylius

    def cart_of(self, customer: int | None, *variants: Variant, **cart: Any) -> int:
        first, *others = variants or (KETTLE,)
        number = self.shop.cart(customer, first, **cart)
        for variant in others:
            self.shop.add(number, variant)
        return number

    def jane(self) -> int:
        return self.shop.register("jane@example.com")

    def sent(self, cart: int) -> bool:
        return isinstance(self.db.decide(cart, minutes_later=60), Send)

    def reason(self, cart: int) -> Reason | None:
        """Why a cart is skipped."""
        decision = self.db.decide(cart, minutes_later=60)
        return decision.reason if isinstance(decision, Skip) else None
