"""One process of ``benchmarks/kafka.py``: replays a topic, or does what it is compared with. Prints a line of JSON."""

import argparse
import asyncio
import gc
import json
import os
import sys
import threading
import time
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from kafka_records import SECOND, START_US, made_up

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.envelopes import reader_of, tables_of
from fakes.kafka import Instance

from binlog_watcher.core.events import Assigned, Hydrated
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.kafka.holding import Holding
from binlog_watcher.kafka.positions import Commit

HOUR_US = 3600 * SECOND


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=_WORK)
    for name in ("--broker", "--topic", "--group"):
        parser.add_argument(name)
    parser.add_argument("--records", type=int, required=True)
    options = parser.parse_args()
    print(json.dumps(_WORK[options.work](options)))


def _bare(options: argparse.Namespace) -> dict[str, float]:
    consumer = Consumer(
        {
            "bootstrap.servers": options.broker,
            "group.id": options.group,
            "auto.offset.reset": "error",
            "log_level": 0,
        }
    )
    found = consumer.list_topics(options.topic, timeout=30).topics[options.topic]
    consumer.assign([TopicPartition(options.topic, number, 0) for number in found.partitions])
    started, cpu, read = 0.0, 0.0, 0
    while read < options.records:
        messages = consumer.consume(1000, 1)
        if not read:
            started, cpu = time.monotonic(), time.process_time()
        read += len([message.value() for message in messages])
    ended = time.monotonic()
    consumer.close()
    return _reading(started, ended, time.process_time() - cpu, read)


def _replay(options: argparse.Namespace) -> dict[str, float]:
    return asyncio.run(_replayed(options))


async def _replayed(options: argparse.Namespace) -> dict[str, float]:
    """From the first partition that is assigned until all are told, and their timers are armed."""
    instance = Instance(_Feed(options.broker, options.topic, options.group))
    begun: list[tuple[float, float]] = []
    hydrated: set[str] = set()
    partitions = Consumer({"bootstrap.servers": options.broker, "group.id": "asks", "log_level": 0})
    wanted = len(partitions.list_topics(options.topic, timeout=30).topics[options.topic].partitions)
    partitions.close()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def deliver(batch: Batch) -> None:
        instance.tracker.apply(batch)
        for event in batch.events:
            if isinstance(event, Assigned) and not begun:
                begun.append((time.monotonic(), time.process_time()))
            elif isinstance(event, Hydrated):
                hydrated.add(event.partition)
                if len(hydrated) == wanted:
                    loop.call_soon_threadsafe(over.set)

    running = asyncio.create_task(instance.source.run(deliver))
    await asyncio.wait([running, asyncio.create_task(over.wait())], return_when=asyncio.FIRST_COMPLETED)
    ended, cpu = time.monotonic(), time.process_time()
    read, armed = instance.source.stats.records, instance.tracker.armed
    instance.source.stop()
    await running
    assert read == options.records, (read, options.records)
    found = _reading(begun[0][0], ended, cpu - begun[0][1], read)
    return found | {"armed": armed}


def _timers(options: argparse.Namespace) -> dict[str, float]:
    """A partition's memory by its timers alone, without a client and its buffers."""
    tracker = Tracker(HOUR_US, lock=threading.RLock())
    held = Holding("t", 0, reader_of(), begin=Commit(0, 0), end=0, threshold_us=HOUR_US, now_us=START_US)
    before = _rss()
    tracker.apply(Batch(held.name, (Assigned(held.name),), Progress("", None, False, 0, 0)))
    some: list[_Message] = []
    for offset, (_, value) in enumerate(made_up(options.records * 3, 1000)):
        some.append(_Message(offset, value))
        if len(some) == 1000:
            tracker.apply(Batch(held.name, tuple(held.take(some, START_US)), held.progress(START_US)))
            some.clear()
    gc.collect()
    return {"bytes": _rss() - before, "timers": tracker.armed}


_WORK = {"bare": _bare, "replay": _replay, "timers": _timers}


class _Message:
    def __init__(self, offset: int, value: bytes) -> None:
        self._offset, self._value = offset, value

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes:
        return self._value

    def headers(self) -> None:
        return None


class _Feed:
    """What ``Instance`` reads."""

    database, threshold, now = "shop", HOUR_US, START_US

    def __init__(self, broker: str, topic: str, group: str) -> None:
        self.brokers, self.topic, self.group = [broker], topic, group
        self.tables = tables_of()


def _reading(started: float, ended: float, cpu_s: float, records: int) -> dict[str, float]:
    return {
        "started": started, "ended": ended, "seconds": ended - started, "cpu_s": cpu_s, "records": records,
        "rss_mb": _rss() / 2**20,
    }  # fmt: skip


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
