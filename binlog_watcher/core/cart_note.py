"""What the binlog told of a cart and the shop's tables don't: written down, it outlasts a restart. Pure."""

from dataclasses import dataclass

from binlog_watcher.core.events import CartKey


@dataclass(frozen=True, slots=True)
class CartNote:
    """Times are epoch microseconds of MySQL's clock.

    ``activity_us``: the cart's last activity (None: as noted before). ``ordered_us``: an order after that (None: there
    is none). ``filled_us``: when something was last put into it, and ``digest``: of what is in it, of a cart that is
    a document (None: as noted before).
    """

    key: CartKey
    activity_us: int | None = None
    ordered_us: int | None = None
    filled_us: int | None = None
    digest: bytes | None = None

    @property
    def only_takes_back(self) -> bool:
        """Whether it says no more than that there is no order after all."""
        told = (self.activity_us, self.ordered_us, self.filled_us, self.digest)
        return all(what is None for what in told)
