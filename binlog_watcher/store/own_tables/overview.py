"""What `cartwake report` reads of the log: counts, mails by day, lateness, and what waits.

See docs/design.md, *Episodes*.
"""

from dataclasses import dataclass
from datetime import date

from binlog_watcher.core.log_status import Status
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.times import UTC_COLUMN, utc_naive


@dataclass(frozen=True, slots=True)
class Count:
    """How many carts were logged with this status and reason: in the window, and since the activation."""

    status: str
    reason: str | None
    window: int
    activation: int


@dataclass(frozen=True, slots=True)
class MailDay:
    """One day (UTC) of ``cart_abandonment_mails_daily``; conversions: orders within seven days."""

    day: date
    mails: int
    successful: int
    conversions: int


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
class Lateness:
    """Hand-over to SMTP minus due moment, of mails that needed one attempt; in microseconds."""

    mails: int
    median_us: int
    p99_us: int
    worst_us: int


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


def counts(session: Session, window_us: int, activated_us: int) -> list[Count]:
    """By status and reason, the most frequent first."""
    rows = session.rows(
        "SELECT status, reason, COALESCE(SUM(created_at >= %s), 0), COALESCE(SUM(created_at >= %s), 0) "
        f"FROM {LOG} WHERE created_at >= %s GROUP BY status, reason ORDER BY 4 DESC, 3 DESC, 1, 2",
        (utc_naive(window_us), utc_naive(activated_us), utc_naive(min(window_us, activated_us))),
    )
    return [Count(status, reason, int(window), int(all_of)) for status, reason, window, all_of in rows]


def mail_days(session: Session, window_us: int) -> list[MailDay]:
    """The days that the window touches, newest first."""
    rows = session.rows(
        "SELECT day, mails, successful, conversions FROM cart_abandonment_mails_daily "
        "WHERE day >= %s ORDER BY day DESC",
        (utc_naive(window_us).date(),),
    )
    return [MailDay(day, int(mails), int(good), int(bought)) for day, mails, good, bought in rows]


def lateness(session: Session, window_us: int, threshold_us: int) -> Lateness | None:
    """Of the carts logged in the window; None without a mail. Also late is who waited for cool-down or rate limit."""
    row = session.row(
        "SELECT COUNT(*), MIN(CASE WHEN share >= 0.5 THEN late END), MIN(CASE WHEN share >= 0.99 THEN late END), "
        "MAX(late) FROM (SELECT late, CUME_DIST() OVER (ORDER BY late) AS share FROM ("
        "SELECT TIMESTAMPDIFF(MICROSECOND, last_activity_at, sent_at) - %s AS late "
        f"FROM {LOG} WHERE created_at >= %s AND status = %s AND attempts = 1 AND last_activity_at IS NOT NULL"
        ") mails) ranked",
        (threshold_us, utc_naive(window_us), Status.SENT),
    )
    if row is None or not row[0]:
        return None
    return Lateness(int(row[0]), *(max(0, int(late)) for late in row[1:]))


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
