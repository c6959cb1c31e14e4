"""What the binlog told of a cart and the shop's tables don't: written down, it outlasts a restart. Pure."""

from dataclasses import dataclass

from binlog_watcher.core.events import CartKey


@dataclass(frozen=True, slots=True)
class CartNote:
    """Times are epoch microseconds of MySQL's clock.

    ``activity_us``: the cart's last activity (None: as noted before). ``ordered_us``: an order after that (None: there
    is none).
    """

    key: CartKey
    activity_us: int | None = None
    ordered_us: int | None = None
