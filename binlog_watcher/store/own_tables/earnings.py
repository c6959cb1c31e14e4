"""Reads the figures of a span: what `cartwake report` and the dashboard show. See ``definitions`` and ``figures``.

No statement makes a table, not even a temporary one, which would ask for a right on the whole database.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables import activation, overview, visits
from binlog_watcher.store.own_tables.definitions import (
    ABANDONED,
    CONSTANTS,
    HASHED,
    IN_MEMORY,
    NOT_ABANDONED,
    Definitions,
)
from binlog_watcher.store.own_tables.figures import (
    DIMENSIONS,
    Cell,
    Figures,
    Period,
    Sums,
    Window,
    by_day,
    by_outcome,
    by_value,
    total,
)
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.shop_tables.episode_orders import orders_span, orders_that_stand, ways_to_orders
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import utc_naive

DAY_US = 86_400_000_000

BY_MOMENT = "IGNORE INDEX (cartwake_status)"
"""Nearly all rows may have one status: to find them by it takes longer than to go through all of them."""

ORDERS_A_ROW = 4
"""With more orders to a row of the log it is quicker to look the orders of each row up than to read them all."""

_AN_EPISODE = "(l.reason IS NULL OR l.reason <> 'declined' OR l.item_count IS NOT NULL)"
"""Not a mark that what is in a cart counts as handled."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: ``since_us`` and ``until_us`` of its rows, ``split_us`` where the span itself begins in them.

    ``erasable``: the log is of the fifth layout at least; ``in_memory``: see ``Definitions``.
    """

    queries: Queries
    days: int
    since_us: int
    split_us: int
    until_us: int
    erasable: bool
    in_memory: bool = True

    @property
    def define(self) -> Definitions:
        """The definitions, for these rows."""
        window_us = (self.since_us, self.until_us)
        return Definitions(self.queries, self.days, window_us, self.erasable, in_memory=self.in_memory)

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
            f"SELECT {self._keys()}, COUNT(*), COALESCE(SUM(l.cart_total), 0), {kept} FROM {LOG} l {BY_MOMENT} "
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
        """Of rows that an order followed: the keys, how many, those left again, and what their mails recovered."""
        define = self.define
        again = f"({ABANDONED} AND {define.newer()})"
        return Statement(
            f"{IN_MEMORY if self.in_memory else ''}"
            f"WITH orders_of_window AS ({define.orders}), "
            f"pairs AS ({define.pairs('orders_of_window')}) "
            f"SELECT {HASHED} {self._keys()}, COALESCE(r.currency, '') AS key_{KEYS + 1}, SUM({ABANDONED}), "
            f"COALESCE(SUM(IF({ABANDONED}, l.cart_total, 0)), 0), "
            f"COALESCE(SUM({again}), 0), COALESCE(SUM(IF({again}, l.cart_total, 0)), 0), "
            "COALESCE(SUM(r.clicked = 1), 0), COALESCE(SUM(IF(r.clicked = 1, r.amount, 0)), 0), "
            "COALESCE(SUM(r.clicked = 0), 0), COALESCE(SUM(IF(r.clicked = 0, r.amount, 0)), 0) "
            f"FROM ({define.followed('pairs')}) r STRAIGHT_JOIN {LOG} l ON l.id = r.log_id "
            f"GROUP BY {self._grouped}, key_{KEYS + 1}",
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
        """How many orders of the span before, and of the span, stand."""
        window = (self.since_us, self.until_us)
        return Statement(
            "SELECT COALESCE(SUM(o.bought_at < %(split)s), 0), COALESCE(SUM(o.bought_at >= %(split)s), 0) "
            f"FROM ({orders_that_stand(self.queries, window)}) o "
            "WHERE o.bought_at >= %(rows_from)s AND o.bought_at <= %(rows_to)s",
            self.parameters,
        )


KEYS = 9
"""Of a cell: span, day, status, reason, and the five dimensions."""


def read_figures(
    database: Database, shop: Shop, window: Window, *, days: int, threshold_us: int, before: bool = True
) -> Figures | None:
    """The figures; None for a log of the first two layouts, which the next `cartwake run` brings up to date. Blocking.

    ``days``: ATTRIBUTION_DAYS; ``threshold_us``: after which a cart fell due, for what is late; ``before``: read the
    span before, too, for comparison. Two sessions ask at once.
    """
    with database.session() as session:
        columns = _columns(session)
    if "bounce" not in columns:
        return None
    since_us = window.before_us if before else window.since_us
    reading = Reading(
        shop.queries, days, since_us, window.since_us, window.until_us, erasable="ordered" in columns
    )

    def ask(work: Callable[[Session], Any]) -> Future[Any]:
        return pool.submit(_with_session, database, work)

    with ThreadPoolExecutor(2) as pool:
        of_carts = ask(lambda session: session.rows(*reading.carts()))
        of_orders = ask(lambda session: session.row(*reading.orders()) or (0, 0))
        of_again = ask(lambda session: session.rows(*reading.left_again()))
        carts, orders = of_carts.result(), of_orders.result()
        in_memory = ORDERS_A_ROW * sum(int(row[KEYS]) for row in carts) >= sum(orders)
        following = replace(reading, in_memory=in_memory).followed()
        of_followed = ask(lambda session: session.rows(*following))
        of_late = ask(lambda session: overview.lateness(session, window.since_us, threshold_us))
        has_kept = any(row[-1] for row in carts)
        of_kept = ask(lambda session: session.rows(*reading.kept()) if has_kept else [])
        of_links = ask(lambda session: visits.read_followed(session, window.since_us))
        late, links = of_late.result(), of_links.result()
        cells = [*map(_of_carts, carts), *map(_of_again, of_again.result()), *map(_of_kept, of_kept.result())]
        cells += map(_of_followed, of_followed.result())
    current = [cell for cell in cells if cell.current]
    earlier = Period(total(cell for cell in cells if not cell.current), int(orders[0]))
    return Figures(
        window=window,
        attribution_days=days,
        now=Period(total(current), int(orders[1])),
        before=earlier if before else None,
        links=links,
        holdout=total(cell for cell in current if cell.reason == Reason.HOLDOUT),
        days=by_day(current),
        splits={dimension: by_value(current, dimension) for dimension in DIMENSIONS},
        outcomes=by_outcome(current),
        lateness=late,
        traced=tuple(name for name, _ in ways_to_orders(shop.queries)),
        with_totals=shop.schema.orders.total is not None,
    )


def _with_session(database: Database, work: Callable[[Session], Any]) -> Any:
    with database.session() as session:
        return work(session)


def threshold_us(database: Database, own_us: int) -> int:
    """The service's, since the shell that asks may know another one; else ``own_us``."""
    return activation.kept_threshold_us(database) or own_us


