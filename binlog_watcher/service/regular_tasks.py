"""What a service does again and again beside its events: reconcile, and ask MySQL for time and time zone."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError, ZoneError
from binlog_watcher.recovery.reconcile import Reconciler
from binlog_watcher.service.resources import refresh_clock
from binlog_watcher.store.shop_tables.shop import Shop

log = structlog.get_logger(__name__)

CLOCK_INTERVAL_S = 60.0

RECONCILE_WAITS_S = 1.0
"""Between two tries of a reconciliation that waits for the stream to be up to date."""

LONG_WAIT_INTERVALS = 3
"""A reconciliation that has waited for so many intervals is told of."""


async def every(seconds: float, work: Callable[[], object], *, at_once: bool = False) -> None:
    """Do blocking work each so many seconds, until cancelled; what it raises is logged. Raises ZoneError only."""
    pause_s = 0 if at_once else seconds
    while True:
        await asyncio.sleep(pause_s)
        pause_s = seconds
        try:
            await asyncio.to_thread(work)
        except ZoneError:
            raise  # a service that went on would mail who has bought
        except CartwakeError as error:
            log.warning("service.database", error=str(error))
        except Exception as error:
            log.exception("service.task", task=getattr(work, "__name__", ""), error=str(error))


async def keep_time(clock: ServerClock, shop: Shop) -> None:
    """Follow MySQL's clock and its time zone, until cancelled. Raises ZoneError when that can't be trusted any more."""

    def refresh() -> None:
        moved_us = refresh_clock(clock, shop.database)
        if abs(moved_us) > 1_000_000:
            log.warning("clock.moved", seconds=moved_us / 1e6, hint="MySQL's clock and ours drift apart")
        problem = shop.zone_problem()
        if problem is not None:
            raise ZoneError(problem)

    await every(CLOCK_INTERVAL_S, refresh)


async def first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait until one of them is done."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class RegularReconciliation:
    """A pass each ``interval_s``, or each second while it must wait for the stream.

    ``stream_is_down``: whether passes must do without the stream; ``done`` is called after each pass.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        *,
        interval_s: float,
        stream_is_down: Callable[[], bool],
        done: Callable[[], None],
    ) -> None:
        self._reconciler = reconciler
        self._interval_s = interval_s
        self._stream_is_down = stream_is_down
        self._done = done
        self._waited_s = 0.0  # for the stream, so far

    async def run(self) -> None:
        """Pass after pass, until cancelled; what one raises is logged."""
        pause_s = self._interval_s
        while True:
            await asyncio.sleep(pause_s)
            pause_s = self._interval_s
            try:
                report = await self._reconciler.run_once(alone=self._stream_is_down())
                if report.waits:
                    pause_s = min(self._interval_s, RECONCILE_WAITS_S)
                    self._note_wait(pause_s)
                else:
                    self._waited_s = 0.0
            except DatabaseUnavailableError as error:
                log.error("reconcile.postponed", error=str(error), retry_s=self._interval_s)  # noqa: TRY400 - one line
            except Exception as error:
                log.exception("reconcile.failed", error=str(error))
            self._done()

    def _note_wait(self, pause_s: float) -> None:
        """Say so once, when it has waited for long."""
        limit_s = LONG_WAIT_INTERVALS * self._interval_s
        if self._waited_s <= limit_s < self._waited_s + pause_s:
            log.warning(
                "reconcile.waits", seconds=round(self._waited_s + pause_s),
                hint="the binlog lags by more than a second all the time: mails are late, and retries wait",
            )  # fmt: skip
        self._waited_s += pause_s
