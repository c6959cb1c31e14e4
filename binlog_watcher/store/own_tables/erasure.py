"""Erases rows of our tables: what names a person goes, the totals stay. See docs/privacy.md.

=====================  =======  ===================================================================================
column                 becomes  since
=====================  =======  ===================================================================================
log
id                     kept     links in mails that were sent carry it; it says nothing by itself
cart_key               hashed   may be a customer's id; what was handled once must still be known as that
cart_version, step     kept     the highest version of each cart: nothing that was handled is mailed again
user_id                NULL     the customer's id
address_hash           kept     where a mail was tried: by it the links of that mail still unsubscribe, and bounces
                                count. NULL where none was
error                  NULL     mail servers repeat the address in it
message_id             NULL     leads to the mail server's log
owner                  cut      to the shop: no outcome that is told late is written to the row any more
lease_until,           NULL     an open row is closed: ``skipped``, with the reason ``erased``
next_attempt_at
bought, converted,     set      whether an order followed, and what it came to: it can't be looked up any more
ordered, left_again,
recovered and its like
status, reason,        kept     the totals of reports and views
attempts, email_sent,
cart_total, currency,
store, language,
discount_percent,
item_count, moments,
bounce
click
all but one a kind     removed  the one stays for the count of mails whose link was followed, with the row's own moment
webhook                removed  what was not told yet is not told any more
cart (notes)
of documents           hashed   at the next start an old document without a note would pass for a new cart
all others             removed  what they tell of is handled
recipient
address_hash,          kept     a suppression must outlast whoever asked for it, and the cool-down its mail
last_mail_at, reason,
suppressed_at
address_hint           NULL     the address, masked
returned, meta         kept     counts by day, and facts about the shop: they are about nobody
=====================  =======  ===================================================================================

Notes are erased by ``erased_notes``. A row in ``sending`` is left alone: its mail is being handed over, and the
outcome must find it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from binlog_watcher.core.erased_keys import MARK, ErasedKeys
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.owners import BETWEEN, owner_of
from binlog_watcher.core.transitions import LOG_SKIP, PASS_FENCE
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables import recipients, webhook_events
from binlog_watcher.store.own_tables.claims import lock_addresses, skip_begun
from binlog_watcher.store.own_tables.log_rows import STEP
from binlog_watcher.store.own_tables.settling import settle
from binlog_watcher.store.own_tables.statement import Statement, rows_as_table
from binlog_watcher.store.own_tables.tables import CLICK, LOG, RECIPIENT
from binlog_watcher.store.shop_tables.episode_orders import orders_of_episode
from binlog_watcher.store.shop_tables.queries import Queries

ROWS_BATCH_SIZE = 100
"""Rows of the log that a transaction erases."""

CLICKS_BATCH_SIZE = 1_000
"""Visits that a statement deletes, but for those that count: of these a mail has a hundred at most."""


@dataclass(slots=True)
class Erased:
    """What was erased, or would be. ``closed``: open rows among them, whose mails will not go out.

    ``busy``: rows whose mail is being handed over just now; ``marked``: carts that count as handled now.
    """

    rows: int = 0
    closed: int = 0
    clicks: int = 0
    notes: int = 0
    hints: int = 0
    marked: int = 0
    busy: list[int] = field(default_factory=list)

    def __iadd__(self, other: "Erased") -> Self:
        for name in ("rows", "closed", "clicks", "notes", "hints", "marked"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.busy += other.busy
        return self


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the log that is to be erased. ``mailed``: a mail to its address may have been seen by a server."""

    id: int
    cart_key: str
    version: int
    step: int
    status: Status
    mailed: bool


# --- statements -----------------------------------------------------------------------------------------------------


def addresses(ids: Sequence[int]) -> Statement:
    """The addresses of these rows, so that they can be locked before the rows."""
    return Statement(
        f"SELECT DISTINCT address_hash FROM {LOG} WHERE id IN %s AND address_hash IS NOT NULL", (tuple(ids),)
    )


