"""Debezium itself, with the connector that docs/kafka.md gives: what its records tell is what the binlog tells."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from fakes.binlog_follower import Shop, follow, nothing, open_shop, settings_for
from fakes.debezium import describe
from fakes.kafka import Cluster, Instance, running
from fakes.kafka import Shop as KafkaShop
from fakes.prestashop.catalogue import CUSHION, LAMP
from fakes.prestashop.shop import PrestaShop
from fakes.prestashop.states import CANCELED, PAID
from fakes.running_shop import open_shop as running_shop
from fakes.tansu import make_topic
from fakes.waiting import until, wait_until
from parts.debezium import configured, page_settings, running_connector, running_kafka

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.decoding.values import OPAQUE
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys, nothing_found
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.events import Assigned, CartRead, Event, Hydrated, ProductChanged, Revoked
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka import marks
from binlog_watcher.kafka.columns import moment, state
from binlog_watcher.kafka.partition import PartitionReader, Place
from binlog_watcher.kafka.tables import Tables
from binlog_watcher.shop.presets import SAMPLE, load_schema
from binlog_watcher.shop.schema import Schema

pytestmark = [pytest.mark.parts, pytest.mark.timeout(400)]

PARTITIONS = 4
MARKS = range(1_000_000, 1_000_064)
"""Products enough that each partition gets some."""

ByKey = dict[tuple[str, object], list[Event]]


@pytest.fixture(scope="module")
def kafka(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_kafka(kafka_jars, tmp_path_factory.mktemp("kafka")) as address:
        yield address


@pytest.fixture
def shop(mysql_server: Server, mysql_database: str) -> Iterator[Shop]:
    with open_shop(mysql_server, mysql_database) as opened:
        yield opened


class Topics:
    """Reads a shop's topics from the beginning, and tells what they say."""

    def __init__(self, kafka: str, server: Server, database: str, schema: Schema) -> None:
        watched = watched_tables(schema)
        self._tables = Tables(database, watched, describe(server), RowKeys(nothing_found, Stats()))
        self._statements = StatementReader(database, watched)
        self._database = database
        self.readers: dict[tuple[str, int], PartitionReader] = {}
        self.values: list[dict[str, Any]] = []
        self._consumer = Consumer(
            {"bootstrap.servers": kafka, "group.id": database, "auto.offset.reset": "earliest",
             "enable.auto.commit": False, "topic.metadata.refresh.interval.ms": 500}
        )  # fmt: skip
        self._consumer.subscribe(
            [f"^{database}$", f"^{database}\\.cartwake$", f"^__debezium-heartbeat.{database}$"]
        )

    def read_until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        for _ in range(int(seconds * 10)):
            if condition():
                return
            for message in self._consumer.consume(500, 0.1):
                self._take(message)
        pytest.fail(f"waited in vain: {self.readers.keys()}")

    def _take(self, message: Any) -> None:
        if message.error():  # a topic that is not there yet
            return
        place = Place(message.topic(), message.partition(), message.offset())
        reader = self.readers.get(place[:2])
        if reader is None:
            reader = self.readers[place[:2]] = PartitionReader(self._tables, self._statements)
        reader.take(place, message.value(), message.headers())  # a transaction is told by the next one
        found = json.loads(message.value())
        self.values.append(found.get("payload", found))

    def have_marks(self, marks: range) -> bool:
        """Whether all partitions have told what was done before the products of ``marks`` were changed."""
        marked = [
            any(isinstance(event, ProductChanged) and event.product_id in marks for event in reader.events)
            for (topic, _), reader in self.readers.items()
            if topic.endswith(".cartwake")
        ]
        return marked.count(True) == PARTITIONS

    @property
    def events(self) -> list[Event]:
        return [event for reader in self.readers.values() for event in reader.events]

    @property
    def troubles(self) -> list[str]:
        return [trouble.reason for reader in self.readers.values() for trouble in reader.troubles]

    def close(self) -> None:
        self._consumer.close()


