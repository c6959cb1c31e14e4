"""Claims: which episodes are this instance's to mail, at most one an address. See docs/design.md, *Episodes*.

First the statements, each a pure function of values; then what is done with them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from binlog_watcher.core.cart import LoggedEpisode
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.owners import shop_of
from binlog_watcher.core.transitions import CLAIM, LOG_SKIP, PASS_FENCE, SKIP, SUPERSEDE, TAKE_OVER, Step
from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.free_addresses import SENDING_NOW, hold_back
from binlog_watcher.store.own_tables.log_rows import STEP, Claims, Episode
from binlog_watcher.store.own_tables.statement import (
    LEASE_IS_OVER,
    Statement,
    lease_end,
    of_shop,
    rows_as_table,
)
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.own_tables.webhook_events import NOBODY, Fact, WebhookEvents
from binlog_watcher.store.times import utc_naive

HIGHEST_ID = (1 << 63) - 1
"""What the log's ``user_id`` holds."""

# --- statements -----------------------------------------------------------------------------------------------------


def lock_addresses(hashes: Collection[bytes]) -> Statement:
    """Lock the rows of these addresses, new or not: no other instance claims for them meanwhile.

    Sorted, so that two instances lock in the same order.
    """
    return Statement(
        f"INSERT INTO {RECIPIENT} (address_hash) VALUES {', '.join(['(%s)'] * len(hashes))} "
        "ON DUPLICATE KEY UPDATE address_hash = address_hash",
        sorted(hashes),
    )


def mails_under_way(hashes: Collection[bytes]) -> Statement:
    """Address, cart, status of mails that are being sent, or are claimed by a lease that has not ended."""
    return Statement(
        f"SELECT address_hash, cart_key, status FROM {LOG} WHERE address_hash IN %s AND (status = %s "
        f"OR (status = %s AND NOT {LEASE_IS_OVER}))",
        (tuple(sorted(hashes)), PASS_FENCE.sets, CLAIM.sets),
    )


def erased_versions(names: Collection[str]) -> Statement:
    """Name and highest version of those of these carts that were erased."""
    return Statement(
        f"SELECT cart_key, MAX(cart_version) FROM {LOG} WHERE cart_key IN %s AND step = %s GROUP BY cart_key",
        (tuple(sorted(names)), STEP),
    )


def insert(
    step: Step, owner: str, episodes: Sequence[Episode], *, reason: Reason | None = None, lease_us: int | None
) -> Statement:
    """Make rows for new episodes; one that is there already stays as it is."""
    values: list[Any] = []
    for e in episodes:
        values += [
            str(e.key), _user_id(e.cart.customer_id), e.version, STEP, step.sets, reason,
            e.address_hash, owner, e.cart_total, e.discount_percent, e.item_count, e.currency,
            utc_naive(e.activity_us), e.store, e.language,
        ]  # fmt: skip
    lease = "NULL" if lease_us is None else lease_end(lease_us)
    row = "(" + ", ".join(["%s"] * 15) + f", 0, 0, {lease})"
    return Statement(
        f"INSERT INTO {LOG} (cart_key, user_id, cart_version, step, status, reason, address_hash, owner, "
        "cart_total, discount_percent, item_count, currency, last_activity_at, store, language, "
        "attempts, email_sent, lease_until) "
        f"VALUES {', '.join([row] * len(episodes))} ON DUPLICATE KEY UPDATE id = id",
        values,
    )


def _user_id(customer: int | str | None) -> int | None:
    """None for text, and for ids that only a BIGINT UNSIGNED holds: such a row is known by its cart key alone."""
    return customer if isinstance(customer, int) and customer <= HIGHEST_ID else None


def inserted(owner: str, episodes: Sequence[Episode]) -> Statement:
    """Id, cart, version of the claims of these carts that are ours."""
    return Statement(
        f"SELECT id, cart_key, cart_version FROM {LOG} "
        "WHERE cart_key IN %s AND owner = %s AND status = %s AND step = %s",
        (tuple(str(e.key) for e in episodes), owner, CLAIM.sets, STEP),
    )


def rows_of(episodes: Sequence[Episode]) -> Statement:
    """Id, cart, version of the rows of these carts."""
    return Statement(
        f"SELECT id, cart_key, cart_version FROM {LOG} WHERE cart_key IN %s AND cart_version IN %s AND step = %s",
        (tuple(str(e.key) for e in episodes), tuple(e.version for e in episodes), STEP),
    )


