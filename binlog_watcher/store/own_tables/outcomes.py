"""How attempts ended. See docs/design-sending.md, *Never twice, never lost*."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.transitions import FINISH, GIVE_BACK, TELL_SENT
from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.log_rows import Outcome
from binlog_watcher.store.own_tables.statement import Statement, rows_as_table
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.own_tables.webhook_events import HARD, NOBODY, Fact, WebhookEvents
from binlog_watcher.store.times import utc_naive

EMAIL_SENT = {Status.SENT: 1, Status.UNKNOWN: None}
"""The owner's column; what is not here was not mailed."""

_COUNTED = frozenset({Status.SENDING, Status.UNKNOWN})
"""Rows past the fence, which has counted an attempt; another instance may have given one up for ``unknown``."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a row of ours said before its outcome is written. ``sent_at``: of a mail that went before, in UTC."""

    status: Status
    sent_at: datetime | None
    address_hash: bytes | None


# --- statements -----------------------------------------------------------------------------------------------------


def addresses(ids: Sequence[int]) -> Statement:
    """The addresses of these rows, so that they can be locked before the rows."""
    return Statement(
        f"SELECT address_hash FROM {LOG} WHERE id IN %s AND address_hash IS NOT NULL", (tuple(ids),)
    )


def lock_rows(ids: Sequence[int]) -> Statement:
    """Lock these rows and read what they say: id, owner, status, moment of a mail, address."""
    return Statement(
        f"SELECT id, owner, status, sent_at, address_hash FROM {LOG} WHERE id IN %s ORDER BY id FOR UPDATE",
        (tuple(ids),),
    )


def take_back_mails(ids: Sequence[int], hashes: Collection[bytes]) -> Statement:
    """The last mail to these addresses is another than that of these rows, which never left; or there is none."""
    return Statement(
        f"UPDATE {RECIPIENT} r SET r.last_mail_at = (SELECT MAX(l.sent_at) FROM {LOG} l "
        "WHERE l.address_hash = r.address_hash AND l.status IN %s AND l.id NOT IN %s) WHERE r.address_hash IN %s",
        (tuple(EMAIL_SENT), tuple(ids), tuple(sorted(hashes))),
    )


def write(owner: str, outcomes: Sequence[Outcome], before: Mapping[int, Before]) -> Statement:
    """Write outcomes to rows that are ours, and what was sent to any; and when an address was mailed last.

    ``before``: of the rows of mails that were not sent. Each column gets a value of its own: none depends on one
    that the same statement sets.
    """
    columns = (
        "id", "status", "reason", "error", "email_sent", "sent_at", "message_id", "next_attempt_at", "hash",
        "mailed_at", "uncounted",
    )  # fmt: skip
    table, parameters = rows_as_table(
        columns, [_values(o, before.get(o.log_id)) for o in sorted(outcomes, key=lambda o: o.log_id)]
    )
    return Statement(
        f"UPDATE {table} v LEFT JOIN {RECIPIENT} r ON r.address_hash = v.hash AND v.mailed_at IS NOT NULL "
        "AND (r.last_mail_at IS NULL OR r.last_mail_at < CAST(v.mailed_at AS DATETIME(6))) "
        f"LEFT JOIN {LOG} l ON l.id = v.id "
        "AND (l.owner = %s AND l.status IN %s OR v.status = %s AND l.status IN %s) "
        "SET r.last_mail_at = v.mailed_at, l.status = v.status, l.reason = v.reason, l.error = v.error, "
        "l.email_sent = v.email_sent, l.sent_at = v.sent_at, l.message_id = COALESCE(v.message_id, l.message_id), "
        "l.next_attempt_at = v.next_attempt_at, l.attempts = l.attempts - LEAST(l.attempts, v.uncounted), "
        "l.lease_until = NULL",
        [*parameters, owner, FINISH.of_its_owner, TELL_SENT.sets, TELL_SENT.of_anybody],
    )


def give_back(owner: str, ids: Sequence[int], at_us: int) -> Statement:
    """Rows of ours that were given up are due again, but for those of carts that have a newer one.

    What they were refused for was none of their attempts.
    """
    return Statement(
        f"UPDATE {LOG} l LEFT JOIN {LOG} n ON n.cart_key = l.cart_key AND n.step = l.step "
        "AND n.cart_version > l.cart_version "
        "SET l.status = %s, l.reason = %s, l.next_attempt_at = %s, l.attempts = l.attempts - LEAST(l.attempts, 1) "
        "WHERE l.id IN %s AND l.owner = %s AND l.status IN %s AND n.id IS NULL",
        (
            GIVE_BACK.sets, Reason.SMTP_STOPPED, utc_naive(at_us), tuple(sorted(ids)), owner,
            GIVE_BACK.of_its_owner,
        ),
    )  # fmt: skip


