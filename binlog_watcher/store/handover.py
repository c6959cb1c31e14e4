"""The fence before SMTP, and how the attempts ended (design §3)."""

from collections.abc import Sequence
from typing import Any

from binlog_watcher.decision import Status
from binlog_watcher.schema import Schema
from binlog_watcher.store.database import Session, rows_as_table
from binlog_watcher.store.log_rows import Fenced, Outcome
from binlog_watcher.store.shop import EMPTY_FINGERPRINT, Shop, names_of
from binlog_watcher.store.tables import LOG, RECIPIENT
from binlog_watcher.store.times import utc_naive

EMAIL_SENT = {Status.SENT: 1, Status.UNKNOWN: None}
"""The owner's column; what is not here was not mailed."""


def fence(
    session: Session, owner: str, schema: Schema, shop: Shop, mails: Sequence[Fenced], *, lease_us: int
) -> set[int]:
    """One statement sets ``sending`` where nothing has changed since the decision (cart, orders, opt-out); who passed.

    A single-table UPDATE under READ COMMITTED reads the shop's rows without locking them; a join would lock.
    """
    n = names_of(schema)
    ids = [mail.log_id for mail in mails]
    cart_prints, order_prints = zip(
        *((*mail.fingerprint.split("/", 1), EMPTY_FINGERPRINT)[:2] for mail in mails), strict=True
    )
    marks = ", ".join(["%s"] * len(mails))
    passed = session.run(
        f"UPDATE {LOG} SET status = %s, lease_until = UTC_TIMESTAMP(6) + INTERVAL {int(lease_us)} MICROSECOND "
        f"WHERE id IN ({marks}) AND owner = %s AND status = %s AND lease_until > UTC_TIMESTAMP(6) "
        f"AND ELT(FIELD({LOG}.id, {marks}), {marks}) = (SELECT {shop.cart_fingerprint} "
        f"FROM {n['cart']} c WHERE c.{n['c_user']} = {LOG}.user_id) "
        f"AND ELT(FIELD({LOG}.id, {marks}), {marks}) = (SELECT {shop.order_fingerprint} "
        f"FROM {n['orders']} o WHERE o.{n['o_user']} = {LOG}.user_id) "
        f"AND NOT EXISTS (SELECT 1 FROM {RECIPIENT} r "
        f"WHERE r.address_hash = {LOG}.address_hash AND r.suppressed_at IS NOT NULL)",
        [Status.SENDING, *ids, owner, Status.CLAIMED, *ids, *cart_prints, *ids, *order_prints],
    )
    if passed == len(mails):
        return set(ids)
    return {
        row[0]
        for row in session.rows(
            f"SELECT id FROM {LOG} WHERE id IN %s AND owner = %s AND status = %s",
            (tuple(ids), owner, Status.SENDING),
        )
    }


def finish(session: Session, owner: str, outcomes: Sequence[Outcome]) -> None:
    """Inside a transaction: write how attempts ended; rows that someone else took over meanwhile are left alone.

    Addresses before rows, as in a claim: the same order of locks everywhere.
    """
    mailed = {o.address_hash: o.at_us for o in outcomes if o.status in EMAIL_SENT and o.address_hash}
    if mailed:
        table, parameters = rows_as_table(
            ("hash", "mailed_at"), [(digest, utc_naive(at_us)) for digest, at_us in sorted(mailed.items())]
        )
        session.run(
            f"UPDATE {table} v STRAIGHT_JOIN {RECIPIENT} r ON r.address_hash = v.hash "
            "SET r.last_mail_at = v.mailed_at",
            parameters,
        )
    columns = ("id", "status", "reason", "error", "email_sent", "sent_at", "message_id", "next_attempt_at")
    table, parameters = rows_as_table(columns, [_values(o) for o in sorted(outcomes, key=lambda o: o.log_id)])
    session.run(
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.id = v.id "
        "SET l.status = v.status, l.reason = v.reason, l.error = v.error, l.email_sent = v.email_sent, "
        "l.sent_at = v.sent_at, l.message_id = COALESCE(v.message_id, l.message_id), "
        "l.next_attempt_at = v.next_attempt_at, l.lease_until = NULL WHERE l.owner = %s AND l.status IN %s",
        [*parameters, owner, (Status.CLAIMED, Status.SENDING, Status.UNKNOWN)],
    )


def _values(outcome: Outcome) -> tuple[Any, ...]:
    mailed, again = outcome.status in EMAIL_SENT, outcome.next_attempt_us
    # A server's reply may be in any encoding; what is no text would be refused, and the outcome with it.
    error = outcome.error and outcome.error.encode("utf-8", "replace").decode("utf-8")[:500]
    return (
        outcome.log_id, outcome.status, outcome.reason, error, EMAIL_SENT.get(outcome.status, 0),
        utc_naive(outcome.at_us) if mailed else None, outcome.message_id,
        utc_naive(again) if again is not None and outcome.status is Status.RETRY else None,
    )  # fmt: skip