def lock_rows(ids: Sequence[int]) -> Statement:
    """Lock those of these rows that are not erased yet."""
    return Statement(
        "SELECT id, cart_key, cart_version, step, status, "
        "attempts > 0 OR sent_at IS NOT NULL OR email_sent IS NULL OR email_sent <> 0 OR bounce IS NOT NULL "
        f"FROM {LOG} WHERE id IN %s AND cart_key NOT LIKE %s ORDER BY id FOR UPDATE",
        (tuple(ids), MARK + "%"),
    )


def taken_names(names: Collection[str]) -> Statement:
    """Name, version, step of the rows that have these names already."""
    return Statement(
        f"SELECT cart_key, cart_version, step FROM {LOG} WHERE cart_key IN %s", (tuple(sorted(names)),)
    )


def followed_by_orders(queries: Queries, ids: Sequence[int]) -> Statement:
    """Id of each row, and whether an order followed within seven days of the row, and of its mail."""
    of = orders_of_episode(queries)

    def within(moment: str) -> str:
        return (
            f"EXISTS (SELECT 1 FROM {of['orders']} o WHERE {of['matches']} AND {of['bought_at']} > {moment} "
            f"AND {of['bought_at']} <= {moment} + INTERVAL 7 DAY)"
        )

    return Statement(
        f"SELECT l.id, {within('l.created_at')}, {within('l.sent_at')} FROM {LOG} l WHERE l.id IN %(ids)s",
        {**queries.constants, "ids": tuple(ids)},
    )


def blank(rows: Sequence[tuple[int, str, bool, bool, bool]]) -> Statement:
    """Take out of rows what names a person. ``rows``: id, new key, whether mailed, bought, converted."""
    table, parameters = rows_as_table(("id", "name", "mailed", "bought", "converted"), rows)
    return Statement(
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.id = v.id "
        "SET l.cart_key = v.name, l.user_id = NULL, l.address_hash = IF(v.mailed, l.address_hash, NULL), "
        "l.error = NULL, l.message_id = NULL, l.lease_until = NULL, l.next_attempt_at = NULL, "
        "l.owner = IF(LOCATE(%s, l.owner) > 0, CONCAT(SUBSTRING_INDEX(l.owner, %s, 1), %s), NULL), "
        "l.bought = v.bought, l.converted = v.converted",
        [*parameters, BETWEEN, BETWEEN, BETWEEN],
    )


def counted_visits(ids: Sequence[int]) -> Statement:
    """Mail, kind, and the mail's moment of the visits that a report counts."""
    return Statement(
        f"SELECT DISTINCT c.log_id, c.kind, l.created_at FROM {CLICK} c STRAIGHT_JOIN {LOG} l ON l.id = c.log_id "
        "WHERE c.log_id IN %s AND c.flag IS NULL",
        (tuple(ids),),
    )


def forget_flagged(ids: Sequence[int]) -> Statement:
    """Delete some of the visits by these mails' links that count for nothing."""
    return Statement(
        f"DELETE FROM {CLICK} WHERE log_id IN %s AND flag IS NOT NULL LIMIT {CLICKS_BATCH_SIZE}",
        (tuple(ids),),
    )


def forget_visits(ids: Sequence[int]) -> Statement:
    """Delete all visits by these mails' links."""
    return Statement(f"DELETE FROM {CLICK} WHERE log_id IN %s", (tuple(ids),))


def keep_visits(visits: Sequence[tuple[int, str, Any]]) -> Statement:
    """Of each of these mails one visit of a kind, without when it was. ``visits``: mail, kind, the mail's moment."""
    rows = ", ".join(["(%s, %s, 0, %s)"] * len(visits))
    return Statement(
        f"INSERT INTO {CLICK} (log_id, kind, link_no, clicked_at) VALUES {rows}",
        [value for visit in visits for value in visit],
    )


