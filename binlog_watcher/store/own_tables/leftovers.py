"""Rows of the log that wait for someone: claims of the dead, mails of unknown outcome, retries.

See docs/design-sending.md, *Never twice, never lost*.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from binlog_watcher.core.cart import LoggedEpisode
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.owners import is_ours, shop_of
from binlog_watcher.core.transitions import CLOSE, SETTLE_UNKNOWN, TAKE_OVER
from binlog_watcher.store.database import Session
from binlog_watcher.store.locks.presence import lock_name
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.log_rows import OpenRow
from binlog_watcher.store.own_tables.statement import LEASE_IS_OVER, Statement, in_cooldown
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.times import UTC_COLUMN, utc_naive

UNREPORTED = "the connection or the process ended inside the hand-over to SMTP"

# --- statements -----------------------------------------------------------------------------------------------------


def close_rows(rows: Sequence[LoggedEpisode], reason: Reason) -> Statement:
    """Open rows that will not be mailed any more; of claims only those that nobody holds."""
    dead = [row.id for row in rows if row.status is CLOSE.left and not row.owner_alive]
    return Statement(
        f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
        f"WHERE id IN %s AND (status = %s OR status = %s AND (id IN %s OR {LEASE_IS_OVER}))",
        (CLOSE.sets, reason, tuple(row.id for row in rows), CLOSE.free, CLOSE.left, tuple(dead) or (0,)),
    )


def mails_in_hand() -> Statement:
    """Id, owner, lease of the mails between fence and outcome."""
    return Statement(
        f"SELECT id, owner, lease_until, address_hash FROM {LOG} WHERE status = %s", (SETTLE_UNKNOWN.left,)
    )


def lock_unreported(ids: Sequence[int]) -> Statement:
    """Lock those of these rows whose outcome was not told meanwhile: id, address."""
    return Statement(
        f"SELECT id, address_hash FROM {LOG} WHERE id IN %s AND status = %s FOR UPDATE",
        (tuple(ids), SETTLE_UNKNOWN.left),
    )


def count_as_mailed(hashes: Collection[bytes], now_us: int) -> Statement:
    """The cool-down of these addresses begins now."""
    return Statement(
        f"UPDATE {RECIPIENT} SET last_mail_at = %s WHERE address_hash IN %s",
        (utc_naive(now_us), tuple(sorted(hashes))),
    )


def give_up(ids: Sequence[int], now_us: int) -> Statement:
    """Nobody will tell how these hand-overs ended."""
    return Statement(
        f"UPDATE {LOG} SET status = %s, reason = %s, email_sent = NULL, sent_at = %s, lease_until = NULL, error = %s "
        "WHERE id IN %s AND status = %s",
        (
            SETTLE_UNKNOWN.sets, Reason.UNREPORTED, utc_naive(now_us), UNREPORTED, tuple(ids), SETTLE_UNKNOWN.left,
        ),
    )  # fmt: skip


def waiting(now_us: int, cooldown_us: int) -> Statement:
    """Cart, status, lease, owner of retries that are due and out of the cool-down, and of all claims."""
    cooling, since = in_cooldown(now_us, cooldown_us)
    return Statement(
        f"SELECT cart_key, status, lease_until, owner FROM {LOG} l "
        f"WHERE status = %s AND next_attempt_at <= %s AND NOT {cooling} OR status = %s",
        (TAKE_OVER.free, utc_naive(now_us), *since, TAKE_OVER.left),
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def dead_owners(session: Session, owners: set[str]) -> set[str]:
    """Which of the instances are gone: each holds a lock on a session of its own while it lives."""
    return {
        owner for owner in owners
        if (session.row("SELECT IS_FREE_LOCK(%s)", (lock_name(owner),)) or (0,))[0] == 1
    }  # fmt: skip


def close(session: Session, rows: Sequence[LoggedEpisode], reason: Reason) -> None:
    """Open rows that will not be mailed any more (bought, emptied, too old); claims of the living are theirs."""
    session.run(*close_rows(rows, reason))


def settle_unknown(session: Session, owner: str, now_us: int) -> int:
    """Inside a transaction: what a dead instance left in ``sending``, or is past its lease, becomes ``unknown``."""
    rows = session.rows(*mails_in_hand())
    dead = dead_owners(session, {row[1] for row in rows if row[1] not in {None, owner}})
    lost = [
        (log_id, digest)
        for log_id, holder, lease_until, digest in rows
        if holder in dead or _is_over(lease_until, now_us)
    ]
    if not lost:
        return 0
    recipients.lock(session, {digest for _, digest in lost if digest})
    # Whoever sent it may have had the lock, and have told meanwhile how it ended.
    lost = [(log_id, digest) for log_id, digest in session.rows(*lock_unreported([i for i, _ in lost]))]
    if not lost:
        return 0
    mailed = {digest for _, digest in lost if digest}
    if mailed:
        session.run(*count_as_mailed(mailed, now_us))
    return session.run(*give_up([log_id for log_id, _ in lost], now_us))


def open_rows(session: Session, owner: str, now_us: int, cooldown_us: int = 0) -> list[OpenRow]:
    """Retries that are due and claims that nobody holds any more.

    Those of another shop are left alone. Retries to an address in its cool-down (another cart of the same person was
    mailed) are not due for all that time, except where the last mail is the row's own of unknown outcome, which is to
    be sent again.
    """
    shop = shop_of(owner)
    rows = [row for row in session.rows(*waiting(now_us, cooldown_us)) if is_ours(row[3], shop)]
    dead = dead_owners(
        session, {row[3] for row in rows if row[1] == Status.CLAIMED and row[3] not in {None, owner}}
    )
    return [
        OpenRow(str(key), now_us)
        for key, status, lease_until, holder in rows
        if status == Status.RETRY or holder in dead or _is_over(lease_until, now_us)
    ]


def _is_over(lease_until: datetime | None, now_us: int) -> bool:
    return (UTC_COLUMN.to_us(lease_until) or 0) <= now_us