def by_key(events: list[Event]) -> ByKey:
    """Of each cart, customer and product what was told, in its order, with the times."""
    found: ByKey = defaultdict(list)
    for event in events:
        if isinstance(event, Assigned | Hydrated | Revoked | CartRead) or _is_mark(event):
            continue
        for name in ("key", "customer", "product_id"):
            if hasattr(event, name):
                found[name, getattr(event, name)].append(event)
    return found


def _is_mark(event: Event) -> bool:
    return (
        isinstance(event, ProductChanged)
        and isinstance(event.product_id, int)
        and event.product_id >= MARKS[0]
    )


@asynccontextmanager
async def followed(server: Server, database: str, schema: Schema) -> AsyncIterator[Callable[[], ByKey]]:
    async with follow(settings_for(server, database), schema=schema, hydrate=nothing) as follower:

        def told() -> ByKey:
            return by_key(follower.events)

        yield told
        assert follower.resets == []


SOME: list[list[str]] = [
    ["INSERT INTO cart (user_id, product_id) VALUES (1, 1), (2, 1), (1, 2), (NULL, 1), (0, 1), (3, 9)"],
    ["UPDATE cart SET quantity = 5 WHERE user_id = 1"],
    ["UPDATE cart SET user_id = 5 WHERE user_id IS NULL"],
    ["UPDATE cart SET user_id = 6 WHERE user_id = 5"],
    ["BEGIN", "INSERT INTO cart (user_id) VALUES (8)", "INSERT INTO orders (user_id) VALUES (8)",
     "DELETE FROM cart WHERE user_id = 8", "COMMIT"],
    ["INSERT INTO orders (user_id, total_amount) VALUES (7, 9.5), (NULL, 3), (0, 4)"],
    ["UPDATE orders SET total_amount = 3 WHERE user_id = 7"],
    ["DELETE FROM orders WHERE user_id = 7"],
    ["REPLACE INTO cart (id, user_id, quantity) VALUES (1, 1, 4)"],
    ["UPDATE cart SET id = 900 WHERE id = 1"],
]  # fmt: skip
MORE = [
    ["ALTER TABLE cart ADD COLUMN note VARCHAR(9), MODIFY user_id BIGINT"],
    ["INSERT INTO cart (user_id, note) VALUES (1, 'x'), (5000000000, 'y')"],
    ["DELETE FROM cart"],
]


def mark(shop: Shop, marks: range) -> None:
    shop.run(f"INSERT INTO products (id, name) VALUES {', '.join(f'({one}, 1)' for one in marks)}")
    shop.run(f"DELETE FROM products WHERE id BETWEEN {marks[0]} AND {marks[-1]}")


async def test_the_sample_shop(kafka: str, kafka_jars: Path, shop: Shop, tmp_path: Path) -> None:
    """With a restart of the connector, another converter behind it, and a table that is altered."""
    keys = {"cart": "user_id", "orders": "user_id"}
    config = configured(shop.server, shop.database, kafka, keys)
    topics = Topics(kafka, shop.server, shop.database, SAMPLE)
    first, second = MARKS[:32], MARKS[32:]
    try:
        async with followed(shop.server, shop.database, SAMPLE) as told:
            with running_connector(kafka_jars, tmp_path, kafka, config):
                for statements in SOME:
                    shop.run(*statements)
                mark(shop, first)
                await asyncio.to_thread(topics.read_until, lambda: topics.have_marks(first))
                assert by_key(topics.events) == told()
            for statements in MORE:
                shop.run(*statements)
            mark(shop, second)
            with running_connector(kafka_jars, tmp_path, kafka, config, schemas=True):
                await asyncio.to_thread(topics.read_until, lambda: topics.have_marks(second))
                assert by_key(topics.events) == told()
                assert ("key", 5_000_000_000) in told()
                assert topics.troubles == []
                assert any(reader.heartbeat_us for reader in topics.readers.values())
        with running_connector(kafka_jars, tmp_path, kafka, config):
            shop.run("TRUNCATE TABLE orders")
            await asyncio.to_thread(topics.read_until, lambda: topics.troubles == ["statement"])
            shop.run("RENAME TABLE cart TO old_cart")
            await asyncio.to_thread(topics.read_until, lambda: topics.troubles == ["statement"] * 2)
    finally:
        topics.close()


