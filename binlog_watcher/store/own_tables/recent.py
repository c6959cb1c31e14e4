"""The newest rows of the log, for whoever looks at it as it grows. Reads only."""

from dataclasses import dataclass
from decimal import Decimal

from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.times import UTC_COLUMN


@dataclass(frozen=True, slots=True)
class RecentRow:
    """A row as it stands. Times in epoch microseconds; ``at_us``: its hand-over, else when it was logged."""

    id: int
    cart_key: str
    status: str
    reason: str | None
    total: Decimal | None
    currency: str | None
    attempts: int
    error: str | None
    at_us: int | None
    next_attempt_us: int | None


def newest(limit: int) -> Statement:
    """By the primary key, so that it takes no longer in a long log."""
    return Statement(
        "SELECT id, cart_key, status, reason, cart_total, currency, attempts, error, COALESCE(sent_at, created_at), "
        f"next_attempt_at FROM {LOG} ORDER BY id DESC LIMIT %s",
        (limit,),
    )


def read_newest(session: Session, limit: int) -> list[RecentRow]:
    """The newest first."""
    return [
        RecentRow(
            log_id, cart_key, status, reason, total, currency, attempts, error, UTC_COLUMN.to_us(at),
            UTC_COLUMN.to_us(next_attempt_at),
        )
        for log_id, cart_key, status, reason, total, currency, attempts, error, at, next_attempt_at
        in session.rows(*newest(limit))
    ]  # fmt: skip
