"""A service in the test's own process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fakes.waiting import until

from binlog_watcher.service.service import Service, opened
from binlog_watcher.service.standby import Standby
from binlog_watcher.settings.settings import Settings


@contextlib.asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[Service]:
    """A service as `cartwake run` opens it, ready."""
    stop = asyncio.Event()
    async with opened(settings) as service:
        task = asyncio.create_task(service.run(stop))
        try:
            await until(lambda: service.is_ready() or task.done())
            yield service
        finally:
            stop.set()
            async with asyncio.timeout(60):
                await task


@contextlib.asynccontextmanager
async def standing_by(standby: Standby) -> AsyncIterator[None]:
    """An instance that stands by, and serves when it is elected."""
    stop = asyncio.Event()
    running = asyncio.create_task(standby.run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await running
