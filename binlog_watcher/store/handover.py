"""The fence before SMTP, and how the attempts ended (design §3)."""

from collections.abc import Sequence

from binlog_watcher.decision import Status
from binlog_watcher.schema import Schema
from binlog_watcher.store.database import Session
from binlog_watcher.store.log_rows import Fenced, Outcome
from binlog_watcher.store.shop import EMPTY_FINGERPRINT, Shop, names_of
from binlog_watcher.store.tables import LOG, RECIPIENT
from binlog_watcher.store.times import utc_naive


def fence(
    session: Session, owner: str, schema: Schema, shop: Shop, mails: Sequence[Fenced], *, lease_us: int
) -> set[int]:
    """One statement sets ``sending`` where nothing has changed since the decision; the ids that passed.

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
        f"FROM {n['orders']} o WHERE o.{n['o_user']} = {LOG}.user_id)",
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
    """Inside a transaction: write how attempts ended; rows that someone else took over meanwhile are left alone."""
    sent = {Status.SENT: 1, Status.UNKNOWN: None}
    for outcome in outcomes:
        mailed = outcome.status in sent
        session.run(
            f"UPDATE {LOG} SET status = %s, reason = %s, error = %s, email_sent = %s, sent_at = %s, "
            "message_id = COALESCE(%s, message_id), next_attempt_at = %s, lease_until = NULL "
            "WHERE id = %s AND owner = %s AND status IN %s",
            (
                outcome.status, outcome.reason, outcome.error and outcome.error[:500],
                sent.get(outcome.status, 0), utc_naive(outcome.at_us) if mailed else None, outcome.message_id,
                utc_naive(outcome.next_attempt_us) if outcome.next_attempt_us is not None else None,
                outcome.log_id, owner, (Status.CLAIMED, Status.SENDING, Status.UNKNOWN),
            ),
        )  # fmt: skip
    mailed_hashes = sorted({o.address_hash for o in outcomes if o.status in sent and o.address_hash})
    if mailed_hashes:
        session.run(
            f"UPDATE {RECIPIENT} SET last_mail_at = %s WHERE address_hash IN %s",
            (utc_naive(max(o.at_us for o in outcomes)), tuple(mailed_hashes)),
        )
