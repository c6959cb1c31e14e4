"""Whether the moments of carts fit what the binlog told of them: else their zone is a wrong one.

A moment is read right or wrong for all rows of a column alike. One that lies ahead of the last activity makes its cart
wait: an hour, say, each time, and nothing else would tell.
"""

from typing import TYPE_CHECKING

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import CLOCK_ERROR_US

if TYPE_CHECKING:
    from binlog_watcher.core.events import CartKey

log = structlog.get_logger(__name__)

SUSPECTS = 3
"""Carts, none in between that fits: one alone may be an import, or somebody's clock."""


class RowTimes:
    """Looks at carts when they are due, and warns once."""

    def __init__(self) -> None:
        self._suspects: set[CartKey] = set()
        self._told = False

    def look_at(self, cart: Cart, known_us: int | None, now_us: int) -> None:
        """``known_us``: the cart's last activity as the source told it; None: then only the future is suspect."""
        moment_us = max(cart.newest_row_us, cart.activity_us or 0)
        ahead_us = moment_us - (now_us if known_us is None else known_us)
        if self._told or not cart.lines:
            return
        if ahead_us <= CLOCK_ERROR_US:
            if known_us is not None and ahead_us >= -CLOCK_ERROR_US:
                self._suspects.clear()
            return
        self._suspects.add(cart.key)
        if len(self._suspects) >= SUSPECTS:
            self._told = True
            log.warning(
                "recovery.rows_ahead",
                minutes=round(ahead_us / 60_000_000),
                hint="carts have moments (created, updated) that lie after their last activity, and wait for them; "
                "set SHOP_TIMEZONE to the zone that the shop writes",
            )
