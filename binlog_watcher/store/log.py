"""``cart_abandonment_log``: claims with leases, the fence before SMTP, and outcomes (design §3).

(new) → claimed → sending → sent | retry | failed | unknown
          ↑ ______________________|
A claim whose lease ended, or whose owner is dead, is taken over; a row left in ``sending`` becomes ``unknown``.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from binlog_watcher.decision import Cart, LoggedEpisode, Reason, Status
from binlog_watcher.events import CartKey
from binlog_watcher.schema import Schema
from binlog_watcher.store import recipients, tables
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.presence import lock_name
from binlog_watcher.store.shop import EMPTY_FINGERPRINT, Shop, names_of
from binlog_watcher.store.tables import LOG, RECIPIENT
from binlog_watcher.store.times import UTC_COLUMN, utc_naive

STEP = 1
"""A recovery may become a sequence of mails; today it has one step."""


SENDING_NOW = "\0sending"
"""Stands for a mail between fence and outcome: it holds its address back, whichever cart it is for."""


@dataclass(frozen=True, slots=True)
class Episode:
    """What is written when a cart is claimed or skipped. Money in the shop's currency."""

    cart: Cart
    version: int
    activity_us: int
    currency: str
    discount_percent: Decimal

    @property
    def key(self) -> CartKey:
        """The cart key."""
        return self.cart.key

    @property
    def address_hash(self) -> bytes | None:
        """The hash of the customer's address."""
        return self.cart.customer.address_hash if self.cart.customer else None


@dataclass(frozen=True, slots=True)
class Claims:
    """``ids``: log row by key of what is ours now. ``waits``: (until, why) by key of what another mail holds back.

    A key in neither was taken by another instance.
    """

    ids: dict[CartKey, int]
    waits: dict[CartKey, tuple[int, Reason]]


