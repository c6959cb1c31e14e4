"""The recipient table: cool-down and suppression per address, whichever user has it.

An address is known by the HMAC-SHA256 of its normalised form under a salt kept in MySQL: enough to recognise it,
useless to whoever sees the table alone.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from binlog_watcher.core.cart import Recipient
from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import CartwakeError
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables.statement import rows_as_table
from binlog_watcher.store.own_tables.tables import LOG, META, RECIPIENT
from binlog_watcher.store.own_tables.webhook_events import NOBODY, WebhookEvents
from binlog_watcher.store.times import UTC_COLUMN
from mailer import InvalidAddressError, mask, parse_address

COMPLAINED = "complained"
"""Reason of those who told their mail provider that ours is spam."""

UNSUBSCRIBED = "unsubscribed"
"""Reason of those who did so by a mail's link, or by mail."""

MANUAL = "manual"
"""Reason of those who were put on the list by hand."""


class UnknownMailError(CartwakeError):
    """The log has no such mail, or no more."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """One suppressed address, masked."""

    hint: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """A suppressed address by its hash, as it is exported and imported. ``since`` in UTC; None: now."""

    address_hash: bytes
    hint: str
    since: datetime | None
    reason: str


class AddressHasher:
    """Address → 32 bytes, None for what is no address."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()

    def __call__(self, raw: str | None) -> bytes | None:
        """The hash of a raw address as the shop has it."""
        try:
            normalised = parse_address(raw).normalised
        except InvalidAddressError:
            return None
        return hmac.new(self._salt, normalised.encode(), hashlib.sha256).digest()


def read(session: Session, hashes: Sequence[bytes]) -> dict[bytes, Recipient]:
    """What is known of these addresses."""
    return {
        bytes(address_hash): Recipient(
            UTC_COLUMN.to_us(last_mail_at), suppressed_at is not None, reason == Reason.BOUNCED
        )
        for address_hash, last_mail_at, suppressed_at, reason in session.rows(
            f"SELECT address_hash, last_mail_at, suppressed_at, reason FROM {RECIPIENT} WHERE address_hash IN %s",
            (tuple(hashes),),
        )
    }


def lock(session: Session, hashes: Collection[bytes]) -> None:
    """Inside a transaction: keep others from claiming, finishing or giving up mails to these addresses."""
    if hashes:
        session.rows(
            f"SELECT 1 FROM {RECIPIENT} WHERE address_hash IN %s ORDER BY address_hash FOR UPDATE",
            (tuple(sorted(hashes)),),
        )


def meta(database: Database, name: str) -> str | None:
    """A value of the meta table."""
    with database.session() as session:
        row = session.row(f"SELECT value FROM {META} WHERE name = %s", (name,))
    return None if row is None else str(row[0])


def suppress_recipient_of(
    database: Database, log_id: int, *, reason: str = UNSUBSCRIBED, events: WebhookEvents = NOBODY
) -> bool:
    """Never mail the address again to which a mail of the log went; False if it was suppressed already.

    The log knows the address by its hash only. Committed on return. Raises UnknownMailError.
    """
    with database.session() as session:
        row = session.row(f"SELECT address_hash FROM {LOG} WHERE id = %s", (log_id,))
    if row is None or row[0] is None:
        raise UnknownMailError(
            f"the log has no mail {log_id} any more: give the address that the unsubscribe mail came from"
        )
    return _suppress(database, bytes(row[0]), f"recipient of mail {log_id}", reason, events)


def _suppress(database: Database, digest: bytes, hint: str, reason: str, events: WebhookEvents) -> bool:
    """An opt-out takes the place of a bounce, which is no reason for ever."""

    def write(session: Session) -> int:
        session.run(f"INSERT INTO {RECIPIENT} (address_hash) VALUES (%s) ON DUPLICATE KEY UPDATE address_hash = %s",
                    (digest, digest))  # fmt: skip
        changed = session.run(
            f"UPDATE {RECIPIENT} SET suppressed_at = UTC_TIMESTAMP(6), reason = %s, address_hint = %s "
            "WHERE address_hash = %s AND (suppressed_at IS NULL OR reason = %s)",
            (reason, hint, digest, Reason.BOUNCED),
        )
        if changed:
            events.note_suppression(session, digest, reason)
        return changed

    return database.in_transaction(write) > 0


