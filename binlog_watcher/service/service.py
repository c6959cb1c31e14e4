"""`cartwake run`: opens the resources, runs the tasks in one TaskGroup, and shuts down in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from binlog_watcher.core.source import Batch
from binlog_watcher.recovery.runtime import Standing
from binlog_watcher.recovery.timers import Timers
from binlog_watcher.service.binlog_following import BinlogFollowing
from binlog_watcher.service.following import Around, Follow
from binlog_watcher.service.garbage_collection import spare_hydrated_timers
from binlog_watcher.service.gauges import Gauges
from binlog_watcher.service.heartbeat import Heartbeat
from binlog_watcher.service.live import Live
from binlog_watcher.service.mailbox_reading import mailbox_reading
from binlog_watcher.service.note_keeping import NoteKeeping
from binlog_watcher.service.pipeline import build_pipeline
from binlog_watcher.service.readiness import Readiness
from binlog_watcher.service.regular_tasks import every, keep_time
from binlog_watcher.service.resources import Resources, enter_log, open_resources, presence_of
from binlog_watcher.service.retention import Retention
from binlog_watcher.service.shop_changes import ShopChanges
from binlog_watcher.service.start_check import check_start
from binlog_watcher.service.webhook_delivery import delivering_webhooks
from binlog_watcher.service.wiring import remember_us
from binlog_watcher.service.write_check import WriteCheck
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import PING_S, Presence
from binlog_watcher.store.times import from_us
from binlog_watcher.telemetry.metrics import Metrics
from binlog_watcher.telemetry.metrics_server import Obstacle
from mailer import SendError
from recommender import Catalog

log = structlog.get_logger(__name__)

THREADS = 12
"""Worker threads for blocking statements and rendering; no more than the pool has sessions."""


class Service:
    """One running instance. ``run`` returns after ``stop`` was set and the mails in hand are finished."""

    def __init__(
        self,
        settings: Settings,
        resources: Resources,
        *,
        presence: Presence | None = None,
        metrics: Metrics | None = None,
        leads: Callable[[], bool] = lambda: True,
        follow: Follow = BinlogFollowing,
    ) -> None:
        """``leads``: False while another instance may be the leader; then nothing is mailed.

        ``follow``: how the shop is followed.
        ``presence``: by which it has entered the log; it is the service's to keep and to close.
        """
        self._settings = settings
        self._resources = resources
        self._catalog = Catalog()
        self._pipeline = build_pipeline(
            settings,
            resources,
            self._catalog,
            metrics=metrics,
            standing=Standing(leads, alone=self._is_alone),
        )
        self.tracker, self.metrics = self._pipeline.tracker, self._pipeline.metrics
        self._presence = presence or presence_of(settings, resources)
        self._timers = Timers(self._pipeline.runtime, self._pipeline.recovery)
        self._following = follow(settings, resources, self._pipeline)
        self._source = self._following.source
        self._changes = ShopChanges(
            resources.shop,
            self._catalog,
            self.tracker,
            partition=self._following.partition,
            on_products=self._pipeline.products_changed,
        )
        self._notes = NoteKeeping(
            self.tracker,
            resources.notes,
            resources.clock,
            keep_us=remember_us(resources.policy),
            clocks=self._following.clocks,
        )
        self._mailbox = mailbox_reading(settings, resources, self.metrics)
        self._retention = Retention(
            resources.old_rows.erase_some,
            self.tracker,
            keep_us=settings.log_retention_us,
            now_us=resources.clock.now_us,
        )
        self._writes = WriteCheck(resources.episodes.check_writable)
        self._readiness = Readiness(
            self.tracker,
            self._source,
            resources.clock,
            check_interval_s=settings.check_interval_seconds,
            leads=leads,
            sender_stopped=lambda: self._pipeline.sender_stopped,
            obstacles=[self._writes.obstacle],
            of_the_source=self._following.obstacle,
        )
        self._gauges = Gauges(
            self.tracker,
            self._source.stats,
            self._readiness,
            self.metrics,
            resources.clock,
            leads=leads,
            sender_stopped=lambda: self._pipeline.sender_stopped,
            depths=self._pipeline.depths,
        )
        self.live = Live(
            self.tracker,
            self._source.stats,
            self._readiness,
            resources.clock,
            sender_stopped=lambda: self._pipeline.sender_stopped,
            texts_fail=lambda: self._pipeline.texts_fail,
            depths=self._pipeline.depths,
        )
        self._heartbeat = Heartbeat(settings.heartbeat_url, self._timers.sweep, self.is_ready)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the shop until ``stop`` is set. Raises ConfigError for what only a human can mend."""
        around = Around(self._deliver, self._timers.poke, self._is_alone)
        try:
            await asyncio.to_thread(self._presence.ping)
            await self._load_catalogue()
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._source.run(self._deliver)),
                    group.create_task(self._following.reconcile(around)),
                    group.create_task(self._changes.follow()),
                    group.create_task(keep_time(self._resources.clock, self._resources.shop)),
                    group.create_task(every(PING_S, self._presence.ping)),
                    group.create_task(self._gauges.watch()),
                    group.create_task(self._heartbeat.run()),
                    group.create_task(self._notes.run()),
                    group.create_task(self._pipeline.learn()),
                ]
                timers = group.create_task(self._timers.run())
                if self._pipeline.outbox is not None:
                    tasks.append(group.create_task(self._pipeline.send()))
                    tasks.append(group.create_task(self._writes.run()))
                    tasks.append(group.create_task(self._mailbox.run()))
                    tasks.append(group.create_task(self._retention.run()))
                    tasks.append(group.create_task(self._try_smtp()))
                await stop.wait()
                await self._finish(timers)
                for task in [*tasks, timers]:
                    task.cancel()
        finally:
            await self._close()

    def _is_alone(self) -> bool:
        """Whether the tables alone decide."""
        return self._following.may_go_alone and self._readiness.stream_is_down()

    async def _finish(self, timers: "asyncio.Task[None]") -> None:
        """Let no timer fire any more, and wait for the mails in hand, which the binlog may still stop."""
        self._readiness.stop()
        self._timers.stop()
        seconds = self._settings.shutdown_seconds
        self._pipeline.end_by(self._resources.clock.now_us() + int(seconds * 1_000_000))
        log.info("service.stopping", in_hand=self.tracker.in_hand, seconds=seconds)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait([timers])
                await self._pipeline.drained()
        except TimeoutError:
            log.warning(
                "service.unfinished", carts=self.tracker.in_hand, hint="the next start takes them over"
            )
        self._source.stop()
        await self._notes.finish()

    async def _close(self) -> None:
        self._source.stop()
        await self._pipeline.close()
        await asyncio.to_thread(self._presence.close)
        self._gauges.clear()
        log.info("service.stopped")

    def _deliver(self, batch: Batch) -> None:
        """The source's events reach the timers here, and nowhere else. In the source's thread."""
        self._changes.note(self.tracker.apply(batch))
        self._pipeline.heard(batch.events)
        self._readiness.heard(batch)
        self._gauges.heard(batch)
        spare_hydrated_timers(batch)
        self._timers.heard()

    async def _try_smtp(self) -> None:
        """Tell at start, not at the first cart, that mails can't be handed over; they are tried all the same."""
        try:
            for sender in self._settings.senders:
                await self._pipeline.try_smtp(sender)
        except SendError as error:
            log.error("smtp.not_usable", error=str(error), hint="check the SMTP_… settings")  # noqa: TRY400 - one line

    async def _load_catalogue(self) -> None:
        await self._changes.load_catalogue()
        await self._pipeline.start()
        log.info("catalogue.read", products=len(self._catalog))

    def is_ready(self) -> bool:
        """Whether mails can go out; in a dry run whether they could."""
        return self._readiness.is_ready()

    def not_ready(self) -> Obstacle | None:
        """What /readyz says while this instance is not ready."""
        return self._readiness.not_ready()