@dataclass(frozen=True, slots=True)
class Fenced:
    """One mail at the fence: its row, and the fingerprint of the cart as it was decided on."""

    log_id: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    log_id: int
    status: Status
    reason: Reason | None = None
    error: str | None = None
    at_us: int = 0
    next_attempt_us: int | None = None
    address_hash: bytes | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row of the log that is waiting for someone."""

    key: str
    user_id: int | None
    due_us: int


class EpisodeLog:
    """All statements on the log table. ``owner`` names this instance."""

    def __init__(self, database: Database, shop: Shop, schema: Schema, owner: str) -> None:
        self._database = database
        self._shop = shop
        self._schema = schema
        self.owner = owner

    @property
    def present(self) -> bool:
        """Whether our tables are there (they may not be in a dry run)."""
        return tables.exist(self._database)

    # --- what the log knows ---------------------------------------------------------------------------------

    def newest(self, session: Session, keys: Sequence[CartKey]) -> dict[CartKey, LoggedEpisode]:
        """The row with the highest version of each key."""
        by_text = {str(key): key for key in keys}
        rows = session.rows(
            "SELECT l.id, l.cart_key, l.cart_version, l.status, l.attempts, l.next_attempt_at, l.lease_until, l.owner "
            f"FROM {LOG} l JOIN (SELECT cart_key, MAX(cart_version) AS newest FROM {LOG} "
            "WHERE cart_key IN %s AND step = %s GROUP BY cart_key) m "
            "ON m.cart_key = l.cart_key AND m.newest = l.cart_version WHERE l.step = %s",
            (tuple(by_text), STEP, STEP),
        )
        owners = {row[7] for row in rows if row[3] == Status.CLAIMED and row[7] not in {None, self.owner}}
        dead = self.dead_owners(session, owners)
        return {
            by_text[cart_key]: LoggedEpisode(
                id=log_id,
                version=version,
                status=Status(status),
                attempts=attempts,
                next_attempt_us=UTC_COLUMN.to_us(next_attempt_at),
                lease_until_us=UTC_COLUMN.to_us(lease_until),
                owner_alive=owner not in dead,
            )
            for log_id, cart_key, version, status, attempts, next_attempt_at, lease_until, owner in rows
        }

    def dead_owners(self, session: Session, owners: set[str]) -> set[str]:
        """Which of the instances are gone: each holds a lock on a session of its own while it lives."""
        return {
            owner for owner in owners
            if (session.row("SELECT IS_FREE_LOCK(%s)", (lock_name(owner),)) or (0,))[0] == 1
        }  # fmt: skip

    # --- claim ----------------------------------------------------------------------------------------------

    def claim(self, episodes: Sequence[Episode], *, lease_us: int, cooldown_us: int, now_us: int) -> Claims:
        """Claim the episodes for this instance, at most one an address.

        One transaction: lock the addresses, leave out those that another mail holds back, insert or take over.
        Carts come in the order of preference: of two with one address the first one wins.
        """
        return self._database.in_transaction(
            lambda session: self._claim(session, episodes, lease_us, cooldown_us, now_us)
        )

    def _claim(
        self, session: Session, episodes: Sequence[Episode], lease_us: int, cooldown_us: int, now_us: int
    ) -> Claims:
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
            elif state.last_mail_us is not None and state.last_mail_us + cooldown_us > now_us:
                waits[episode.key] = (state.last_mail_us + cooldown_us, Reason.COOLDOWN)
            elif digest in taken or busy[digest] - {str(episode.key)}:
                waits[episode.key] = (now_us + 2_000_000, Reason.ADDRESS_BUSY)
            else:
                taken.add(digest)
                free.append(episode)
        return Claims(self._take(session, free, lease_us), waits)

    def _take(self, session: Session, free: Sequence[Episode], lease_us: int) -> dict[CartKey, int]:
        """Insert new rows, take over open ones; what carries our owner and lease afterwards is ours."""
        if not free:
            return {}
        lease = f"UTC_TIMESTAMP(6) + INTERVAL {int(lease_us)} MICROSECOND"
        fresh = [e for e in free if e.cart.logged is None or e.cart.logged.version < e.version]
        ids = self._insert(session, fresh, Status.CLAIMED, None, f"{lease}") if fresh else {}
        for episode in free:
            logged = episode.cart.logged
            if logged is None or logged.version != episode.version:
                continue
            dead_claim = logged.status is Status.CLAIMED and not logged.owner_alive
            won = session.run(
                f"UPDATE {LOG} SET status = %s, owner = %s, lease_until = {lease}, attempts = attempts + 1, "
                "reason = NULL, next_attempt_at = NULL, address_hash = %s, cart_total = %s, discount_percent = %s, "
                "item_count = %s, currency = %s, last_activity_at = %s "
                "WHERE id = %s AND attempts = %s AND (status = %s "
                "OR (status = %s AND (%s OR lease_until <= UTC_TIMESTAMP(6))))",
                (
                    Status.CLAIMED, self.owner, episode.address_hash, episode.cart.total, episode.discount_percent,
                    episode.cart.item_count, episode.currency, utc_naive(episode.activity_us),
                    logged.id, logged.attempts, Status.RETRY, Status.CLAIMED, dead_claim,
                ),
            )  # fmt: skip
            if won:
                ids[episode.key] = logged.id
        superseding = [e for e in fresh if e.key in ids and e.cart.logged is not None]
        if superseding:
            self._supersede(session, superseding)
        return ids

    def _insert(
        self, session: Session, episodes: Sequence[Episode], status: Status, reason: Reason | None, lease: str
    ) -> dict[CartKey, int]:
        """Insert rows; the ids of those that are new, by key."""
        values: list[Any] = []
        for e in episodes:
            user_id = e.cart.customer.id if e.cart.customer else e.key
            values += [
                str(e.key), user_id if isinstance(user_id, int) else None, e.version, STEP, status, reason,
                e.address_hash, self.owner, e.cart.total, e.discount_percent, e.cart.item_count, e.currency,
                utc_naive(e.activity_us), 1 if status is Status.CLAIMED else 0,
            ]  # fmt: skip
        row = "(" + ", ".join(["%s"] * 14) + f", 0, {lease})"
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
                (tuple(str(e.key) for e in episodes), self.owner, status, STEP),
            )
            if (cart_key, version) in by_row
        }

    def _supersede(self, session: Session, episodes: Sequence[Episode]) -> None:
        """Older open versions of these carts will never be mailed."""
        for episode in episodes:
            session.run(
                f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
                "WHERE cart_key = %s AND step = %s AND cart_version < %s AND (status = %s OR status = %s)",
                (
                    Status.SKIPPED, Reason.SUPERSEDED, str(episode.key), STEP, episode.version,
                    Status.RETRY, Status.CLAIMED,
                ),
            )  # fmt: skip

    def skip(self, episodes: Sequence[Episode], reason: Reason) -> None:
        """Log episodes that are not mailed; one that is logged as open is closed."""

        def work(session: Session) -> None:
            fresh = [e for e in episodes if e.cart.logged is None or e.cart.logged.version < e.version]
            if fresh:
                self._insert(session, fresh, Status.SKIPPED, reason, "NULL")
                self._supersede(session, [e for e in fresh if e.cart.logged is not None])
            opened = [
                e.cart.logged.id for e in episodes if e.cart.logged and e.cart.logged.version == e.version
            ]
            if opened:
                session.run(
                    f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
                    "WHERE id IN %s AND status IN %s",
                    (Status.SKIPPED, reason, tuple(opened), (Status.RETRY, Status.CLAIMED)),
                )

        if episodes:
            self._database.in_transaction(work)

    def close_open(self, key: CartKey, reason: Reason) -> None:
        """The key's open rows will not be mailed any more (bought, emptied, too old)."""
        with self._database.session() as session:
            session.run(
                f"UPDATE {LOG} SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL "
                "WHERE cart_key = %s AND step = %s AND status = %s",
                (Status.SKIPPED, reason, str(key), STEP, Status.RETRY),
            )

    # --- fence ----------------------------------------------------------------------------------------------

    def fence(self, mails: Sequence[Fenced], *, lease_us: int) -> set[int]:
        """The last look before SMTP: one statement sets ``sending`` where nothing has changed; the ids that passed.

        A single-table UPDATE under READ COMMITTED reads the shop's rows without locking them; a join would lock.
        """
        if not mails:
            return set()
        n = names_of(self._schema)
        ids = [mail.log_id for mail in mails]
        cart_prints, order_prints = zip(
            *((*mail.fingerprint.split("/", 1), EMPTY_FINGERPRINT)[:2] for mail in mails), strict=True
        )
        marks = ", ".join(["%s"] * len(mails))
        with self._database.session() as session:
            passed = session.run(
                f"UPDATE {LOG} SET status = %s, lease_until = UTC_TIMESTAMP(6) + INTERVAL {int(lease_us)} MICROSECOND "
                f"WHERE id IN ({marks}) AND owner = %s AND status = %s AND lease_until > UTC_TIMESTAMP(6) "
                f"AND ELT(FIELD({LOG}.id, {marks}), {marks}) = (SELECT {self._shop.cart_fingerprint} "
                f"FROM {n['cart']} c WHERE c.{n['c_user']} = {LOG}.user_id) "
                f"AND ELT(FIELD({LOG}.id, {marks}), {marks}) = (SELECT {self._shop.order_fingerprint} "
                f"FROM {n['orders']} o WHERE o.{n['o_user']} = {LOG}.user_id)",
                [
                    Status.SENDING, *ids, self.owner, Status.CLAIMED,
                    *ids, *cart_prints, *ids, *order_prints,
                ],
            )  # fmt: skip
            if passed == len(mails):
                return set(ids)
            return {
                row[0]
                for row in session.rows(
                    f"SELECT id FROM {LOG} WHERE id IN %s AND owner = %s AND status = %s",
                    (tuple(ids), self.owner, Status.SENDING),
                )
            }

    # --- outcomes -------------------------------------------------------------------------------------------

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Write how attempts ended; rows that someone else took over meanwhile are left alone."""
        if outcomes:
            self._database.in_transaction(lambda session: self._finish(session, outcomes))

    def _finish(self, session: Session, outcomes: Sequence[Outcome]) -> None:
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
                    outcome.log_id, self.owner, (Status.CLAIMED, Status.SENDING, Status.UNKNOWN),
                ),
            )  # fmt: skip
        mailed_hashes = sorted({o.address_hash for o in outcomes if o.status in sent and o.address_hash})
        if mailed_hashes:
            session.run(
                f"UPDATE {RECIPIENT} SET last_mail_at = %s WHERE address_hash IN %s",
                (utc_naive(max(o.at_us for o in outcomes)), tuple(mailed_hashes)),
            )

    # --- rows left behind -----------------------------------------------------------------------------------

    def settle_unknown(self, now_us: int) -> int:
        """Rows left in ``sending`` by a dead instance, or past their lease, become ``unknown``; how many."""

        def work(session: Session) -> int:
            rows = session.rows(
                f"SELECT id, owner, lease_until, address_hash FROM {LOG} WHERE status = %s", (Status.SENDING,)
            )
            dead = self.dead_owners(session, {row[1] for row in rows if row[1] not in {None, self.owner}})
            lost = [
                (log_id, digest)
                for log_id, owner, lease_until, digest in rows
                if owner in dead or (UTC_COLUMN.to_us(lease_until) or 0) <= now_us
            ]
            if not lost:
                return 0
            changed = session.run(
                f"UPDATE {LOG} SET status = %s, email_sent = NULL, sent_at = %s, lease_until = NULL, "
                "error = 'the connection or the process ended inside the hand-over to SMTP' "
                "WHERE id IN %s AND status = %s",
                (Status.UNKNOWN, utc_naive(now_us), tuple(log_id for log_id, _ in lost), Status.SENDING),
            )
            session.run(
                f"UPDATE {RECIPIENT} SET last_mail_at = %s WHERE address_hash IN %s",
                (utc_naive(now_us), tuple(sorted(digest for _, digest in lost if digest))),
            )
            return changed

        return self._database.in_transaction(work)

    def open_rows(self, now_us: int) -> list[OpenRow]:
        """Retries that are due and claims that nobody holds any more."""
        with self._database.session() as session:
            rows = session.rows(
                f"SELECT cart_key, user_id, status, next_attempt_at, lease_until, owner FROM {LOG} "
                "WHERE status = %s AND next_attempt_at <= %s OR status = %s",
                (Status.RETRY, utc_naive(now_us), Status.CLAIMED),
            )
            owners = {row[5] for row in rows if row[2] == Status.CLAIMED and row[5] not in {None, self.owner}}
            dead = self.dead_owners(session, owners)
        return [
            OpenRow(str(key), user_id, now_us)
            for key, user_id, status, _, lease_until, owner in rows
            if status == Status.RETRY or owner in dead or (UTC_COLUMN.to_us(lease_until) or 0) <= now_us
        ]

    def last_sent(self, session: Session, keys: Sequence[CartKey], since_us: int) -> dict[CartKey, int]:
        """When each key was last mailed, since a moment."""
        by_text = {str(key): key for key in keys}
        return {
            by_text[key]: UTC_COLUMN.to_us(sent_at) or 0
            for key, sent_at in session.rows(
                f"SELECT cart_key, MAX(sent_at) FROM {LOG} WHERE cart_key IN %s AND sent_at >= %s GROUP BY cart_key",
                (tuple(by_text), utc_naive(since_us)),
            )
        }

    def activated_us(self, now_us: int, *, dry_run: bool) -> int:
        """When Cartwake first ran here for real: read from MySQL, set by the first run that is not dry."""
        stored = recipients.meta(self._database, "activated_at") if self.present else None
        if stored is not None:
            return int(stored)
        if not dry_run:
            with self._database.session() as session:
                session.run(
                    f"INSERT INTO {tables.META} (name, value) VALUES ('activated_at', %s) "
                    "ON DUPLICATE KEY UPDATE name = name",
                    (str(now_us),),
                )
        return now_us

    def mark(self) -> None:
        """Commit a row of our own: whatever stands before it in the binlog is visible afterwards (design §4)."""
        with self._database.session() as session:
            session.run(
                f"INSERT INTO {tables.META} (name, value) VALUES ('marker', UUID()) "
                "ON DUPLICATE KEY UPDATE value = UUID()"
            )


def _marks(columns: int, rows: int) -> str:
    """Placeholders for a multi-row VALUES."""
    return ", ".join(["(" + ", ".join(["%s"] * columns) + ")"] * rows)