async def test_a_shop_with_headers_and_lines(
    kafka: str, kafka_jars: Path, mysql_server: Server, mysql_database: str, tmp_path: Path
) -> None:
    schema = load_schema("prestashop-8")
    keys = {"ps_cart": "id_cart", "ps_cart_product": "id_cart", "ps_orders": "id_cart"}
    config = configured(mysql_server, mysql_database, kafka, keys)
    topics = Topics(kafka, mysql_server, mysql_database, schema)
    with mysql_server.connect(database=mysql_database, autocommit=True) as connection:

        def run(sql: str, parameters: Any = None) -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return list(cursor.fetchall())

        presta = PrestaShop(run)
        presta.create()
        try:
            async with followed(mysql_server, mysql_database, schema) as told:
                with running_connector(kafka_jars, tmp_path, kafka, config):
                    cart = presta.new_cart(guest=301)
                    presta.add(cart, LAMP.id)
                    presta.login(cart, presta.register("jane@example.com"))
                    presta.add(cart, CUSHION.id, 2)
                    presta.change_quantity(cart, CUSHION.id, 5)
                    presta.remove(cart, CUSHION.id)
                    presta.set_state(presta.order(cart, state=PAID), CANCELED)
                    rows = ", ".join(f"({number}, 1)" for number in MARKS)
                    run("SET sql_mode = ''")
                    run(f"INSERT INTO ps_product_shop (id_product, id_shop) VALUES {rows}")
                    run(f"DELETE FROM ps_product_shop WHERE id_product >= {MARKS[0]}")
                    await asyncio.to_thread(topics.read_until, lambda: topics.have_marks(MARKS))
                    assert by_key(topics.events) == told()
                    assert len(told()["key", cart]) > 6
                    assert topics.troubles == []
        finally:
            topics.close()


async def test_a_snapshot_says_no_more_than_the_tables(
    kafka: str, kafka_jars: Path, shop: Shop, tmp_path: Path
) -> None:
    shop.run("INSERT INTO cart (user_id) VALUES (1)")
    config = configured(
        shop.server, shop.database, kafka, {"cart": "user_id"}, **{"snapshot.mode": "initial"}
    )
    topics = Topics(kafka, shop.server, shop.database, SAMPLE)
    try:
        with running_connector(kafka_jars, tmp_path, kafka, config):
            await asyncio.to_thread(topics.read_until, lambda: topics.troubles == ["snapshot"])
            mark(shop, MARKS)
            await asyncio.to_thread(topics.read_until, lambda: topics.have_marks(MARKS))
        assert by_key(topics.events) == {}
    finally:
        topics.close()


MARK_TABLE = (
    "CREATE TABLE cart_abandonment_mark (mark INT NOT NULL PRIMARY KEY, written_at TIMESTAMP(6) NOT NULL)"
)


class Topic:
    """A shop's topic as the connector fills it, for instances that read it."""

    threshold = 3_600_000_000

    def __init__(self, kafka: str, shop: Shop) -> None:
        self.brokers = [kafka]
        self.topic, self.group = f"{shop.database}.cartwake", f"{shop.database}.cartwake"
        self.database = shop.database
        watched = watched_tables(SAMPLE)
        self.tables = Tables(shop.database, watched, describe(shop.server), RowKeys(nothing_found, Stats()))
        self._shop = shop

    @property
    def now(self) -> int:
        return time.time_ns() // 1000

    def mark(self) -> None:
        """As somebody does each second."""
        rows = ", ".join(f"({mark}, UTC_TIMESTAMP(6))" for mark in marks.marks_for(PARTITIONS))
        self._shop.run(f"REPLACE INTO cart_abandonment_mark (mark, written_at) VALUES {rows}")

    async def marks(self) -> None:
        while True:
            await asyncio.to_thread(self.mark)
            await asyncio.sleep(1)


