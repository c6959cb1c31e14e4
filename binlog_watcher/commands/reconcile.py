"""`cartwake reconcile`: one pass of the safety net from the command line, over the whole window."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rich.table import Table

from binlog_watcher.answers.wording import in_words
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Send, decide
from binlog_watcher.core.events import CartKey
from binlog_watcher.recovery.reconcile import GRACE_US
from binlog_watcher.service.catalogue import read_catalogue
from binlog_watcher.service.pipeline import Pipeline, build_pipeline
from binlog_watcher.service.resources import Resources, open_resources, register
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import PING_S, Presence, service_runs
from binlog_watcher.store.own_tables import origin
from binlog_watcher.store.times import from_us

CARTS_BATCH_SIZE = 100
"""Carts that are loaded, or taken through, at a time."""

FRUITLESS_US = 20_000_000
"""How long a pass goes on although no cart can be claimed: another instance has the address, or MySQL is ill."""


@dataclass(frozen=True, slots=True)
class Found:
    """One cart that reconcile found."""

    key: CartKey
    decision: str
    total: str


@dataclass(slots=True)
class OncePass:
    """The report of one pass from the command line. Times in UTC."""

    since: datetime
    until: datetime
    dry_run: bool
    service_runs: bool
    read: int = 0
    found: list[Found] = field(default_factory=list)
    mailed: int = 0
    unknown: int = 0
    waiting: int = 0

    def summary(self) -> str:
        """The report in words."""
        lines = [
            f"carts with activity from {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC: {self.read}",
            f"abandoned and not in the log: {len(self.found)}",
        ]
        if self.dry_run:
            lines.append("dry run: nothing was written or sent")
        elif self.service_runs:
            lines.append("a service follows this database: it mails them itself, nothing was sent from here")
        else:
            lines.append(f"mailed: {self.mailed}, outcome unknown: {self.unknown}")
            if self.waiting:
                lines.append(
                    f"waiting for a cool-down or another try: {self.waiting}; a later pass, or a service, sends"
                )
        return "\n".join(lines)

    def shown(self) -> Iterator[Table | str]:
        """The report on a terminal: what was found, and the summary."""
        if self.found:
            table = Table("user", "decision", "cart total", title="Carts that should have been mailed")
            for entry in self.found:
                table.add_row(str(entry.key), entry.decision, entry.total)
            yield table
        yield self.summary()


async def reconcile_once(settings: Settings, *, dry_run: bool) -> OncePass:
    """One pass over the whole window. While a service follows the database it only reports.

    That service may know of activity that the tables do not show, so it alone may mail what falls due.
    """
    writes = not (dry_run or settings.dry_run)
    if writes:
        await asyncio.to_thread(origin.insist_on_original, settings.connection)
    resources = await asyncio.to_thread(lambda: open_resources(settings, write=writes))
    try:
        runs = await asyncio.to_thread(service_runs, resources.database)
        now_us = resources.clock.now_us()
        since_us = max(
            now_us - resources.policy.max_age_us,
            resources.policy.activated_us - resources.policy.threshold_us,
        )
        until_us = now_us - resources.policy.threshold_us - GRACE_US
        report = OncePass(from_us(since_us), from_us(until_us), dry_run or settings.dry_run, runs)
        due = await asyncio.to_thread(_overdue, resources, since_us, until_us, report)
        if due and not (report.dry_run or runs):
            await _mail(settings, resources, due, report)
        return report
    finally:
        await asyncio.to_thread(resources.close)


def _overdue(resources: Resources, since_us: int, until_us: int, report: OncePass) -> list[Cart]:
    """The carts that decide() would mail now."""
    overdue: list[Cart] = []
    for page in resources.scan.open_carts(since_us):
        keys = [cart.key for cart in page if cart.activity_us <= until_us]
        report.read += len(keys)
        for start in range(0, len(keys), CARTS_BATCH_SIZE):
            carts = resources.loader.load(keys[start : start + CARTS_BATCH_SIZE]).carts
            for key, cart in carts.items():
                decision = decide(cart, None, resources.clock.now_us(), resources.policy)
                if isinstance(decision, Send):
                    overdue.append(cart)
                    report.found.append(Found(key, in_words(decision), f"{cart.total:.2f}"))
    return overdue


async def _mail(settings: Settings, resources: Resources, carts: list[Cart], report: OncePass) -> None:
    """Send what was found through the same recovery as the service."""
    presence = Presence(settings.connection, resources.episodes.owner, preset=resources.identity.content)
    pipeline = build_pipeline(settings, resources, await asyncio.to_thread(read_catalogue, resources.shop))
    if pipeline.outbox is None:
        return
    await asyncio.to_thread(presence.ping)
    await asyncio.to_thread(register, resources)
    # What a dead instance left in the hand-over would hold its address for ever.
    await asyncio.to_thread(resources.episodes.settle_unknown, resources.clock.now_us())
    tasks = [asyncio.create_task(pipeline.send()), asyncio.create_task(_stay_present(presence))]
    # Until what is left waits for longer than for the next token, or for another cart of its address.
    patience_us = 3_000_000 + 2 * 60_000_000 // (settings.max_emails_per_minute or 60)
    try:
        await _recover(resources, pipeline, [cart.key for cart in carts], patience_us)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pipeline.close()
        await asyncio.to_thread(presence.close)
    report.mailed = pipeline.metrics.mails_with("sent")
    report.unknown = pipeline.metrics.mails_with("unknown")
    report.waiting = pipeline.tracker.armed


async def _recover(resources: Resources, pipeline: Pipeline, keys: list[CartKey], patience_us: int) -> None:
    """Take carts through to their outcomes, and those that wait while that is not long and leads somewhere."""
    tracker, recovery = pipeline.tracker, pipeline.recovery
    taken, taken_us = recovery.claims, resources.clock.now_us()
    while True:
        for start in range(0, len(keys), CARTS_BATCH_SIZE):
            some = keys[start : start + CARTS_BATCH_SIZE]
            due = tracker.take(some, resources.clock.now_us(), "reconcile", overdue=True)
            await recovery.process(due)
        await pipeline.drained()
        now_us, next_us = resources.clock.now_us(), tracker.next_due()
        if recovery.claims > taken:
            taken, taken_us = recovery.claims, now_us
        wait_us = 0 if next_us is None else next_us - now_us
        if next_us is None or wait_us > patience_us or now_us - taken_us > patience_us + FRUITLESS_US:
            return
        await asyncio.sleep(max(20_000, wait_us) / 1e6)  # a tick of the timers, at least
        now_us, armed = resources.clock.now_us(), tracker.keys()
        keys = [key for key in armed if (tracker.due_of(key) or now_us) <= now_us]


async def _stay_present(presence: Presence) -> None:
    """Without it others would take a long pass for dead."""
    while True:
        await asyncio.sleep(PING_S)
        await asyncio.to_thread(presence.ping)
