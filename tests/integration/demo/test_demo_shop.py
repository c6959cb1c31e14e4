import asyncio
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
import pytest
from rich.console import Console

from binlog_watcher.demo import by_hand, sample_shop
from binlog_watcher.demo.catcher import MailCatcher
from binlog_watcher.demo.expectations import Story
from binlog_watcher.demo.sample_shop import product
from binlog_watcher.demo.server import Server
from binlog_watcher.demo.shoppers import Shop, Shopper, Stage


@pytest.fixture
def shop_database(server: Server, fresh_database: str) -> str:
    with server.connect() as connection:
        sample_shop.create(connection, fresh_database)
    return fresh_database


@pytest.fixture
def shopper(server: Server, shop_database: str, tmp_path: Path) -> Iterator[Shopper]:
    with Shop(lambda: server.connect(database=shop_database), connections=2) as shop:
        stage = Stage(shop, MailCatcher(tmp_path), threshold=6, cooldown=15)
        yield Shopper(stage, Story("test", 1, "ada@example.com"), "Ada", seed=1)


def rows(server: Server, database: str, sql: str) -> list[tuple[Any, ...]]:
    with server.connect(database=database) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def counted(server: Server, database: str) -> dict[str, int]:
    """What counts in the carts, stated independently of the service and of the shoppers."""
    found = rows(
        server,
        database,
        "SELECT p.name, c.quantity FROM cart c JOIN products p ON p.id = c.product_id "
        "WHERE c.user_id = 1 AND c.quantity > 0 AND c.created_at > "
        "COALESCE((SELECT MAX(created_at) FROM orders o WHERE o.user_id = c.user_id), '2000-01-01')",
    )
    return dict(found)


def expected(shopper: Shopper) -> dict[str, int]:
    shopper.expect_mail()
    return {item.name: item.quantity for item in shopper.story.expected.pop().items}


def test_the_shop_has_its_catalogue(server: Server, shop_database: str) -> None:
    found = rows(
        server, shop_database, "SELECT id, name, price, category, image, stock FROM products ORDER BY id"
    )
    assert found == [(p.id, p.name, p.price, p.category, p.image, p.stock) for p in sample_shop.products()]
    assert rows(server, shop_database, "SELECT COUNT(*) FROM users") == [(len(sample_shop.SAMPLE_USERS),)]


def test_columns_are_those_of_the_issue(server: Server, shop_database: str) -> None:
    found = rows(
        server,
        shop_database,
        "SELECT table_name, GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM information_schema.columns "
        "WHERE table_schema = DATABASE() GROUP BY table_name ORDER BY table_name",
    )
    assert found == [
        ("cart", "id,user_id,product_id,quantity,created_at"),
        ("orders", "id,user_id,total_amount,created_at"),
        ("products", "id,name,description,price,category,image,stock"),
        ("users", "id,name,email,role"),
    ]


async def test_a_shoppers_memory_agrees_with_the_database(
    server: Server, shop_database: str, shopper: Shopper
) -> None:
    tent, mug, stove = product("Two-Person Tent"), product("Enamel Camping Mug"), product("Gas Camping Stove")
    await shopper.add(((tent, 1), (mug, 2), (stove, 0)))
    assert expected(shopper) == counted(server, shop_database) == {tent.name: 1, mug.name: 2}
    await shopper.change_quantity(mug, 5)
    assert expected(shopper) == counted(server, shop_database) == {tent.name: 1, mug.name: 5}
    await shopper.remove(tent)
    assert expected(shopper) == counted(server, shop_database) == {mug.name: 5}
    await shopper.order()
    assert counted(server, shop_database) == {}
    await shopper.next_second()
    await shopper.add(((stove, 3),))
    assert expected(shopper) == counted(server, shop_database) == {stove.name: 3}
    await shopper.lose_product(stove)
    assert expected(shopper) == counted(server, shop_database) == {}
    await shopper.take_back_order()
    assert expected(shopper) == counted(server, shop_database) == {mug.name: 5}
    await shopper.empty()
    assert expected(shopper) == counted(server, shop_database) == {}


