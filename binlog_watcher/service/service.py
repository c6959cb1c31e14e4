"""`cartwake run`: opens the resources, runs the tasks in one TaskGroup, and shuts down in order."""

import asyncio
import contextlib
import gc
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from binlog_watcher.binlog import BinlogSource
from binlog_watcher.core.events import Assigned, CartRead, CustomerOrdersChanged, Hydrated, ProductChanged
from binlog_watcher.core.source import Batch, EventSource, Pulse
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.recovery.reconcile import GRACE_US, Reconciler
from binlog_watcher.recovery.timers import Timers
from binlog_watcher.service.pipeline import build_pipeline
from binlog_watcher.service.resources import Resources, open_resources, refresh_clock
from binlog_watcher.service.wiring import product, read_catalogue
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import PING_S, Presence
from binlog_watcher.store.times import from_us
from binlog_watcher.telemetry.metrics import Metrics, serving
from mailer import SendError
from recommender import Catalog

log = structlog.get_logger(__name__)

PARTITION = "binlog"
THREADS = 12
"""Worker threads for blocking statements and rendering; no more than the pool has sessions."""

CLOCK_INTERVAL_S = 60.0
METRICS_INTERVAL_S = 0.25
RECONCILE_WAITS_S = 1.0
"""Between two tries of a reconciliation that waits for the stream to be up to date."""

CATALOGUE_INTERVAL_S = 60.0

AT_ONCE = 1000
"""Products, or customers, that one statement asks for."""