def take_over(owner: str, begun: Sequence[tuple[Episode, LoggedEpisode]], lease_us: int) -> Statement:
    """Claim open rows for the cart as it is now; a claim only from the dead owner that was seen, or after its lease."""
    values = [
        (
            row.id, row.owner, row.status is TAKE_OVER.left and not row.owner_alive, e.address_hash, e.cart_total,
            e.discount_percent, e.item_count, e.currency, utc_naive(e.activity_us), e.store, e.language,
        )
        for e, row in sorted(begun, key=lambda pair: pair[1].id)
    ]  # fmt: skip
    columns = ("id", "owner", "dead", "hash", "total", "percent", "items", "currency", "activity",
               "store", "language")  # fmt: skip
    table, parameters = rows_as_table(columns, values)
    return Statement(
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.id = v.id "
        f"SET l.status = %s, l.owner = %s, l.lease_until = {lease_end(lease_us)}, l.reason = NULL, "
        "l.next_attempt_at = NULL, l.address_hash = v.hash, l.cart_total = v.total, "
        "l.discount_percent = v.percent, l.item_count = v.items, l.currency = v.currency, "
        "l.last_activity_at = v.activity, l.store = v.store, l.language = v.language "
        f"WHERE l.status = %s OR (l.status = %s AND (v.dead AND l.owner = v.owner OR l.{LEASE_IS_OVER}))",
        [*parameters, TAKE_OVER.sets, owner, TAKE_OVER.free, TAKE_OVER.left],
    )


def taken_over(owner: str, ids: Sequence[int]) -> Statement:
    """Ids of those rows that are ours now; one that someone else was faster to take has another owner."""
    return Statement(
        f"SELECT id FROM {LOG} WHERE id IN %s AND owner = %s AND status = %s",
        (tuple(ids), owner, TAKE_OVER.sets),
    )


def supersede(owner: str, episodes: Sequence[Episode]) -> Statement:
    """Older open versions of these carts will never be mailed; those of another shop, whose keys may be alike, stay."""
    table, parameters = rows_as_table(("cart_key", "version"), [(str(e.key), e.version) for e in episodes])
    belongs, shop = of_shop(shop_of(owner))
    return Statement(
        # The derived column has the connection's collation; the log's is binary, as keys are compared exactly.
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.cart_key = v.cart_key COLLATE utf8mb4_bin "
        "SET l.status = %s, l.reason = %s, l.lease_until = NULL, l.next_attempt_at = NULL "
        f"WHERE l.step = %s AND l.cart_version < v.version AND l.status IN %s{belongs}",
        [*parameters, SUPERSEDE.sets, Reason.SUPERSEDED, STEP, SUPERSEDE.of_anybody, *shop],
    )


def skip_begun(ids: Sequence[int], reason: Reason) -> Statement:
    """Open rows of episodes that are not mailed after all."""
    return Statement(
        f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
        "WHERE id IN %s AND status IN %s",
        (SKIP.sets, reason, tuple(ids), SKIP.of_anybody),
    )


# --- in a transaction -----------------------------------------------------------------------------------------------


def claim(
    session: Session,
    owner: str,
    episodes: Sequence[Episode],
    erased: ErasedKeys,
    *,
    lease_us: int,
    cooldown_us: int,
    now_us: int,
    events: WebhookEvents = NOBODY,
) -> Claims:
    """Inside a transaction: lock the addresses, leave out those that another mail holds back, insert or take over.

    Carts come in the order of preference: of two with one address the first one wins. Those that were erased since
    they were read are left out: whoever erases holds the address, too.
    """
    hashes = sorted({e.address_hash for e in episodes if e.address_hash is not None})
    session.run(*lock_addresses(hashes))
    known = recipients.read(session, hashes)
    busy = _busy(session, hashes)
    free, waits = hold_back(episodes, known, busy, cooldown_us=cooldown_us, now_us=now_us)
    fresh = _not_erased(session, _new(free), erased)
    ids = _take(session, owner, fresh, _begun(free), lease_us)
    events.note(
        session,
        [Fact(WebhookEvent.DETECTED, ids[e.key], detail={"reason": None}) for e in fresh if e.key in ids],
    )
    return Claims(ids, waits)