def forget_hints(hashes: Collection[bytes]) -> Statement:
    """The addresses of these hashes are shown no more, not even masked."""
    return Statement(
        f"UPDATE {RECIPIENT} SET address_hint = NULL WHERE address_hash IN %s AND address_hint IS NOT NULL",
        (tuple(sorted(hashes)),),
    )


def mark_handled(owner: str | None, carts: Sequence[tuple[str, int]]) -> Statement:
    """What is in these carts up to a version is never mailed. ``carts``: name, version."""
    values = [
        value
        for name, version in carts
        for value in (name, version, STEP, LOG_SKIP.sets, Reason.DECLINED, owner)
    ]
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s, 0)"] * len(carts))
    return Statement(
        f"INSERT INTO {LOG} (cart_key, cart_version, step, status, reason, owner, email_sent) VALUES {rows} "
        "ON DUPLICATE KEY UPDATE id = id",
        values,
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def erase_visits_that_do_not_count(session: Session, ids: Sequence[int]) -> int:
    """Outside of a transaction, before the rows: scanners leave many. How many there were."""
    deleted = 0
    while some := session.run(*forget_flagged(ids)):
        deleted += some
    return deleted


def erase_rows(
    session: Session, queries: Queries, erased: ErasedKeys, ids: Sequence[int], *, reason: Reason, days: int
) -> Erased:
    """Inside a transaction: erase these rows of the log, no more than ``ROWS_BATCH_SIZE``, and their visits.

    ``reason``: why open rows among them are closed; ``days``: ATTRIBUTION_DAYS.
    Addresses are locked before rows, as in a claim: a claim for the
    same address sees all of this, or nothing.
    """
    recipients.lock(session, {bytes(digest) for (digest,) in session.rows(*addresses(ids))})
    closed = session.run(*skip_begun(ids, reason))
    rows = [_row(row) for row in session.rows(*lock_rows(ids))]
    busy = [row.id for row in rows if row.status is PASS_FENCE.sets]
    rows = [row for row in rows if row.id not in busy]
    done = Erased(rows=len(rows), closed=closed, busy=busy)
    if not rows:
        return done
    wanted = [row.id for row in rows]
    orders = {
        log_id: (bool(bought), bool(converted))
        for log_id, bought, converted in session.rows(*followed_by_orders(queries, wanted))
    }
    settle(session, queries, days, wanted)
    names = _names(session, rows, erased)
    session.run(*blank([(row.id, names[row.id], row.mailed, *orders[row.id]) for row in rows]))
    kept = session.rows(*counted_visits(wanted))
    deleted = session.run(*forget_visits(wanted))
    session.run(*webhook_events.forget(wanted))
    if kept:
        session.run(*keep_visits([(log_id, kind, moment) for log_id, kind, moment in kept]))
    done.clicks = deleted - len(kept)
    return done


def _row(row: tuple[Any, ...]) -> _Row:
    log_id, cart_key, version, step, status, mailed = row
    return _Row(log_id, str(cart_key), version, step, Status(status), bool(mailed))


def _names(session: Session, rows: Sequence[_Row], erased: ErasedKeys) -> dict[int, str]:
    """The new key of each row. A version that the same cart has under its name already needs no second row of it."""
    names = {row.id: erased(row.cart_key) for row in rows}
    taken = {(str(name), version, step) for name, version, step in session.rows(*taken_names(names.values()))}
    for row in rows:
        place = (names[row.id], row.version, row.step)
        if place in taken:
            names[row.id] = f"{names[row.id]}:{row.id}"
        taken.add(place)
    return names


def mark_carts(
    session: Session,
    erased: ErasedKeys,
    carts: Sequence[tuple[str, int]],
    *,
    shop: str | None,
    hashes: Collection[bytes],
) -> None:
    """Inside a transaction: what is in these carts now, up to a version, counts as handled. ``carts``: key, version.

    It waits for a claim that is under way for one of the addresses, and every later claim sees it.
    """
    if hashes:
        session.run(*lock_addresses(hashes))
    session.run(*mark_handled(owner_of(shop, "") if shop else None, [(erased(key), v) for key, v in carts]))
