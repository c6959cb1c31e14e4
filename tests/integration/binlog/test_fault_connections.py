"""Connections and servers that break while the shop is at work: no reset, and every timer as it should be."""

import asyncio
import contextlib
import random
from collections.abc import Iterator

import pymysql
import pytest
import structlog
from fakes.binlog_follower import Shop, open_shop
from fakes.fault_proxy import FaultProxy
from fakes.invariant import prepare, watch
from fakes.shop_writers import Writers

from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.connection import Tls


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        prepare(opened)
        yield opened


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with FaultProxy(server.port).running() as running:
        yield running


def kill_dump_threads(shop: Shop) -> int:
    """How many there were to kill."""
    threads = [row[0] for row in shop.run("SHOW PROCESSLIST") if str(row[4]).startswith("Binlog Dump")]
    for thread in threads:
        with contextlib.suppress(pymysql.MySQLError):  # it ended by itself
            shop.run(f"KILL {thread}")
    return len(threads)


async def test_dump_thread_killed(shop: Shop) -> None:
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            for _ in range(5):
                await writers.busy()
                assert kill_dump_threads(shop)
                await watching.settled()
        assert watching.source.stats.reconnects >= 5
        await watching.holds(resets={}, took_us=writers.took_us)


async def test_dump_thread_killed_amid_every_kind_of_change(shop: Shop) -> None:
    async with watch(shop) as watching:
        with Writers(shop, mixed=True) as writers:
            for _ in range(5):
                await writers.busy()
                assert kill_dump_threads(shop)
                await watching.settled()
        await watching.holds(resets={})


async def test_server_crashes_twice(server: Server) -> None:
    with private_server(server.flavor) as own:
        with own.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
        with open_shop(own, "shop") as shop:
            prepare(shop)
            async with watch(shop) as watching:
                with Writers(shop) as writers:
                    for _ in range(2):
                        await writers.busy()
                        await asyncio.to_thread(own.kill)
                        await asyncio.to_thread(own.start)
                        await writers.busy()
                assert watching.source.stats.reconnects >= 2
                await watching.holds(resets={}, took_us=writers.took_us)


@pytest.mark.parametrize("tls", [Tls.OFF, Tls.PREFERRED])
async def test_frozen_peer(shop: Shop, proxy: FaultProxy, tls: Tls) -> None:
    async with watch(shop, reader={"port": proxy.port, "tls": tls}, heartbeat_s=0.2) as watching:
        with Writers(shop) as writers:
            for _ in range(2):
                await writers.busy()
                before = watching.source.stats.reconnects
                proxy.freeze()
                await watching.until(lambda before=before: watching.source.stats.reconnects > before)
                await watching.settled()
        await watching.holds(resets={}, took_us=writers.took_us)


@pytest.mark.parametrize("tls", [Tls.OFF, Tls.PREFERRED])
async def test_packets_written_by_half(shop: Shop, proxy: FaultProxy, tls: Tls) -> None:
    chance = random.Random(1)
    async with watch(shop, reader={"port": proxy.port, "tls": tls}) as watching:
        with Writers(shop, mixed=True):
            for done in range(1, 9):
                proxy.cut_after(chance.randint(1, 4000))
                await watching.until(lambda done=done: proxy.cuts == done)
                await watching.settled()
        assert watching.source.stats.reconnects >= 8
        await watching.holds(resets={})


async def test_server_id_taken(shop: Shop) -> None:
    with structlog.testing.capture_logs() as logs:
        async with watch(shop, server_id=4711) as first, watch(shop, server_id=4711) as second:
            with Writers(shop) as writers:
                await first.until(lambda: any(log["event"] == "binlog.server_id_taken" for log in logs))
                await writers.busy()
            await first.holds(resets={}, took_us=writers.took_us)
            await second.holds(resets={}, took_us=writers.took_us)


async def test_garbled_behind_an_order(shop: Shop, proxy: FaultProxy) -> None:
    """What was read before the garbled event is not applied after the tables, which know more."""
    async with watch(shop, reader={"port": proxy.port}) as watching:
        shop.run("INSERT INTO cart (user_id, product_id, quantity) VALUES (1, 1, 1)")
        await watching.settled()
        proxy.hold()
        proxy.garble(b"garble me")
        shop.run(
            "INSERT INTO orders (user_id, total_amount) VALUES (1, 5)",
            "INSERT INTO products (name) VALUES ('garble me')",
            "INSERT INTO cart (user_id, product_id, quantity, created_at) VALUES (1, 2, 1, NOW() + INTERVAL 5 SECOND)",
        )
        proxy.release()
        await watching.until(lambda: bool(watching.source.stats.resets))
        await watching.holds(resets={"decode": 1})