def use_worker_threads() -> None:
    """Give the running event loop the threads that the service's blocking work needs."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="worker"))


@contextlib.asynccontextmanager
async def opened(
    settings: Settings,
    *,
    include_older_us: int = 0,
    metrics: Metrics | None = None,
    leads: Callable[[], bool] = lambda: True,
    follow: Follow = BinlogFollowing,
) -> AsyncIterator[Service]:
    """Check the server and open everything that a service needs. Raises ConfigError, DatabaseUnavailableError.

    ``include_older_us``: carts are mailed too that fell due up to so long before Cartwake was switched on.
    ``follow``: see ``Service``.
    """
    writes = not settings.dry_run
    facts = await check_start(settings)
    resources = await asyncio.to_thread(
        lambda: open_resources(settings, write=writes, include_older_us=include_older_us)
    )
    presence = presence_of(settings, resources)
    try:
        if writes:
            await asyncio.to_thread(enter_log, resources, presence)
        if resources.policy.activated_us < resources.activated_us:
            log.info(
                "service.includes_older",
                due_since=f"{from_us(resources.policy.activated_us):%Y-%m-%d %H:%M:%S} UTC",
                activated=f"{from_us(resources.activated_us):%Y-%m-%d %H:%M:%S} UTC",
            )
        log.info(
            "service.starting", server=f"{facts.flavor} {facts.version}", database=settings.mysql_database,
            threshold_s=settings.threshold_us / 1e6, dry_run=settings.dry_run,
        )  # fmt: skip
        with delivering_webhooks(settings, resources, metrics := metrics or Metrics()):
            yield Service(settings, resources, presence=presence, metrics=metrics, leads=leads, follow=follow)
    finally:
        await asyncio.to_thread(presence.close)
        await asyncio.to_thread(resources.close)
