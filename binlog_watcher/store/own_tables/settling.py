"""What a row of the log keeps of its orders when it is erased: afterwards they can't be looked up any more.

Figures stay the same. So a row of the same customer that an order of an erased one could fall to keeps its own, too:
else that order would be told of two mails.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.definitions import CONSTANTS, Definitions
from binlog_watcher.store.own_tables.statement import Statement, rows_as_table
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.shop_tables.queries import Queries


class Settled(NamedTuple):
    """Of one row: whether an order followed, whether the cart was left again, and what its mail recovered."""

    log_id: int
    ordered: bool
    left_again: bool
    recovered: Any
    currency: str | None
    after_click: bool | None


def rivals(ids: Sequence[int]) -> Statement:
    """Ids of these rows, and of others of the same customers and carts, that have not been settled."""
    some = (tuple(ids),) * 3
    return Statement(
        f"SELECT id FROM {LOG} WHERE id IN %s AND ordered IS NULL UNION "
        f"SELECT r.id FROM {LOG} l JOIN {LOG} r ON r.user_id = l.user_id WHERE l.id IN %s AND r.ordered IS NULL UNION "
        f"SELECT r.id FROM {LOG} l JOIN {LOG} r ON r.cart_key = l.cart_key WHERE l.id IN %s AND r.ordered IS NULL",
        some,
    )


def outcomes(queries: Queries, days: int, ids: Sequence[int], among: Sequence[int]) -> Statement:
    """Of each row ``among`` that is of ``ids`` or shares an order with one: what is ``Settled``."""
    define = Definitions(queries, days, among=True)
    return Statement(
        f"WITH pairs AS ({define.pairs(f'({define.orders})')}), mine AS ({define.recovered('pairs')}) "
        f"SELECT l.id, p.log_id IS NOT NULL, {define.newer()}, r.amount, r.currency, r.clicked FROM {LOG} l "
        "LEFT JOIN (SELECT DISTINCT log_id FROM pairs) p ON p.log_id = l.id LEFT JOIN mine r ON r.log_id = l.id "
        "WHERE l.id IN %(ids)s OR (l.id IN %(among)s AND EXISTS (SELECT 1 FROM pairs a JOIN pairs b "
        "ON b.order_id = a.order_id WHERE a.log_id = l.id AND b.log_id IN %(ids)s))",
        {**queries.constants, **CONSTANTS, "ids": tuple(ids), "among": tuple(among)},
    )


def keep(rows: Sequence[Settled]) -> Statement:
    """Write it to the rows; what was recovered is cut to what the column holds."""
    columns = ("id", "ordered", "again", "recovered", "currency", "clicked")
    table, parameters = rows_as_table(columns, rows)
    return Statement(
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.id = v.id SET l.ordered = v.ordered, l.left_again = v.again, "
        "l.recovered = v.recovered, l.recovered_in = v.currency, l.recovered_click = v.clicked",
        parameters,
    )


def settle(session: Session, queries: Queries, days: int, ids: Sequence[int]) -> None:
    """Inside a transaction, before the rows are erased. ``days``: ATTRIBUTION_DAYS."""
    among = [log_id for (log_id,) in session.rows(*rivals(ids))]
    unsettled = [log_id for log_id in ids if log_id in set(among)]
    if not unsettled:
        return
    found = list(_settled(session.rows(*outcomes(queries, days, unsettled, among))))
    session.run(*keep(found))


def _settled(rows: Iterable[tuple[Any, ...]]) -> Iterable[Settled]:
    for log_id, ordered, again, amount, currency, clicked in rows:
        after_click = None if amount is None else bool(clicked)
        yield Settled(
            log_id, bool(ordered), bool(again) and not ordered, amount, currency or None, after_click
        )
