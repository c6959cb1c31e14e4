"""What follows from mails that come back: bounces on the log's rows, suppressed addresses, and how many of each sort.

A mail of ours bounces once, however many reports there are of it: so whoever is told of one again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.recipients import AddressHasher
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT, RETURNED
from binlog_watcher.store.own_tables.webhook_events import HARD, NOBODY, SOFT, Fact, WebhookEvents
from binlog_watcher.store.times import utc_naive
from mailer import mask
from mailer.bounces import Result, Severity, Verdict, verdict

_AT_ONCE = 500
"""Addresses whose suppression ends, a statement."""

_EVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class BounceRules:
    """After so many bounces an address is suppressed (0: never).

    Hard ones count for as long as a suppression lasts, ``suppress_days`` (0: for ever); soft ones for ``soft_days``,
    in which hard ones count as soft ones, too.
    """

    hard_count: int = 1
    soft_count: int = 3
    soft_days: int = 30
    suppress_days: int = 180


@dataclass(frozen=True, slots=True)
class Bounced:
    """``said``: of the one who was mailed; None where the log has no such row any more. ``suppressed``: by this."""

    said: Verdict | None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class ReturnedCount:
    """So many mails of a sort came back."""

    kind: str
    mails: int


# --- statements -----------------------------------------------------------------------------------------------------


def mailed(log_id: int) -> Statement:
    """The address that a row's mail went to."""
    return Statement(f"SELECT address_hash FROM {LOG} WHERE id = %s", (log_id,))


def note_bounce(log_id: int, severity: Severity) -> Statement:
    """That the row's mail bounced, unless that is known: only a hard bounce is news after a soft one."""
    return Statement(
        f"UPDATE {LOG} SET bounce = %s, bounced_at = UTC_TIMESTAMP(6) "
        "WHERE id = %s AND (bounce IS NULL OR bounce = %s AND %s = %s)",
        (severity, log_id, Severity.SOFT, severity, Severity.HARD),
    )


def suppress(digest: bytes, hint: str, rules: BounceRules, severity: Severity) -> Statement:
    """Never mail an address again whose mails have bounced too often. What was suppressed before stays as it is.

    ``severity``: of the bounce that came just now. A soft one brings no hard one back that somebody has lifted.
    """
    hard_count = rules.hard_count if severity is Severity.HARD else 0
    counted = (
        f"(SELECT COUNT(*) FROM {LOG} l WHERE l.address_hash = r.address_hash AND l.bounce IN %s "
        "AND l.bounced_at > UTC_TIMESTAMP(6) - INTERVAL %s DAY)"
    )
    return Statement(
        f"UPDATE {RECIPIENT} r SET r.suppressed_at = UTC_TIMESTAMP(6), r.reason = %s, r.address_hint = %s "
        "WHERE r.address_hash = %s AND r.suppressed_at IS NULL "
        f"AND (%s > 0 AND {counted} >= %s OR %s > 0 AND {counted} >= %s)",
        (
            Reason.BOUNCED, hint, digest,
            hard_count, (Severity.HARD,), rules.suppress_days or _EVER.days, hard_count,
            rules.soft_count, (Severity.HARD, Severity.SOFT), rules.soft_days, rules.soft_count,
        ),
    )  # fmt: skip


def count(kind: str, mails: int = 1) -> Statement:
    """So many more mails of that sort today (UTC)."""
    return Statement(
        f"INSERT INTO {RETURNED} (day, kind, mails) VALUES (UTC_DATE(), %s, %s) "
        "ON DUPLICATE KEY UPDATE mails = mails + %s",
        (kind, mails, mails),
    )


def expired(days: int) -> Statement:
    """Some of the addresses that have been suppressed for bounces, and nothing else, for so long."""
    return Statement(
        f"SELECT address_hash FROM {RECIPIENT} "
        "WHERE reason = %s AND suppressed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY LIMIT %s",
        (Reason.BOUNCED, days, _AT_ONCE),
    )


def lift(hashes: Sequence[bytes], days: int) -> Statement:
    """Mail these again, if that is still so."""
    return Statement(
        f"UPDATE {RECIPIENT} SET suppressed_at = NULL, reason = NULL, address_hint = NULL "
        "WHERE address_hash IN %s AND reason = %s AND suppressed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY",
        (tuple(sorted(hashes)), Reason.BOUNCED, days),
    )


def returned_since(window_us: int) -> Statement:
    """How many mails of each sort came back, since the day of that moment (UTC)."""
    return Statement(
        f"SELECT kind, SUM(mails) FROM {RETURNED} WHERE day >= %s GROUP BY kind ORDER BY 2 DESC, 1",
        (utc_naive(window_us).date(),),
    )


# --- what is done with them -----------------------------------------------------------------------------------------


class ReturnedMails:
    """The log and the recipients, as far as mails that come back are concerned. Blocking."""

    def __init__(
        self, database: Database, hasher: AddressHasher, rules: BounceRules, events: WebhookEvents = NOBODY
    ) -> None:
        self._events = events
        self._database = database
        self._hasher = hasher
        self._rules = rules

    def bounced(self, log_id: int, results: Sequence[Result]) -> Bounced:
        """A report says this of the recipients of the row's mail."""

        def work(session: Session) -> Bounced:
            row = session.row(*mailed(log_id))
            if row is None or row[0] is None:
                return Bounced(None)
            digest = bytes(row[0])
            said = verdict(results, lambda address: self._hasher(address) == digest)
            if said.severity not in {Severity.HARD, Severity.SOFT}:
                return Bounced(said)
            # Addresses before rows: the same order of locks as a claim's.
            recipients.lock(session, [digest])
            if not session.run(*note_bounce(log_id, said.severity)):
                return Bounced(said)
            about = HARD if said.severity is Severity.HARD else SOFT
            self._events.note(
                session, [Fact(WebhookEvent.BOUNCED, log_id, about, {"bounce": str(said.severity)})]
            )
            hint = mask(said.address.lower()) if said.address else f"recipient of mail {log_id}"
            return Bounced(
                said, suppressed=session.run(*suppress(digest, hint, self._rules, said.severity)) > 0
            )

        return self._database.in_transaction(work)

    def count(self, kind: str, mails: int = 1) -> None:
        """So many more mails of that sort have come back."""
        with self._database.session() as session:
            session.run(*count(kind, mails))

    def expire(self) -> int:
        """Mail those again whose suppression for bounces has lasted long enough; how many they are."""
        days, lifted = self._rules.suppress_days, 0
        if not days:
            return 0
        with self._database.session() as session:
            while hashes := [bytes(row[0]) for row in session.rows(*expired(days))]:
                lifted += session.run(*lift(hashes, days))
        return lifted


def returned(session: Session, window_us: int) -> list[ReturnedCount]:
    """By sort, the most frequent first; none where the table is not there yet."""
    present = session.row(
        "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
        (RETURNED,),
    )
    if present is None:
        return []
    return [ReturnedCount(str(kind), int(mails)) for kind, mails in session.rows(*returned_since(window_us))]
