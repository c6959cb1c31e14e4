"""What the customer did with a mail: links that were followed, and what was asked for on the page behind one."""

from dataclasses import dataclass

from binlog_watcher.core.erased_keys import MARK
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.owners import shop_of
from binlog_watcher.core.transitions import LOG_SKIP, SUPERSEDE
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables.figures import Followed
from binlog_watcher.store.own_tables.log_rows import STEP
from binlog_watcher.store.own_tables.statement import Statement, of_shop
from binlog_watcher.store.own_tables.tables import CLICK, LOG
from binlog_watcher.store.own_tables.webhook_events import NOBODY, WebhookEvents
from binlog_watcher.store.times import UTC_COLUMN, utc_naive

CART_LINK, ITEM_LINK, PICK_LINK, OPEN_PIXEL = "cart", "item", "pick", "open"
"""Kinds of visits: of the cart, of a product in it, of a recommended one; and the picture."""

MOST_OF_A_MAIL = 50
"""Visits by one mail's links that are kept, of those that count and of each flag: whoever has a link can follow it
without end."""


@dataclass(frozen=True, slots=True)
class LoggedMail:
    """A row of the log as it was mailed."""

    cart_key: str
    owner: str | None
    age_s: int


# --- statements -----------------------------------------------------------------------------------------------------


def mail(log_id: int) -> Statement:
    """Cart, owner and age in seconds of a mail."""
    return Statement(
        f"SELECT cart_key, owner, TIMESTAMPDIFF(SECOND, COALESCE(sent_at, created_at), UTC_TIMESTAMP()) "
        f"FROM {LOG} WHERE id = %s",
        (log_id,),
    )


def click(log_id: int, kind: str, link_no: int, flag: str | None) -> Statement:
    """Keep a visit, unless too many of the kind are kept, or the mail was erased."""
    return Statement(
        f"INSERT INTO {CLICK} (log_id, kind, link_no, clicked_at, flag) "
        "SELECT %s, %s, %s, UTC_TIMESTAMP(6), %s FROM (SELECT COUNT(*) AS kept FROM "
        f"(SELECT 1 FROM {CLICK} WHERE log_id = %s AND kind = %s AND flag <=> %s LIMIT {MOST_OF_A_MAIL}) c) n "
        f"WHERE n.kept < {MOST_OF_A_MAIL} "
        f"AND NOT EXISTS (SELECT 1 FROM {LOG} l WHERE l.id = %s AND l.cart_key LIKE %s)",
        (log_id, kind, link_no, flag, log_id, kind, flag, log_id, MARK + "%"),
    )


def lock_mail(log_id: int) -> Statement:
    """Nobody else leaves this mail's cart meanwhile."""
    return Statement(f"SELECT 1 FROM {LOG} WHERE id = %s FOR UPDATE", (log_id,))


def newest_row(cart_key: str) -> Statement:
    """Id, version, reason of a cart's row with the highest version, and now."""
    return Statement(
        f"SELECT id, cart_version, reason, UTC_TIMESTAMP(6) FROM {LOG} WHERE cart_key = %s AND step = %s "
        "ORDER BY cart_version DESC LIMIT 1",
        (cart_key, STEP),
    )


def decline_again(declined_id: int, version: int) -> Statement:
    """What was left before is left as it is now."""
    return Statement(f"UPDATE {LOG} SET cart_version = %s WHERE id = %s", (version, declined_id))


def close_open(found: LoggedMail) -> Statement:
    """Open rows of a cart will never be mailed; those of another shop, whose keys may be alike, stay."""
    belongs, shop = of_shop(None if found.owner is None else shop_of(found.owner))
    return Statement(
        f"UPDATE {LOG} l SET l.status = %s, l.reason = %s, l.lease_until = NULL, l.next_attempt_at = NULL "
        f"WHERE l.cart_key = %s AND l.step = %s AND l.status IN %s{belongs}",
        (SUPERSEDE.sets, Reason.DECLINED, found.cart_key, STEP, SUPERSEDE.of_anybody, *shop),
    )