class OptOuts:
    """Suppression by hand, and an end to any: `cartwake optout`. ``events``: what webhooks tell of."""

    def __init__(self, database: Database, hasher: AddressHasher, events: WebhookEvents = NOBODY) -> None:
        self._database = database
        self._hasher = hasher
        self._events = events

    def hash(self, address: str) -> bytes:
        """How an address is known here. Raises InvalidAddressError."""
        parse_address(address, exact=True)  # with its message
        digest = self._hasher(address)
        if digest is None:
            raise InvalidAddressError(address)
        return digest

    def add(self, address: str, *, reason: str = MANUAL) -> bool:
        """Never mail this address again; False if it was suppressed already."""
        hint = mask(parse_address(address).normalised)
        return _suppress(self._database, self.hash(address), hint, reason, self._events)

    def add_recipient_of(self, log_id: int, *, reason: str = UNSUBSCRIBED) -> bool:
        """Never mail the address again to which the mail of this row of the log went; False if it was suppressed.

        See ``suppress_recipient_of``.
        """
        return suppress_recipient_of(self._database, log_id, reason=reason, events=self._events)

    def remove(self, address: str) -> bool:
        """Mail this address again; False if it was not suppressed."""
        digest = self.hash(address)
        with self._database.session() as session:
            changed = session.run(
                f"UPDATE {RECIPIENT} SET suppressed_at = NULL, reason = NULL, address_hint = NULL "
                "WHERE address_hash = %s AND suppressed_at IS NOT NULL",
                (digest,),
            )
        return changed > 0

    def list(self) -> list[OptOut]:
        """All suppressed addresses, oldest first."""
        with self._database.session() as session:
            rows = session.rows(
                f"SELECT address_hint, suppressed_at, reason FROM {RECIPIENT} "
                "WHERE suppressed_at IS NOT NULL ORDER BY suppressed_at"
            )
        return [
            OptOut(str(hint or "?"), since.replace(tzinfo=UTC), str(reason or ""))
            for hint, since, reason in rows
        ]

    def export(self) -> Sequence[Suppression]:
        """The same with the addresses' hashes, which mean something under this database's salt only."""
        with self._database.session() as session:
            rows = session.rows(
                f"SELECT address_hash, address_hint, suppressed_at, reason FROM {RECIPIENT} "
                "WHERE suppressed_at IS NOT NULL ORDER BY suppressed_at, address_hash"
            )
        return [
            Suppression(bytes(digest), str(hint or "?"), since.replace(tzinfo=UTC), str(reason or ""))
            for digest, hint, since, reason in rows
        ]

    def take_in(self, entries: Sequence[Suppression]) -> int:
        """Suppress all of these (no more than some hundred, each address once); how many were not before.

        As one at a time: an opt-out takes the place of a bounce, and else what was there stays as it is.
        """
        table, parameters = rows_as_table(
            ("hash", "hint", "since", "reason"),
            [(e.address_hash, e.hint, e.since and e.since.replace(tzinfo=None), e.reason) for e in entries],
        )
        hashes = sorted(e.address_hash for e in entries)

        def work(session: Session) -> int:
            session.run(
                f"INSERT INTO {RECIPIENT} (address_hash) VALUES {', '.join(['(%s)'] * len(hashes))} "
                f"ON DUPLICATE KEY UPDATE address_hash = {RECIPIENT}.address_hash",
                hashes,
            )
            lock(session, hashes)
            return session.run(
                f"UPDATE {RECIPIENT} r JOIN {table} v ON v.hash = r.address_hash "
                "SET r.suppressed_at = COALESCE(CAST(v.since AS DATETIME(6)), UTC_TIMESTAMP(6)), "
                "r.reason = v.reason, r.address_hint = v.hint "
                "WHERE r.suppressed_at IS NULL OR r.reason = %s AND v.reason <> %s",
                [*parameters, Reason.BOUNCED, Reason.BOUNCED],
            )

        return self._database.in_transaction(work)
