"""Reads rows that are ``failed`` or ``unknown``, and puts them back for `cartwake retry`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from binlog_watcher.core.dead_letters import IMPORTED, DeadLetter, why_not
from binlog_watcher.core.log_status import Status
from binlog_watcher.core.owners import BETWEEN, is_ours
from binlog_watcher.core.transitions import PUT_BACK
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.leftovers import dead_owners
from binlog_watcher.store.own_tables.log_rows import STEP
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.times import UTC_COLUMN


@dataclass(slots=True)
class PutBack:
    """What became of rows: ids that wait for their retry now, by what they were; why others do not, by id."""

    was: dict[int, Status] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


# --- statements -----------------------------------------------------------------------------------------------------


def given_up(statuses: Sequence[Status], limit: int | None = None) -> Statement:
    """Ids of Cartwake's own rows in these states, newest first."""
    return Statement(
        f"SELECT id FROM {LOG} WHERE status IN %s AND (reason IS NULL OR reason <> %s) ORDER BY id DESC"
        + ("" if limit is None else " LIMIT %s"),
        (tuple(statuses), IMPORTED, *([] if limit is None else [limit])),
    )


def details(ids: Sequence[int]) -> Statement:
    """All that a human wants to know of these rows, and whether the cart was logged again since; newest first."""
    return Statement(
        "SELECT l.id, l.cart_key, l.user_id, l.status, l.reason, l.cart_total, l.currency, l.attempts, l.error, "
        "l.message_id, l.created_at, l.sent_at, l.last_activity_at, l.owner, "
        f"(SELECT MAX(n.id) FROM {LOG} n WHERE n.cart_key = l.cart_key AND n.step = l.step "
        f"AND n.cart_version > l.cart_version) FROM {LOG} l WHERE l.id IN %s ORDER BY l.id DESC",
        (tuple(ids),),
    )


def due_again(ids: Sequence[int]) -> Statement:
    """Rows that were given up are due now, with all their attempts, and no instance's, but still their shop's.

    The moment of a mail of unknown outcome stays in ``sent_at``, and ``email_sent`` NULL, whatever becomes of the row:
    it may have arrived. It is also how decide() and the claim know that the address's cool-down is that mail's own.
    Without an instance no outcome told late is taken for the new attempt's.
    """
    return Statement(
        f"UPDATE {LOG} SET status = %s, reason = NULL, attempts = 0, "
        "owner = IF(LOCATE(%s, owner) > 0, CONCAT(SUBSTRING_INDEX(owner, %s, 1), %s), NULL), "
        "lease_until = NULL, next_attempt_at = UTC_TIMESTAMP(6) WHERE id IN %s AND status IN %s",
        (PUT_BACK.sets, BETWEEN, BETWEEN, BETWEEN, tuple(sorted(ids)), PUT_BACK.of_anybody),
    )


def carts(ids: Sequence[int]) -> Statement:
    """Cart and address of these rows."""
    return Statement(f"SELECT cart_key, address_hash FROM {LOG} WHERE id IN %s", (tuple(ids),))


def lock_carts(keys: Collection[str]) -> Statement:
    """Lock all rows of these carts: no newer one is just being made."""
    return Statement(
        f"SELECT id FROM {LOG} WHERE cart_key IN %s AND step = %s FOR UPDATE", (tuple(sorted(keys)), STEP)
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def ids(session: Session, statuses: Sequence[Status], limit: int | None = None) -> list[int]:
    """Rows of Cartwake's own in these states, newest first."""
    if not statuses:
        return []
    return [row[0] for row in session.rows(*given_up(statuses, limit))]


def read(session: Session, wanted: Sequence[int], shop: str | None = None) -> list[DeadLetter]:
    """Rows by id, newest first; ids without a row are left out. ``shop``: the id of ours."""
    if not wanted:
        return []
    rows = session.rows(*details(wanted))
    owners = {row[13] for row in rows if row[13] is not None}
    alive = owners - dead_owners(session, owners)
    return [
        DeadLetter(
            id=log_id, cart_key=cart_key, user_id=user_id, status=status, reason=reason, total=total,
            currency=currency, attempts=attempts, error=error, message_id=message_id,
            logged_us=UTC_COLUMN.to_us(created_at), mailed_us=UTC_COLUMN.to_us(sent_at),
            activity_us=UTC_COLUMN.to_us(activity_at), newer_id=newer_id, owner_lives=owner in alive,
            ours=is_ours(owner, shop),
        )
        for (log_id, cart_key, user_id, status, reason, total, currency, attempts, error, message_id, created_at,
             sent_at, activity_at, owner, newer_id) in rows
    ]  # fmt: skip


def look_at(session: Session, wanted: Sequence[int], oldest_us: int, shop: str | None = None) -> PutBack:
    """Which of the rows can be put back."""
    found = PutBack()
    for row in read(session, wanted, shop):
        hindrance = why_not(row, oldest_us)
        if hindrance is None:
            found.was[row.id] = Status(row.status)
        else:
            found.refused[row.id] = hindrance
    found.refused |= {
        log_id: "there is no such row" for log_id in wanted if log_id not in found.was | found.refused
    }
    return found


def put_back(session: Session, wanted: Sequence[int], oldest_us: int, shop: str | None = None) -> PutBack:
    """Inside a transaction: what was given up is tried again, due now. Locks addresses before rows, as a claim does."""
    rows = session.rows(*carts(wanted))
    recipients.lock(session, {bytes(digest) for _, digest in rows if digest is not None})
    if rows:
        session.rows(*lock_carts({key for key, _ in rows}))
    found = look_at(session, wanted, oldest_us, shop)
    if found.was:
        session.run(*due_again(list(found.was)))
    return found