async def test_a_guest_becomes_a_customer(server: Server, shop_database: str, shopper: Shopper) -> None:
    chosen = ((product("Plush Fox"), 1), (product("Chess Set Walnut"), 1))
    ids = await shopper.add_as_guest(chosen, None)
    assert counted(server, shop_database) == {}
    await shopper.log_in(ids, chosen)
    assert expected(shopper) == counted(server, shop_database) == {"Plush Fox": 1, "Chess Set Walnut": 1}


async def test_what_is_rolled_back_never_was(server: Server, shop_database: str, shopper: Shopper) -> None:
    await shopper.stage.shop.run(
        ("INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, 1)", (1, 1)), keep=False
    )
    assert counted(server, shop_database) == {}


async def test_the_commit_lies_between_the_two_times_given(
    server: Server, shop_database: str, shopper: Shopper
) -> None:
    await shopper.add(((product("Plush Fox"), 1),))
    (now,) = rows(server, shop_database, "SELECT UNIX_TIMESTAMP(NOW(6))")[0]
    (created,) = rows(server, shop_database, "SELECT UNIX_TIMESTAMP(created_at) FROM cart")[0]
    active = Decimal(shopper.due - shopper.stage.threshold)
    assert int(created) <= int(active) + 1
    assert active < now


async def test_many_shoppers_share_few_connections(
    server: Server, shop_database: str, shopper: Shopper
) -> None:
    mug = product("Enamel Camping Mug")
    shop = shopper.stage.shop
    insert = "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, 1)"
    await asyncio.gather(*(shop.run((insert, (user, mug.id))) for user in range(1, 41)))
    assert rows(server, shop_database, "SELECT COUNT(*) FROM cart") == [(40,)]


def test_the_instructions_fit_a_terminal_and_their_statements_run(server: Server, shop_database: str) -> None:
    text = by_hand.instructions(
        Path("demo-output").absolute(), port=65535, password="f" * 24, database="shop", threshold=6
    )
    assert max(map(len, text.splitlines())) <= 80
    statements = re.findall(r'demo-output/sql "([^"]+)"', text)
    console = Console(file=io.StringIO(), width=80)
    assert len(statements) == 4
    # The log is there once a service has run.
    assert by_hand.run(server.port, server.password, shop_database, statements[:3], console) == 0


def test_sql_by_hand(server: Server, shop_database: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=120)

    def run(*statements: str) -> int:
        return by_hand.run(server.port, server.password, shop_database, statements, console)

    assert run("INSERT INTO cart (user_id, product_id, quantity) VALUES (1, 1, 1), (1, 16, 1)") == 0
    assert "ok, 2 rows" in stream.getvalue()
    assert run("SELECT user_id, product_id FROM cart", "SELECT NULL AS nothing") == 0
    assert "nothing" in stream.getvalue()
    assert run("SELEC 1") == 1
    assert "syntax" in stream.getvalue()


@pytest.fixture
def account(server: Server) -> Iterator[str]:
    """The demo's database under its own name, with the account of the service."""
    with server.connect() as connection, connection.cursor() as cursor:
        sample_shop.create(connection)
        sample_shop.create_account(connection, "demo-password")
        yield "demo-password"
        cursor.execute("DROP USER 'cartwake'@'%'")
        cursor.execute(f"DROP DATABASE {sample_shop.DATABASE}")


def test_the_account_may_read_the_shop_and_write_only_its_own(server: Server, account: str) -> None:
    with (
        server.connect(user="cartwake", password=account, database="shop") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT COUNT(*) FROM cart")
        cursor.execute("CREATE TABLE cart_abandonment_meta (name VARCHAR(64) PRIMARY KEY, value TEXT)")
        cursor.execute("INSERT INTO cart_abandonment_meta VALUES ('a', 'b')")
        for forbidden in ("DELETE FROM cart", "CREATE TABLE other (id INT)", "UPDATE users SET name = 'x'"):
            with pytest.raises(pymysql.MySQLError, match="denied"):
                cursor.execute(forbidden)
