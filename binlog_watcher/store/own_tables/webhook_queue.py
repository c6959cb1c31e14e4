"""What webhooks wait to be told, and how their telling went. See docs/webhooks.md.

Whoever tells takes some rows for LEASE_S; those that are not settled by then are taken again, with the same id.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG, WEBHOOK, present
from binlog_watcher.store.own_tables.webhook_events import forget

LEASE_S = 60
"""Longer than a delivery may take."""

PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first failure, the second, …; after one more the event is dead. Three days and four hours in all."""

OLDEST_DAYS = 4
"""An event that is older is dead, whether or not it was tried so often: its receiver was away all the time."""

DEAD_DAYS = 30
"""So long the dead are kept at least, to be counted."""

MOST_ROWS = 1_000_000
"""Of rows behind so many newer ones none is kept."""

LATE_MINUTES = 60
"""An event that waits for longer is told of as late."""

_AT_ONCE = 1_000
_LEAST_DAYS = 7


class State(StrEnum):
    """Of an event: it waits to be told, was told, or is not tried any more."""

    WAITING = "waiting"
    TOLD = "told"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is told. ``attempts``: how many there were. ``data``: as it goes into the message."""

    row: int
    id: str
    event: str
    happened_at: datetime
    attempts: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many wait, how many are dead, and for how many minutes the oldest waits; for whoever looks after it."""

    waiting: int
    dead: int
    oldest_minutes: int


NONE = Standing(0, 0, 0)
"""Nobody is told of anything."""


@dataclass(frozen=True, slots=True)
class EventCount:
    """So many events of a sort are in a state."""

    event: str
    state: str
    events: int


# --- statements -----------------------------------------------------------------------------------------------------


def due(most: int) -> Statement:
    """Ids of events that are due, the longest waiting first."""
    return Statement(
        f"SELECT id FROM {WEBHOOK} WHERE status = %s AND next_attempt_at <= UTC_TIMESTAMP(6) "
        "ORDER BY next_attempt_at, id LIMIT %s",
        (State.WAITING, most),
    )


def take(ids: Sequence[int], name: str) -> Statement:
    """Take those of them that nobody else has taken meanwhile."""
    return Statement(
        f"UPDATE {WEBHOOK} SET taken_by = %s, next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL {LEASE_S} SECOND "
        "WHERE id IN %s AND status = %s AND next_attempt_at <= UTC_TIMESTAMP(6)",
        (name, tuple(sorted(ids)), State.WAITING),
    )


def taken(ids: Sequence[int], name: str) -> Statement:
    """What was taken, with what the log says of it; the id of the log is NULL where it has no such row any more."""
    return Statement(
        "SELECT w.id, w.event, w.happened_at, w.attempts, w.detail, w.log_id, l.id, l.cart_key, l.user_id, "
        "l.cart_total, l.currency, l.created_at, l.sent_at "
        f"FROM {WEBHOOK} w LEFT JOIN {LOG} l ON l.id = w.log_id "
        "WHERE w.id IN %s AND w.taken_by = %s ORDER BY w.id",
        (tuple(ids), name),
    )


def settle(ids: Sequence[int]) -> Statement:
    """These were told."""
    return Statement(
        f"UPDATE {WEBHOOK} SET status = %s, attempts = attempts + 1, next_attempt_at = NULL, taken_by = NULL "
        "WHERE id IN %s",
        (State.TOLD, tuple(sorted(ids))),
    )


def postpone(row: int, pause_s: int) -> Statement:
    """One was not: it is tried again later."""
    return Statement(
        f"UPDATE {WEBHOOK} SET attempts = attempts + 1, taken_by = NULL, "
        "next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL %s SECOND WHERE id = %s AND status = %s",
        (pause_s, row, State.WAITING),
    )


def give_up(row: int) -> Statement:
    """One was not, and is not tried again."""
    return Statement(
        f"UPDATE {WEBHOOK} SET status = %s, attempts = attempts + 1, taken_by = NULL WHERE id = %s AND status = %s",
        (State.DEAD, row, State.WAITING),
    )


def give_up_old() -> Statement:
    """Some that have waited for too long."""
    return Statement(
        f"UPDATE {WEBHOOK} SET status = %s, taken_by = NULL "
        f"WHERE status = %s AND happened_at < UTC_TIMESTAMP(6) - INTERVAL {OLDEST_DAYS} DAY LIMIT {_AT_ONCE}",
        (State.DEAD, State.WAITING),
    )


def purge(state: State, days: int) -> Statement:
    """Delete some in a state that are older."""
    return Statement(
        f"DELETE FROM {WEBHOOK} WHERE status = %s AND happened_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY "
        f"LIMIT {_AT_ONCE}",
        (state, days),
    )


