"""The statements that read the figures of a span. Pure. See ``definitions``; ``earnings`` asks them.

No statement makes a table, not even a temporary one, which would ask for a right on the whole database.
"""

from dataclasses import dataclass
from typing import Any

from binlog_watcher.store.own_tables.definitions import (
    ABANDONED,
    CONSTANTS,
    HASHED,
    IN_MEMORY,
    SORTED,
    Definitions,
)
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.shop_tables.episode_orders import (
    highest_id,
    orders_span,
    orders_that_stand,
)
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.times import utc_naive

BY_MOMENT = "IGNORE INDEX (cartwake_status)"
"""Nearly all rows may have one status: to find them by it takes longer than to go through all of them."""

_AN_EPISODE = "(l.reason IS NULL OR l.reason <> 'declined' OR l.item_count IS NOT NULL)"
"""Not a mark that what is in a cart counts as handled."""

KEYS = 9
"""Of a cell: span, day, status, reason, and the five dimensions."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: ``since_us`` and ``until_us`` of its rows, ``split_us`` where the span itself begins in them.

    ``erasable``: the log is of the fifth layout at least; ``in_memory``: see ``Definitions``; ``first_id``: none of the
    span's orders has a lower id, and they are read by their ids.
    """

    queries: Queries
    days: int
    since_us: int
    split_us: int
    until_us: int
    erasable: bool
    in_memory: bool = True
    first_id: int | None = None

    @property
    def define(self) -> Definitions:
        """The definitions, for these rows."""
        window_us = (self.since_us, self.until_us)
        return Definitions(
            self.queries,
            self.days,
            window_us,
            self.erasable,
            in_memory=self.in_memory,
            by_id=self.first_id is not None,
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """Of all statements below."""
        return {
            **self.queries.constants,
            **CONSTANTS,
            **orders_span(self.queries, (self.since_us, self.until_us)),
            "rows_from": utc_naive(self.since_us),
            "rows_to": utc_naive(self.until_us),
            "split": utc_naive(self.split_us),
            "first_id": self.first_id,
        }

    # --- statements -----------------------------------------------------------------------------------------

    def _keys(self) -> str:
        named = ["l.store", "l.language"] if self.erasable else ["NULL", "NULL"]
        keys = ["l.created_at >= %(split)s", "DATE(l.created_at)", "l.status", "l.reason"]
        keys += ["l.discount_percent", "l.step", named[0], "l.currency", named[1]]
        return ", ".join(f"{sql} AS key_{nth}" for nth, sql in enumerate(keys, 1))

    @property
    def _grouped(self) -> str:
        return ", ".join(f"key_{nth}" for nth in range(1, KEYS + 1))

    def carts(self) -> Statement:
        """Of all rows: the keys, how many, their value, and how many ``kept`` tells of."""
        kept = "COUNT(l.ordered)" if self.erasable else "0"
        return Statement(
            f"SELECT {SORTED} {self._keys()}, COUNT(*), COALESCE(SUM(l.cart_total), 0), {kept} "
            f"FROM {LOG} l {BY_MOMENT} "
            f"WHERE {self.define.of_window} AND {_AN_EPISODE} GROUP BY {self._grouped}",
            self.parameters,
        )

    def kept(self) -> Statement:
        """What erased rows have kept of their orders: the keys, and the same as of those that an order followed."""
        sums = (
            f"SUM(l.ordered AND {ABANDONED})",
            f"SUM(IF(l.ordered AND {ABANDONED}, l.cart_total, 0))",
            f"SUM(l.left_again AND {ABANDONED})",
            f"SUM(IF(l.left_again AND {ABANDONED}, l.cart_total, 0))",
            "SUM(l.recovered_click = 1)",
            "SUM(IF(l.recovered_click = 1, l.recovered, 0))",
            "SUM(l.recovered_click = 0)",
            "SUM(IF(l.recovered_click = 0, l.recovered, 0))",
        )
        summed = ", ".join(f"COALESCE({sql}, 0)" for sql in sums)
        return Statement(
            f"SELECT {self._keys()}, COALESCE(l.recovered_in, '') AS key_{KEYS + 1}, {summed} "
            f"FROM {LOG} l {BY_MOMENT} WHERE {self.define.of_window} AND l.ordered IS NOT NULL "
            f"GROUP BY {self._grouped}, key_{KEYS + 1}",
            self.parameters,
        )

    def followed(self) -> Statement:
        """Of rows that an order followed: the keys, whether left again, how many, and what their mails recovered."""
        define = self.define
        sums = (
            f"SUM({ABANDONED})",
            f"SUM(IF({ABANDONED}, l.cart_total, 0))",
            "SUM(r.clicked = 1)",
            "SUM(IF(r.clicked = 1, r.amount, 0))",
            "SUM(r.clicked = 0)",
            "SUM(IF(r.clicked = 0, r.amount, 0))",
        )
        summed = ", ".join(f"COALESCE({sql}, 0)" for sql in sums)
        return Statement(
            f"{IN_MEMORY if self.in_memory else ''}"
            f"WITH orders_of_window AS ({define.orders}), "
            f"pairs AS ({define.pairs('orders_of_window')}) "
            f"SELECT {HASHED} {self._keys()}, COALESCE(r.currency, '') AS key_{KEYS + 1}, "
            f"{ABANDONED} AND {define.newer()} AS key_{KEYS + 2}, {summed} "
            f"FROM ({define.followed('pairs')}) r STRAIGHT_JOIN {LOG} l ON l.id = r.log_id "
            f"GROUP BY {self._grouped}, key_{KEYS + 1}, key_{KEYS + 2}",
            self.parameters,
        )

    def left_again(self) -> Statement:
        """Of rows whose cart was left again, whether or not an order followed: the keys, how many, their value."""
        return Statement(
            f"{IN_MEMORY}SELECT {HASHED} {self._keys()}, COUNT(*), COALESCE(SUM(l.cart_total), 0) "
            f"FROM ({self.define.left_again()}) again STRAIGHT_JOIN {LOG} l ON l.id = again.log_id "
            f"GROUP BY {self._grouped}",
            self.parameters,
        )

    def orders(self) -> Statement:
        """How many orders of the span before, and of the span, stand; the lowest of their ids, and the highest of all.

        The ids are NULL where they don't lead to the orders.
        """
        highest = highest_id(self.queries)
        ids = "NULL, NULL" if highest is None else f"MIN(o.order_id), ({highest})"
        window = (self.since_us, self.until_us)
        return Statement(
            "SELECT COALESCE(SUM(o.bought_at < %(split)s), 0), COALESCE(SUM(o.bought_at >= %(split)s), 0), "
            f"{ids} FROM ({orders_that_stand(self.queries, window)}) o "
            "WHERE o.bought_at >= %(rows_from)s AND o.bought_at <= %(rows_to)s",
            self.parameters,
        )

    def rows(self) -> Statement:
        """How many rows of the log are of the span."""
        return Statement(f"SELECT COUNT(*) FROM {LOG} l WHERE {self.define.of_window}", self.parameters)
