"""`cartwake reload` (SIGHUP): settings, stores, themes and messages are read anew while the service runs.

Everything that a start would refuse is found out before the running term ends, and then nothing is changed. If all is
well, mails in hand are finished and a new term begins in the same process, as after a restart: it reads the open
carts anew, so nothing that happens meanwhile is missed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, Protocol

import structlog

from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.pipeline import build_pipeline
from binlog_watcher.service.regular_tasks import first_of
from binlog_watcher.service.resources import open_resources
from binlog_watcher.service.start_check import check_start
from binlog_watcher.settings.settings import Settings
from recommender import Catalog

log = structlog.get_logger(__name__)

TRIAL_S = 60.0
"""A new term that fails within so many seconds goes back to the settings before."""


class Term(Protocol):
    """Runs a service until it is told to end, such as ``run_service``. Raises ConfigError, DatabaseUnavailableError."""

    def __call__(
        self, settings: Settings, stop: asyncio.Event, *, include_older_us: int = 0
    ) -> Coroutine[Any, Any, None]:
        """See there."""


class Reloading:
    """One term after the other.

    ``load`` reads the settings, and raises ConfigError; ``accept`` is told of those that will be gone by.
    """

    def __init__(self, load: Callable[[], Settings], accept: Callable[[Settings], None]) -> None:
        self._load = load
        self._accept = accept
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Read the settings anew, as soon as that is possible."""
        self._asked.set()

    async def run(
        self, term: Term, settings: Settings, stop: asyncio.Event, *, include_older_us: int = 0
    ) -> None:
        """Run terms until ``stop`` is set. Raises what the term raises that nothing can be done about."""
        before: Settings | None = None
        while not stop.is_set():
            over, started = asyncio.Event(), asyncio.get_running_loop().time()
            waiting = asyncio.create_task(self._until_renewed(stop, over))
            try:
                await term(settings, over, include_older_us=include_older_us)
            except CartwakeError as error:
                if before is None or asyncio.get_running_loop().time() - started > TRIAL_S:
                    raise
                log.error(  # noqa: TRY400 - one line
                    "reload.failed",
                    error=str(error),
                    hint="the service goes on by the settings that it had before",
                )
                settings, before = before, None
                self._accept(settings)
                continue
            finally:
                waiting.cancel()
            renewed = await _result(waiting)
            if renewed is not None:
                settings, before = renewed, settings
                self._accept(settings)
                log.info("reload.done")
            include_older_us = 0

    async def _until_renewed(self, stop: asyncio.Event, over: asyncio.Event) -> Settings | None:
        """End the term at ``stop``, with None, or when settings were read that can be gone by."""
        try:
            while True:
                await first_of(self._asked.wait(), stop.wait())
                if stop.is_set():
                    return None
                self._asked.clear()
                try:
                    settings = await asyncio.to_thread(self._load)
                    await rehearse(settings)
                except CartwakeError as error:
                    log.error(  # noqa: TRY400 - what is wrong is in the lines
                        "reload.refused", problems=str(error).splitlines(), hint="nothing was changed"
                    )
                else:
                    return settings
        finally:
            over.set()


async def rehearse(settings: Settings) -> None:
    """Do what a start does before it begins, and leave it at that. Raises what a start would: CartwakeError."""
    await check_start(settings)
    resources = await asyncio.to_thread(open_resources, settings, write=False)
    with closing(resources):
        await build_pipeline(settings, resources, Catalog()).close()


async def _result(task: "asyncio.Task[Settings | None]") -> Settings | None:
    return task.result() if task.done() and not task.cancelled() else None
