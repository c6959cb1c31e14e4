"""Another server takes over: the stream goes on by GTIDs where it can, else the tables are read anew."""

from collections.abc import Iterator

import pytest
from fakes.binlog_follower import Follower, carts, follow, open_shop, settings_for
from fakes.invariant import prepare, watch
from fakes.mysql_proxy import MysqlProxy
from fakes.replicated_pair import Pair, replicated_pair

from binlog_watcher.core.events import CartChanged, CartRead
from binlog_watcher.demo.server import private_server


@pytest.fixture(params=["mysql", "mariadb"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with replicated_pair(request.param) as found:
        yield found


def keys(follower: Follower) -> list[object]:
    return [event.key for event in follower.events if isinstance(event, CartChanged)]


def read(follower: Follower) -> set[object]:
    return {event.key for event in follower.events if isinstance(event, CartRead)}


async def test_a_replica_that_has_everything_is_followed_without_a_reset(pair: Pair) -> None:
    async with follow(pair.settings, hydrate=carts(pair.settings)) as follower:
        pair.primary.run("INSERT INTO cart (user_id) VALUES (1)")
        await follower.settle(pair.primary)
        pair.proxy.cut()
        pair.primary.run(
            "INSERT INTO cart (user_id) VALUES (2)", "UPDATE cart SET user_id = 3 WHERE user_id = 1"
        )
        await pair.replicated(follower)
        pair.detach()
        pair.replica.run("INSERT INTO cart (user_id) VALUES (4)")
        pair.fail_over()
        await follower.settle(pair.replica)
        assert keys(follower) == [1, 2, 1, 3, 4]
        assert follower.resets == []
        # And on: the next broken connection finds the position of the new server.
        pair.fail_over()
        pair.replica.run("FLUSH BINARY LOGS", "INSERT INTO cart (user_id) VALUES (5)")
        await follower.settle(pair.replica)
        assert keys(follower) == [1, 2, 1, 3, 4, 5]
        assert follower.resets == []


async def test_a_replica_that_lacks_what_was_read(pair: Pair) -> None:
    """The order that was seen on the lost primary never happened: its customer's cart counts."""
    async with follow(pair.settings, hydrate=carts(pair.settings)) as follower:
        pair.primary.run("INSERT INTO cart (user_id) VALUES (1)")
        await follower.settle(pair.primary)
        await pair.replicated(follower)
        pair.detach()
        pair.primary.run("INSERT INTO orders (user_id) VALUES (1)", "INSERT INTO cart (user_id) VALUES (2)")
        await follower.settle(pair.primary)
        pair.fail_over()
        await follower.until(lambda: follower.source.stats.resets == {"failover": 1})
        assert read(follower) == {1}
        pair.replica.run("INSERT INTO cart (user_id) VALUES (3)")
        await follower.settle(pair.replica)
        assert keys(follower)[-1] == 3
        assert follower.resets == ["failover"]


async def test_a_replica_that_lacks_what_was_read_and_has_other_columns(pair: Pair) -> None:
    """What the lost primary said of its tables does not hold for the one that answers now."""
    for shop in (pair.primary, pair.replica):  # the stream names no columns: the dictionary does
        shop.run("SET GLOBAL binlog_row_metadata = 'MINIMAL'")
    async with follow(pair.settings, hydrate=carts(pair.settings)) as follower:
        pair.primary.run("INSERT INTO cart (user_id, product_id) VALUES (1, 9)")
        await follower.settle(pair.primary)
        await pair.replicated(follower)
        pair.detach()
        pair.primary.run("INSERT INTO cart (user_id, product_id) VALUES (2, 9)")
        await follower.settle(pair.primary)
        pair.replica.run(
            "ALTER TABLE cart CHANGE user_id was_user_id INT, CHANGE product_id user_id INT",
            "ALTER TABLE cart CHANGE was_user_id product_id INT",
        )
        pair.fail_over()
        await follower.until(lambda: follower.source.stats.resets == {"failover": 1})
        pair.replica.run("INSERT INTO cart (user_id, product_id) VALUES (3, 9)")
        await follower.settle(pair.replica)
        assert keys(follower)[-1] == 3


async def test_a_replica_that_has_purged_what_was_not_read(pair: Pair) -> None:
    async with follow(pair.settings, hydrate=carts(pair.settings)) as follower:
        pair.proxy.cut()
        pair.primary.run("INSERT INTO cart (user_id) VALUES (7)")
        await pair.replicated(follower)
        pair.detach()
        pair.replica.run("FLUSH BINARY LOGS")
        await follower.until(pair.purged)
        pair.fail_over()
        await follower.until(lambda: follower.source.stats.resets == {"purged": 1})
        assert read(follower) == {7}
        pair.replica.run("INSERT INTO cart (user_id) VALUES (8)")
        await follower.settle(pair.replica)
        assert keys(follower) == [8]


async def test_a_mariadb_replica_that_does_not_log_what_it_gets_is_read_anew() -> None:
    with replicated_pair("mariadb", logs_what_it_gets=False) as pair:
        async with follow(pair.settings, hydrate=carts(pair.settings)) as follower:
            pair.primary.run("INSERT INTO cart (user_id) VALUES (1)")
            await follower.settle(pair.primary)
            pair.detach()
            pair.fail_over()
            await follower.until(lambda: follower.source.stats.resets == {"failover": 1})
            pair.replica.run("INSERT INTO cart (user_id) VALUES (2)")
            await follower.settle(pair.replica)
            assert keys(follower) == [1, 2]


@pytest.mark.parametrize("lost", [False, True], ids=["caught up", "behind"])
async def test_timers_after_a_failover(pair: Pair, *, lost: bool) -> None:
    """The invariant, with the primary killed; ``lost``: the replica never got what it did last."""
    prepare(pair.primary)
    async with watch(pair.primary, address=pair.settings) as watching:
        for user in range(1, 41):
            pair.primary.run(f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({user}, 1, 1)")
        pair.primary.run(
            "INSERT INTO orders (user_id) VALUES (7)", "UPDATE cart SET quantity = 2 WHERE user_id < 5"
        )
        await watching.settled()
        await pair.replicated(watching)
        if lost:
            pair.detach()
            pair.replica.run(
                "ALTER TABLE products AUTO_INCREMENT = 100000"
            )  # its marks are not the primary's
            pair.primary.run("INSERT INTO orders (user_id) SELECT user_id FROM cart WHERE user_id > 20")
            await watching.settled()
        else:
            pair.proxy.cut()
            pair.primary.run("INSERT INTO cart (user_id, product_id, quantity) VALUES (50, 1, 1), (7, 2, 1)")
            await pair.replicated(watching)
            pair.detach()
        pair.primary.server.kill()
        pair.fail_over()
        pair.replica.reconnect()
        for user in range(60, 70):
            pair.replica.run(f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({user}, 1, 1)")
        watching.shop = pair.replica
        await watching.holds(resets={"failover": 1} if lost else {})
        assert {60, 69} <= set(watching.tracker.keys())


async def test_a_history_that_begins_anew_and_is_longer_than_the_old() -> None:
    """The same server gives the same GTIDs to other transactions: its set alone does not tell."""
    with private_server("mysql") as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
            cursor.execute("FLUSH BINARY LOGS")
        with open_shop(server, "shop") as shop, MysqlProxy(server.host, server.port).running() as proxy:
            settings = settings_for(server, "shop")
            async with follow(
                settings_for(server, "shop", port=proxy.port), hydrate=carts(settings)
            ) as follower:
                await follower.settle(shop)
                proxy.cut()
                shop.run("RESET BINARY LOGS AND GTIDS")
                for user in range(1, 31):
                    shop.run(f"INSERT INTO cart (user_id) VALUES ({user})")
                proxy.mend()
                await follower.until(lambda: bool(follower.source.stats.resets))
                assert follower.source.stats.resets == {"history_lost": 1}
                assert read(follower) == set(range(1, 31))
