"""No committed row may fall between the hydration and the stream, however many are written meanwhile."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Self

import pytest
from fakes.binlog_follower import Follower, Shop, carts, follow, open_shop, settings_for

from binlog_watcher.core.events import CartChanged, CartRead, Change
from binlog_watcher.demo.server import Server, private_server

WRITERS = 4
SNAPSHOTS, AT_ONCE = 100, 5  # of each kind of server


@pytest.fixture(params=["mysql", "mysql_without_gtids", "mariadb"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with contextlib.ExitStack() as stack:
        if request.param == "mysql_without_gtids":
            options = {"gtid_mode": "OFF", "enforce_gtid_consistency": "OFF"}
            server: Server = stack.enter_context(private_server("mysql", options=options))
        else:
            server = request.getfixturevalue(f"{request.param}_server")
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS anchors")
            cursor.execute("CREATE DATABASE anchors")
        yield stack.enter_context(open_shop(server, "anchors"))
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("DROP DATABASE anchors")


class Writers:
    """Inserts carts of ever new customers, as fast as the server takes them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._stop = threading.Event()
        self.written: list[set[int]] = [set() for _ in range(WRITERS)]
        self._threads = [threading.Thread(target=self._write, args=(at,)) for at in range(WRITERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        session = Shop(self._shop.server, self._shop.database)
        user = number + 1
        while not self._stop.is_set():
            session.run(f"INSERT INTO cart (user_id) VALUES ({user})")
            self.written[number].add(user)
            user += WRITERS
        session.close()


def seen(follower: Follower) -> set[object]:
    return {
        event.key
        for event in follower.events
        if isinstance(event, CartRead) or (isinstance(event, CartChanged) and event.change is Change.INSERT)
    }


def marker(shop: Shop) -> Callable[[], None]:
    """A row of our own, committed."""
    session = Shop(shop.server, shop.database)
    session.run("CREATE TABLE IF NOT EXISTS marks (id INT AUTO_INCREMENT PRIMARY KEY)")

    def mark() -> None:
        session.run("INSERT INTO marks VALUES ()")

    return mark


async def take_snapshots(shop: Shop, writers: Writers, count: int) -> list[set[object]]:
    """Anchor, hydrate and follow again and again; for each time what was written and not seen."""
    settings = settings_for(shop.server, shop.database)
    mark = marker(shop)
    lost: list[set[object]] = []
    for _ in range(count):
        async with follow(settings, marker=mark, hydrate=carts(settings)) as follower:
            await follower.settle(shop)
            written = {user for found in writers.written for user in found.copy()}
            await follower.settle(shop)  # now all of them have been read
            lost.append(set(written - seen(follower)))
    return lost


async def test_no_row_is_lost_between_snapshot_and_stream(shop: Shop) -> None:
    with Writers(shop) as writers:
        found = await asyncio.gather(
            *(take_snapshots(shop, writers, SNAPSHOTS // AT_ONCE) for _ in range(AT_ONCE))
        )
    assert all(len(users) > 10 for users in writers.written)
    assert [missing for lost in found for missing in lost if missing] == []
    assert sum(map(len, found)) == SNAPSHOTS
