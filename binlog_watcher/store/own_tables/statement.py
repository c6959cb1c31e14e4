"""Statements as values, and the pieces of SQL that several of them share: each rule stands once. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from binlog_watcher.core.owners import BETWEEN
from binlog_watcher.store.own_tables.tables import RECIPIENT
from binlog_watcher.store.times import utc_naive


class Statement(NamedTuple):
    """SQL, and the values of its placeholders: ``session.run(*statement)``."""

    sql: str
    parameters: Sequence[Any] | Mapping[str, Any] = ()


LEASE_IS_OVER = "lease_until <= UTC_TIMESTAMP(6)"
"""Of a row of the log: its owner has had its time."""


def lease_end(lease_us: int) -> str:
    """The end of a lease that begins now."""
    return f"UTC_TIMESTAMP(6) + INTERVAL {int(lease_us)} MICROSECOND"


def in_cooldown(now_us: int, cooldown_us: int) -> Statement:
    """A condition: another mail holds the address of the row ``l`` back. ``Recipient.held_until_us`` in SQL."""
    return Statement(
        f"EXISTS (SELECT 1 FROM {RECIPIENT} r WHERE r.address_hash = l.address_hash AND r.last_mail_at > %s "
        "AND (l.sent_at IS NULL OR r.last_mail_at <> l.sent_at))",
        (utc_naive(now_us - cooldown_us),),
    )


def of_shop(shop: str | None) -> Statement:
    """A further condition: the row ``l`` is this shop's, or nobody said whose. ``owners.is_ours`` in SQL."""
    if shop is None:
        return Statement("")
    mine = "l.owner IS NULL OR LOCATE(%s, l.owner) = 0 OR SUBSTRING_INDEX(l.owner, %s, 1) = %s"
    return Statement(f" AND ({mine})", (BETWEEN, BETWEEN, shop))


def rows_as_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Statement:
    """A derived table of values: lets one UPDATE give many rows their own.

    MySQL has VALUES ROW() for this and MariaDB VALUES (); both know UNION ALL.
    """
    first = "SELECT " + ", ".join(f"%s AS {column}" for column in columns)
    further = "SELECT " + ", ".join(["%s"] * len(columns))
    sql = " UNION ALL ".join([first, *[further] * (len(rows) - 1)])
    return Statement(f"({sql})", [value for row in rows for value in row])
