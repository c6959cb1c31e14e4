"""``cart_abandonment_log`` as one instance works on it: claims with leases, the fence before SMTP, and outcomes.

Which status may follow which stands in ``core.transitions``; the statements are in ``claims``, ``fence``,
``outcomes`` and ``leftovers``. A claim whose lease ended, or whose owner is dead, is taken over; a row left in
``sending`` becomes ``unknown``.
"""

from collections.abc import Sequence
from decimal import Decimal

from binlog_watcher.core.cart import Cart, LoggedEpisode
from binlog_watcher.core.erased_keys import ErasedKeys, is_erased
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.owners import is_ours, shop_of
from binlog_watcher.core.transitions import OPEN
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables import claims, fence, leftovers, recipients, rights, tables
from binlog_watcher.store.own_tables.log_rows import (
    STEP,
    Claims,
    Episode,
    Fenced,
    OpenRow,
    Outcome,
    by_logged_key,
)
from binlog_watcher.store.own_tables.outcomes import EMAIL_SENT, finish, give_back
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.own_tables.webhook_events import NOBODY, WebhookEvents
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import UTC_COLUMN, utc_naive


def newest_rows(keys: Sequence[str]) -> Statement:
    """The row with the highest version of each cart."""
    return Statement(
        "SELECT l.id, l.cart_key, l.cart_version, l.status, l.attempts, l.next_attempt_at, l.lease_until, l.owner, "
        "l.address_hash, l.sent_at "
        f"FROM {LOG} l JOIN (SELECT cart_key, MAX(cart_version) AS newest FROM {LOG} "
        "WHERE cart_key IN %s AND step = %s GROUP BY cart_key) m "
        "ON m.cart_key = l.cart_key AND m.newest = l.cart_version WHERE l.step = %s",
        (tuple(keys), STEP, STEP),
    )


def last_mails(keys: Sequence[str], since_us: int) -> Statement:
    """Cart and moment of its last mail, since a moment; not of one that is to be sent again."""
    return Statement(
        f"SELECT cart_key, MAX(sent_at) FROM {LOG} WHERE cart_key IN %s AND sent_at >= %s "
        "AND status NOT IN %s GROUP BY cart_key",
        (tuple(keys), utc_naive(since_us), OPEN),
    )


