"""What the log is told of a cart: its total, its discount, its currency."""

from dataclasses import dataclass

from binlog_watcher.core.cart import Cart
from binlog_watcher.recovery.compose.brands import Brands
from binlog_watcher.store.own_tables.log_rows import Episode


@dataclass(frozen=True, slots=True)
class EpisodeOf:
    """Makes the row of a cart."""

    brands: Brands

    def __call__(self, cart: Cart, activity_us: int) -> Episode:
        """The cart's episode, quiet since ``activity_us``."""
        brand = self.brands.of(cart)
        return Episode(
            cart=cart,
            version=cart.version or 0,
            activity_us=activity_us,
            currency=cart.currency or brand.store.currency,
            discount_percent=brand.discount(cart).percent,
        )
