"""Updates that leave the cart as its customer sees it: page views, price rules. A preset may say that they are none."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.preset_shop import PresetShop, preset_shop

from binlog_watcher.core.events import CartChanged
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError

MARK = ("UPDATE product SET quantity = quantity + 1 WHERE product_id = 99", 99)

QUOTES = """
timezone = "UTC"
[cart]
table = "quote"
id = "entity_id"
customer = "customer_id"
created = "created_at"
open = { column = "is_active", in = [1] }
counts = ["customer_email", "customer_id"]
[lines]
table = "quote_item"
cart = "quote_id"
id = "item_id"
product = "product_id"
quantity = "qty"
created = "created_at"
ignore = ["price", "note", "extra", "updated_at"]
[orders]
table = "orders"
id = "id"
cart = "quote_id"
bought_at = "created_at"
[customers]
table = "customer"
id = "id"
email = "email"
[products]
table = "product"
id = "product_id"
name = "name"
price = "price"
"""
SQL = (
    """CREATE TABLE quote (entity_id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT, customer_email VARCHAR(80),
    is_active INT DEFAULT 1, trigger_recollect INT DEFAULT 0, grand_total DECIMAL(20,4) DEFAULT 0,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (customer_id))""",
    """CREATE TABLE quote_item (item_id INT AUTO_INCREMENT PRIMARY KEY, quote_id INT, product_id INT, qty DECIMAL(12,4),
    price DECIMAL(12,4) DEFAULT 1, note TEXT, extra JSON,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME(6), KEY (quote_id), KEY (created_at))""",
    "CREATE TABLE orders (id INT PRIMARY KEY, quote_id INT, created_at TIMESTAMP NULL, KEY (quote_id))",
    "CREATE TABLE customer (id INT PRIMARY KEY, email VARCHAR(80), KEY (email))",
    "CREATE TABLE product (product_id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2), quantity INT)",
    "INSERT INTO product VALUES (1, 'Tea pot', 30, 5), (99, 'Mark', 1, 1)",
    "INSERT INTO customer VALUES (7, 'seven@example.com')",
)


@pytest.fixture(params=["FULL", "NOBLOB", "MINIMAL"])
def image(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Callable[..., PresetShop]]:
    opened: list[Any] = []

    def make(preset: str = QUOTES) -> PresetShop:
        file = tmp_path / "quotes.toml"
        file.write_text(preset)
        manager = preset_shop(server, fresh_database, str(file), MARK)
        shop = manager.__enter__()
        opened.append(manager)
        for statement in SQL:
            shop.run(statement)
        return shop

    yield make
    for manager in opened:
        manager.__exit__(None, None, None)


def said(events: list[Any]) -> list[tuple[Any, str]]:
    return [(event.key, event.change.name) for event in events if isinstance(event, CartChanged)]


async def test_only_what_the_customer_sees_is_activity(make: Callable[..., PresetShop], image: str) -> None:
    shop = make()
    check_server(shop.settings().connection, shop.resources.schema)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    shop.run("INSERT INTO quote (customer_id) VALUES (7)")
    shop.run("INSERT INTO quote_item (quote_id, product_id, qty, extra) VALUES (1, 1, 1, '{\"a\": 1}')")
    quiet = (
        "UPDATE quote SET trigger_recollect = 1, grand_total = grand_total + 1",
        "UPDATE quote_item SET price = price + 1, updated_at = UTC_TIMESTAMP(6)",
        "UPDATE quote_item SET note = REPEAT('x', 3000), extra = '{\"a\": 2}'",
    )
    loud = (
        "UPDATE quote_item SET qty = qty + 1, price = 7",
        "UPDATE quote SET customer_email = 'seven@example.org', trigger_recollect = 0",
        "UPDATE quote SET customer_email = NULL",
    )
    async with shop.stream() as stream:
        await stream.settle()
        due_us = stream.tracker.due_of(1)
        assert due_us is not None
        for statement in quiet:
            shop.run(statement)
            assert said(await stream.settle()) == [], statement
        assert stream.tracker.due_of(1) == due_us
        for statement in loud:
            shop.run(statement)
            assert said(await stream.settle()) == [(1, "UPDATE")], statement
        shop.run("UPDATE quote SET is_active = 0, trigger_recollect = 1")
        assert [type(event).__name__ for event in await stream.settle()] == ["CartClosed"]
        shop.run("UPDATE quote SET is_active = 1")
        assert said(await stream.settle()) == [(1, "UPDATE")]


def test_columns_that_count_are_held_against_the_tables(make: Callable[..., PresetShop]) -> None:
    shop = make(QUOTES.replace('"customer_email", ', '"customer_mail", '))
    settings = shop.settings()
    with pytest.raises(ConfigError) as caught:
        check_server(settings.connection, settings.preset())
    assert any("cart.counts" in problem for problem in caught.value.problems), caught.value.problems