async def test_marks_take_the_whole_way_and_stop_with_the_connector(
    kafka: str, kafka_jars: Path, shop: Shop, tmp_path: Path
) -> None:
    config = configured(shop.server, shop.database, kafka, {"cart": "user_id", "orders": "user_id"})
    shop.run(MARK_TABLE)
    topic = Topic(kafka, shop)
    marking = asyncio.create_task(topic.marks())
    try:
        with running_connector(kafka_jars, tmp_path, kafka, config):
            async with running(Instance(topic)) as first:
                shop.run(
                    "INSERT INTO cart (user_id, product_id) VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)"
                )
                shop.run("INSERT INTO orders (user_id) VALUES (3)")
                await until(lambda: first.up_to_date() and first.dues().keys() == {1, 2, 4, 5}, 60)
                dues = first.dues()
            async with running(Instance(topic)) as second:
                await until(lambda: second.up_to_date() and second.dues() == dues, 60)
                assert second.missed == []
                assert first.dues() == {}
        async with running(Instance(topic)) as third:  # marks are written, and nobody takes them on
            await until(lambda: third.dues() == dues and third.has(*range(PARTITIONS)), 60)
            await until(lambda: not third.up_to_date(), 60)
            shop.run("UPDATE cart SET quantity = 2 WHERE user_id = 1")
            with running_connector(kafka_jars, tmp_path, kafka, config):
                await until(lambda: third.up_to_date() and third.dues()[1] > dues[1], 60)
                assert third.dues() == dues | {1: third.dues()[1]}
    finally:
        marking.cancel()


VALUES: list[tuple[str, str, object]] = [
    ("TINYINT", "-1", -1), ("TINYINT UNSIGNED", "200", 200), ("BOOL", "TRUE", 1),
    ("BIGINT UNSIGNED", "18446744073709551615", 18446744073709551615), ("BIGINT", "-5", -5),
    ("BIT(1)", "b'1'", 1), ("BIT(9)", "b'100000010'", 258), ("ENUM('a','b')", "'b'", "b"),
    ("SET('x','y')", "'x,y'", OPAQUE), ("VARCHAR(9)", "'väl'", "väl"), ("CHAR(9)", "'ch'", "ch"),
    ("VARCHAR(9) CHARACTER SET latin1", "'ä'", "ä"), ("BINARY(4)", "x'01ff'", "01ff0000"),
    ("VARBINARY(9)", "x'fbff'", "fbff"), ("TEXT", "'text'", OPAQUE), ("BLOB", "x'00ff'", OPAQUE),
    ("DECIMAL(12,3)", "12.345", OPAQUE), ("DATETIME(6)", "NOW(6)", OPAQUE), ("INT", "NULL", None),
]  # fmt: skip
MOMENTS = [
    ("DATETIME", "2026-01-31 12:00:00", 1_769_860_800_000_000),
    ("DATETIME(3)", "2026-01-31 12:00:00.123", 1_769_860_800_123_000),
    ("DATETIME(6)", "2026-01-31 12:00:00.123456", 1_769_860_800_123_456),
    ("TIMESTAMP", "2026-01-31 12:00:00", 1_769_860_800_000_000),
    ("TIMESTAMP(6)", "2026-01-31 12:00:00.123456", 1_769_860_800_123_456),
]


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"time.precision.mode": "connect", "bigint.unsigned.handling.mode": "precise"},
        {"time.precision.mode": "isostring", "decimal.handling.mode": "string"},
    ],
)  # fmt: skip
async def test_values_of_every_type(
    kafka: str, kafka_jars: Path, shop: Shop, tmp_path: Path, choices: dict[str, str]
) -> None:
    names = [f"c{at}" for at in range(len(VALUES) + len(MOMENTS))]
    types = [one[0] for one in (*VALUES, *MOMENTS)]
    columns = ", ".join(f"{name} {kind} NULL" for name, kind in zip(names, types, strict=True))
    values = [text for _, text, _ in VALUES] + [f"'{text}'" for _, text, _ in MOMENTS]
    shop.run("SET time_zone = '+00:00'", f"CREATE TABLE kinds (id INT PRIMARY KEY, {columns})")
    topics = Topics(kafka, shop.server, shop.database, SAMPLE)
    config = configured(shop.server, shop.database, kafka, {"cart": "user_id"}, **choices)
    try:
        with running_connector(kafka_jars, tmp_path, kafka, config):
            shop.run(f"INSERT INTO kinds VALUES (1, {', '.join(values)})")
            await asyncio.to_thread(
                topics.read_until, lambda: any(_is_of_kinds(one) for one in topics.values)
            )
    finally:
        topics.close()
    (image,) = [one["after"] for one in topics.values if _is_of_kinds(one)]
    described = {one.name: one for one in describe(shop.server)(shop.database, "kinds")}
    states = [state(described[name], image[name]) for name in names[: len(VALUES)]]
    assert states == [expected for _, _, expected in VALUES]
    moments = [moment(described[name], image[name]) for name in names[len(VALUES) :]]
    if choices.get("time.precision.mode") == "connect":  # milliseconds, of a DATETIME
        moments[2:3] = [1_769_860_800_123_456 if moments[2] == 1_769_860_800_123_000 else None]
    assert moments == [expected for _, _, expected in MOMENTS]


