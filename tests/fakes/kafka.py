"""A Kafka of librdkafka's own (its mock cluster), what Debezium would put there, and instances that read it.

The mock cluster lives in a producer of this process: a real protocol over real sockets, in a few megabytes. Records
are made up, since no MySQL is needed to see who reads what when; ``fakes/debezium.py`` has those of a real one.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka import Consumer, Producer, TopicPartition
from fakes.envelopes import record, tables_of
from fakes.tansu import make_topic, running_tansu

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.core.source import Batch
from binlog_watcher.core.tracker import DueCart, Tracker
from binlog_watcher.kafka import marks
from binlog_watcher.kafka.options import GroupOptions, KafkaOptions
from binlog_watcher.kafka.positions import Commit
from binlog_watcher.kafka.source import KafkaSource
from binlog_watcher.shop.presets import SAMPLE

if TYPE_CHECKING:
    from binlog_watcher.kafka.partition import Trouble
    from binlog_watcher.kafka.tables import Tables

SECOND = 1_000_000
THRESHOLD = 100 * SECOND
START = 1_790_000_000 * SECOND
PARTITIONS = 4
"""What the mock cluster gives a topic that it sees for the first time."""

_names = count()


@contextmanager
def mock_cluster() -> Iterator["Cluster"]:
    """Two brokers; they are gone with the block."""
    producer = Producer(
        {"bootstrap.servers": "none", "test.mock.num.brokers": 2, "linger.ms": 0, "log_level": 0}
    )
    brokers = [f"{one.host}:{one.port}" for one in producer.list_topics(timeout=10).brokers.values()]
    yield Cluster(producer, brokers)
    producer.flush(5)


@contextmanager
def tansu_cluster(folder: Path, *, port: int = 0, told: int = 0) -> Iterator["Cluster"]:
    """A broker that is one; gone with the block. See ``running_tansu``."""
    with running_tansu(folder, port=port, told=told) as broker:
        producer = Producer({"bootstrap.servers": broker, "linger.ms": 0, "log_level": 0})
        yield Cluster(producer, [broker], lambda topic: make_topic(broker, topic, PARTITIONS))
        producer.flush(5)


class Cluster:
    """Its brokers' addresses, and whoever writes to them. ``make``: makes a topic; None: its first use does."""

    def __init__(
        self, producer: Producer, brokers: list[str], make: Callable[[str], None] | None = None
    ) -> None:
        self.producer = producer
        self.brokers = brokers
        self._make = make

    def make(self, topic: str) -> None:
        """A topic with PARTITIONS partitions."""
        if self._make is None:
            self.producer.list_topics(topic, timeout=10)
        else:
            self._make(topic)


class Feed(Protocol):
    """A topic that instances read. ``now``: MySQL's clock, in epoch microseconds."""

    @property
    def brokers(self) -> Sequence[str]: ...

    @property
    def topic(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def database(self) -> str: ...

    @property
    def tables(self) -> "Tables": ...

    @property
    def threshold(self) -> int: ...

    @property
    def now(self) -> int: ...


class Shop:
    """One shop's topic, as its connector fills it. ``now``: MySQL's clock, which goes on when the test says so."""

    def __init__(self, cluster: Cluster) -> None:
        self.topic = f"shop-{next(_names)}"
        self.group = f"cartwake-{self.topic}"
        self.now = START
        self.database, self.tables, self.threshold = "shop", tables_of(), THRESHOLD
        self.cluster, self.brokers = cluster, cluster.brokers
        self._ids = count(1)
        cluster.make(self.topic)

    def name(self, partition: int) -> str:
        return f"{self.topic}[{partition}]"

    def partition(self, user: int) -> int:
        return marks.partition_of(b'{"user_id":%d}' % user, PARTITIONS)

    def go_on(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)

    def cart(self, op: str, user: int) -> None:
        """c, u or d of a row in the customer's cart, now."""
        image = {"id": user * 10, "user_id": user, "product_id": 1, "quantity": 1, "created_at": None}
        before, after = (None if op == "c" else image), (None if op == "d" else image)
        self._write({"user_id": user}, self._value("cart", op, before, after))

    def order(self, user: int) -> None:
        image = {"id": next(self._ids), "user_id": user, "total_amount": "1.00"}
        self._write({"user_id": user}, self._value("orders", "c", None, image))

    def mark(self, *partitions: int) -> None:
        """Of these partitions; without any: of all."""
        for mark in marks.marks_for(PARTITIONS):
            partition = marks.partition_of(marks.key_of(mark), PARTITIONS)
            if partition in (partitions or range(PARTITIONS)):
                image = {"mark": mark, "written_at": None}
                self._write({"mark": mark}, self._value(marks.TABLE, "u", image, image))

    def garbage(self, user: int) -> None:
        self._write({"user_id": user}, b"{")

    def _value(self, table: str, op: str, before: Any, after: Any) -> bytes:
        return record(op, table, before, after, at_us=self.now, gtid=f"uuid:{next(self._ids)}")

    def _write(self, key: Any, value: bytes) -> None:
        raw = json.dumps(key, separators=(",", ":")).encode()
        producer = self.cluster.producer
        producer.produce(self.topic, key=raw, value=value, partition=marks.partition_of(raw, PARTITIONS))
        assert producer.flush(10) == 0

    def committed(self, partition: int) -> Commit | None:
        """What the group has committed."""
        consumer = Consumer({"bootstrap.servers": ",".join(self.brokers), "group.id": self.group})
        try:
            (found,) = consumer.committed([TopicPartition(self.topic, partition)], timeout=10)
        finally:
            consumer.close()
        return None if found.offset < 0 else Commit.parse(found.offset, found.metadata)


class Instance:
    """A source with its timers. ``batches``: all that was delivered."""

    def __init__(
        self, shop: Feed, *, security: dict[str, str] | None = None, member: str | None = None
    ) -> None:
        self.shop = shop
        self.tracker = Tracker(shop.threshold, tick_us=1, lock=threading.RLock())
        self.batches: list[Batch] = []
        self.missed: list[Trouble] = []
        self.deliver: Callable[[Batch], None] = self.apply
        self.source = KafkaSource(
            KafkaOptions(
                GroupOptions(
                    shop.brokers,
                    [shop.topic],
                    shop.group,
                    member=member,
                    session_s=6,
                    security=security or {"log_level": "0"},
                ),
                shop.tables,
                StatementReader(shop.database, watched_tables(SAMPLE)),
                shop.threshold,
                now_us=lambda: shop.now,
                needed_since=self.tracker.needed_since,
                missed=self.missed.append,
            )
        )

    def apply(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.tracker.apply(batch)

    def has(self, *partitions: int) -> bool:
        """Whether it has just these partitions, and all that was there is told."""
        stats = self.source.stats.partitions
        return stats.keys() == {f"{self.shop.topic}[{one}]" for one in partitions} and all(
            one.hydrated for one in stats.values()
        )

    def dues(self) -> dict[int, float]:
        """Armed carts, and when they are due in seconds after START."""
        return {int(key): (due - START) / SECOND for key, due in self.tracker.upcoming(1000)}

    def fire(self) -> list[DueCart]:
        return self.tracker.take_due(self.shop.now, 1000) + self.tracker.take_woken(self.shop.now, 1000)

    def up_to_date(self) -> bool:
        return self.tracker.up_to_date(self.shop.now)


@asynccontextmanager
async def running(instance: Instance) -> AsyncIterator[Instance]:
    """A member of its group until the block ends, or ``source.stop``."""

    def deliver(batch: Batch) -> None:
        instance.deliver(batch)  # as it is then

    task = asyncio.create_task(instance.source.run(deliver))
    try:
        yield instance
    finally:
        instance.source.stop()
        await task
