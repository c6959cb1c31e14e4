"""That an order followed a cart's last activity, as the source told: tables may read otherwise. Pure.

A wrong time zone, an order that is dated back: who has bought is not mailed. It ends with activity in a later second,
with an order that does not count any more, and when no cart of that time could be mailed.
"""

import itertools

from binlog_watcher.core.events import CartKey

SECOND_US = 1_000_000
_FORGOTTEN_AT_ONCE = 2
"""More than are added: so that old orders are forgotten bit by bit."""


class ToldOrders:
    """By cart key. Times are epoch microseconds of MySQL's clock. ``remember_us``: for how long an order matters."""

    def __init__(self, remember_us: int) -> None:
        self._remember_us = remember_us
        self._orders: dict[CartKey, int] = {}  # key → when, the oldest first

    def get(self, key: CartKey) -> int | None:
        """When the order was that followed the key's last activity; None: there is none."""
        return self._orders.get(key)

    def remember(self, key: CartKey, at_us: int) -> None:
        """There was an order at ``at_us``."""
        self._orders.pop(key, None)
        self._orders[key] = at_us
        for oldest in list(itertools.islice(self._orders, _FORGOTTEN_AT_ONCE)):
            if self._orders[oldest] >= at_us - self._remember_us:
                break
            del self._orders[oldest]

    def forget(self, key: CartKey) -> None:
        """It does not count any more."""
        self._orders.pop(key, None)

    def came_back(self, key: CartKey, at_us: int) -> bool:
        """Whether activity at ``at_us`` ends an order of an earlier second, which was of another cart."""
        ordered_us = self._orders.get(key)
        if ordered_us is None or at_us // SECOND_US <= ordered_us // SECOND_US:
            return False
        del self._orders[key]
        return True
