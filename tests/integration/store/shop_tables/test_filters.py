"""Rows that are no rows: wishlists in the table of the carts, other types, other stores; and lists of conditions.

The flat shop has the tables of nopCommerce 4.80, as far as they matter; the other keeps carts and orders of two kinds
in tables of their own, as Lunar and WooCommerce do.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.preset_shop import MINUTE, PresetShop, preset_shop

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.events import CartKey, CartRead
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced
from binlog_watcher.store.shop_tables.open_carts import CartScan

MARK = ("UPDATE Product SET StockQuantity = StockQuantity + 1 WHERE Id = 99", 99)
AGO = "UTC_TIMESTAMP(6) - INTERVAL %s MINUTE"

NOP = """
timezone = "UTC"
[variables]
store = 1
[cart]
table = "ShoppingCartItem"
id = "Id"
customer = "CustomerId"
product = "ProductId"
quantity = "Quantity"
created = "CreatedOnUtc"
updated = "UpdatedOnUtc"
only = [{ column = "ShoppingCartTypeId", in = [1] }, { column = "StoreId", in = ["{store}"] }]
watch = { GenericAttribute = { column = "EntityId", only = { column = "KeyGroup", in = ["Customer"] } } }
[orders]
table = "Order"
id = "Id"
customer = "CustomerId"
bought_at = "CreatedOnUtc"
only = { column = "StoreId", in = [1] }
bought = [{ column = "OrderStatusId", not_in = [10, 40] }, { column = "Deleted", in = [0] }]
[order_items]
table = "OrderItem"
order = "OrderId"
product = "ProductId"
only = { column = "Gift", in = [0] }
[customers]
table = "Customer"
id = "Id"
email = "Email"
only = [{ column = "Deleted", in = [0] }, { column = "RegisteredInStoreId", in = [1] }]
[products]
table = "Product"
id = "Id"
name = "Name"
price = "Price"
stock = "StockQuantity"
available = [{ column = "Published", in = [1] }, { column = "CallForPrice", in = [0] }]
only = { column = "ProductTypeId", in = [5, 10] }
"""
NOP_SQL = (
    """CREATE TABLE Product (Id INT AUTO_INCREMENT PRIMARY KEY, ProductTypeId INT NOT NULL DEFAULT 5, Name VARCHAR(400)
    NOT NULL, Price DECIMAL(18,4) NOT NULL, StockQuantity INT NOT NULL DEFAULT 9, Published TINYINT(1) NOT NULL
    DEFAULT 1, CallForPrice TINYINT(1) NOT NULL DEFAULT 0)""",
    """CREATE TABLE ShoppingCartItem (Id INT AUTO_INCREMENT PRIMARY KEY, CustomerId INT NOT NULL, ProductId INT,
    StoreId INT NOT NULL DEFAULT 1, ShoppingCartTypeId INT NOT NULL, AttributesXml LONGTEXT, CustomerEnteredPrice
    DECIMAL(18,4) NOT NULL DEFAULT 0, Quantity INT NOT NULL DEFAULT 1, RentalStartDateUtc DATETIME(6) NULL,
    RentalEndDateUtc DATETIME(6) NULL, CreatedOnUtc DATETIME(6) NOT NULL, UpdatedOnUtc DATETIME(6) NOT NULL,
    KEY IX_ShoppingCartItem_ShoppingCartTypeId_CustomerId (ShoppingCartTypeId, StoreId, CustomerId),
    KEY at (StoreId, ShoppingCartTypeId, CreatedOnUtc))""",
    """CREATE TABLE `Order` (Id INT AUTO_INCREMENT PRIMARY KEY, StoreId INT NOT NULL DEFAULT 1, CustomerId INT NOT NULL,
    OrderStatusId INT NOT NULL, Deleted TINYINT(1) NOT NULL DEFAULT 0, CreatedOnUtc DATETIME(6) NOT NULL,
    KEY (StoreId, CustomerId))""",
    "CREATE TABLE OrderItem (Id INT PRIMARY KEY, OrderId INT, ProductId INT, Gift INT DEFAULT 0, KEY (OrderId))",
    """CREATE TABLE Customer (Id INT AUTO_INCREMENT PRIMARY KEY, Email VARCHAR(1000), Deleted TINYINT(1) NOT NULL
    DEFAULT 0, RegisteredInStoreId INT NOT NULL DEFAULT 1, KEY by_mail (Deleted, RegisteredInStoreId, Email(99)))""",
    """CREATE TABLE GenericAttribute (Id INT AUTO_INCREMENT PRIMARY KEY, EntityId INT NOT NULL, KeyGroup VARCHAR(400)
    NOT NULL, Value TEXT)""",
    "INSERT INTO Product (Id, Name, Price) VALUES (1, 'Tea pot', 30), (2, 'Tea cup', 8), (99, 'Mark', 1)",
    "INSERT INTO Customer (Id, Email) VALUES (7, 'ann@example.com'), (8, 'bob@example.com')",
)
CART_TYPE, WISHLIST = 1, 2

HEADERS = """
timezone = "UTC"
[cart]
table = "carts"
id = "id"
customer = "user_id"
created = "created_at"
only = { column = "channel_id", in = [1] }
open = [{ column = "completed_at", is_null = true }, { column = "merged_id", is_null = true }]
[lines]
table = "cart_lines"
cart = "cart_id"
id = "id"
product = "purchasable_id"
quantity = "quantity"
created = "created_at"
only = { column = "purchasable_type", in = ["product_variant"] }
[orders]
table = "orders"
id = "id"
cart = "cart_id"
customer = "user_id"
bought_at = "placed_at"
only = { column = "type", in = ["shop_order"] }
bought = [{ column = "placed_at", is_null = false }, { column = "status", not_in = ["payment-failed"] }]
[customers]
table = "users"
id = "id"
email = "email"
[products]
table = "Product"
id = "Id"
name = "Name"
price = "Price"
"""
HEADERS_SQL = (
    NOP_SQL[0],
    """CREATE TABLE carts (id INT PRIMARY KEY, user_id INT, channel_id INT DEFAULT 1, merged_id INT NULL,
    completed_at DATETIME NULL, created_at DATETIME NULL, KEY (user_id))""",
    """CREATE TABLE cart_lines (id INT AUTO_INCREMENT PRIMARY KEY, cart_id INT, purchasable_type VARCHAR(80),
    purchasable_id INT, quantity INT DEFAULT 1, created_at DATETIME, KEY (cart_id))""",
    """CREATE TABLE orders (id INT PRIMARY KEY, cart_id INT, user_id INT, type VARCHAR(20) DEFAULT 'shop_order',
    status VARCHAR(20) DEFAULT 'awaiting', placed_at DATETIME NULL, KEY (cart_id), KEY (user_id))""",
    "CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(80), KEY (email))",
    "INSERT INTO Product (Id, Name, Price) VALUES (1, 'Tea pot', 30), (2, 'Tea cup', 8), (99, 'Mark', 1)",
    "INSERT INTO users VALUES (7, 'ann@example.com')",
)


@pytest.fixture
def make(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Callable[..., PresetShop]]:
    """A shop of the given preset and tables."""
    opened: list[Any] = []

    def opening(preset: str, statements: tuple[str, ...]) -> PresetShop:
        file = tmp_path / "shop.toml"
        file.write_text(preset, encoding="utf-8")
        context = preset_shop(server, fresh_database, str(file), MARK)
        shop = context.__enter__()
        opened.append(context)
        for statement in statements:
            shop.run(statement)
        return shop

    yield opening
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(params=["FULL", "MINIMAL"])
def image(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """What the server writes of each row."""
    with server.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET GLOBAL binlog_row_image = '{request.param}'")
        yield request.param
        cursor.execute("SET GLOBAL binlog_row_image = 'FULL'")


def said(events: list[Any]) -> list[tuple[CartKey, str]]:
    """What the stream said, but for what hydration read."""
    found = [event for event in events if hasattr(event, "key") and not isinstance(event, CartRead)]
    return [
        (event.key, (getattr(event, "change", None) and event.change.name) or type(event).__name__)
        for event in found
    ]


def put_in(
    shop: PresetShop, customer: int, kind: int = CART_TYPE, *, product: int = 1, ago: int = 60, store: int = 1
) -> None:
    shop.run(
        "INSERT INTO ShoppingCartItem (CustomerId, ProductId, ShoppingCartTypeId, StoreId, CreatedOnUtc, UpdatedOnUtc) "
        f"VALUES (%s, %s, %s, %s, {AGO}, {AGO})",
        (customer, product, kind, store, ago, ago),
    )


def order(shop: PresetShop, customer: int, status: int = 20, *, store: int = 1, deleted: int = 0) -> None:
    shop.run(
        "INSERT INTO `Order` (CustomerId, OrderStatusId, StoreId, Deleted, CreatedOnUtc) "
        "VALUES (%s, %s, %s, %s, UTC_TIMESTAMP(6))",
        (customer, status, store, deleted),
    )


def passes_the_fence(shop: PresetShop, key: CartKey, *meanwhile: str) -> bool:
    """Claim a cart, let something happen, and go through the fence."""
    resources = shop.resources
    shop.run("DELETE FROM cart_abandonment_log")
    cart = shop.load(key)[key]
    episode = Episode(cart, cart.version or 0, cart.newest_row_us, "USD", Decimal(0))
    now_us = resources.clock.now_us()
    claims = resources.episodes.claim([episode], lease_us=MINUTE, cooldown_us=0, now_us=now_us)
    for statement in meanwhile:
        shop.run(statement)
    return bool(resources.episodes.fence([Fenced(claims.ids[key], cart)], lease_us=MINUTE))


def open_carts(shop: PresetShop) -> set[CartKey]:
    return {cart.key for page in shop.resources.scan.open_carts(0) for cart in page}


# --- flat -----------------------------------------------------------------------------------------------------------


def test_the_preset_is_in_order_and_its_indexes_serve(make: Callable[..., PresetShop]) -> None:
    shop = make(NOP, NOP_SQL)
    assert check_server(shop.settings().connection, shop.resources.schema).warnings == ()
    (span,) = [span for span in CartScan(shop.resources.shop).spans if span.moment == "CreatedOnUtc"]
    assert span.index == ""  # behind what the filter fixes


def test_rows_that_are_no_rows(make: Callable[..., PresetShop]) -> None:
    shop = make(NOP, NOP_SQL)
    put_in(shop, 7)
    put_in(shop, 7, WISHLIST, product=2, ago=1)
    put_in(shop, 7, product=2, ago=1, store=2)
    put_in(shop, 8, WISHLIST)
    assert isinstance(shop.decide(7), Send)
    assert shop.load(7)[7].total == 30
    assert shop.decide(8) == Skip(Reason.EMPTY)
    assert open_carts(shop) == {7}
    assert shop.resources.scan.newest(5) == [7]
    now_us = shop.resources.clock.now_us()
    found = {key for page in shop.resources.scan.between(now_us - 300 * MINUTE, now_us) for key in page}
    assert found == {7}
    assert shop.resources.shop.young([7, 8], now_us - 90 * MINUTE) == [7]
    assert shop.resources.shop.young([7, 8], now_us - 30 * MINUTE) == []


def test_orders_customers_and_products_that_are_none(make: Callable[..., PresetShop]) -> None:
    shop = make(NOP, NOP_SQL)
    put_in(shop, 7)
    for status, store, deleted in ((10, 1, 0), (40, 1, 0), (20, 2, 0), (20, 1, 1)):
        order(shop, 7, status, store=store, deleted=deleted)
    assert isinstance(shop.decide(7), Send)
    # The same address in another store, and by a customer who was deleted: neither is the same person here.
    shop.run("INSERT INTO Customer VALUES (17, 'ann@example.com', 0, 2), (18, 'ANN@example.com', 1, 1)")
    order(shop, 17)
    order(shop, 18)
    assert isinstance(shop.decide(7), Send)
    shop.run("INSERT INTO Customer VALUES (19, 'Ann@example.com', 0, 1)")
    order(shop, 19)
    assert shop.decide(7) == Skip(Reason.EMPTY)
    put_in(shop, 8)
    shop.run("UPDATE Product SET Published = 0 WHERE Id = 1")
    assert [line.available for line in shop.load(8)[8].lines] == [False]
    shop.run("UPDATE Product SET Published = 1, CallForPrice = 1 WHERE Id = 1")
    assert [line.available for line in shop.load(8)[8].lines] == [False]
    shop.run("UPDATE Product SET CallForPrice = 0, ProductTypeId = 20 WHERE Id = 1")
    assert shop.load(8)[8].missing == {1}
    assert [row.id for page in shop.resources.shop.catalogue() for row in page] == [2, 99]
    assert [row.id for page in shop.resources.shop.catalogue([1, 2]) for row in page] == [2]
    shop.run("UPDATE Customer SET Deleted = 1 WHERE Id = 8")
    assert shop.load(8)[8].customer is None


def test_what_was_bought_before_goes_by_the_items_filter(make: Callable[..., PresetShop]) -> None:
    shop = make(NOP, NOP_SQL)
    order(shop, 7)
    shop.run("INSERT INTO OrderItem VALUES (1, 1, 1, 0), (2, 1, 2, 1)")
    put_in(shop, 7, ago=-1)
    assert shop.load(7)[7].bought.keys() == {1}


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ("UPDATE ShoppingCartItem SET Quantity = 3 WHERE ShoppingCartTypeId = 2", True),
        ("UPDATE ShoppingCartItem SET ShoppingCartTypeId = 1 WHERE ShoppingCartTypeId = 2", False),
        ("UPDATE ShoppingCartItem SET StoreId = 2 WHERE ShoppingCartTypeId = 1", False),
        ("UPDATE `Order` SET OrderStatusId = 20", True),
        ("UPDATE `Order` SET StoreId = 1", True),
        ("UPDATE `Order` SET StoreId = 1, OrderStatusId = 20", False),
        ("UPDATE Customer SET Deleted = 1", False),
    ],
)
def test_the_fence_sees_what_the_filters_let_through(
    make: Callable[..., PresetShop], change: str, *, passes: bool
) -> None:
    shop = make(NOP, NOP_SQL)
    put_in(shop, 7)
    put_in(shop, 7, WISHLIST)
    order(shop, 7, 10, store=2)
    assert passes_the_fence(shop, 7, change) is passes


async def test_a_row_that_is_moved_across_the_filter_counts_on_both_sides(
    make: Callable[..., PresetShop], image: str
) -> None:
    shop = make(NOP, NOP_SQL)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    async with shop.stream() as stream:
        put_in(shop, 7, WISHLIST)
        put_in(shop, 8, store=2)
        shop.run("INSERT INTO GenericAttribute (EntityId, KeyGroup) VALUES (8, 'Vendor')")
        shop.run(
            "INSERT INTO ShoppingCartItem SELECT NULL, 8, 1, 1, 2, NULL, 0, 1, NULL, NULL, NOW(), NOW() FROM Product"
        )
        assert said(await stream.settle()) == []
        shop.run("UPDATE ShoppingCartItem SET Quantity = 2 WHERE CustomerId = 7")
        # A MINIMAL image does not tell of which kind the row is: it passes.
        assert said(await stream.settle()) == ([] if image == "FULL" else [(7, "UPDATE")])
        shop.run("UPDATE ShoppingCartItem SET ShoppingCartTypeId = 1 WHERE CustomerId = 7")
        assert said(await stream.settle()) == [(7, "INSERT" if image == "FULL" else "UPDATE")]
        assert stream.tracker.due_of(7) is not None
        shop.run("UPDATE ShoppingCartItem SET ShoppingCartTypeId = 2 WHERE CustomerId = 7")
        assert said(await stream.settle()) == [(7, "DELETE")]
        shop.run("DELETE FROM ShoppingCartItem WHERE CustomerId = 8")
        assert said(await stream.settle()) == []
        shop.run("INSERT INTO GenericAttribute (EntityId, KeyGroup) VALUES (8, 'Customer')")
        assert said(await stream.settle()) == [(8, "INSERT")]


async def test_an_order_that_comes_under_all_conditions_at_last(
    make: Callable[..., PresetShop], image: str
) -> None:
    shop = make(NOP, NOP_SQL)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    put_in(shop, 7)
    async with shop.stream() as stream:
        order(shop, 7, 20, store=2)
        order(shop, 7, 10)
        assert said(await stream.settle()) == []
        assert isinstance(shop.decide(7), Send)
        shop.run("UPDATE `Order` SET OrderStatusId = 30 WHERE StoreId = 1")
        kinds = {kind for _, kind in said(await stream.settle())}
        assert kinds == {"OrderPlaced" if image == "FULL" else "OrderChanged"}
        assert shop.decide(7) == Skip(Reason.EMPTY)
        shop.run("UPDATE `Order` SET Deleted = 1 WHERE StoreId = 1")
        assert said(await stream.settle()) == [(7, "OrderChanged")]
        assert isinstance(shop.decide(7), Send)
        shop.run("UPDATE `Order` SET StoreId = 1 WHERE StoreId = 2")
        kinds = {kind for _, kind in said(await stream.settle())}
        assert kinds == {"OrderPlaced" if image == "FULL" else "OrderChanged"}
        assert shop.decide(7) == Skip(Reason.EMPTY)


# --- headers and lines ----------------------------------------------------------------------------------------------


def cart(shop: PresetShop, number: int, *, channel: int = 1, kind: str = "product_variant") -> None:
    shop.run(
        f"INSERT INTO carts (id, user_id, channel_id, created_at) VALUES (%s, 7, %s, {AGO})",
        (number, channel, 60),
    )
    shop.run(
        f"INSERT INTO cart_lines (cart_id, purchasable_type, purchasable_id, created_at) VALUES (%s, %s, 1, {AGO})",
        (number, kind, 60),
    )


def test_headers_and_lines_that_are_none(make: Callable[..., PresetShop]) -> None:
    shop = make(HEADERS, HEADERS_SQL)
    cart(shop, 1)
    cart(shop, 2, channel=2)
    cart(shop, 3, kind="shipping_option")
    cart(shop, 4)
    shop.run("UPDATE carts SET merged_id = 1 WHERE id = 4")
    assert check_server(shop.settings().connection, shop.resources.schema).warnings == ()
    assert isinstance(shop.decide(1), Send)
    assert [shop.decide(number) for number in (2, 3)] == [Skip(Reason.EMPTY)] * 2
    assert shop.decide(4) == Skip(Reason.CLOSED)
    assert open_carts(shop) == {1}
    assert shop.resources.shop.carts_of([7]) == {3: 7, 1: 7}
    assert sorted(shop.resources.scan.newest(9), key=str) == [1, 3, 4]
    assert passes_the_fence(shop, 1)
    assert not passes_the_fence(shop, 1, "UPDATE carts SET channel_id = 2 WHERE id = 1")
    shop.run("UPDATE carts SET channel_id = 1 WHERE id = 1")
    assert not passes_the_fence(shop, 1, "UPDATE carts SET merged_id = 9 WHERE id = 1")
    shop.run("UPDATE carts SET merged_id = NULL WHERE id = 1")
    refund = "INSERT INTO orders VALUES (1, 1, 7, 'refund', 'done', UTC_TIMESTAMP())"
    failed = "INSERT INTO orders VALUES (2, 1, 7, 'shop_order', 'payment-failed', UTC_TIMESTAMP())"
    assert passes_the_fence(shop, 1, refund, failed)
    assert not passes_the_fence(shop, 1, "UPDATE orders SET type = 'shop_order' WHERE id = 1")
    shop.run("UPDATE orders SET placed_at = placed_at + INTERVAL 1 MINUTE")
    shop.run("UPDATE cart_abandonment_log SET status = 'sent', email_sent = 1, sent_at = UTC_TIMESTAMP()")
    assert shop.run("SELECT SUM(conversions) FROM cart_abandonment_mails_daily") == [(1,)]
    shop.run("UPDATE orders SET type = 'refund'")
    assert shop.run("SELECT SUM(conversions) FROM cart_abandonment_mails_daily") == [(0,)]


async def test_headers_on_the_stream(make: Callable[..., PresetShop], image: str) -> None:
    shop = make(HEADERS, HEADERS_SQL)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    async with shop.stream() as stream:
        cart(shop, 1, channel=2, kind="shipping_option")
        assert said(await stream.settle()) == []
        shop.run("UPDATE carts SET channel_id = 1 WHERE id = 1")
        assert said(await stream.settle()) == [(1, "INSERT" if image == "FULL" else "UPDATE")]
        shop.run("UPDATE carts SET merged_id = 9 WHERE id = 1")
        assert said(await stream.settle()) == [(1, "CartClosed")]
        assert stream.tracker.due_of(1) is None
        shop.run("UPDATE carts SET completed_at = UTC_TIMESTAMP() WHERE id = 1")
        assert said(await stream.settle()) == ([] if image == "FULL" else [(1, "CartClosed")])
        shop.run("UPDATE carts SET merged_id = NULL, completed_at = NULL WHERE id = 1")
        assert said(await stream.settle()) == [(1, "UPDATE")]
        shop.run("UPDATE carts SET channel_id = 2 WHERE id = 1")
        assert said(await stream.settle()) == [(1, "DELETE")]
        shop.run("INSERT INTO orders VALUES (1, 1, 7, 'refund', 'done', UTC_TIMESTAMP())")
        assert said(await stream.settle()) == []
        shop.run("INSERT INTO orders VALUES (2, 1, 7, 'shop_order', 'done', UTC_TIMESTAMP())")
        assert said(await stream.settle()) == [(1, "OrderPlaced")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('"ShoppingCartTypeId", in = [1]', '"Kind", in = [1]', "cart.only: table "),
        ('"ShoppingCartTypeId", in = [1]', '"ShoppingCartTypeId", in = ["cart"]', "cart.only: ShoppingCartTypeId: "),
        ('"KeyGroup", in', '"Value2", in', "cart.watch.GenericAttribute.only: table "),
        ('"Gift", in = [0]', '"Gift", in = ["no"]', "order_items.only: the column is int: give whole numbers"),
    ],
)  # fmt: skip
def test_filters_are_held_against_the_tables(
    make: Callable[..., PresetShop], before: str, after: str, expected: str
) -> None:
    assert before in NOP
    shop = make(NOP.replace(before, after), NOP_SQL)
    settings = shop.settings()
    with pytest.raises(ConfigError) as caught:
        check_server(settings.connection, settings.preset())
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems
