"""What our tables remember of carts and of an address, for a person who asks. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.owners import is_ours
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import CLICK, LOG, RECIPIENT
from binlog_watcher.store.times import UTC_COLUMN, utc_naive


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of the log as it stands. Times in epoch microseconds; ``ours``: False for a row of another shop."""

    id: int
    cart_key: str
    status: str
    reason: str | None
    total: Decimal | None
    currency: str | None
    attempts: int
    error: str | None
    message_id: str | None
    logged_us: int | None
    activity_us: int | None
    sent_us: int | None
    next_attempt_us: int | None
    lease_until_us: int | None
    ours: bool
    bounce: str | None = None
    bounced_us: int | None = None


@dataclass(frozen=True, slots=True)
class Visits:
    """So many visits by the links of a mail, of a kind; ``flag``: why they are not the customer's."""

    log_id: int
    kind: str
    flag: str | None
    first_us: int
    count: int


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Since when, and why, an address is never mailed."""

    since_us: int
    reason: str


# --- statements -----------------------------------------------------------------------------------------------------


def rows_of_carts(keys: Sequence[str], *, with_bounces: bool, most: int) -> Statement:
    """All rows of these carts, the newest first. ``with_bounces``: the log has the columns of them."""
    bounces = "bounce, bounced_at" if with_bounces else "NULL, NULL"
    return Statement(
        "SELECT id, cart_key, status, reason, cart_total, currency, attempts, error, message_id, created_at, "
        f"last_activity_at, sent_at, next_attempt_at, lease_until, owner, {bounces} FROM {LOG} "
        "WHERE cart_key IN %s ORDER BY id DESC LIMIT %s",
        (tuple(keys), most),
    )


def key_of(log_id: int) -> Statement:
    """How the cart of a row is spelled there: a shop may hold several spellings for the same."""
    return Statement(f"SELECT cart_key FROM {LOG} WHERE id = %s", (log_id,))


def visits_of(ids: Sequence[int]) -> Statement:
    """Visits by the links of these rows' mails: row, kind, flag, the first one, how many."""
    return Statement(
        f"SELECT log_id, kind, flag, MIN(clicked_at), COUNT(*) FROM {CLICK} WHERE log_id IN %s "
        "GROUP BY log_id, kind, flag",
        (tuple(ids),),
    )


def suppression(digest: bytes) -> Statement:
    """Since when and why the address is suppressed."""
    return Statement(
        f"SELECT suppressed_at, reason FROM {RECIPIENT} WHERE address_hash = %s AND suppressed_at IS NOT NULL",
        (digest,),
    )


def mail_at(digest: bytes, sent_us: int) -> Statement:
    """Row and cart of the mail that went to an address at a moment."""
    return Statement(
        f"SELECT id, cart_key FROM {LOG} WHERE address_hash = %s AND sent_at = %s ORDER BY id DESC LIMIT 1",
        (digest, utc_naive(sent_us)),
    )


def carts_mailed_to(digest: bytes, most: int) -> Statement:
    """The carts that were logged with an address, the newest first."""
    return Statement(
        f"SELECT cart_key, MAX(id) FROM {LOG} WHERE address_hash = %s GROUP BY cart_key ORDER BY 2 DESC LIMIT %s",
        (digest, most),
    )


def carts_of_user(user: str, most: int) -> Statement:
    """The carts that were logged for a customer whose id is a number, the newest first; goes over the whole log."""
    return Statement(
        f"SELECT cart_key, MAX(id) FROM {LOG} WHERE user_id = %s GROUP BY cart_key ORDER BY 2 DESC LIMIT %s",
        (int(user), most),
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def read_rows(
    session: Session, cart: Cart, shop: str | None, *, with_bounces: bool, most: int
) -> list[LogRow]:
    """The rows of a cart, the oldest first; of more than ``most`` the newest. ``shop``: the id of ours."""
    keys = {str(cart.key)}
    if cart.logged is not None:
        keys |= {str(key) for (key,) in session.rows(*key_of(cart.logged.id))}
    found = session.rows(*rows_of_carts(sorted(keys), with_bounces=with_bounces, most=most))
    rows = [
        LogRow(
            id=log_id, cart_key=str(cart_key), status=str(status), reason=reason, total=total, currency=currency,
            attempts=attempts, error=error, message_id=message_id, logged_us=UTC_COLUMN.to_us(created_at),
            activity_us=UTC_COLUMN.to_us(activity_at), sent_us=UTC_COLUMN.to_us(sent_at),
            next_attempt_us=UTC_COLUMN.to_us(next_at), lease_until_us=UTC_COLUMN.to_us(lease_until),
            ours=is_ours(owner, shop), bounce=bounce, bounced_us=UTC_COLUMN.to_us(bounced_at),
        )
        for (log_id, cart_key, status, reason, total, currency, attempts, error, message_id, created_at, activity_at,
             sent_at, next_at, lease_until, owner, bounce, bounced_at) in found
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.id)


def read_visits(session: Session, ids: Sequence[int]) -> list[Visits]:
    """Visits by the links of these rows' mails."""
    return [
        Visits(int(log_id), str(kind), flag, UTC_COLUMN.to_us(first) or 0, int(count))
        for log_id, kind, flag, first, count in (session.rows(*visits_of(ids)) if ids else [])
    ]


def read_suppression(session: Session, digest: bytes) -> Suppressed | None:
    """Since when and why an address is never mailed; None: it may be."""
    row = session.row(*suppression(digest))
    return None if row is None else Suppressed(UTC_COLUMN.to_us(row[0]) or 0, str(row[1] or ""))


def read_mail_at(session: Session, digest: bytes, sent_us: int) -> tuple[int, str] | None:
    """Row and cart of the mail that an address got at a moment; None where the log has it no more."""
    row = session.row(*mail_at(digest, sent_us))
    return None if row is None else (int(row[0]), str(row[1]))


def read_carts_mailed_to(session: Session, digest: bytes, most: int) -> list[str]:
    """Keys, as our tables have them, of the carts that were logged with an address."""
    return [str(key) for key, _ in session.rows(*carts_mailed_to(digest, most))]


def read_carts_of_user(session: Session, user: str, most: int) -> list[str]:
    """The same for a customer; none for one whose id is no number: the log does not keep it."""
    if not (user.isascii() and user.isdecimal() and len(user) < 19):
        return []
    return [str(key) for key, _ in session.rows(*carts_of_user(user, most))]
