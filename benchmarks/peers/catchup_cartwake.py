"""Our own reader, put together as the service does: in a thread.

The one difference is that the position to begin at is given, where the service takes an anchor of now.
"""

import threading

from cartwake_connection import connection_to
from reading import Job, Reading, Row, Stopwatch, job, tell

from binlog_watcher.binlog import SourceOptions
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.reader import Reader
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.clock import ServerClock
from binlog_watcher.core.events import CartChanged, Event, OrderPlaced
from binlog_watcher.core.source import Batch
from binlog_watcher.shop.presets import SAMPLE


def read(given: Job) -> tuple[Reading, list[Row]]:
    events: list[Event] = []
    watch = Stopwatch()
    complete = threading.Event()

    def deliver(batch: Batch) -> None:
        events.extend(batch.events)
        if batch.events and getattr(batch.events[-1], "key", None) == given.end_key:
            complete.set()

    reader = Reader(_options(given), deliver, Stats(), start=_start(given))
    thread = threading.Thread(target=reader.run, daemon=True)
    thread.start()
    complete.wait()
    reading = watch.stop()
    reader.stop()
    thread.join()
    return reading, [_row(event) for event in events]


def _options(given: Job) -> SourceOptions:
    connection = connection_to(given, tls=given.tls)
    return SourceOptions(connection, SAMPLE, hydrate=lambda: iter(()), now_us=ServerClock().now_us)


def _start(given: Job) -> Position:
    return Position(given.file, given.offset, "", GtidSet.parse(given.gtids))


def _row(event: Event) -> Row:
    match event:
        case CartChanged(key, change):
            return "cart", change.value, int(key)
        case OrderPlaced(key):
            return "orders", "insert", int(key)
        case _:
            raise AssertionError(f"nobody wrote {event}")


tell(*read(job()))