def decline(log_id: int, version: int) -> Statement:
    """A row for what is in a mail's cart now: it counts as handled, so nothing up to this moment is mailed."""
    return Statement(
        f"INSERT INTO {LOG} (cart_key, user_id, cart_version, step, status, reason, address_hash, owner, email_sent) "
        "SELECT l.cart_key, l.user_id, %s, l.step, %s, %s, l.address_hash, l.owner, 0 "
        f"FROM {LOG} l WHERE l.id = %s ON DUPLICATE KEY UPDATE id = {LOG}.id",
        (version, LOG_SKIP.sets, Reason.DECLINED, log_id),
    )


def followed(since_us: int) -> Statement:
    """Of how many mails since a moment a customer followed a link, a recommendation's, and loaded the picture.

    From the clicks, which are fewer.
    """
    return Statement(
        "SELECT COUNT(DISTINCT IF(c.kind = %s, NULL, c.log_id)), COUNT(DISTINCT IF(c.kind = %s, c.log_id, NULL)), "
        "COUNT(DISTINCT IF(c.kind = %s, c.log_id, NULL)) "
        f"FROM {CLICK} c STRAIGHT_JOIN {LOG} l ON l.id = c.log_id "
        "WHERE c.flag IS NULL AND l.created_at >= %s AND l.email_sent = 1",
        (OPEN_PIXEL, PICK_LINK, OPEN_PIXEL, utc_naive(since_us)),
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def read_mail(session: Session, log_id: int) -> LoggedMail | None:
    """The mail; None if the log has it no more."""
    row = session.row(*mail(log_id))
    return None if row is None else LoggedMail(str(row[0]), row[1], int(row[2]))


def record(
    database: Database,
    log_id: int,
    kind: str,
    link_no: int,
    flag: str | None,
    *,
    max_age_s: float | None,
    events: WebhookEvents = NOBODY,
) -> bool:
    """Keep a visit; False if there is no such mail, or it is older than that. Blocking."""
    is_told = flag is None and kind != OPEN_PIXEL and bool(events.wanted)

    def keep(session: Session) -> bool:
        found = read_mail(session, log_id)
        if found is None or (max_age_s is not None and found.age_s > max_age_s):
            return False
        if session.run(*click(log_id, kind, link_no, flag)) and is_told:
            events.note_click(session, kind, link_no)
        return True

    return (database.in_transaction if is_told else database.again_after_deadlocks)(keep)


def leave_cart(database: Database, log_id: int, *, versions_are_times: bool) -> str | None:
    """Never mail for what is in this mail's cart now; its key, None if there is no such mail.

    Blocking, committed on return.

    What is under way is stopped at the fence: its row is open no more. What is put in later is another episode. Where
    versions are numbers of the shop's, "now" is none of them: only what was logged so far is handled.
    """
    return database.in_transaction(
        lambda session: _leave(session, log_id, versions_are_times=versions_are_times)
    )


def _leave(session: Session, log_id: int, *, versions_are_times: bool) -> str | None:
    session.rows(*lock_mail(log_id))
    found = read_mail(session, log_id)
    if found is None:
        return None
    session.run(*close_open(found))
    if not versions_are_times:
        return str(found.cart_key)
    newest_id, newest, reason, now = session.row(*newest_row(found.cart_key)) or (log_id, 0, None, None)
    now_us = UTC_COLUMN.to_us(now) or 0
    if now_us > newest:
        left_before = reason == Reason.DECLINED
        session.run(*(decline_again(newest_id, now_us) if left_before else decline(log_id, now_us)))
    return str(found.cart_key)


def read_followed(session: Session, since_us: int) -> Followed:
    """What `cartwake report` shows of the links."""
    clicked, recommended, opened = session.row(*followed(since_us)) or (0, 0, 0)
    return Followed(int(clicked), int(recommended), int(opened))
