"""`cartwake report`: what the mails earned, what became of the carts, and what a human has to do. Reads only."""

import dataclasses
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from binlog_watcher.answers.figures_read import figures_of
from binlog_watcher.answers.figures_told import as_json
from binlog_watcher.core.dead_letters import RESTORABLE, advice
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import service_runs
from binlog_watcher.store.own_tables import belonging, dead_letters, overview
from binlog_watcher.store.own_tables.belonging import OthersRows
from binlog_watcher.store.own_tables.figures import Figures, Window
from binlog_watcher.store.own_tables.group import GroupTables, Noted
from binlog_watcher.store.own_tables.overview import Suppressed, UnderWay
from binlog_watcher.store.own_tables.returned_mails import ReturnedCount, returned
from binlog_watcher.store.own_tables.webhook_queue import EventCount, read_counts
from binlog_watcher.store.times import from_us
from binlog_watcher.telemetry.redact import mask_addresses

NEVER_RAN = "Cartwake never ran on this database"


@dataclass(frozen=True, slots=True)
class Letter:
    """A row that is ``failed`` or ``unknown``, with what to do about it. ``at``: its hand-over, else its claim."""

    id: int
    cart: str
    user_id: int | None
    status: str
    total: Decimal | None
    currency: str | None
    attempts: int
    at: datetime | None
    error: str | None
    message_id: str | None
    todo: str


@dataclass(frozen=True, slots=True)
class Retry:
    """A row that waits for its next attempt. ``why``: the last error, else the reason."""

    id: int
    cart: str
    attempts: int
    next_attempt_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Instance:
    """One of those that share a Kafka topic. ``told_at``: when it last told of its ``partitions``.

    ``behind_s``: how far the clock of the one that is furthest behind was, then and now.
    """

    name: str
    partitions: list[str]
    timers: int
    behind_s: int
    told_at: datetime


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All of it. ``since``: where the window begins; ``retries_waiting`` and ``dead``: how many there are in all.

    ``figures``: None for a log of the first layouts, until the service brings it up to date. ``of_other_presets``: open
    mails that are left alone. ``instances``: where they share a Kafka topic.
    ``returned``: what came back since the day (UTC) on which the window begins; ``webhooks``: events that are kept.

    Of ``retries`` (due first) and ``letters`` (newest first) there are no more than were asked for. Addresses are
    masked where an error names one; the log itself has only hashes.
    """

    at: datetime
    since: datetime
    activated: datetime
    mailed_if_due_after: datetime
    service_runs: bool
    figures: Figures | None
    under_way: UnderWay
    retries_waiting: int
    retries: list[Retry]
    dead: int
    letters: list[Letter]
    suppressed: list[Suppressed]
    returned: list[ReturnedCount]
    webhooks: list[EventCount]
    of_other_presets: list[OthersRows]
    instances: list[Instance]

    def json(self) -> str:
        """For scripts: times in ISO 8601, amounts as text."""
        fields = dataclasses.asdict(self)
        fields["figures"] = None if self.figures is None else as_json(self.figures)
        return json.dumps(fields, default=_plain, indent=2)


def read_report(settings: Settings, *, days: Decimal, limit: int) -> StatusReport | None:
    """Read the report over the last ``days``; None where Cartwake never ran. Blocking."""
    resources = open_resources(settings, write=False)
    try:
        return _read(resources, settings, days, limit) if resources.with_log else None
    finally:
        resources.close()


def _read(resources: Resources, settings: Settings, days: Decimal, limit: int) -> StatusReport:
    now_us = resources.clock.now_us()
    window = Window.last(now_us, days=days)
    runs = service_runs(resources.database)
    figures = figures_of(resources, settings, window)
    with resources.database.session() as session:
        waiting, retries = overview.retries(session, limit)
        dead = dead_letters.ids(session, RESTORABLE)
        letters = dead_letters.read(session, dead[:limit], resources.episodes.shop_id)
        oldest_us = now_us - resources.policy.max_age_us
        return StatusReport(
            at=from_us(now_us),
            since=from_us(window.since_us),
            activated=from_us(resources.activated_us),
            mailed_if_due_after=from_us(resources.policy.activated_us),
            service_runs=runs,
            figures=figures,
            # A running service takes due retries up within CHECK_INTERVAL_SECONDS.
            under_way=overview.under_way(session, now_us - int(2e6 * settings.check_interval_seconds)),
            retries_waiting=waiting,
            retries=[
                Retry(row.id, row.cart_key, row.attempts, _at(row.next_attempt_us), _shown(row.error) or row.reason)
                for row in retries
            ],
            dead=len(dead),
            letters=[
                Letter(
                    id=row.id, cart=row.cart_key, user_id=row.user_id, status=row.status, total=row.total,
                    currency=row.currency, attempts=row.attempts, at=_at(row.mailed_us or row.logged_us),
                    error=_shown(row.error), message_id=row.message_id,
                    todo=advice(row, oldest_us, max_attempts=MAX_ATTEMPTS),
                )
                for row in letters
            ],
            suppressed=overview.suppressed(session),
            returned=returned(session, window.since_us),
            webhooks=read_counts(session) if settings.webhook_url is not None else [],
            of_other_presets=belonging.rows_of_others(session, resources.episodes.shop_id),
            instances=_instances(resources, settings, now_us),
        )  # fmt: skip


def _instances(resources: Resources, settings: Settings, now_us: int) -> list[Instance]:
    tables = GroupTables(resources.database, settings.kafka_group, "")
    if not settings.kafka_brokers or not tables.exist():
        return []
    had_by: dict[str, list[Noted]] = defaultdict(list)
    for one in tables.clocks():
        had_by[one.member].append(one)
    return [
        Instance(
            name=member,
            partitions=[one.partition for one in noted],
            timers=sum(one.armed for one in noted),
            behind_s=(now_us - min(one.clock_us for one in noted)) // 1_000_000,
            told_at=from_us(max(one.noted_us for one in noted)),
        )
        for member, noted in sorted(had_by.items())
    ]


def _at(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)


def _shown(error: str | None) -> str | None:
    """Mail servers like to repeat the address."""
    return None if error is None else mask_addresses(" ".join(error.split()))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value)
