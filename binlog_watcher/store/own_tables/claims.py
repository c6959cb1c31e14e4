"""Claims: which episodes are this instance's to mail, at most one an address (design §3)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.database import Session, rows_as_table
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.log_rows import STEP, Claims, Episode
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.times import utc_naive

SENDING_NOW = "\0sending"
"""Stands for a mail between fence and outcome: it holds its address back, whichever cart it is for."""


def claim(
    session: Session,
    owner: str,
    episodes: Sequence[Episode],
    *,
    lease_us: int,
    cooldown_us: int,
    now_us: int,
) -> Claims:
    """Inside a transaction: lock the addresses, leave out those that another mail holds back, insert or take over.

    Carts come in the order of preference: of two with one address the first one wins.
    """
    hashes = sorted({e.address_hash for e in episodes if e.address_hash is not None})
    session.run(  # sorted, so that two instances lock in the same order; an existing row is locked too
        f"INSERT INTO {RECIPIENT} (address_hash) VALUES {_marks(1, len(hashes))} "
        "ON DUPLICATE KEY UPDATE address_hash = address_hash",
        hashes,
    )
    known = recipients.read(session, hashes)
    busy: dict[bytes, set[str]] = defaultdict(set)  # address → carts whose mail is under way
    for address_hash, cart_key, status in session.rows(
        f"SELECT address_hash, cart_key, status FROM {LOG} WHERE address_hash IN %s AND (status = %s "
        "OR (status = %s AND lease_until > UTC_TIMESTAMP(6)))",
        (tuple(hashes), Status.SENDING, Status.CLAIMED),
    ):
        busy[bytes(address_hash)].add(str(cart_key) if status == Status.CLAIMED else SENDING_NOW)
    waits: dict[CartKey, tuple[int, Reason]] = {}
    free: list[Episode] = []
    taken: set[bytes] = set()
    for episode in episodes:
        digest = episode.address_hash
        state = known.get(digest) if digest else None
        if digest is None or state is None or state.suppressed:
            waits[episode.key] = (now_us, Reason.OPTED_OUT)
        elif (
            state.last_mail_us is not None
            and state.last_mail_us + cooldown_us > now_us
            and not episode.cart.mailed_itself(state.last_mail_us)
        ):
            waits[episode.key] = (state.last_mail_us + cooldown_us, Reason.COOLDOWN)
        elif digest in taken or busy[digest] - {str(episode.key)}:
            waits[episode.key] = (now_us + 2_000_000, Reason.ADDRESS_BUSY)
        else:
            taken.add(digest)
            free.append(episode)
    return Claims(_take(session, owner, free, lease_us), waits)


def _take(session: Session, owner: str, free: Sequence[Episode], lease_us: int) -> dict[CartKey, int]:
    """Insert new rows, take over open ones; what carries our owner and lease afterwards is ours."""
    if not free:
        return {}
    lease = f"UTC_TIMESTAMP(6) + INTERVAL {int(lease_us)} MICROSECOND"
    fresh = [e for e in free if e.cart.logged is None or e.cart.logged.version < e.version]
    ids = _insert(session, owner, fresh, Status.CLAIMED, None, lease) if fresh else {}
    begun = [e for e in free if e.cart.logged is not None and e.cart.logged.version == e.version]
    if begun:
        ids |= _take_over(session, owner, begun, lease)
    superseding = [e for e in fresh if e.key in ids and e.cart.logged is not None]
    if superseding:
        _supersede(session, superseding)
    return ids


def _take_over(session: Session, owner: str, episodes: Sequence[Episode], lease: str) -> dict[CartKey, int]:
    """Claim rows that are open; one that someone else was faster to take has another owner, or is no retry any more."""
    values = [
        (
            e.cart.logged.id, e.cart.logged.owner,
            e.cart.logged.status is Status.CLAIMED and not e.cart.logged.owner_alive,
            e.address_hash, e.cart.total, e.discount_percent, e.cart.item_count, e.currency,
            utc_naive(e.activity_us),
        )
        for e in episodes
        if e.cart.logged is not None
    ]  # fmt: skip
    columns = ("id", "owner", "dead", "hash", "total", "percent", "items", "currency", "activity")
    table, parameters = rows_as_table(columns, sorted(values, key=lambda value: value[0]))
    session.run(
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.id = v.id "
        f"SET l.status = %s, l.owner = %s, l.lease_until = {lease}, l.reason = NULL, "
        "l.next_attempt_at = NULL, l.address_hash = v.hash, l.cart_total = v.total, "
        "l.discount_percent = v.percent, l.item_count = v.items, l.currency = v.currency, "
        "l.last_activity_at = v.activity "
        "WHERE l.status = %s "
        "OR (l.status = %s AND (v.dead AND l.owner = v.owner OR l.lease_until <= UTC_TIMESTAMP(6)))",
        [*parameters, Status.CLAIMED, owner, Status.RETRY, Status.CLAIMED],
    )
    won = {
        log_id
        for (log_id,) in session.rows(
            f"SELECT id FROM {LOG} WHERE id IN %s AND owner = %s AND status = %s",
            (tuple(value[0] for value in values), owner, Status.CLAIMED),
        )
    }
    return {
        e.key: e.cart.logged.id for e in episodes if e.cart.logged is not None and e.cart.logged.id in won
    }


def _insert(
    session: Session,
    owner: str,
    episodes: Sequence[Episode],
    status: Status,
    reason: Reason | None,
    lease: str,
) -> dict[CartKey, int]:
    """Insert rows; the ids of those that are new, by key."""
    values: list[Any] = []
    for e in episodes:
        user_id = e.cart.customer_id
        values += [
            str(e.key), user_id if isinstance(user_id, int) else None, e.version, STEP, status, reason,
            e.address_hash, owner, e.cart.total, e.discount_percent, e.cart.item_count, e.currency,
            utc_naive(e.activity_us),
        ]  # fmt: skip
    row = "(" + ", ".join(["%s"] * 13) + f", 0, 0, {lease})"
    session.run(
        f"INSERT INTO {LOG} (cart_key, user_id, cart_version, step, status, reason, address_hash, owner, "
        "cart_total, discount_percent, item_count, currency, last_activity_at, attempts, email_sent, lease_until) "
        f"VALUES {', '.join([row] * len(episodes))} ON DUPLICATE KEY UPDATE id = id",
        values,
    )
    by_row = {(str(e.key), e.version): e.key for e in episodes}
    return {
        by_row[cart_key, version]: log_id
        for log_id, cart_key, version in session.rows(
            f"SELECT id, cart_key, cart_version FROM {LOG} "
            "WHERE cart_key IN %s AND owner = %s AND status = %s AND step = %s",
            (tuple(str(e.key) for e in episodes), owner, status, STEP),
        )
        if (cart_key, version) in by_row
    }


def _supersede(session: Session, episodes: Sequence[Episode]) -> None:
    """Older open versions of these carts will never be mailed."""
    table, parameters = rows_as_table(("cart_key", "version"), [(str(e.key), e.version) for e in episodes])
    session.run(
        # The derived column has the connection's collation; the log's is binary, as keys are compared exactly.
        f"UPDATE {table} v STRAIGHT_JOIN {LOG} l ON l.cart_key = v.cart_key COLLATE utf8mb4_bin "
        "SET l.status = %s, l.reason = %s, l.lease_until = NULL, l.next_attempt_at = NULL "
        "WHERE l.step = %s AND l.cart_version < v.version AND l.status IN %s",
        [*parameters, Status.SKIPPED, Reason.SUPERSEDED, STEP, (Status.RETRY, Status.CLAIMED)],
    )


def skip(session: Session, owner: str, episodes: Sequence[Episode], reason: Reason) -> None:
    """Inside a transaction: log episodes that are not mailed; one that is logged as open is closed."""
    fresh = [e for e in episodes if e.cart.logged is None or e.cart.logged.version < e.version]
    if fresh:
        _insert(session, owner, fresh, Status.SKIPPED, reason, "NULL")
        older = [e for e in fresh if e.cart.logged is not None]
        if older:
            _supersede(session, older)
    opened = [e.cart.logged.id for e in episodes if e.cart.logged and e.cart.logged.version == e.version]
    if opened:
        session.run(
            f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
            "WHERE id IN %s AND status IN %s",
            (Status.SKIPPED, reason, tuple(opened), (Status.RETRY, Status.CLAIMED)),
        )


def _marks(columns: int, rows: int) -> str:
    """Placeholders for a multi-row VALUES."""
    return ", ".join(["(" + ", ".join(["%s"] * columns) + ")"] * rows)