def _columns(session: Session) -> set[str]:
    rows = session.rows(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
        (LOG,),
    )
    return {str(name).lower() for (name,) in rows}


def _cell(row: Iterable[Any], sums: Sums) -> Cell:
    current, day, status, reason, tier, step, store, currency, language = list(row)[:KEYS]
    values = {
        "tier": "" if tier is None else f"{tier.normalize():f}",
        "step": str(step),
        "store": store or "",
        "currency": currency or "",
        "language": language or "",
    }
    at = day if isinstance(day, date) else date.min
    return Cell(bool(current), at, str(status), reason, values, sums)


def _of_carts(row: tuple[Any, ...]) -> Cell:
    carts, value, _ = row[KEYS:]
    status, reason, code = row[2], row[3], row[KEYS - 2] or ""
    abandoned = reason not in NOT_ABANDONED
    return _cell(
        row,
        Sums(
            carts=int(carts),
            abandoned=int(carts) if abandoned else 0,
            value=_money(code, value) if abandoned else {},
            mailed=int(carts) if status == Status.SENT else 0,
        ),
    )


def _of_kept(row: tuple[Any, ...], *, sign: int = 1) -> Cell:
    code, paid_in = row[KEYS - 2] or "", row[KEYS]
    ordered, value, again, again_value, clicks, click_money, others, other_money = row[KEYS + 1 :]
    return _cell(
        row,
        Sums(
            ordered=int(ordered), ordered_value=_money(code, value), left_again=sign * int(again),
            left_again_value=_money(code, sign * again_value), recovered_click=int(clicks),
            recovered_other=int(others), click_money=_money(paid_in, click_money),
            other_money=_money(paid_in, other_money),
        ),
    )  # fmt: skip


def _of_followed(row: tuple[Any, ...]) -> Cell:
    """What an order followed is not left again: it is in the other statement, too."""
    return _of_kept(row, sign=-1)


def _of_again(row: tuple[Any, ...]) -> Cell:
    count, value = row[KEYS:]
    return _cell(row, Sums(left_again=int(count), left_again_value=_money(row[KEYS - 2] or "", value)))


def _money(code: str, amount: Any) -> dict[str, Decimal]:
    return {code: Decimal(amount)} if amount else {}
