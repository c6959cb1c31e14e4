"""Foreign keys that change rows of the watched tables: seen where the server logs it, else read anew."""

from collections.abc import Iterator

import pytest
from fakes.binlog_follower import Shop, follow, open_shop, settings_for

from binlog_watcher.core.events import CartChanged, Change, OrderChanged
from binlog_watcher.demo.server import Server, private_server

CHILDREN = (
    "ALTER TABLE cart ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE",
    "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL",
)
ROWS = (
    "INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "INSERT INTO cart (user_id) VALUES (1), (2)",
    "INSERT INTO orders (user_id) VALUES (2)",
)


@pytest.fixture
def mysql_shop(mysql_server: Server, mysql_database: str) -> Iterator[Shop]:
    with open_shop(mysql_server, mysql_database) as opened:
        yield opened


@pytest.fixture
def mariadb_shop(mariadb_server: Server, mariadb_database: str) -> Iterator[Shop]:
    with open_shop(mariadb_server, mariadb_database) as opened:
        yield opened


async def test_logged_cascades_cost_nothing(mysql_shop: Shop) -> None:
    shop = mysql_shop
    shop.run(*CHILDREN, *ROWS)
    async with follow(settings_for(shop.server, shop.database)) as follower:
        events = await follower.changes(shop, "DELETE FROM users WHERE id = 2")
        assert {(e.key, e.change) for e in events if isinstance(e, CartChanged)} == {(2, Change.DELETE)}
        assert [e.key for e in events if isinstance(e, OrderChanged)] == [2]
        events = await follower.changes(shop, "UPDATE users SET id = 10 WHERE id = 1")
        assert {(e.key, e.change) for e in events if isinstance(e, CartChanged)} == {
            (1, Change.DELETE),
            (10, Change.UPDATE),
        }
        assert follower.source.stats.troubles == follower.source.stats.resets == {}


async def _unlogged(shop: Shop) -> None:
    shop.run(*ROWS)
    async with follow(settings_for(shop.server, shop.database)) as follower:
        await follower.changes(shop, "DELETE FROM users WHERE id = 3")
        assert follower.source.stats.troubles == {}, "no foreign key yet"
        await follower.changes(shop, *CHILDREN)
        await follower.changes(shop, "UPDATE users SET name = 'x'", "INSERT INTO users (id) VALUES (4)")
        assert follower.source.stats.troubles == {}, "nothing that has an action"
        shop.run("UPDATE users SET id = 10 WHERE id = 1")
        await follower.until(lambda: follower.source.stats.resets == {"cascade": 1})
        shop.run("DELETE FROM users WHERE id = 2")
        await follower.until(lambda: follower.source.stats.resets == {"cascade": 2})


async def test_cascades_that_are_not_logged_read_the_tables_anew(mariadb_shop: Shop) -> None:
    await _unlogged(mariadb_shop)


async def test_as_may_be_in_mysql_too() -> None:
    with private_server("mysql", options={"innodb_native_foreign_keys": "ON"}) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
        with open_shop(server, "shop") as shop:
            await _unlogged(shop)


async def test_parents_of_parents_and_of_other_schemas(mariadb_shop: Shop) -> None:
    shop = mariadb_shop
    other = f"{shop.database}_x"
    shop.run(
        f"CREATE DATABASE {other}",
        f"CREATE TABLE {other}.`odd ``name` (`a``b` INT PRIMARY KEY)",
        "ALTER TABLE users ADD tenant INT, "
        f"ADD FOREIGN KEY (tenant) REFERENCES {other}.`odd ``name` (`a``b`) ON DELETE CASCADE",
        *CHILDREN,
        f"INSERT INTO {other}.`odd ``name` VALUES (5)",
        "INSERT INTO users (id, tenant) VALUES (1, 5)",
        "INSERT INTO cart (user_id) VALUES (1)",
    )
    # As the account that the README describes: it may read the shop, and sees no REFERENTIAL_CONSTRAINTS.
    shop.run("CREATE USER 'least'@'%' IDENTIFIED BY 'secret-2'",
             "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'least'@'%'",
             f"GRANT SELECT ON `{shop.database}`.* TO 'least'@'%'")  # fmt: skip
    try:
        settings = settings_for(shop.server, shop.database, user="least", password="secret-2")
        async with follow(settings) as follower:
            shop.run(f"DELETE FROM {other}.`odd ``name`")
            await follower.until(lambda: follower.source.stats.resets == {"cascade": 1})
            assert shop.run("SELECT * FROM cart") == []
    finally:
        shop.run("DROP USER 'least'@'%'", "DROP TABLE cart, orders, users", f"DROP DATABASE {other}")


async def test_a_parent_that_gets_a_parent_while_followed(mariadb_shop: Shop) -> None:
    shop = mariadb_shop
    shop.run(
        "CREATE TABLE tenants (id INT PRIMARY KEY)",
        "ALTER TABLE users ADD tenant INT",
        *CHILDREN,
        "INSERT INTO tenants VALUES (5)",
        "INSERT INTO users (id, tenant) VALUES (1, 5)",
        "INSERT INTO cart (user_id) VALUES (1)",
    )
    async with follow(settings_for(shop.server, shop.database)) as follower:
        await follower.changes(shop, "INSERT INTO tenants VALUES (6)", "UPDATE users SET name = 'x'")
        await follower.changes(
            shop, "ALTER TABLE users ADD FOREIGN KEY (tenant) REFERENCES tenants (id) ON DELETE CASCADE"
        )
        assert follower.source.stats.troubles == {}
        shop.run("DELETE FROM tenants WHERE id = 5")
        await follower.until(lambda: follower.source.stats.resets == {"cascade": 1})
        assert shop.run("SELECT * FROM cart") == []


async def test_an_xa_transaction_cascades_when_it_is_committed(mariadb_shop: Shop) -> None:
    shop = mariadb_shop
    shop.run(*CHILDREN, *ROWS)
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("XA START 'c'", "DELETE FROM users WHERE id = 2", "XA END 'c'", "XA PREPARE 'c'")
        await follower.until(lambda: follower.source.stats.resets == {"cascade": 1})
        shop.run("XA COMMIT 'c'")
        await follower.until(lambda: follower.source.stats.resets == {"cascade": 1, "xa": 1})
