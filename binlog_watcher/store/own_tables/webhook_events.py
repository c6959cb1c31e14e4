"""The outbox of webhooks: what happened is written to it in the transaction that makes it so, and told later.

A row names the row of the log that it is about, and what that does not say; nothing of the customer. One fact has one
row, however often it is written: by log row, type, and ``about``, where a mail may have several facts of a type.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import CLICK, LOG, WEBHOOK

Detail = Mapping[str, str | int | None]
"""Goes into the message as it is, and into a column of 500 characters as JSON."""

SOFT, HARD = 0, 1
"""Of bounces of one mail, by ``about``: a hard one may follow a soft one."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened just now to a row of the log. ``detail``: what the row itself does not say."""

    event: WebhookEvent
    log_id: int
    about: int = 0
    detail: Detail = field(default_factory=dict)


# --- statements -----------------------------------------------------------------------------------------------------


def note(facts: Sequence[Fact]) -> Statement:
    """Write facts down; one that is there already stays as it is."""
    rows = sorted((fact.log_id, fact.event, fact.about, _text(fact.detail)) for fact in facts)
    return Statement(
        f"INSERT INTO {WEBHOOK} (log_id, event, about, detail) VALUES {', '.join(['(%s, %s, %s, %s)'] * len(rows))} "
        "ON DUPLICATE KEY UPDATE id = id",
        [value for row in rows for value in row],
    )


def note_click(detail: Detail) -> Statement:
    """Write down the visit that this session has just kept."""
    return Statement(
        f"INSERT INTO {WEBHOOK} (log_id, event, about, detail) "
        f"SELECT c.log_id, %s, c.id, %s FROM {CLICK} c WHERE c.id = LAST_INSERT_ID()",
        (WebhookEvent.CLICKED, _text(detail)),
    )


def note_suppression(digest: bytes, detail: Detail) -> Statement:
    """Write down that an address was suppressed just now, at the newest row of the log with it, if there is one."""
    return Statement(
        f"INSERT INTO {WEBHOOK} (log_id, event, about, detail) "
        f"SELECT l.id, %s, UNIX_TIMESTAMP(), %s FROM {LOG} l WHERE l.address_hash = %s ORDER BY l.id DESC LIMIT 1 "
        f"ON DUPLICATE KEY UPDATE id = {WEBHOOK}.id",
        (WebhookEvent.UNSUBSCRIBED, _text(detail), digest),
    )


def forget(ids: Sequence[int]) -> Statement:
    """Delete all that is about these rows of the log, told or not."""
    return Statement(f"DELETE FROM {WEBHOOK} WHERE log_id IN %s", (tuple(ids),))


def _text(detail: Detail) -> str | None:
    return json.dumps(detail, sort_keys=True) if detail else None


# --- what is done with them -----------------------------------------------------------------------------------------


class WebhookEvents:
    """Writes down what somebody wants to be told of: ``wanted``; nothing without a receiver."""

    def __init__(self, wanted: frozenset[WebhookEvent] = frozenset()) -> None:
        self.wanted = wanted

    def note(self, session: Session, facts: Sequence[Fact]) -> None:
        """Inside the transaction that makes them so."""
        told = [fact for fact in facts if fact.event in self.wanted]
        if told:
            session.run(*note(told))

    def note_click(self, session: Session, kind: str, link_no: int) -> None:
        """Inside the transaction that kept a visit, as its next statement."""
        if WebhookEvent.CLICKED in self.wanted:
            session.run(*note_click({"link": kind, "link_number": link_no}))

    def note_suppression(self, session: Session, digest: bytes, reason: str) -> None:
        """Inside the transaction that suppressed an address."""
        if WebhookEvent.UNSUBSCRIBED in self.wanted:
            session.run(*note_suppression(digest, {"reason": reason}))


NOBODY = WebhookEvents()
"""Nobody wants to be told of anything."""