class Service:
    """One running instance. ``run`` returns after ``stop`` was set and the mails in hand are finished."""

    def __init__(
        self,
        settings: Settings,
        resources: Resources,
        *,
        metrics: Metrics | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """``leads``: False while another instance may be the leader; then nothing is mailed."""
        self._settings = settings
        self._resources = resources
        self._stopping = False
        self._pulse = Pulse(resources.clock.now_us())
        self._changes: deque[ProductChanged | CustomerOrdersChanged] = deque()
        self._catalog = Catalog()
        self._catalogue_is_old = False
        self._catalogue_read_at = float("-inf")
        self._leads = leads
        self._pipeline = build_pipeline(settings, resources, self._catalog, metrics=metrics, may_send=leads)
        self.tracker, self.metrics = self._pipeline.tracker, self._pipeline.metrics
        self._presence = Presence(settings.connection, resources.episodes.owner)
        self._timers = Timers(self.tracker, self._pipeline.recovery, resources.clock)
        if self._pipeline.outbox is not None:
            self._pipeline.outbox.on_settled = self._timers.poke
        self._reconciler = Reconciler(
            shop=resources.shop,
            scan=resources.scan,
            episodes=resources.episodes,
            tracker=self.tracker,
            recovery=self._pipeline.recovery,
            clock=resources.clock,
            metrics=self.metrics,
            threshold_us=settings.threshold_us,
            since_us=resources.clock.now_us() - settings.threshold_us - GRACE_US,
            partition=PARTITION,
            with_log=resources.with_log and not settings.dry_run,
        )
        self._source: EventSource = BinlogSource(
            settings.connection,
            resources.schema,
            Hydrator(
                database=resources.database,
                scan=resources.scan,
                episodes=resources.episodes,
                policy=resources.policy,
                clock=resources.clock,
                with_log=resources.with_log,
            ),
            server_id=settings.mysql_server_id,
            now_us=resources.clock.now_us,
            marker=resources.episodes.mark if resources.with_log and not settings.dry_run else None,
            partition=PARTITION,
            created_at_us=resources.shop.cart_time.to_us,
        )

    # --- tasks ----------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the shop until ``stop`` is set. Raises ConfigError for what only a human can mend."""
        try:
            await asyncio.to_thread(self._presence.ping)
            await self._load_catalogue()
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._source.run(self._deliver)),
                    group.create_task(self._reconcile_regularly()),
                    group.create_task(self._follow_changes()),
                    group.create_task(self._every(CLOCK_INTERVAL_S, self._refresh_clock)),
                    group.create_task(self._every(PING_S, self._presence.ping)),
                    group.create_task(self._watch()),
                ]
                timers = group.create_task(self._timers.run())
                if self._pipeline.outbox is not None:
                    tasks.append(group.create_task(self._pipeline.send()))
                    tasks.append(group.create_task(self._try_smtp()))
                await stop.wait()
                await self._finish(timers)
                for task in [*tasks, timers]:
                    task.cancel()
        finally:
            await self._close()

    async def _finish(self, timers: "asyncio.Task[None]") -> None:
        """Stop the reader, let no timer fire any more, and wait for the mails in hand."""
        self._stopping = True
        self._source.stop()
        self._timers.stop()
        log.info("service.stopping", in_hand=self.tracker.in_hand, seconds=self._settings.shutdown_seconds)
        try:
            async with asyncio.timeout(self._settings.shutdown_seconds):
                await asyncio.wait([timers])
                if self._pipeline.outbox is not None:
                    await self._pipeline.outbox.drained()
        except TimeoutError:
            log.warning(
                "service.unfinished", carts=self.tracker.in_hand, hint="the next start takes them over"
            )

    async def _close(self) -> None:
        self._source.stop()
        await self._pipeline.close()
        await asyncio.to_thread(self._presence.close)
        for gauge in (self.metrics.ready, self.metrics.timers_armed, self.metrics.in_hand):
            gauge.set(0)  # the next term as leader, if there is one, has none of this
        log.info("service.stopped")

    def _deliver(self, batch: Batch) -> None:
        """The source's events reach the timers here, and nowhere else. In the source's thread."""
        self._changes.extend(self.tracker.apply(batch))
        self._pulse.observe(batch, self._resources.clock.now_us())
        if batch.events and isinstance(batch.events[-1], Assigned | CartRead | Hydrated):
            # The garbage collector shall not walk through the timers that hydration arms, which form no cycles. A
            # million of them took it 50 ms and more each time, in which nothing else runs.
            gc.freeze()
        self._timers.heard()

    async def _try_smtp(self) -> None:
        """Tell at start, not at the first cart, that mails can't be handed over; they are tried all the same."""
        if self._pipeline.sender is None:
            return
        try:
            await self._pipeline.sender.verify(self._settings.sender_email)
        except SendError as error:
            log.error("smtp.not_usable", error=str(error), hint="check the SMTP_… settings")  # noqa: TRY400 - one line

    async def _reconcile_regularly(self) -> None:
        pause_s = interval_s = self._settings.check_interval_seconds
        waited_s = 0.0
        while True:
            await asyncio.sleep(pause_s)
            pause_s = interval_s
            try:
                report = await self._reconciler.run_once(alone=self._stream_is_down())
                if report.waits:
                    pause_s = min(interval_s, RECONCILE_WAITS_S)
                waited_s = self._note_wait(waited_s, pause_s) if report.waits else 0.0
            except DatabaseUnavailableError as error:
                log.error("reconcile.postponed", error=str(error), retry_s=interval_s)  # noqa: TRY400 - one line
            except Exception as error:
                log.exception("reconcile.failed", error=str(error))
            self._timers.poke()

    def _note_wait(self, waited_s: float, pause_s: float) -> float:
        """How long the reconciliation has waited for the stream; says so once, when it has been long."""
        limit_s = 3 * self._settings.check_interval_seconds
        if waited_s <= limit_s < waited_s + pause_s:
            log.warning(
                "reconcile.waits", seconds=round(waited_s + pause_s),
                hint="the binlog lags by more than a second all the time: mails are late, and retries wait",
            )  # fmt: skip
        return waited_s + pause_s

    async def _follow_changes(self) -> None:
        """Read what changed once a second, however much: products, and whose carts an order's customer has."""
        while True:
            await asyncio.sleep(1)
            changes = [self._changes.popleft() for _ in range(len(self._changes))]
            named = {one.product_id for one in changes if isinstance(one, ProductChanged)}
            products = [product_id for product_id in named if product_id is not None]
            self._catalogue_is_old = self._catalogue_is_old or None in named
            customers = {one.customer: one.at_us for one in changes if isinstance(one, CustomerOrdersChanged)}
            try:
                for start in range(0, len(products), AT_ONCE):
                    await asyncio.to_thread(self._read_products, products[start : start + AT_ONCE])
                await asyncio.to_thread(self._look_at_carts_of, customers)
                await asyncio.to_thread(self._read_catalogue_again)
            except Exception as error:
                self._changes.extend(changes)
                log.warning(
                    "changes.not_read", error=str(error), changes=len(changes),
                    exc_info=not isinstance(error, CartwakeError),
                )  # fmt: skip

    def _read_catalogue_again(self) -> None:
        """All of it, since nobody knows what changed; once a minute at most."""
        now = time.monotonic()
        if not self._catalogue_is_old or now - self._catalogue_read_at < CATALOGUE_INTERVAL_S:
            return
        self._catalogue_is_old, self._catalogue_read_at = False, now
        old = set(self._catalog.snapshot().products)
        fresh = read_catalogue(self._resources.shop)
        self._catalog.replace(fresh)
        self._pipeline.products_changed(list(fresh), list(old - set(fresh.snapshot().products)))

    def _look_at_carts_of(self, customers: dict[int | str, int]) -> None:
        for start in range(0, len(customers), AT_ONCE):
            some = list(customers)[start : start + AT_ONCE]
            keys = self._resources.shop.carts_of(some)
            self.tracker.orders_changed(keys, max(customers[one] for one in some), PARTITION)

    def _read_products(self, ids: list[int | str]) -> None:
        rows = [row for page in self._resources.shop.catalogue(ids) for row in page]
        changed = [item for row in rows if (item := product(row)) is not None]
        gone = list(set(ids) - {item.id for item in changed})
        for item in changed:
            self._catalog.upsert(item)
        for product_id in gone:
            self._catalog.remove(product_id)
        self._pipeline.products_changed(changed, gone)

    async def _load_catalogue(self) -> None:
        catalogue = await asyncio.to_thread(read_catalogue, self._resources.shop)
        self._catalog.replace(catalogue)
        await self._pipeline.start()
        log.info("catalogue.read", products=len(self._catalog))

    def _refresh_clock(self) -> None:
        moved_us = refresh_clock(self._resources.clock, self._resources.database)
        if abs(moved_us) > 1_000_000:
            log.warning("clock.moved", seconds=moved_us / 1e6, hint="MySQL's clock and ours drift apart")

    async def _every(self, seconds: float, work: Callable[[], object]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await asyncio.to_thread(work)
            except CartwakeError as error:
                log.warning("service.database", error=str(error))
            except Exception as error:
                log.exception("service.task", task=getattr(work, "__name__", ""), error=str(error))

    async def _watch(self) -> None:
        """Keep the gauges fresh and tell when readiness changes."""
        was_ready = False
        while True:
            ready = self.is_ready()
            if ready != was_ready:
                log.info("service.ready" if ready else "service.not_ready", armed=self.tracker.armed)
                was_ready = ready
            self.metrics.ready.set(ready)
            self.metrics.leader.set(self._leads())
            self.metrics.timers_armed.set(self.tracker.armed)
            self.metrics.in_hand.set(self.tracker.in_hand)
            if isinstance(self._source, BinlogSource):
                self.metrics.lag.set(self._source.stats.lag_us / 1e6)
                self.metrics.resets.set(sum(self._source.stats.resets.values()))
            await asyncio.sleep(METRICS_INTERVAL_S)

    def _stream_is_down(self) -> bool:
        """Whether nothing was heard of the source for three intervals."""
        silence_us = int(3 * self._settings.check_interval_seconds * 1_000_000)
        return self._pulse.silent_for_us(self._resources.clock.now_us()) > silence_us

    def is_ready(self) -> bool:
        """Whether the binlog is followed: hydrated, heard of within three intervals, and by the leader."""
        silence_us = int(3 * self._settings.check_interval_seconds * 1_000_000)
        ready = not self._stopping and self.tracker.ready(self._resources.clock.now_us(), silence_us)
        ready = ready and not self._stream_is_down()
        return ready and self._leads()

    def not_ready(self) -> str | None:
        """What /healthz says while this instance is not ready."""
        return None if self.is_ready() else "not ready"


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
) -> AsyncIterator[Service]:
    """Check the server and open everything that a service needs. Raises ConfigError, DatabaseUnavailableError.

    ``include_older_us``: carts are mailed too that fell due up to so long before Cartwake was switched on.
    """
    facts = await asyncio.to_thread(check_server, settings.connection, settings.preset())
    resources = await asyncio.to_thread(
        lambda: open_resources(settings, write=not settings.dry_run, include_older_us=include_older_us)
    )
    try:
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
        yield Service(settings, resources, metrics=metrics, leads=leads)
    finally:
        await asyncio.to_thread(resources.close)


async def run_service(settings: Settings, stop: asyncio.Event, *, include_older_us: int = 0) -> None:
    """Check the server, open everything, run until ``stop``; for ``include_older_us`` see ``opened``."""
    use_worker_threads()
    async with opened(settings, include_older_us=include_older_us) as service:
        with serving(service.metrics, settings.metrics_host, settings.metrics_port, service.not_ready):
            await service.run(stop)
