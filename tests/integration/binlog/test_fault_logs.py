"""Logs that vanish, tables that are emptied or exchanged, days without a customer: one reset, or none."""

import asyncio
import contextlib
import itertools
import tracemalloc
from collections.abc import Iterator

import pymysql
import pytest
from fakes.binlog_events import format_description, heartbeat, rotate
from fakes.binlog_follower import Shop, open_shop
from fakes.fault_proxy import FaultProxy
from fakes.invariant import prepare, watch
from fakes.shop_writers import Writers

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.shop.presets import SAMPLE

A_DAY_OF_HEARTBEATS = 86_400


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        prepare(opened)
        yield opened


@pytest.fixture
def own_shop(server: Server) -> Iterator[Shop]:
    """A shop on a server of its own, whose history the test may destroy."""
    with private_server(server.flavor) as own:
        with own.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
        with open_shop(own, "shop") as opened:
            prepare(opened)
            yield opened


def dump_threads(shop: Shop) -> list[int]:
    return [int(row[0]) for row in shop.run("SHOW PROCESSLIST") if str(row[4]).startswith("Binlog Dump")]


def purged(shop: Shop) -> bool:
    """Whether only the newest log is left; a server keeps those that a dump thread or a checkpoint needs."""
    for thread in dump_threads(shop):
        with contextlib.suppress(pymysql.MySQLError):  # it ended by itself
            shop.run(f"KILL {thread}")
    last = shop.run("SHOW BINARY LOGS")[-1][0]
    shop.run(f"PURGE BINARY LOGS TO '{last}'")
    return len(shop.run("SHOW BINARY LOGS")) == 1


async def test_logs_rotated_and_purged_behind_the_reader(own_shop: Shop) -> None:
    shop = own_shop
    async with watch(shop) as watching:
        with Writers(shop, mixed=True) as writers:
            for _ in range(4):
                await writers.busy()
                shop.run("FLUSH BINARY LOGS")
                await watching.settled()
                last = shop.run("SHOW BINARY LOGS")[-1][0]
                shop.run(f"PURGE BINARY LOGS TO '{last}'")
        await watching.holds(resets={})


async def test_logs_purged_while_disconnected(own_shop: Shop) -> None:
    shop = own_shop
    with FaultProxy(shop.server.port).running() as proxy:
        async with watch(shop, reader={"port": proxy.port}) as watching:
            with Writers(shop) as writers:
                await writers.busy()
                proxy.cut(refuse=True)
                await writers.busy()
                shop.run("FLUSH BINARY LOGS")
                await writers.busy()
                await watching.until(lambda: purged(shop))
                proxy.mend()
                await watching.until(lambda: bool(watching.source.stats.resets))
                await writers.busy()
            # Whoever notices first: the server, or we when we look for our place.
            (reason,) = watching.source.stats.resets
            assert reason in ("purged", "history_lost")
            await watching.holds(resets={reason: 1}, took_us=writers.took_us)


async def test_history_reset(own_shop: Shop) -> None:
    shop = own_shop
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            await writers.busy(100)
            await watching.settled()
        shop.run("RESET BINARY LOGS AND GTIDS" if shop.server.flavor == "mysql" else "RESET MASTER")
        for thread in dump_threads(shop):
            with contextlib.suppress(pymysql.MySQLError):
                shop.run(f"KILL {thread}")
        with Writers(shop) as again:
            await again.busy()
            await watching.until(lambda: bool(watching.source.stats.resets))
            await again.busy()
        (reason,) = watching.source.stats.resets
        assert reason in ("purged", "history_lost")
        await watching.holds(resets={reason: 1}, took_us=writers.took_us | again.took_us)


async def test_truncated_under_load(shop: Shop) -> None:
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            for times in range(1, 4):
                await writers.busy()
                await asyncio.to_thread(shop.run, "TRUNCATE TABLE cart")
                await watching.until(lambda times=times: watching.source.stats.resets == {"statement": times})
            await writers.busy()
        await watching.holds(resets={"statement": 3}, took_us=writers.took_us)


