"""Rows of the log that wait for someone: claims of the dead, mails of unknown outcome, retries (design §3)."""

from collections.abc import Sequence

from binlog_watcher.core.cart import LoggedEpisode
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.database import Session
from binlog_watcher.store.locks.presence import lock_name
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.log_rows import OpenRow
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.times import UTC_COLUMN, utc_naive


def dead_owners(session: Session, owners: set[str]) -> set[str]:
    """Which of the instances are gone: each holds a lock on a session of its own while it lives."""
    return {
        owner for owner in owners
        if (session.row("SELECT IS_FREE_LOCK(%s)", (lock_name(owner),)) or (0,))[0] == 1
    }  # fmt: skip


def close(session: Session, rows: Sequence[LoggedEpisode], reason: Reason) -> None:
    """Open rows that will not be mailed any more (bought, emptied, too old); claims of the living are theirs."""
    dead = [row.id for row in rows if row.status is Status.CLAIMED and not row.owner_alive]
    session.run(
        f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
        "WHERE id IN %s AND (status = %s OR status = %s AND (id IN %s OR lease_until <= UTC_TIMESTAMP(6)))",
        (
            Status.SKIPPED, reason, tuple(row.id for row in rows), Status.RETRY, Status.CLAIMED,
            tuple(dead) or (0,),
        ),
    )  # fmt: skip


def settle_unknown(session: Session, owner: str, now_us: int) -> int:
    """Inside a transaction: what a dead instance left in ``sending``, or is past its lease, becomes ``unknown``."""
    rows = session.rows(
        f"SELECT id, owner, lease_until, address_hash FROM {LOG} WHERE status = %s", (Status.SENDING,)
    )
    dead = dead_owners(session, {row[1] for row in rows if row[1] not in {None, owner}})
    lost = [
        (log_id, digest)
        for log_id, holder, lease_until, digest in rows
        if holder in dead or (UTC_COLUMN.to_us(lease_until) or 0) <= now_us
    ]
    if not lost:
        return 0
    recipients.lock(session, {digest for _, digest in lost if digest})
    # Whoever sent it may have had the lock, and have told meanwhile how it ended.
    lost = [
        (log_id, digest)
        for log_id, digest in session.rows(
            f"SELECT id, address_hash FROM {LOG} WHERE id IN %s AND status = %s FOR UPDATE",
            (tuple(log_id for log_id, _ in lost), Status.SENDING),
        )
    ]
    if not lost:
        return 0
    mailed = sorted({digest for _, digest in lost if digest})
    if mailed:
        session.run(
            f"UPDATE {RECIPIENT} SET last_mail_at = %s WHERE address_hash IN %s",
            (utc_naive(now_us), tuple(mailed)),
        )
    return session.run(
        f"UPDATE {LOG} SET status = %s, reason = %s, email_sent = NULL, sent_at = %s, lease_until = NULL, "
        "error = 'the connection or the process ended inside the hand-over to SMTP' "
        "WHERE id IN %s AND status = %s",
        (
            Status.UNKNOWN,
            Reason.UNREPORTED,
            utc_naive(now_us),
            tuple(log_id for log_id, _ in lost),
            Status.SENDING,
        ),
    )


def open_rows(session: Session, owner: str, now_us: int, cooldown_us: int = 0) -> list[OpenRow]:
    """Retries that are due and claims that nobody holds any more.

    Retries to an address in its cool-down (another cart of the same person was mailed) are not due for all that time,
    except where the last mail is the row's own of unknown outcome, which is to be sent again.
    """
    rows = session.rows(
        f"SELECT cart_key, status, next_attempt_at, lease_until, owner FROM {LOG} l "
        "WHERE status = %s AND next_attempt_at <= %s AND NOT EXISTS "
        f"(SELECT 1 FROM {RECIPIENT} r WHERE r.address_hash = l.address_hash AND r.last_mail_at > %s "
        "AND (l.sent_at IS NULL OR r.last_mail_at <> l.sent_at)) OR status = %s",
        (Status.RETRY, utc_naive(now_us), utc_naive(now_us - cooldown_us), Status.CLAIMED),
    )
    dead = dead_owners(
        session, {row[4] for row in rows if row[1] == Status.CLAIMED and row[4] not in {None, owner}}
    )
    return [
        OpenRow(str(key), now_us)
        for key, status, _, lease_until, holder in rows
        if status == Status.RETRY or holder in dead or (UTC_COLUMN.to_us(lease_until) or 0) <= now_us
    ]
