"""Our reader as the service runs it: its thread reads and applies each batch to the tracker."""

import asyncio
import threading

from arrivals import Arrivals, Job

from binlog_watcher.binlog import BinlogSource
from binlog_watcher.clock import ServerClock
from binlog_watcher.connection import ConnectionSettings, Tls
from binlog_watcher.events import CartChanged
from binlog_watcher.schema import SAMPLE
from binlog_watcher.source import Batch
from binlog_watcher.tracker import Tracker

_THRESHOLD_US = 1_800_000_000


async def main() -> None:
    job = Job.given()
    arrivals = Arrivals(job)
    tracker = Tracker(_THRESHOLD_US, lock=threading.RLock())
    settings = ConnectionSettings(job.host, job.port, job.user, job.password, job.database, tls=Tls.OFF)
    source = BinlogSource(settings, SAMPLE, hydrate=lambda: iter(()), now_us=ServerClock().now_us)

    def deliver(batch: Batch) -> None:
        tracker.apply(batch)
        for event in batch.events:
            if isinstance(event, CartChanged):
                arrivals.note(int(event.key))
        if arrivals.complete:
            source.stop()

    await source.run(deliver)
    arrivals.tell()


asyncio.run(main())
