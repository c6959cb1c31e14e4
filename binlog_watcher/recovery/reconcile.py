"""The safety net: finds carts that fell due although no timer fired, and rows of the log that nobody holds.

Each pass reads only what fell due since the last one (by the index on created_at, else by an id watermark), in
keyset pages, with a grace so that live timers are no "finds". In a healthy system it finds nothing.

The tables do not tell of all activity, so a pass waits, like the timers, while the stream lags or is hydrated anew;
only when nothing was heard of the stream for three intervals it goes by the tables alone.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from binlog_watcher.core.decision import Holdout, Send, Skip
from binlog_watcher.core.events import CartKey
from binlog_watcher.recovery.recovery import Handled, Recovery
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.shop_tables.scans import Scan
from binlog_watcher.store.shop_tables.shop import Shop

log = structlog.get_logger(__name__)

GRACE_US = 30_000_000
RECONCILE_BATCH_SIZE = 100


class _StreamLagsError(Exception):
    """Of the carts that a pass has come to, the latest activity may not be known yet."""


@dataclass(slots=True)
class Report:
    """What one pass did. Times in epoch microseconds.

    ``found``: carts that should have fired; ``overdue``: timers fired in place of the stream; ``waits``: the stream was
    not up to date, and what the pass did not come to is for the next one.
    """

    since_us: int
    until_us: int
    read: int = 0
    looked_at: int = 0
    found: list[CartKey] = field(default_factory=list)
    overdue: int = 0
    retried: int = 0
    unknown: int = 0
    waits: bool = False


class Reconciler:
    """Remembers how far the passes came. ``since_us``: when hydration began; older carts are its business."""

    def __init__(
        self,
        *,
        shop: Shop,
        scan: Scan,
        episodes: EpisodeLog,
        recovery: Recovery,
        runtime: Runtime,
        since_us: int,
        partition: str,
        with_log: bool,
    ) -> None:
        self._shop = shop
        self._scan = scan
        self._episodes = episodes
        self._recovery = recovery
        self._tracker = runtime.tracker
        self._clock = runtime.clock
        self._metrics = runtime.metrics
        self._policy = runtime.policy
        self._since_us = since_us
        self._partition = partition
        self._with_log = with_log
        self._watermark: object | None = None

    async def run_once(self, *, alone: bool = False) -> Report:
        """One pass. ``alone``: the stream is down, so overdue timers are fired from here as well.

        Raises DatabaseUnavailableError; the next pass then covers the same span.
        """
        now_us = self._clock.now_us()
        report = Report(self._since_us, now_us - self._policy.threshold_us - GRACE_US)
        try:
            await self._pass(report, now_us, alone=alone)
        except _StreamLagsError:
            report.waits = True
        self._tell(report, alone=alone)
        return report

    async def _pass(self, report: Report, now_us: int, *, alone: bool) -> None:
        if self._with_log:  # goes by owners and leases, not by what is known of carts
            report.unknown = await asyncio.to_thread(self._episodes.settle_unknown, now_us)
        self._insist_on_stream(alone=alone)
        pages = self._pages(report.until_us, now_us)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            report.read += len(page)
            async for handled in self._look_at(await self._not_too_old(page), now_us, alone=alone):
                report.looked_at += len(handled)
                report.found += [entry.key for entry in handled if _should_have_fired(entry)]
        self._since_us = max(self._since_us, report.until_us)
        if alone:
            overdue = await self._not_too_old(self._overdue(now_us))
            async for handled in self._look_at(overdue, now_us, alone=True):
                report.overdue += len(handled)
        if self._with_log:
            rows = await asyncio.to_thread(self._episodes.open_rows, now_us, self._policy.cooldown_us)
            keys = [key for row in rows if (key := self._shop.key(row.key)) is not None]
            for key in keys:
                if key not in self._recovery.set_aside:
                    self._tracker.hasten(key, now_us)
            async for handled in self._look_at(keys, now_us, alone=alone):
                report.retried += len(handled)

    def _insist_on_stream(self, *, alone: bool) -> None:
        if not alone and not self._tracker.up_to_date(self._clock.now_us(), self._partition):
            raise _StreamLagsError

    async def _not_too_old(self, keys: list[CartKey]) -> list[CartKey]:
        """Where there are many: a statement over the whole table may have moved the update columns of years."""
        return keys if len(keys) <= RECONCILE_BATCH_SIZE else await self._recovery.young(keys)

    def _overdue(self, now_us: int) -> list[CartKey]:
        """Carts whose time has come although no timer may fire: their partition's clock stands still."""
        next_due_us = self._tracker.next_due()
        if next_due_us is None or next_due_us > now_us:
            return []
        armed = self._tracker.keys()
        return [key for key in armed if (self._tracker.due_of(key) or now_us + 1) <= now_us]

    def _pages(self, until_us: int, now_us: int) -> Iterator[list[CartKey]]:
        """Keys with a row that fell due since the last pass."""
        if self._scan.by_time:
            if until_us > self._since_us:
                yield from self._scan.between(self._since_us, until_us)
            return
        if self._watermark is None:
            self._watermark = self._scan.id_watermark(self._since_us)
        for keys, watermark in self._scan.rows_after_id(self._watermark, until_us, now_us):
            yield keys
            self._watermark = watermark

    async def _look_at(
        self, keys: Sequence[CartKey], now_us: int, *, alone: bool
    ) -> AsyncIterator[list[Handled]]:
        """Take through what no timer cares for, batch by batch."""
        for start in range(0, len(keys), RECONCILE_BATCH_SIZE):
            chunk = keys[start : start + RECONCILE_BATCH_SIZE]
            self._insist_on_stream(alone=alone)
            due = self._tracker.take(chunk, now_us, self._partition, overdue=alone)
            if due:
                yield await self._recovery.process(due)

    def _tell(self, report: Report, *, alone: bool) -> None:
        if report.found and not alone:
            self._metrics.finds.inc(len(report.found))
            log.warning(
                "reconcile.found",
                carts=len(report.found),
                users=report.found[:10],
                hint="no timer fired for them; from Kafka that may happen when a partition moves, from the binlog it "
                "may not: please report it with the log",
            )
        elif alone:
            log.warning(
                "reconcile.alone", carts=len(report.found) + report.overdue, hint="the binlog is not followed"
            )
        if report.unknown:
            log.warning("reconcile.unknown", rows=report.unknown, hint="see `cartwake retry --unknown`")
        outcome = "reconcile.waits" if report.waits else "reconcile.done"
        log.debug(outcome, read=report.read, looked_at=report.looked_at, retried=report.retried)


def _should_have_fired(entry: Handled) -> bool:
    decision = entry.decision
    return isinstance(decision, Send | Holdout) or (isinstance(decision, Skip) and decision.logged)