def _not_erased(session: Session, fresh: Sequence[Episode], erased: ErasedKeys) -> list[Episode]:
    """The episodes that are newer than all that was erased of their carts: the unique index knows only keys."""
    names = {str(e.key): erased(str(e.key)) for e in fresh}
    handled = dict(session.rows(*erased_versions(names.values()))) if names else {}
    return [e for e in fresh if handled.get(names[str(e.key)], e.version - 1) < e.version]


def _busy(session: Session, hashes: Collection[bytes]) -> dict[bytes, set[str]]:
    """The carts whose mails to these addresses are under way."""
    busy: dict[bytes, set[str]] = defaultdict(set)
    for address_hash, cart_key, status in session.rows(*mails_under_way(hashes)):
        busy[bytes(address_hash)].add(str(cart_key) if status == Status.CLAIMED else SENDING_NOW)
    return busy


def hindrance(
    session: Session, episode: Episode, *, cooldown_us: int, now_us: int
) -> tuple[int, Reason] | None:
    """Until when and why the episode would not be claimed just now; None: it would. Reads only.

    An address that nothing is known of gets its row at the claim.
    """
    digest = episode.address_hash
    if digest is None:
        return None
    known = {digest: episode.cart.recipient}
    busy = _busy(session, [digest])
    _, waits = hold_back([episode], known, busy, cooldown_us=cooldown_us, now_us=now_us)
    return waits.get(episode.key)


def _take(
    session: Session,
    owner: str,
    fresh: Sequence[Episode],
    begun: Sequence[tuple[Episode, LoggedEpisode]],
    lease_us: int,
) -> dict[CartKey, int]:
    """Insert new rows, take over open ones; what carries our owner and lease afterwards is ours."""
    ids: dict[CartKey, int] = {}
    if fresh:
        session.run(*insert(CLAIM, owner, fresh, lease_us=lease_us))
        ids |= _ids(fresh, session.rows(*inserted(owner, fresh)))
    if begun:
        session.run(*take_over(owner, begun, lease_us))
        won = {log_id for (log_id,) in session.rows(*taken_over(owner, [row.id for _, row in begun]))}
        ids |= {e.key: row.id for e, row in begun if row.id in won}
    _supersede(session, owner, [e for e in fresh if e.key in ids])
    return ids


def _ids(episodes: Sequence[Episode], rows: Sequence[tuple[Any, ...]]) -> dict[CartKey, int]:
    """The row of each episode, of rows with id, cart, version."""
    by_row = {(str(e.key), e.version): e.key for e in episodes}
    return {
        by_row[cart_key, version]: log_id
        for log_id, cart_key, version in rows
        if (cart_key, version) in by_row
    }


def skip(
    session: Session,
    owner: str,
    episodes: Sequence[Episode],
    reason: Reason,
    events: WebhookEvents = NOBODY,
) -> dict[CartKey, int]:
    """Inside a transaction: log episodes that are not mailed; one that is logged as open is closed. Its row by cart."""
    fresh, begun = _new(episodes), _begun(episodes)
    ids = {e.key: row.id for e, row in begun}
    if fresh:
        session.run(*insert(LOG_SKIP, owner, fresh, reason=reason, lease_us=None))
        _supersede(session, owner, fresh)
        logged = _ids(fresh, session.rows(*rows_of(fresh)))
        events.note(
            session, [Fact(WebhookEvent.DETECTED, row, detail={"reason": reason}) for row in logged.values()]
        )
        ids |= logged
    if begun:
        session.run(*skip_begun([row.id for _, row in begun], reason))
    return ids


def _supersede(session: Session, owner: str, fresh: Sequence[Episode]) -> None:
    older = [e for e in fresh if e.cart.logged is not None]
    if older:
        session.run(*supersede(owner, older))


def _new(episodes: Sequence[Episode]) -> list[Episode]:
    """Episodes that have no row yet."""
    return [e for e in episodes if e.cart.logged is None or e.cart.logged.version < e.version]


def _begun(episodes: Sequence[Episode]) -> list[tuple[Episode, LoggedEpisode]]:
    """Episodes that have a row, and that row."""
    return [(e, e.cart.logged) for e in episodes if e.cart.logged and e.cart.logged.version == e.version]
