"""The fence before SMTP, and how the attempts ended (design §3)."""

from collections.abc import Sequence
from typing import Any

from binlog_watcher.core.log_status import Status
from binlog_watcher.store.database import Session, rows_as_table
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.log_rows import Fenced, Outcome
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.shop_tables.queries import EMPTY_FINGERPRINT
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import utc_naive

EMAIL_SENT = {Status.SENT: 1, Status.UNKNOWN: None}
"""The owner's column; what is not here was not mailed."""


def fence(session: Session, owner: str, shop: Shop, mails: Sequence[Fenced], *, lease_us: int) -> set[int]:
    """One statement sets ``sending`` where nothing has changed since the decision (cart, orders, opt-out); who passed.

    A single-table UPDATE under READ COMMITTED reads the shop's rows without locking them; a join would lock.
    """
    ids = [mail.log_id for mail in mails]
    parameters = shop.parameters(
        ids=tuple(ids), owner=owner, sending=Status.SENDING, claimed=Status.CLAIMED,
        **{f"id{nth}": log_id for nth, log_id in enumerate(ids)},
    )  # fmt: skip

    def of_each(name: str, values: Sequence[Any]) -> str:
        """SQL for the one of the values that belongs to the row."""
        parameters.update({f"{name}{nth}": value for nth, value in enumerate(values)})
        numbers = range(len(ids))
        return (
            f"ELT(FIELD({LOG}.id, {', '.join(f'%(id{nth})s' for nth in numbers)}), "
            f"{', '.join(f'%({name}{nth})s' for nth in numbers)})"
        )

    checks = shop.queries.fence(
        LOG, of_each("customer", [shop.as_in_orders(mail.customer_id) for mail in mails])
    )
    prints = [mail.fingerprint.split("/") + [EMPTY_FINGERPRINT] * len(checks) for mail in mails]
    unchanged = " ".join(
        f"AND {of_each(f'{part}_', [of_mail[nth] for of_mail in prints])} = ({select})"
        for nth, (part, select) in enumerate(checks)
    )
    passed = session.run(
        f"UPDATE {LOG} SET status = %(sending)s, attempts = attempts + 1, "
        f"lease_until = UTC_TIMESTAMP(6) + INTERVAL {int(lease_us)} MICROSECOND "
        f"WHERE id IN %(ids)s AND owner = %(owner)s AND status = %(claimed)s AND lease_until > UTC_TIMESTAMP(6) "
        f"{unchanged} AND NOT EXISTS (SELECT 1 FROM {RECIPIENT} r "
        f"WHERE r.address_hash = {LOG}.address_hash AND r.suppressed_at IS NOT NULL)",
        parameters,
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


_COLUMNS = (
    "id",
    "status",
    "reason",
    "error",
    "email_sent",
    "sent_at",
    "message_id",
    "next_attempt_at",
    "hash",
    "mailed_at",
)


def finish(session: Session, owner: str, outcomes: Sequence[Outcome]) -> None:
    """Write how attempts ended; rows that someone else took over meanwhile are left alone.

    One statement if all went out; inside a transaction if some did not. What was sent was sent, whoever has the row
    now: told late, it stops a mail that `cartwake retry --unknown` has asked for; and it counts for the cool-down of
    its address, unless a later mail does. Addresses before rows, as in a claim: the same order of locks everywhere.
    """
    mailed = sorted({o.address_hash for o in outcomes if o.status in EMAIL_SENT and o.address_hash})
    refused = tuple(o.log_id for o in outcomes if o.status not in EMAIL_SENT)
    if refused:
        _clear_addresses(session, owner, refused, mailed)
    table, parameters = rows_as_table(
        _COLUMNS, [_values(o) for o in sorted(outcomes, key=lambda o: o.log_id)]
    )
    session.run(
        f"UPDATE {table} v LEFT JOIN {RECIPIENT} r ON r.address_hash = v.hash AND v.mailed_at IS NOT NULL "
        "AND (r.last_mail_at IS NULL OR r.last_mail_at < CAST(v.mailed_at AS DATETIME(6))) "
        f"LEFT JOIN {LOG} l ON l.id = v.id AND (l.owner = %s AND l.status IN %s OR v.status = %s) "
        # A row that is sent again keeps the moment of its mail of unknown outcome; one that another instance took for
        # unknown, and was refused in fact, has none. First of all, since it looks at the status before.
        "SET l.sent_at = CASE WHEN v.sent_at IS NOT NULL THEN v.sent_at WHEN l.status = 'unknown' THEN NULL "
        "ELSE l.sent_at END, "
        "r.last_mail_at = v.mailed_at, l.status = v.status, l.reason = v.reason, l.error = v.error, "
        # A mail of unknown outcome may have arrived although the next one was refused. (Whether columns are as before
        # or already set is the server's choice in an UPDATE of several tables: right both ways.)
        "l.email_sent = IF(v.email_sent = 0 AND l.sent_at IS NOT NULL AND l.status <> 'unknown', NULL, v.email_sent), "
        "l.message_id = COALESCE(v.message_id, l.message_id), l.next_attempt_at = v.next_attempt_at, "
        "l.lease_until = NULL",
        [*parameters, owner, (Status.CLAIMED, Status.SENDING, Status.UNKNOWN), Status.SENT],
    )


def _clear_addresses(session: Session, owner: str, refused: tuple[int, ...], mailed: Sequence[bytes]) -> None:
    """Take back that an address was mailed, where another instance gave our mail up for ``unknown`` too early.

    It does that when MySQL restarts, say, and our presence is not renewed yet; without this the cool-down would hold
    a mail back that never left. All addresses are locked at once, so that nobody gives up a row meanwhile.
    """
    hashes = {
        bytes(digest)
        for (digest,) in session.rows(
            f"SELECT address_hash FROM {LOG} WHERE id IN %s AND owner = %s AND address_hash IS NOT NULL",
            (refused, owner),
        )
    }
    recipients.lock(session, hashes.union(mailed))
    session.run(
        f"UPDATE {RECIPIENT} r SET r.last_mail_at = (SELECT MAX(l.sent_at) FROM {LOG} l "
        "WHERE l.address_hash = r.address_hash AND l.status IN %s AND l.id NOT IN %s) "
        f"WHERE r.address_hash IN (SELECT u.address_hash FROM {LOG} u "
        "WHERE u.id IN %s AND u.owner = %s AND u.status = %s)",
        (tuple(EMAIL_SENT), refused, refused, owner, Status.UNKNOWN),
    )


def _values(outcome: Outcome) -> tuple[Any, ...]:
    mailed, again = outcome.status in EMAIL_SENT, outcome.next_attempt_us
    # A server's reply may be in any encoding; what is no text would be refused, and the outcome with it.
    error = outcome.error and outcome.error.encode("utf-8", "replace").decode("utf-8")[:500]
    return (
        outcome.log_id, outcome.status, outcome.reason, error, EMAIL_SENT.get(outcome.status, 0),
        utc_naive(outcome.at_us) if mailed else None, outcome.message_id,
        utc_naive(again) if again is not None and outcome.status is Status.RETRY else None,
        outcome.address_hash, utc_naive(outcome.at_us) if mailed else None,
    )  # fmt: skip
