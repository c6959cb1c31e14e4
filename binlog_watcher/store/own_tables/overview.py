"""What `cartwake report` reads of the log beside the figures: lateness, what waits, and who is not mailed.

See docs/design.md, *Episodes*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from binlog_watcher.core.log_status import Status
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.figures import Lateness
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.times import UTC_COLUMN, utc_naive

BY_MOMENT = "IGNORE INDEX (cartwake_status)"
"""Nearly all rows may have one status: to find them by it takes longer than to go through all of them."""

STEPS = 100
"""Of the natural logarithm: the next step is a hundredth later."""


@dataclass(frozen=True, slots=True)
class WaitingRetry:
    """A row that is tried again at ``next_attempt_us``."""

    id: int
    cart_key: str
    attempts: int
    next_attempt_us: int | None
    reason: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Rows that an instance works on, and those that nobody has taken up for too long.

    ``overdue_claims``: past their lease; ``overdue_retries``: due since before the moment asked for, which was due
    first at ``oldest_retry_us``.
    """

    claimed: int
    sending: int
    overdue_claims: int
    overdue_retries: int
    oldest_retry_us: int | None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How many addresses are never mailed for this reason: ``bounced``, or an opt-out's."""

    reason: str
    addresses: int


def suppressed(session: Session) -> list[Suppressed]:
    """By reason."""
    rows = session.rows(
        f"SELECT COALESCE(reason, ''), COUNT(*) FROM {RECIPIENT} WHERE suppressed_at IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return [Suppressed(str(reason), int(count)) for reason, count in rows]


def lateness_steps(window_us: int, threshold_us: int) -> Statement:
    """How many mails were how late, in steps of a hundredth; the latest of each step, the earliest step first."""
    return Statement(
        "SELECT COUNT(*), MAX(late) FROM ("
        "SELECT GREATEST(TIMESTAMPDIFF(MICROSECOND, last_activity_at, sent_at) - %s, 1) AS late "
        f"FROM {LOG} {BY_MOMENT} "
        "WHERE created_at >= %s AND status = %s AND attempts = 1 AND last_activity_at IS NOT NULL"
        f") mails GROUP BY FLOOR(LN(late) * {STEPS}) ORDER BY 2",
        (threshold_us, utc_naive(window_us), Status.SENT),
    )


def lateness(session: Session, window_us: int, threshold_us: int) -> Lateness | None:
    """Of the carts logged in the window; None without a mail. Also late is who waited for cool-down or rate limit.

    To one per cent: a million of mails need not be sorted for it.
    """
    steps = [
        (int(count), int(late)) for count, late in session.rows(*lateness_steps(window_us, threshold_us))
    ]
    mails = sum(count for count, _ in steps)
    if not mails:
        return None
    median, p95, p99 = (_reached(steps, share * mails) for share in (0.5, 0.95, 0.99))
    return Lateness(mails, median, p95, p99, steps[-1][1])


def _reached(steps: Sequence[tuple[int, int]], mails: float) -> int:
    """How late the mail is with which so many have left."""
    so_far = accumulate(count for count, _ in steps)
    return next(late for (_, late), count in zip(steps, so_far, strict=True) if count >= mails)


def under_way(session: Session, late_us: int) -> UnderWay:
    """``late_us``: a retry that was due before this moment is overdue."""
    row = session.row(
        "SELECT COALESCE(SUM(status = %s), 0), COALESCE(SUM(status = %s), 0), "
        "COALESCE(SUM(status = %s AND lease_until <= UTC_TIMESTAMP(6)), 0), "
        "COALESCE(SUM(status = %s AND next_attempt_at < %s), 0), "
        f"MIN(CASE WHEN status = %s AND next_attempt_at < %s THEN next_attempt_at END) FROM {LOG} WHERE status IN %s",
        (
            Status.CLAIMED, Status.SENDING, Status.CLAIMED, Status.RETRY, utc_naive(late_us), Status.RETRY,
            utc_naive(late_us), (Status.CLAIMED, Status.SENDING, Status.RETRY),
        ),
    ) or (0, 0, 0, 0, None)  # fmt: skip
    claimed, sending, overdue_claims, overdue_retries = (int(number) for number in row[:4])
    return UnderWay(claimed, sending, overdue_claims, overdue_retries, UTC_COLUMN.to_us(row[4]))


def retries(session: Session, limit: int) -> tuple[int, list[WaitingRetry]]:
    """How many rows wait for a retry, and those that are due first."""
    count = session.row(f"SELECT COUNT(*) FROM {LOG} WHERE status = %s", (Status.RETRY,)) or (0,)
    rows = session.rows(
        f"SELECT id, cart_key, attempts, next_attempt_at, reason, error FROM {LOG} WHERE status = %s "
        "ORDER BY next_attempt_at, id LIMIT %s",
        (Status.RETRY, limit),
    )
    return int(count[0]), [
        WaitingRetry(log_id, cart_key, attempts, UTC_COLUMN.to_us(next_attempt_at), reason, error)
        for log_id, cart_key, attempts, next_attempt_at, reason, error in rows
    ]