async def test_orders_truncated(shop: Shop) -> None:
    """Who has bought by the stream has not bought by the tables: the carts count again."""
    async with watch(shop) as watching:
        shop.run("INSERT INTO cart (user_id, product_id, quantity) VALUES (1, 1, 1), (2, 1, 1)",
                 "INSERT INTO orders (user_id, total_amount) VALUES (1, 5)")  # fmt: skip
        await watching.settled()
        assert not watching.tracker.knows(1)
        shop.run("TRUNCATE orders")
        await watching.holds(resets={"statement": 1})
        assert watching.tracker.knows(1)


async def test_cart_table_exchanged_under_load(shop: Shop) -> None:
    """As tools do that change big tables: a copy takes the table's place."""
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            await writers.busy()
            shop.run("CREATE TABLE cart_new LIKE cart", "ALTER TABLE cart_new ADD note TEXT FIRST",
                     "INSERT INTO cart_new (user_id, product_id, quantity) VALUES (70001, 1, 1)")  # fmt: skip
            await asyncio.to_thread(shop.run, "RENAME TABLE cart TO cart_old, cart_new TO cart")
            await writers.busy()
        assert not writers.failed
        await watching.holds(resets={"statement": 1})


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ("RENAME TABLE cart TO elsewhere", "RENAME TABLE elsewhere TO cart"),
        ("DROP TABLE cart", "CREATE TABLE cart LIKE spare"),
    ],
)
async def test_cart_table_gone_for_a_while(shop: Shop, away: str, back: str) -> None:
    shop.run("CREATE TABLE spare LIKE cart")
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            await writers.busy()
            await asyncio.to_thread(shop.run, away)
            await watching.until(lambda: watching.source.stats.reconnects > 0)  # has looked in vain
            await asyncio.to_thread(shop.run, back)
            await writers.busy()
        await watching.settled()
        assert set(watching.source.stats.resets) == {"statement"}
        await watching.holds(resets={"statement": watching.source.stats.resets["statement"]})


async def test_statement_format(shop: Shop) -> None:
    async with watch(shop) as watching:
        with Writers(shop, mixed=True) as writers:
            await writers.busy(40)
        await watching.settled()
        assert watching.source.stats.resets == {}
        number = itertools.count(1)
        for statement in (
            "INSERT INTO cart (user_id, product_id, quantity) VALUES (70001, 1, 1)",
            "UPDATE cart SET quantity = quantity + 1 WHERE user_id < 30",
            "DELETE FROM orders",
        ):
            shop.run("SET SESSION binlog_format = 'STATEMENT'", statement)
            await watching.holds(resets={"statement": next(number)})


async def test_an_idle_day(shop: Shop) -> None:
    async with watch(shop, heartbeat_s=0.02) as watching:
        with Writers(shop) as writers:
            await writers.busy()
        await watching.settled()
        events, arrived = watching.source.stats.events, len(watching.progress)
        await watching.until(lambda: watching.source.stats.events - events > 150)
        assert all(progress.caught_up for progress in watching.progress[arrived:][-10:])
        await watching.holds(resets={}, took_us=writers.took_us)


def test_a_day_of_heartbeats_leaves_nothing_behind() -> None:
    def no_dictionary(_: TableMap) -> tuple[Column, ...]:
        raise AssertionError

    watched = watched_tables(SAMPLE)
    decoder = Decoder(Tables("shop", watched, no_dictionary), StatementReader("shop", watched), Stats())
    decoder.restart(Position("binlog.000001", 4, "me", GtidSet()), ("binlog.000001", 500))
    for opening in (rotate("binlog.000001", 4), format_description()):
        decoder.feed(opening, 0, len(opening))
    beat = heartbeat("binlog.000001", 500)
    decoder.feed(beat, 0, len(beat))
    position = str(decoder.reached.position)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(A_DAY_OF_HEARTBEATS):
            decoder.feed(beat, 0, len(beat))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000
    assert (decoder.reached.idle, decoder.reached.caught_up, decoder.lag_us(1 << 60)) == (True, True, 0)
    assert (decoder.events, decoder.troubles, str(decoder.reached.position)) == ([], [], position)
