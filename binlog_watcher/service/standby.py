"""`cartwake run --standby`: one of several instances. Waits to be elected, leads until deposed, and waits again.

Each term as leader is a service of its own, started and ended as `cartwake run` starts and ends one: it reads the
open carts anew, and takes over the claims of a leader that is gone.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog

from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service.beside import Beside, nothing_beside
from binlog_watcher.service.garbage_collection import collect_everything
from binlog_watcher.service.leadership import Candidate
from binlog_watcher.service.live import Live
from binlog_watcher.service.pages import serving_pages
from binlog_watcher.service.readiness import STANDBY, STARTING
from binlog_watcher.service.regular_tasks import first_of
from binlog_watcher.service.resources import check_alone
from binlog_watcher.service.service import Service, opened, use_worker_threads
from binlog_watcher.service.start_check import check_start
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics import Metrics
from binlog_watcher.telemetry.metrics_server import Obstacle, serving

log = structlog.get_logger(__name__)

RETRY_S = 1.0
"""After what time a leader whose start failed for want of the database starts again."""


class Standby:
    """One instance of several. ``run`` returns after ``stop`` was set and the mails in hand are finished."""

    def __init__(
        self, settings: Settings, *, include_older_us: int = 0, beside: Beside = nothing_beside
    ) -> None:
        """``include_older_us``: see ``service.opened``; ``beside``: what else is served, whoever leads."""
        self._settings = settings
        self._include_older_us = include_older_us
        self._beside = beside
        self._candidate = Candidate(settings.connection)
        self._metrics = Metrics()
        self._service: Service | None = None
        self._elected = asyncio.Event()
        self._deposed = asyncio.Event()

    @property
    def live(self) -> Live | None:
        """What the service shows; None while another instance leads."""
        service = self._service
        return None if service is None else service.live

    def not_ready(self) -> Obstacle | None:
        """What /readyz says while this instance is not ready."""
        if self._service is not None:
            return self._service.not_ready()
        return STARTING if self._elected.is_set() else STANDBY

    async def run(self, stop: asyncio.Event) -> None:
        """Take part until ``stop`` is set. Raises ConfigError for what only a human can mend."""
        where = self._settings.metrics_host, self._settings.metrics_port
        # A thread of its own: the service's statements may take all the others, and a ping must not wait for them.
        thread = ThreadPoolExecutor(1, thread_name_prefix="leadership")
        try:
            # Each instance serves them, whoever leads: behind a proxy one does for the other.
            with (
                serving(self._metrics, *where, self.not_ready),
                serving_pages(self._settings),
                self._beside(self._settings, self),
            ):
                async with asyncio.TaskGroup() as group:
                    part = group.create_task(self._take_part(thread))
                    await self._terms(stop)
                    part.cancel()
        finally:
            # Only now, with the mails in hand finished, shall another lead.
            await asyncio.get_running_loop().run_in_executor(thread, self._candidate.close)
            thread.shutdown(wait=False)

    async def _take_part(self, thread: ThreadPoolExecutor) -> None:
        """Step after step. Driven by the event loop on purpose: one that hangs shall lose the lock, too."""
        while True:
            elected = await asyncio.get_running_loop().run_in_executor(thread, self._candidate.step)
            if elected and not self._elected.is_set():
                log.info("service.elected")
                self._deposed.clear()
                self._elected.set()
            elif not elected and self._elected.is_set():
                log.warning("service.deposed", hint="another instance holds the lock: it leads")
                self._elected.clear()
                self._deposed.set()
            self._metrics.leader.set(self._candidate.leads())
            await asyncio.sleep(self._candidate.pause_s)

    async def _terms(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._elected.is_set():
                log.info("service.standby")
            await first_of(self._elected.wait(), stop.wait())
            if stop.is_set():
                log.info("service.stopped")
                break
            try:
                await self._lead(stop)
            except DatabaseUnavailableError as error:
                log.error("service.not_started", error=str(error), retry_s=RETRY_S)  # noqa: TRY400 - one line
                await first_of(stop.wait(), asyncio.sleep(RETRY_S))
            collect_everything()

    async def _lead(self, stop: asyncio.Event) -> None:
        """One term, from the start of a service to its orderly end."""
        over = asyncio.Event()

        async def end() -> None:
            await first_of(stop.wait(), self._deposed.wait())
            over.set()

        ending = asyncio.create_task(end())
        try:
            async with opened(
                self._settings,
                include_older_us=self._include_older_us,
                metrics=self._metrics,
                leads=self._candidate.leads,
            ) as service:
                self._service = service
                await service.run(over)
        finally:
            self._service = None
            ending.cancel()


async def run_standby(
    settings: Settings,
    stop: asyncio.Event,
    *,
    include_older_us: int = 0,
    beside: Beside = nothing_beside,
) -> None:
    """Check the server, so that a mistake shows now and not at the take-over; then take part until ``stop``."""
    use_worker_threads()
    writes = not settings.dry_run
    await check_start(settings)
    if writes:
        await asyncio.to_thread(check_alone, settings)
    await Standby(settings, include_older_us=include_older_us, beside=beside).run(stop)
