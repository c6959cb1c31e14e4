"""Events that no healthy server writes, in a real server's log: put there while it was down."""

import asyncio
from collections.abc import Iterator

import pytest
from fakes.binlog_events import event, gtid, query, xid
from fakes.binlog_follower import Shop, carts, follow, now_us, open_shop, settings_for
from fakes.invariant import prepare, watch

from binlog_watcher.binlog.protocol.wire import Kind
from binlog_watcher.core.events import CartChanged, CartRead, Hydrated
from binlog_watcher.demo.server import Server, private_server


@pytest.fixture
def own_shop(server: Server) -> Iterator[Shop]:
    with private_server(server.flavor) as own:
        with own.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
        with open_shop(own, "shop") as opened:
            yield opened


def append_to_log(server: Server, *events: tuple[int, bytes, int]) -> None:
    """Add events (type, body, flags) behind the last one of the newest log."""
    path = max(server.datadir.glob("binlog.0*"))
    with path.open("ab") as log:
        for kind, body, flags in events:
            end = log.tell() + len(event(kind, body))
            log.write(event(kind, body, position=end, flags=flags))


def group(flavor: str, kind: int, body: bytes, flags: int) -> list[tuple[int, bytes, int]]:
    """The event as a server would write it: MySQL skips what belongs to no GTID of which the reader lacks."""
    strange = (kind, body, flags)
    if flavor == "mariadb":
        return [strange]
    head = (Kind.GTID, gtid(1, now_us())[19:-4], 0)
    if kind == Kind.INCIDENT:
        return [head, strange]
    return [head, (Kind.QUERY, query("BEGIN")[19:-4], 0), strange, (Kind.XID, xid()[19:-4], 0)]


@pytest.mark.parametrize(
    ("kind", "body", "flags", "resets"),
    [
        (Kind.INCIDENT, b"\1\0\4lost", 0, {"incident": 1}),
        (150, b"from the future", 0, {"unknown_event": 1}),
        (150, b"from the future", 0x80, {}),
    ],
)
async def test_strange_events(
    own_shop: Shop, kind: int, body: bytes, flags: int, resets: dict[str, int]
) -> None:
    shop = own_shop
    settings = settings_for(shop.server, "shop")
    async with follow(settings, hydrate=carts(settings)) as follower:
        shop.run("INSERT INTO cart (user_id) VALUES (1)")
        await follower.settle(shop)
        # After a crash MySQL cuts off what it does not know.
        await asyncio.to_thread(shop.server.stop)
        append_to_log(shop.server, *group(shop.server.flavor, kind, body, flags))
        await asyncio.to_thread(shop.server.start)
        shop.reconnect()
        if resets:
            await follower.until(lambda: follower.source.stats.resets.keys() == resets.keys())
            await follower.until(lambda: isinstance(follower.events[-1], Hydrated))
            assert {e.key for e in follower.events if isinstance(e, CartRead)} == {1}
        shop.run("INSERT INTO cart (user_id) VALUES (2)")
        await follower.settle(shop)
        assert [e.key for e in follower.events if isinstance(e, CartChanged)][-1] == 2
        # A server that has just started may name the end of the log before its start, where the event comes again.
        assert set(follower.source.stats.resets) == set(resets)


async def test_timers_after_an_incident(own_shop: Shop) -> None:
    """The invariant: what the log lacks, the tables tell."""
    shop = own_shop
    prepare(shop)
    async with watch(shop) as watching:
        for user in range(1, 21):
            shop.run(f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({user}, 1, 1)")
        await watching.settled()
        shop.run(
            "SET SESSION sql_log_bin = 0",
            "INSERT INTO cart (user_id, product_id, quantity) VALUES (31, 1, 1), (32, 2, 1)",
            "INSERT INTO orders (user_id) VALUES (3)",
            "SET SESSION sql_log_bin = 1",
        )
        await watching.settled()
        assert not watching.tracker.knows(31)
        await asyncio.to_thread(shop.server.stop)
        append_to_log(shop.server, *group(shop.server.flavor, Kind.INCIDENT, b"\1\0\4lost", 0))
        await asyncio.to_thread(shop.server.start)
        shop.reconnect()
        await watching.until(lambda: watching.source.stats.resets == {"incident": 1})
        shop.run("INSERT INTO cart (user_id, product_id, quantity) VALUES (41, 1, 1)")
        await watching.holds(resets={"incident": 1})
        assert {31, 32, 41} <= set(watching.tracker.keys())
