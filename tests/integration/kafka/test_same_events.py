"""Both sources tell the same of the same transactions: the binlog, and Debezium's records of its rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fakes.binlog_follower import Follower, Shop, follow, nothing, open_shop, settings_for
from fakes.debezium import Record, Writer, describe, end_of
from fakes.prestashop.catalogue import CUSHION, LAMP
from fakes.prestashop.shop import PrestaShop
from fakes.prestashop.states import CANCELED, PAID
from fakes.sessions import PRESET, Item, Sessions

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys, nothing_found
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Event, Hydrated, Revoked
from binlog_watcher.demo.server import Server
from binlog_watcher.kafka.partition import PartitionReader, Place
from binlog_watcher.kafka.tables import Tables
from binlog_watcher.shop.presets import SAMPLE, load_schema, parse_schema
from binlog_watcher.shop.schema import Schema

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the stock library's


@pytest.fixture
def shop(mysql_server: Server, mysql_database: str) -> Iterator[Shop]:
    with open_shop(mysql_server, mysql_database) as opened:
        yield opened


def reader_of(server: Server, database: str, schema: Schema) -> PartitionReader:
    watched = watched_tables(schema)
    tables = Tables(database, watched, describe(server), RowKeys(nothing_found, Stats()))
    return PartitionReader(tables, StatementReader(database, watched))


def told(reader: PartitionReader, records: Sequence[Record]) -> list[Event]:
    """What one partition with all of them tells."""
    for offset, record in enumerate(records):
        reader.take(Place("shop", 0, offset), record.value, record.headers)
    reader.flush()
    assert reader.troubles == []
    return reader.events


def without_times(events: Sequence[Event]) -> list[Event]:
    found: list[Event] = []
    for event in events:
        assert not isinstance(event, Assigned | Hydrated | Revoked | CartRead)
        found.append(replace(event, at_us=0))
    return found


async def both(
    server: Server, database: str, schema: Schema, act: Callable[[], object], **connector: Any
) -> tuple[list[Event], list[Event]]:
    """What the binlog told of what ``act`` did, and what the connector's records tell."""
    connection = settings_for(server, database)
    since = end_of(server)
    mark = Shop(server, database)
    async with follow(connection, schema=schema, hydrate=nothing) as follower:
        before = len(follower.events)
        act()
        mark.run("CREATE TABLE IF NOT EXISTS nobodys (id INT)")
        await follower.until(lambda: follower.source.stats.position != "" and _reached(follower, server))
        by_binlog = without_times(follower.events[before:])
        assert follower.resets == []
    mark.close()
    writer = Writer(server, connector.pop("keys", {}), **connector)
    records = list(writer.records(since))
    return by_binlog, without_times(told(reader_of(server, database, schema), records))


def _reached(follower: Follower, server: Server) -> bool:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GTID_SUBSET(@@global.gtid_executed, %s)", (follower.source.stats.position,))
        row = cursor.fetchone()
        return row is not None and bool(row[0])


SAMPLE_TRANSACTIONS: list[list[str]] = [
    ["INSERT INTO cart (user_id, product_id, quantity) VALUES (7, 1, 1)"],
    ["INSERT INTO cart (user_id, product_id) VALUES (1, 1), (2, 1), (1, 2), (NULL, 1), (0, 1), (3, 9)"],
    ["UPDATE cart SET quantity = 5 WHERE user_id = 1"],
    ["UPDATE cart SET user_id = 5 WHERE user_id IS NULL"],
    ["UPDATE cart SET user_id = 6 WHERE user_id = 5"],
    ["UPDATE cart SET user_id = NULL WHERE user_id = 6"],
    ["BEGIN", "INSERT INTO cart (user_id) VALUES (8)", "INSERT INTO orders (user_id) VALUES (8)",
     "DELETE FROM cart WHERE user_id = 8", "COMMIT"],
    ["BEGIN", "INSERT INTO cart (user_id) VALUES (9)", "ROLLBACK"],
    ["BEGIN", "INSERT INTO orders (user_id) VALUES (9)", "INSERT INTO cart (user_id) VALUES (9)", "COMMIT"],
    ["INSERT INTO orders (user_id, total_amount) VALUES (7, 9.5), (NULL, 3), (0, 4)"],
    ["UPDATE orders SET total_amount = 3 WHERE user_id = 7"],
    ["UPDATE orders SET user_id = 2 WHERE user_id = 7"],
    ["DELETE FROM orders WHERE user_id = 2"],
    ["REPLACE INTO cart (id, user_id, quantity) VALUES (1, 7, 4)"],
    ["REPLACE INTO cart (id, user_id, quantity) VALUES (1, 4, 4)"],
    ["INSERT INTO cart (id, user_id, quantity) VALUES (1, 4, 4) ON DUPLICATE KEY UPDATE quantity = 9"],
    ["UPDATE cart SET id = 900 WHERE id = 1"],
    ["INSERT INTO products (id, name) VALUES (3, 'mouse')"],
    ["UPDATE products SET name = 'mice', price = 1.25 WHERE id = 3"],
    ["INSERT INTO users (name) VALUES ('Ada')"],
    ["DELETE FROM cart"],
]  # fmt: skip