def suppress_bounced(digest: bytes, hint: str, limit: int) -> Statement:
    """Never mail an address again to which so many mails bounced since the last one that did not."""
    return Statement(
        f"UPDATE {RECIPIENT} r SET r.suppressed_at = UTC_TIMESTAMP(6), r.reason = %s, r.address_hint = %s "
        f"WHERE r.address_hash = %s AND r.suppressed_at IS NULL AND (SELECT COUNT(*) FROM {LOG} l "
        "WHERE l.address_hash = r.address_hash AND l.status = %s AND l.reason = %s "
        "AND (r.last_mail_at IS NULL OR l.created_at > r.last_mail_at)) >= %s",
        (Reason.BOUNCED, hint, digest, Status.FAILED, Reason.BOUNCED, limit),
    )


def _values(outcome: Outcome, before: Before | None) -> tuple[Any, ...]:
    mailed_at = utc_naive(outcome.at_us) if outcome.status in EMAIL_SENT else None
    sent_at, email_sent = mailed_at, EMAIL_SENT.get(outcome.status, 0)
    if mailed_at is None and before is not None and before.status is not Status.UNKNOWN and before.sent_at:
        # A row that is sent again keeps the moment of its mail of unknown outcome, which may have arrived although
        # this one was refused. One that another instance took for unknown, and was refused in fact, has none.
        sent_at, email_sent = before.sent_at, None
    again_at = outcome.next_attempt_us if outcome.status is Status.RETRY else None
    # A server's reply may be in any encoding; what is no text would be refused, and the outcome with it.
    error = outcome.error and outcome.error.encode("utf-8", "replace").decode("utf-8")[:500]
    return (
        outcome.log_id, outcome.status, outcome.reason, error, email_sent, sent_at, outcome.message_id,
        None if again_at is None else utc_naive(again_at), outcome.address_hash, mailed_at,
        not outcome.is_attempt and before is not None and before.status in _COUNTED,
    )  # fmt: skip


# --- what is done with them -----------------------------------------------------------------------------------------


def finish(
    session: Session,
    owner: str,
    outcomes: Sequence[Outcome],
    *,
    bounce_limit: int = 0,
    events: WebhookEvents = NOBODY,
) -> int:
    """Write how attempts ended; rows that someone else took over meanwhile are left alone.

    The answer is how many addresses are suppressed by that, to each of which ``bounce_limit`` mails bounced (0: never).

    One statement if all went out, and nobody is told of ``events``; else inside a transaction. What was sent was sent,
    whoever has the row now: told late, it stops a mail that `cartwake retry --unknown` has asked for; and it counts for
    the cool-down of its address, unless a later mail does. Addresses before rows, as in a claim: the same
    order of locks everywhere.
    """
    refused = [o.log_id for o in outcomes if o.status not in EMAIL_SENT]
    before: dict[int, Before] = {}
    if refused:
        mailed = {o.address_hash for o in outcomes if o.status in EMAIL_SENT and o.address_hash}
        before = _look_before(session, owner, refused, mailed)
    session.run(*write(owner, outcomes, before))
    events.note(session, [fact for outcome in outcomes if (fact := _fact(outcome))])
    if not bounce_limit:
        return 0
    return sum(
        session.run(*suppress_bounced(o.address_hash, o.bounced, bounce_limit))
        for o in outcomes
        if o.bounced and o.address_hash
    )


def _fact(outcome: Outcome) -> Fact | None:
    if outcome.status is Status.SENT:
        return Fact(WebhookEvent.SENT, outcome.log_id)
    if outcome.bounced is not None:
        return Fact(WebhookEvent.BOUNCED, outcome.log_id, HARD, {"bounce": "hard"})
    return None


def _look_before(
    session: Session, owner: str, refused: Sequence[int], mailed: Collection[bytes]
) -> dict[int, Before]:
    """Lock and read our rows of mails that were not sent, by id; take back that their addresses were mailed.

    They count as mailed where another instance gave our mail up for ``unknown`` too early. It does that when MySQL
    restarts, say, and our presence is not renewed yet; the cool-down would hold a mail back that never left. All
    addresses are locked at once, so that nobody gives up a row meanwhile.
    """
    recipients.lock(session, {bytes(row[0]) for row in session.rows(*addresses(refused))}.union(mailed))
    before = {
        log_id: Before(Status(status), sent_at, None if digest is None else bytes(digest))
        for log_id, holder, status, sent_at, digest in session.rows(*lock_rows(refused))
        if holder == owner
    }
    given_up = {
        row.address_hash for row in before.values() if row.status is Status.UNKNOWN and row.address_hash
    }
    if given_up:
        session.run(*take_back_mails(refused, given_up))
    return before