def purge_behind(newest: int) -> Statement:
    """Delete some of what lies too far behind the newest row."""
    return Statement(f"DELETE FROM {WEBHOOK} WHERE id <= %s LIMIT {_AT_ONCE}", (newest - MOST_ROWS,))


def newest() -> Statement:
    """The id of the newest row."""
    return Statement(f"SELECT MAX(id) FROM {WEBHOOK}")


def standing() -> Statement:
    """How many wait, how many are dead, for how many minutes the oldest waits."""
    return Statement(
        "SELECT COALESCE(SUM(status = %s), 0), COALESCE(SUM(status = %s), 0), "
        "COALESCE(TIMESTAMPDIFF(MINUTE, MIN(IF(status = %s, happened_at, NULL)), UTC_TIMESTAMP()), 0) "
        f"FROM {WEBHOOK} WHERE status IN %s",
        (State.WAITING, State.DEAD, State.WAITING, (State.WAITING, State.DEAD)),
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def read_standing(session: Session) -> Standing:
    """For checks and figures; nothing where the table is not there yet."""
    if WEBHOOK not in present(session):
        return NONE
    waiting, dead, minutes = session.row(*standing()) or (0, 0, 0)
    return Standing(int(waiting), int(dead), int(minutes))


def read_counts(session: Session) -> list[EventCount]:
    """By event and state; none where the table is not there yet."""
    if WEBHOOK not in present(session):
        return []
    rows = session.rows(f"SELECT event, status, COUNT(*) FROM {WEBHOOK} GROUP BY event, status ORDER BY 1, 2")
    return [EventCount(str(event), str(state), int(events)) for event, state, events in rows]


class WebhookQueue:
    """One teller's view of it. Every method blocks, and raises what the database raises.

    ``name``: of the teller, unlike all others'; ``keep_days``: how long what was told, or is dead, is kept at least, so
    that it is known and not written down anew.
    """

    def __init__(self, database: Database, name: str, *, keep_days: int) -> None:
        self._database = database
        self._name = name
        self._keep_days = max(keep_days, _LEAST_DAYS)
        self._salt: bytes | None = None

    def take(self, most: int) -> list[Told]:
        """Some events that are due, for LEASE_S."""
        with self._database.session() as session:
            ids = [row[0] for row in session.rows(*due(most))]
            if not ids or not session.run(*take(ids, self._name)):
                return []
            rows = session.rows(*taken(ids, self._name))
            gone = [row[5] for row in rows if row[6] is None]
            if gone:
                session.run(*forget(gone))
        return [self._told(row) for row in rows if row[6] is not None]

    def _told(self, row: tuple[Any, ...]) -> Told:
        (
            number,
            event,
            happened_at,
            attempts,
            detail,
            _,
            log_id,
            cart,
            customer,
            total,
            currency,
            made,
            sent,
        ) = row
        data = {
            "log_id": log_id,
            "cart_key": str(cart),
            "customer_id": customer,
            "total": None if total is None else str(Decimal(total)),
            "currency": currency,
            "logged_at": iso(made),
        }
        if event != WebhookEvent.DETECTED:
            data["sent_at"] = iso(sent)
        return Told(
            int(number),
            self._id(number),
            str(event),
            happened_at,
            int(attempts),
            data | json.loads(detail or "{}"),
        )

    def _id(self, number: int) -> str:
        """The same at each attempt, and another in every other database."""
        if self._salt is None:
            self._salt = (recipients.meta(self._database, "address_salt") or "").encode()
        digest = hmac.new(self._salt, f"webhook:{number}".encode(), hashlib.sha256).hexdigest()
        return f"msg_{digest[:32]}"

    def settle(self, told: Sequence[Told]) -> None:
        """These were told."""
        if told:
            with self._database.session() as session:
                session.run(*settle([one.row for one in told]))

    def postpone(self, one: Told) -> bool:
        """It was not; False if it is dead now."""
        is_alive = one.attempts < len(PAUSES_S)
        with self._database.session() as session:
            session.run(*(postpone(one.row, PAUSES_S[one.attempts]) if is_alive else give_up(one.row)))
        return is_alive

    def clean(self) -> int:
        """Delete what is old, and give up what has waited for too long; how many these were."""
        died = 0
        with self._database.session() as session:
            while some := session.run(*give_up_old()):
                died += some
            while session.run(*purge(State.TOLD, self._keep_days)) == _AT_ONCE:
                pass
            while session.run(*purge(State.DEAD, max(DEAD_DAYS, self._keep_days))) == _AT_ONCE:
                pass
            last = (session.row(*newest()) or (None,))[0] or 0
            while last > MOST_ROWS and session.run(*purge_behind(last)) == _AT_ONCE:
                pass
        return died

    def standing(self) -> Standing:
        """How it stands."""
        with self._database.session() as session:
            return read_standing(session)


def iso(moment: datetime | None) -> str | None:
    """A naive UTC moment of the database as text, to the second."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