def _is_of_kinds(value: dict[str, Any]) -> bool:
    return value.get("op") == "c" and value["source"]["table"] == "kinds"


async def test_two_members_of_one_name_end_with_an_error(kafka: str) -> None:
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 0, "log_level": 0})
    shop = KafkaShop(Cluster(producer, [kafka], lambda topic: make_topic(kafka, topic, PARTITIONS)))
    for user in range(1, 9):
        shop.cart("c", user)
    first, second = (Instance(shop, member="worker-1") for _ in range(2))

    async def both() -> None:
        async with running(first):
            await until(lambda: first.has(*range(PARTITIONS)), 60)
            async with running(second):
                await until(lambda: first.source._error is not None, 60)
                await until(lambda: second.has(*range(PARTITIONS)), 60)  # the younger one works

    with pytest.raises(ConfigError, match=r"another process is member 'worker-1' .*: give each its own name"):
        await both()
    assert first.dues() == {}


def test_as_the_page_says_from_a_topic_to_a_mail(
    kafka: str, kafka_jars: Path, mysql_server: Server, mysql_database: str, tmp_path: Path
) -> None:
    """With the page's list of tables: what comes is what a stranger gets."""
    database, topic = mysql_database, f"{mysql_database}.cartwake"
    config = configured(mysql_server, database, kafka, {"cart": "user_id", "orders": "user_id"})
    config["table.include.list"] = page_settings()["table.include.list"].replace("shop.", f"{database}.")
    make_topic(kafka, topic, PARTITIONS)
    with running_shop(mysql_server, database, tmp_path) as shop:
        instance = shop.process(
            "--source", "kafka", KAFKA_BROKERS=kafka, KAFKA_TOPIC=topic, KAFKA_GROUP=topic
        )
        instance.start()
        with running_connector(kafka_jars, tmp_path, kafka, config):
            asyncio.run(instance.wait_until_ready(120))
            addresses = [shop.user(user) for user in (1, 2)]
            shop.add(1)
            shop.add(2)
            shop.run("INSERT INTO orders (user_id, total_amount) VALUES (1, 10)")
            shop.wait_for_mail(addresses[1], 60)
        assert instance.stop() == 0
        wait_until(lambda: [row[:2] for row in shop.log()] == [("2", "sent")])