@pytest.mark.parametrize(
    "connector", [{}, {"schemas": True, "datetimes": None}, {"datetimes": 1_000_000}, {"datetimes": 10**9}]
)
async def test_the_sample_shop(shop: Shop, connector: dict[str, Any]) -> None:
    def act() -> None:
        for statements in SAMPLE_TRANSACTIONS:
            shop.run(*statements)

    by_binlog, by_kafka = await both(shop.server, shop.database, SAMPLE, act, **connector)
    assert by_kafka == by_binlog
    assert len(by_binlog) > 25


async def test_rows_that_move_to_another_key_when_carts_are_keyed(shop: Shop) -> None:
    """The connector makes two records of it, one in each key's partition: each tells its half."""

    def act() -> None:
        for statements in SAMPLE_TRANSACTIONS:
            shop.run(*statements)

    keys = {"cart": "user_id", "orders": "user_id"}
    by_binlog, by_kafka = await both(shop.server, shop.database, SAMPLE, act, keys=keys)
    assert by_kafka == by_binlog


async def test_carts_in_documents(shop: Shop) -> None:
    schema = parse_schema(PRESET, "my.toml")
    shop.run("DROP TABLE orders, cart, users, products")
    sessions = Sessions(shop.run)
    with shop.server.connect(database=shop.database, autocommit=True) as connection:

        def run(sql: str, parameters: Any = None) -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return list(cursor.fetchall())

        sessions = Sessions(run)
        sessions.create()

        def act() -> None:
            sessions.save("7", Item(1))
            sessions.save("7", Item(1))
            sessions.save("7", Item(1), seen="a page")
            sessions.save("7", Item(1), Item(2, 3, 60.0, variant=21), email="jane@example.com")
            sessions.save("t_1", Item(2))
            sessions.save("t_1")
            sessions.order(customer=7)
            sessions.order("open", email="jane@example.com")
            run("UPDATE sessions SET session_key = '8' WHERE session_key = '7'")
            sessions.leave("8")

        by_binlog, by_kafka = await both(shop.server, shop.database, schema, act)
    assert by_kafka == by_binlog
    assert any(isinstance(event, CartChanged) and event.digest is not None for event in by_kafka)


async def test_a_shop_with_headers_and_lines(mysql_server: Server, mysql_database: str) -> None:
    schema = load_schema("prestashop-8")
    with mysql_server.connect(database=mysql_database, autocommit=True) as connection:

        def run(sql: str, parameters: Any = None) -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return list(cursor.fetchall())

        presta = PrestaShop(run)
        presta.create()

        def act() -> None:
            guests = presta.new_cart(guest=301)
            presta.add(guests, LAMP.id)
            presta.login(guests, presta.register("jane@example.com"))
            presta.add(guests, CUSHION.id, 2)
            presta.change_quantity(guests, CUSHION.id, 5)
            presta.remove(guests, CUSHION.id)
            presta.visit(guests)
            order = presta.order(guests, state=PAID)
            presta.set_state(order, CANCELED)

        by_binlog, by_kafka = await both(mysql_server, mysql_database, schema, act)
    assert by_kafka == by_binlog
    assert len(by_binlog) > 8
