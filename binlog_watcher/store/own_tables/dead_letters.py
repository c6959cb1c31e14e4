"""Reads rows that are ``failed`` or ``unknown``, and puts them back for `cartwake retry` (design §3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from binlog_watcher.core.dead_letters import IMPORTED, RESTORABLE, DeadLetter, why_not
from binlog_watcher.core.log_status import Status
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.leftovers import dead_owners
from binlog_watcher.store.own_tables.log_rows import STEP
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.times import UTC_COLUMN


@dataclass(slots=True)
class PutBack:
    """What became of rows: ids that wait for their retry now, by what they were; why others do not, by id."""

    was: dict[int, Status] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def ids(session: Session, statuses: Sequence[Status], limit: int | None = None) -> list[int]:
    """Rows of Cartwake's own in these states, newest first."""
    if not statuses:
        return []
    rows = session.rows(
        f"SELECT id FROM {LOG} WHERE status IN %s AND (reason IS NULL OR reason <> %s) ORDER BY id DESC"
        + ("" if limit is None else " LIMIT %s"),
        (tuple(statuses), IMPORTED, *([] if limit is None else [limit])),
    )
    return [row[0] for row in rows]


def read(session: Session, wanted: Sequence[int]) -> list[DeadLetter]:
    """Rows by id, newest first; ids without a row are left out."""
    if not wanted:
        return []
    rows = session.rows(
        "SELECT l.id, l.cart_key, l.user_id, l.status, l.reason, l.cart_total, l.currency, l.attempts, l.error, "
        "l.message_id, l.created_at, l.sent_at, l.last_activity_at, l.owner, "
        f"(SELECT MAX(n.id) FROM {LOG} n WHERE n.cart_key = l.cart_key AND n.step = l.step "
        f"AND n.cart_version > l.cart_version) FROM {LOG} l WHERE l.id IN %s ORDER BY l.id DESC",
        (tuple(wanted),),
    )
    owners = {row[13] for row in rows if row[13] is not None}
    alive = owners - dead_owners(session, owners)
    return [
        DeadLetter(
            id=log_id, cart_key=cart_key, user_id=user_id, status=status, reason=reason, total=total,
            currency=currency, attempts=attempts, error=error, message_id=message_id,
            logged_us=UTC_COLUMN.to_us(created_at), mailed_us=UTC_COLUMN.to_us(sent_at),
            activity_us=UTC_COLUMN.to_us(activity_at), newer_id=newer_id, owner_lives=owner in alive,
        )
        for (log_id, cart_key, user_id, status, reason, total, currency, attempts, error, message_id, created_at,
             sent_at, activity_at, owner, newer_id) in rows
    ]  # fmt: skip


def look_at(session: Session, wanted: Sequence[int], oldest_us: int) -> PutBack:
    """Which of the rows can be put back."""
    found = PutBack()
    for row in read(session, wanted):
        hindrance = why_not(row, oldest_us)
        if hindrance is None:
            found.was[row.id] = Status(row.status)
        else:
            found.refused[row.id] = hindrance
    found.refused |= {
        log_id: "there is no such row" for log_id in wanted if log_id not in found.was | found.refused
    }
    return found


def put_back(session: Session, wanted: Sequence[int], oldest_us: int) -> PutBack:
    """Inside a transaction: ``failed`` and ``unknown`` → ``retry``, due now, with all their attempts.

    The moment of a mail of unknown outcome stays in ``sent_at``, and ``email_sent`` NULL, whatever becomes of the row:
    it may have arrived. It is also how decide() and the claim know that the
    address's cool-down is that mail's own. Without an owner no outcome told late is taken for the new attempt's.
    """
    _lock(session, wanted)
    found = look_at(session, wanted, oldest_us)
    if found.was:
        session.run(
            f"UPDATE {LOG} SET status = %s, reason = NULL, attempts = 0, owner = NULL, "
            "lease_until = NULL, next_attempt_at = UTC_TIMESTAMP(6) WHERE id IN %s AND status IN %s",
            (Status.RETRY, tuple(sorted(found.was)), RESTORABLE),
        )
    return found


def _lock(session: Session, wanted: Sequence[int]) -> None:
    """Addresses before rows, as in a claim; all rows of the carts, so that no newer one is just being made."""
    rows = session.rows(f"SELECT cart_key, address_hash FROM {LOG} WHERE id IN %s", (tuple(wanted),))
    hashes = sorted({bytes(digest) for _, digest in rows if digest is not None})
    if hashes:
        session.rows(
            f"SELECT address_hash FROM {RECIPIENT} WHERE address_hash IN %s ORDER BY address_hash FOR UPDATE",
            (tuple(hashes),),
        )
    if rows:
        session.rows(
            f"SELECT id FROM {LOG} WHERE cart_key IN %s AND step = %s FOR UPDATE",
            (tuple(sorted({key for key, _ in rows})), STEP),
        )
