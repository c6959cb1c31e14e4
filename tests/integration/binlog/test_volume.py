"""Transactions that are too big for the memory, and consumers that are too slow for the server."""

import asyncio
import resource
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.binlog_follower import Follower, Shop, follow, nothing, open_shop, settings_for

from binlog_watcher.binlog.connection import dump
from binlog_watcher.core.events import CartChanged, Change, ProductChanged
from binlog_watcher.demo.server import Server

ROWS, KEYS = 100_000, 300
FILL = """INSERT INTO cart (user_id, product_id) SELECT 1 + (a.n * 1000 + b.n) % {keys}, 1
FROM (SELECT n FROM numbers WHERE n < {thousands}) a CROSS JOIN (SELECT n FROM numbers) b"""


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        numbers = ", ".join(f"({n})" for n in range(1000))
        opened.run("CREATE TABLE numbers (n INT PRIMARY KEY)", f"INSERT INTO numbers VALUES {numbers}")
        yield opened


async def _peak_of(follower: Follower, shop: Shop, *statements: str) -> int:
    """The most bytes that Python held while the statements' one transaction was read."""
    await asyncio.to_thread(shop.run, "BEGIN", *statements)
    follower.events.clear()
    tracemalloc.start()
    try:
        shop.run("COMMIT")
        await follower.until(lambda: len(follower.events) >= KEYS, seconds=120)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_a_transaction_costs_memory_by_its_keys_not_by_its_rows(shop: Shop) -> None:
    """The rows' ids, kept for MINIMAL images, have a bound of their own; FULL updates do not add to them."""
    async with follow(settings_for(shop.server, shop.database), hydrate=nothing) as follower:
        inserted = await _peak_of(follower, shop, FILL.format(keys=KEYS, thousands=ROWS // 1000))
        assert len(follower.events) == KEYS
        assert inserted < 25_000_000
        updated = await _peak_of(follower, shop, "UPDATE cart SET quantity = 2")
        assert {(e.key, e.change) for e in follower.events if isinstance(e, CartChanged)} == {
            (key, Change.UPDATE) for key in range(1, KEYS + 1)
        }
        assert updated < 4_000_000, "40 bytes a row: nothing is kept for each"
        assert follower.source.stats.rows >= 2 * ROWS
        assert follower.resets == []


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def test_a_million_rows_in_one_transaction(shop: Shop) -> None:
    """Memory by the process's own pages: counting each object would take minutes."""
    peak = 0

    def all_seen() -> bool:
        nonlocal peak
        peak = max(peak, _resident_bytes())
        return len(follower.events) >= KEYS

    async with follow(settings_for(shop.server, shop.database), hydrate=nothing) as follower:
        for _ in range(2):  # the first fills what is bounded: buffers, and the ids of rows seen lately
            await asyncio.to_thread(shop.run, FILL.format(keys=KEYS, thousands=100))
            await follower.settle(shop)
        follower.events.clear()
        before = _resident_bytes()
        await asyncio.to_thread(shop.run, FILL.format(keys=KEYS, thousands=1000))
        await follower.until(all_seen, seconds=120)
        assert peak - before < 30_000_000, "30 bytes a row"
        await follower.settle(shop)
        assert follower.source.stats.rows >= 1_200_000
        assert follower.resets == []


async def test_a_consumer_that_stands_still_is_not_cut_off(shop: Shop) -> None:
    """The server would give up after a second; the reader has asked it to be patient."""
    big = "INSERT INTO products (id, name, description) VALUES ({at}, 'big', REPEAT('x', 60000))"
    shop.run("SET GLOBAL net_write_timeout = 1")
    try:
        async with follow(settings_for(shop.server, shop.database)) as follower:
            follower.gate.clear()
            for at in range(1, 501):  # more than both ends' socket buffers hold
                shop.run(big.format(at=at))
            begun = time.monotonic()
            await follower.until(lambda: time.monotonic() - begun > 3)
            follower.gate.set()
            await follower.settle(shop)
            found = {e.product_id for e in follower.events if isinstance(e, ProductChanged)}
            assert found >= set(range(1, 501))
            assert follower.source.stats.reconnects == 0
            assert dump._NET_WRITE_TIMEOUT_S >= 60
    finally:
        shop.run("SET GLOBAL net_write_timeout = DEFAULT")
