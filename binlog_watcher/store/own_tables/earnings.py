"""Reads the figures of a span: what `cartwake report` and the dashboard show. See ``definitions`` and ``figures``."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables import activation, overview, visits
from binlog_watcher.store.own_tables.definitions import NOT_ABANDONED
from binlog_watcher.store.own_tables.earnings_statements import KEYS, Reading
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
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.shop_tables.episode_orders import ways_to_orders
from binlog_watcher.store.shop_tables.shop import Shop

DAY_US = 86_400_000_000

ORDERS_A_ROW = 4
"""With more orders to a row of the log it is quicker to look the orders of each row up than to read them all."""


IDS_AN_ORDER = 3
"""With more ids to an order of the span it is quicker to read the orders by an index on their moments."""


@dataclass(frozen=True, slots=True)
class Counted:
    """``rows`` of the log; orders ``before`` the span and ``within``; the ids are None where they lead to no orders."""

    rows: int
    before: int
    within: int
    first_id: int | None
    last_id: int | None

    def best_way(self, reading: Reading) -> Reading:
        """The reading, which finds the orders in the way that is quickest for so many."""
        orders = self.before + self.within
        first, last = self.first_id, self.last_id
        dense = first is not None and last is not None and last - first < IDS_AN_ORDER * orders
        return replace(
            reading, in_memory=ORDERS_A_ROW * self.rows >= orders, first_id=first if dense else None
        )


def read_figures(
    database: Database,
    shop: Shop,
    window: Window,
    *,
    days: int,
    threshold_us: int,
    before: bool = True,
    sessions: int = 2,
) -> Figures | None:
    """The figures; None for a log of the first two layouts, which the next `cartwake run` brings up to date. Blocking.

    ``days``: ATTRIBUTION_DAYS; ``threshold_us``: after which a cart fell due, for what is late; ``before``: read the
    span before, too, for comparison; ``sessions``: so many ask at once.
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

    # What takes longest begins first.
    with ThreadPoolExecutor(sessions) as pool:
        of_orders = ask(lambda session: _count(session, reading))
        of_carts = ask(lambda session: session.rows(*reading.carts()))
        orders = of_orders.result()
        following = orders.best_way(reading).followed()
        of_followed = ask(lambda session: session.rows(*following))
        of_again = ask(lambda session: session.rows(*reading.left_again()))
        of_late = ask(lambda session: overview.lateness(session, window.since_us, threshold_us))
        of_links = ask(lambda session: visits.read_followed(session, window.since_us))
        carts = of_carts.result()
        has_kept = any(row[-1] for row in carts)
        of_kept = ask(lambda session: session.rows(*reading.kept()) if has_kept else [])
        late, links = of_late.result(), of_links.result()
        cells = [*map(_of_carts, carts), *map(_of_again, of_again.result()), *map(_of_kept, of_kept.result())]
        cells += map(_of_followed, of_followed.result())
    current = [cell for cell in cells if cell.current]
    earlier = Period(total(cell for cell in cells if not cell.current), orders.before)
    return Figures(
        window=window,
        attribution_days=days,
        now=Period(total(current), orders.within),
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


def _count(session: Session, reading: Reading) -> "Counted":
    (rows,) = session.row(*reading.rows()) or (0,)
    before, within, first_id, last_id = session.row(*reading.orders()) or (0, 0, None, None)
    return Counted(int(rows), int(before), int(within), first_id, last_id)


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


def _of_kept(row: tuple[Any, ...]) -> Cell:
    ordered, value, again, again_value, *mailed = row[KEYS + 1 :]
    sums = _recovered(row[KEYS], mailed)
    code = row[KEYS - 2] or ""
    sums.ordered, sums.ordered_value = int(ordered), _money(code, value)
    sums.left_again, sums.left_again_value = int(again), _money(code, again_value)
    return _cell(row, sums)


def _of_followed(row: tuple[Any, ...]) -> Cell:
    """What an order followed is not left again: it is in the other statement, too."""
    again, ordered, value, *mailed = row[KEYS + 1 :]
    sums = _recovered(row[KEYS], mailed)
    code = row[KEYS - 2] or ""
    sums.ordered, sums.ordered_value = int(ordered), _money(code, value)
    if again:
        sums.left_again, sums.left_again_value = -int(ordered), _money(code, -value)
    return _cell(row, sums)


def _recovered(paid_in: str, mailed: Sequence[Any]) -> Sums:
    clicks, click_money, others, other_money = mailed
    return Sums(
        recovered_click=int(clicks), recovered_other=int(others), click_money=_money(paid_in, click_money),
        other_money=_money(paid_in, other_money),
    )  # fmt: skip


def _of_again(row: tuple[Any, ...]) -> Cell:
    count, value = row[KEYS:]
    return _cell(row, Sums(left_again=int(count), left_again_value=_money(row[KEYS - 2] or "", value)))


def _money(code: str, amount: Any) -> dict[str, Decimal]:
    return {code: Decimal(amount)} if amount else {}