class EpisodeLog:
    """The log as one instance works on it; ``owner`` names that instance and its shop. Every method blocks.

    ``erased``: by what names carts go on that were erased; ``bounce_limit``: an address is suppressed to which so many
    mails bounced; 0: never. ``events``: what webhooks tell of.
    """

    def __init__(
        self,
        database: Database,
        shop: Shop,
        owner: str,
        *,
        erased: ErasedKeys,
        bounce_limit: int = 0,
        events: WebhookEvents = NOBODY,
    ) -> None:
        self._database = database
        self._shop = shop
        self.owner = owner
        self.erased = erased
        self._bounce_limit = bounce_limit
        self._events = events
        self.shop_id = shop_of(owner)

    @property
    def present(self) -> bool:
        """Whether our tables are there (they may not be in a dry run)."""
        return tables.exist(self._database)

    def newest(self, session: Session, keys: Sequence[CartKey]) -> dict[CartKey, LoggedEpisode]:
        """The row with the highest version of each key, be it that the cart was erased since.

        A claim of our own counts as nobody's: one recovery at a time has a key, and it looks before it claims, so
        the reply to that claim was lost.
        """
        by_text = by_logged_key(keys, self.erased)
        # Of two with one version the erased one counts: nothing is done any more for what was in that cart.
        rows = sorted(
            session.rows(*newest_rows(list(by_text))), key=lambda row: (int(row[2]), is_erased(row[1]))
        )
        owners = {row[7] for row in rows if row[3] == Status.CLAIMED and row[7] not in {None, self.owner}}
        dead = leftovers.dead_owners(session, owners)
        return {
            key: LoggedEpisode(
                id=log_id,
                version=version,
                status=Status(status),
                attempts=attempts,
                next_attempt_us=UTC_COLUMN.to_us(next_attempt_at),
                lease_until_us=UTC_COLUMN.to_us(lease_until),
                owner_alive=owner not in dead and owner != self.owner,
                own_mail=_own_mail(Status(status), digest, UTC_COLUMN.to_us(sent_at)),
                owner=owner,
                ours=is_ours(owner, self.shop_id),
            )
            for (
                log_id,
                cart_key,
                version,
                status,
                attempts,
                next_attempt_at,
                lease_until,
                owner,
                digest,
                sent_at,
            ) in rows
            for key in by_text[cart_key.rstrip(" ")]
        }

    def claim(self, episodes: Sequence[Episode], *, lease_us: int, cooldown_us: int, now_us: int) -> Claims:
        """Claim the episodes for this instance, at most one an address; the first of the list is preferred."""
        return self._database.in_transaction(
            lambda session: claims.claim(
                session, self.owner, episodes, self.erased,
                lease_us=lease_us, cooldown_us=cooldown_us, now_us=now_us, events=self._events,
            )
        )  # fmt: skip

    def skip(self, episodes: Sequence[Episode], reason: Reason) -> dict[CartKey, int]:
        """Log episodes that are not mailed; one that is logged as open is closed. The rows by cart."""
        if not episodes:
            return {}
        return self._database.in_transaction(
            lambda session: claims.skip(session, self.owner, episodes, reason, self._events)
        )

    def fence(self, mails: Sequence[Fenced], *, lease_us: int) -> set[int]:
        """The last look before SMTP: the ids of the mails that may be handed over this very moment."""
        if not mails:
            return set()
        with self._database.session() as session:
            return fence.fence(session, self.owner, self._shop.queries, mails, lease_us=lease_us)

    def fence_again(self, mail: Fenced, *, lease_us: int) -> bool:
        """One more look, right before DATA: whether a mail that passed the fence may still be handed over."""
        with self._database.session() as session:
            return fence.fence_again(session, self.owner, self._shop.queries, mail, lease_us=lease_us)

    def look_ahead(
        self, cart: Cart, *, cooldown_us: int, now_us: int
    ) -> tuple[tuple[int, Reason] | None, list[str]]:
        """What would hold up the mail for a cart, of which it was decided to send it; reads only, locks nothing.

        Until when and why no claim would be made (None: one would), and by which parts of the fingerprint the fence
        would stop it.
        """
        episode = Episode(cart, cart.version or 0, 0, "", Decimal(0))
        with self._database.session() as session:
            hindrance = claims.hindrance(session, episode, cooldown_us=cooldown_us, now_us=now_us)
            return hindrance, fence.changed_parts(session, self._shop.queries, cart)

    def finish(self, outcomes: Sequence[Outcome]) -> int:
        """Write how attempts ended; how many addresses are suppressed now because their mails bounced."""
        if not outcomes:
            return 0
        is_one_statement = not self._events.wanted and all(o.status in EMAIL_SENT for o in outcomes)
        run = self._database.again_after_deadlocks if is_one_statement else self._database.in_transaction
        return run(
            lambda session: finish(
                session, self.owner, outcomes, bounce_limit=self._bounce_limit, events=self._events
            )
        )

    def give_back(self, ids: Sequence[int], at_us: int) -> int:
        """Rows of ours that were given up wait until ``at_us``: the server refused all mails alike; how many do."""
        statement = give_back(self.owner, ids, at_us)
        return self._database.again_after_deadlocks(lambda session: session.run(*statement)) if ids else 0

    def close(self, rows: Sequence[LoggedEpisode], reason: Reason) -> None:
        """Open rows that will not be mailed any more (bought, emptied, too old)."""
        if rows:
            with self._database.session() as session:
                leftovers.close(session, rows, reason)

    def settle_unknown(self, now_us: int) -> int:
        """Mails that nobody will report on any more become ``unknown``; how many."""
        return self._database.in_transaction(
            lambda session: leftovers.settle_unknown(session, self.owner, now_us)
        )

    def open_rows(self, now_us: int, cooldown_us: int = 0) -> list[OpenRow]:
        """Retries that are due and claims that nobody holds any more."""
        with self._database.session() as session:
            return leftovers.open_rows(session, self.owner, now_us, cooldown_us)

    def last_sent(self, session: Session, keys: Sequence[CartKey], since_us: int) -> dict[CartKey, int]:
        """When each key was last mailed, since a moment; a mail that is to be sent again holds no cart back."""
        by_text = by_logged_key(keys, self.erased)
        rows = sorted(session.rows(*last_mails(list(by_text), since_us)), key=lambda row: row[1])
        return {
            key: UTC_COLUMN.to_us(sent_at) or 0 for text, sent_at in rows for key in by_text[text.rstrip(" ")]
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

    def check_writable(self) -> None:
        """Raises what a claim would, if one could not be written now: DatabaseUnavailableError, ConfigError."""
        with self._database.session() as session:
            rights.ask(session)

    def mark(self) -> None:
        """Commit a row of our own: whatever stands before it in the binlog is visible afterwards.

        See docs/design-binlog.md, *The binlog*.
        """
        with self._database.session() as session:
            session.run(
                f"INSERT INTO {tables.META} (name, value) VALUES ('marker', UUID()) "
                "ON DUPLICATE KEY UPDATE value = UUID()"
            )


def _own_mail(status: Status, address_hash: bytes | None, sent_at_us: int | None) -> tuple[bytes, int] | None:
    """What an open row says of a mail of its own: only `cartwake retry --unknown` leaves it a time of sending."""
    if status not in OPEN or address_hash is None or sent_at_us is None:
        return None
    return bytes(address_hash), sent_at_us
