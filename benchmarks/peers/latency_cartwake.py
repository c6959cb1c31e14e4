"""Our reader as the service runs it: its thread reads and applies each batch to the tracker."""

import asyncio
import gc
import threading
from datetime import UTC

from arrivals import Arrivals, Job
from cartwake_connection import connection_to

from binlog_watcher.binlog import BinlogSource, SourceOptions
from binlog_watcher.clock import ServerClock
from binlog_watcher.core.events import CartChanged, Hydrated
from binlog_watcher.core.source import Batch
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.times import TimeColumn

_THRESHOLD_US = 1_800_000_000


async def main() -> None:
    job = Job.given()
    arrivals = Arrivals(job)
    tracker = Tracker(_THRESHOLD_US, lock=threading.RLock())
    source = BinlogSource(
        SourceOptions(
            connection_to(job),
            SAMPLE,
            hydrate=lambda: iter(()),
            now_us=ServerClock().now_us,
            created_at_us=TimeColumn(UTC).to_us,
        )
    )

    def deliver(batch: Batch) -> None:
        for event in batch.events:
            if isinstance(event, CartChanged):
                arrivals.note(int(event.key))
        tracker.apply(batch)
        if batch.events and isinstance(batch.events[-1], Hydrated):
            gc.freeze()  # as the service does
        if arrivals.complete:
            source.stop()

    await source.run(deliver)
    arrivals.tell()


asyncio.run(main())
