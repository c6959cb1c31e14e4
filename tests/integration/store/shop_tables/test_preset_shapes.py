"""Shops that no preset is shipped for: carts and orders in one table, text keys, orders that name customers only."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.events import CartKey, CartRead, CustomerOrdersChanged
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced

MARK = ("UPDATE products SET stock = stock + 1 WHERE id = 99", 99)
PRODUCTS = """CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2), stock INT)"""
FILL = """INSERT INTO products VALUES (1, 'Tea pot', 30, 5), (2, 'Tea cup', 8, 50), (99, 'Mark', 1, 1)"""

ONE_TABLE = """
[cart]
table = "sales"
id = "id"
customer = "customer_id"
email = "email"
name = ["given", "family"]
created = "created_at"
updated = "updated_at"
open = { column = "state", in = ["cart"] }
currency = "currency"
[lines]
table = "sale_items"
cart = "sale_id"
id = "id"
product = "product_id"
quantity = "quantity"
select = '''
SELECT i.sale_id AS cart, p.id AS product, p.name AS name, i.unit_cents / 100 AS price, i.quantity AS quantity
FROM sale_items i JOIN products p ON p.id = i.product_id -- 100 %, in cents
WHERE i.sale_id IN {keys}'''
[orders]
table = "sales"
id = "id"
cart = "id"
customer = "customer_id"
bought_at = "completed_at"
bought = { column = "completed_at", is_null = false }
[customers]
table = "people"
id = "id"
email = "email"
name = "full_name"
[products]
table = "products"
id = "id"
name = "name"
price = "price"
stock = "stock"
"""
ONE_TABLE_SQL = (
    PRODUCTS,
    FILL,
    "CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(80), full_name VARCHAR(80))",
    """CREATE TABLE sales (id INT PRIMARY KEY, customer_id INT NULL, email VARCHAR(80), given VARCHAR(40),
    family VARCHAR(40), state VARCHAR(20) NOT NULL DEFAULT 'cart', currency CHAR(3) DEFAULT 'USD',
    created_at TIMESTAMP(6) NULL, updated_at TIMESTAMP(6) NULL, completed_at DATETIME NULL, KEY (customer_id))""",
    """CREATE TABLE sale_items (id INT AUTO_INCREMENT PRIMARY KEY, sale_id INT NOT NULL, product_id INT,
    quantity INT, unit_cents INT, KEY (sale_id))""",
    "INSERT INTO people VALUES (7, 'ann@example.com', 'Ann Lee')",
)

TEXT_KEYS = """
timezone = "UTC"
[cart]
table = "basket"
id = "line_id"
customer = "member"
guests = ["anonymous", "-"]
product = "sku_id"
quantity = "pieces"
price = "agreed_price"
created = "put_in"
updated = "touched"
[orders]
table = "purchases"
id = "no"
customer = "buyer"
bought_at = "paid_at"
bought = { column = "status", in = ["paid", "shipped"] }
[customers]
table = "members"
id = "login"
email = "mail"
consent = "wants_mail"
[products]
table = "products"
id = "id"
name = "name"
price = "price"
"""
TEXT_KEYS_SQL = (
    PRODUCTS,
    FILL,
    """CREATE TABLE members (login VARCHAR(40) PRIMARY KEY, mail VARCHAR(80), wants_mail BIT(1))
    CHARSET latin1 COLLATE latin1_swedish_ci""",
    """CREATE TABLE basket (line_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, member VARCHAR(40), sku_id INT,
    pieces DECIMAL(8,3), agreed_price DECIMAL(10,2), put_in DATETIME(3), touched DATETIME(3), KEY (member))
    CHARSET latin1 COLLATE latin1_swedish_ci""",
    """CREATE TABLE purchases (no INT PRIMARY KEY, buyer VARCHAR(40), paid_at DATETIME NULL,
    status ENUM('draft', 'paid', 'shipped', 'void') NOT NULL DEFAULT 'draft', KEY (buyer))
    CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci""",
    "INSERT INTO members VALUES ('zoë', 'zoe@example.com', b'1'), ('max', 'max@example.com', b'0')",
)

BY_CUSTOMER = """
currency = "CHF"
[cart]
table = "carts"
id = "token"
customer = "user"
created = "born"
updated = ["moved", "priced"]
open = { column = "live", in = [1] }
version = "cart.revision"
[lines]
table = "cart_lines"
cart = "token"
product = "product_id"
quantity = "quantity"
[orders]
table = "orders"
id = "id"
customer = "user"
bought_at = "placed"
bought = { column = "state", not_in = ["open", "refused"] }
[customers]
table = "users"
id = "id"
email = "email"
[products]
table = "products"
id = "id"
name = "name"
price = "price"
"""
BY_CUSTOMER_SQL = (
    PRODUCTS,
    FILL,
    "CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(80))",
    """CREATE TABLE carts (token CHAR(12) PRIMARY KEY, user INT NULL, born TIMESTAMP NULL, moved TIMESTAMP NULL,
    priced TIMESTAMP NULL, live BIT(1) DEFAULT b'1', revision INT UNSIGNED DEFAULT 1, KEY (user), KEY (moved))""",
    """CREATE TABLE cart_lines (token CHAR(12), product_id INT, quantity INT, PRIMARY KEY (token, product_id))""",
    """CREATE TABLE orders (id INT PRIMARY KEY, user BIGINT, placed TIMESTAMP NULL,
    state ENUM('open', 'done', 'refused') DEFAULT 'open', KEY (user))""",
    "INSERT INTO users VALUES (5, 'bea@example.com')",
)
AGO = "UTC_TIMESTAMP(6) - INTERVAL %s MINUTE"


@pytest.fixture
def make(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Callable[..., PresetShop]]:
    """A shop of the given preset and tables."""
    opened: list[Any] = []

    def opening(preset: str, statements: tuple[str, ...], **settings: str) -> PresetShop:
        file = tmp_path / "shop.toml"
        file.write_text(preset, encoding="utf-8")
        context = preset_shop(server, fresh_database, str(file), MARK, **settings)
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


def of(events: list[Any], key: CartKey) -> list[str]:
    """What the stream said of a key; what hydration read of it is left out."""
    return [
        type(event).__name__
        for event in events
        if getattr(event, "key", None) == key and not isinstance(event, CartRead)
    ]


def passes_the_fence(shop: PresetShop, key: CartKey, meanwhile: Callable[[], Any] = lambda: None) -> bool:
    """Claim a cart, let something happen, and go through the fence."""
    resources = shop.resources
    shop.run("DELETE FROM cart_abandonment_log")
    cart = shop.load(key)[key]
    episode = Episode(cart, cart.version or 0, cart.newest_row_us, "USD", Decimal(0))
    claims = resources.episodes.claim(
        [episode], lease_us=60_000_000, cooldown_us=0, now_us=resources.clock.now_us()
    )
    meanwhile()
    fenced = Fenced(claims.ids[key], cart)
    return bool(resources.episodes.fence([fenced], lease_us=60_000_000))


# --- carts and orders in one table ----------------------------------------------------------------------------------


def sale(shop: PresetShop, number: int, *, minutes_ago: int, customer: int | None = 7) -> None:
    shop.run(
        f"INSERT INTO sales (id, customer_id, created_at, updated_at) VALUES (%s, %s, {AGO}, {AGO})",
        (number, customer, minutes_ago, minutes_ago),
    )
    shop.run(
        "INSERT INTO sale_items (sale_id, product_id, quantity, unit_cents) VALUES (%s, 1, 2, 2950)",
        (number,),
    )


async def test_a_cart_that_becomes_its_own_order(make: Callable[..., PresetShop], image: str) -> None:
    shop = make(ONE_TABLE, ONE_TABLE_SQL)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    check_server(shop.settings().connection, shop.resources.schema)
    sale(shop, 1, minutes_ago=60)
    assert isinstance(shop.decide(1), Send)
    assert shop.load(1)[1].total == 59
    async with shop.stream() as stream:
        shop.run("UPDATE sales SET updated_at = UTC_TIMESTAMP(6) WHERE id = 1")
        # In MINIMAL images the row may be an order: then it is looked at again as well.
        assert set(of(await stream.settle(), 1)) - {"OrderChanged"} == {"CartChanged"}
        assert stream.tracker.due_of(1) is not None
        assert isinstance(shop.decide(1), Wait)
        shop.run("UPDATE sales SET state = 'new', completed_at = UTC_TIMESTAMP() WHERE id = 1")
        said = of(await stream.settle(), 1)
        assert "CartClosed" in said
        # MINIMAL images do not tell that the order did not count before: it is looked at again, and found bought.
        assert ("OrderPlaced" if image == "FULL" else "OrderChanged") in said
        assert shop.decide(1, minutes_later=60) == Skip(Reason.CLOSED)
        if image == "FULL":
            assert stream.tracker.due_of(1) is None


def test_its_fence_and_hydration(make: Callable[..., PresetShop]) -> None:
    shop = make(ONE_TABLE, ONE_TABLE_SQL)
    sale(shop, 1, minutes_ago=60)
    sale(shop, 2, minutes_ago=60, customer=None)
    opened = [cart.key for page in shop.resources.scan.open_carts(0) for cart in page]
    assert opened == [1]  # nobody can write to the other
    assert passes_the_fence(shop, 1)
    assert not passes_the_fence(
        shop, 1, lambda: shop.run("UPDATE sale_items SET quantity = 5 WHERE sale_id = 1")
    )
    assert not passes_the_fence(shop, 1, lambda: shop.run("UPDATE sales SET customer_id = NULL WHERE id = 1"))
    shop.run("UPDATE sales SET customer_id = 7 WHERE id = 1")
    assert not passes_the_fence(
        shop, 1, lambda: shop.run("INSERT INTO sales (id, customer_id, completed_at) VALUES (3, 7, NOW())")
    )
    shop.run("UPDATE sales SET email = 'gus@example.com' WHERE id = 2")
    assert passes_the_fence(shop, 2)
    assert not passes_the_fence(shop, 2, lambda: shop.run("UPDATE sales SET state = 'new' WHERE id = 2"))


async def test_a_guest_with_an_address_in_the_header_is_mailed(
    make: Callable[..., PresetShop], smtp: MailServer
) -> None:
    shop = make(ONE_TABLE, ONE_TABLE_SQL)
    sale(shop, 1, minutes_ago=60, customer=None)
    assert shop.decide(1) == Skip(Reason.GUEST)
    shop.run(
        "UPDATE sales SET email = 'gus@example.com', given = 'Gus', family = 'Ek', currency = 'SEK' WHERE id = 1"
    )
    assert [cart.key for page in shop.resources.scan.open_carts(0) for cart in page] == [1]
    async with recovering(shop, smtp, SHOP_SCHEMA=shop.preset) as cartwake:
        assert isinstance((await cartwake.recover(1))[1], Send)
    (mail,) = smtp.mails_to("gus@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Hi Gus," in text.get_content()
    assert "SEK\N{NO-BREAK SPACE}59.00" in text.get_content()
    (row,) = shop.log()
    assert (row["user_id"], row["currency"], row["status"]) == (None, "SEK", "sent")
    assert row["discount_percent"] == 0  # the tiers are in USD, and there is no rate


# --- text keys, orders that count by an ENUM ------------------------------------------------------------------------


def put_in(shop: PresetShop, member: str, *, minutes_ago: int = 60, pieces: str = "2") -> None:
    shop.run(
        f"INSERT INTO basket (member, sku_id, pieces, agreed_price, put_in) VALUES (%s, 2, %s, 7.50, {AGO})",
        (member, pieces, minutes_ago),
    )


async def test_text_keys_and_orders_that_count_by_an_enum(
    make: Callable[..., PresetShop], image: str
) -> None:
    shop = make(TEXT_KEYS, TEXT_KEYS_SQL)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    check_server(shop.settings().connection, shop.resources.schema)
    async with shop.stream() as stream:
        put_in(shop, "zoë")
        put_in(shop, "anonymous")
        put_in(shop, "-")
        events = await stream.settle()
        assert {getattr(event, "key", "zoë") for event in events} == {"zoë"}
        assert stream.tracker.due_of("zoë") is not None
        assert isinstance(shop.decide("zoë"), Send)
        shop.run("INSERT INTO purchases (no, buyer) VALUES (1, 'zoë')")
        assert of(await stream.settle(), "zoë") == ([] if image == "FULL" else ["OrderChanged"])
        assert isinstance(shop.decide("zoë"), Send)
        shop.run("UPDATE purchases SET status = 'paid', paid_at = UTC_TIMESTAMP() WHERE no = 1")
        said = of(await stream.settle(), "zoë")
        assert said == (["OrderPlaced"] if image == "FULL" else ["OrderChanged"])
        assert shop.decide("zoë", minutes_later=60) == Skip(Reason.EMPTY)
        shop.run("UPDATE purchases SET status = 'void' WHERE no = 1")
        assert of(await stream.settle(), "zoë") == ["OrderChanged"]
        assert stream.tracker.due_of("zoë") is not None
        assert isinstance(shop.decide("zoë"), Send)


async def test_text_keys_go_all_the_way(make: Callable[..., PresetShop], smtp: MailServer) -> None:
    shop = make(TEXT_KEYS, TEXT_KEYS_SQL)
    put_in(shop, "zoë", pieces="2")
    put_in(shop, "zoë", pieces="0.5")
    put_in(shop, "max")
    put_in(shop, "anonymous")
    assert {cart.key for page in shop.resources.scan.open_carts(0) for cart in page} == {"zoë", "max"}
    assert shop.load("zoë")["zoë"].total == Decimal("18.75")  # half a piece at half the price
    assert shop.decide("max") == Skip(Reason.NO_CONSENT, shop.load("max")["max"].newest_row_us)
    assert passes_the_fence(shop, "zoë")
    assert not passes_the_fence(
        shop, "zoë", lambda: shop.run("INSERT INTO purchases VALUES (2, 'zoë', UTC_TIMESTAMP(), 'paid')")
    )
    shop.run("DELETE FROM purchases")
    shop.run("DELETE FROM cart_abandonment_log")
    async with recovering(shop, smtp, SHOP_SCHEMA=shop.preset) as cartwake:
        await cartwake.recover("zoë", "max")
    assert len(smtp.mails_to("zoe@example.com")) == 1
    rows = {row["cart_key"]: row for row in shop.log()}
    assert {key: row["status"] for key, row in rows.items()} == {"zoë": "sent", "max": "skipped"}
    shop.run("INSERT INTO purchases VALUES (3, 'zoë', UTC_TIMESTAMP() + INTERVAL 1 MINUTE, 'shipped')")
    assert shop.run("SELECT SUM(conversions) FROM cart_abandonment_mails_daily") == [(1,)]


def test_an_update_column_is_activity_also_after_a_restart(make: Callable[..., PresetShop]) -> None:
    shop = make(TEXT_KEYS, TEXT_KEYS_SQL)
    put_in(shop, "zoë", minutes_ago=60)
    shop.run("UPDATE basket SET touched = UTC_TIMESTAMP(3)")
    (cart,) = (cart for page in shop.resources.scan.open_carts(0) for cart in page)
    assert cart.activity_us - cart.created_us > 59 * 60_000_000
    assert isinstance(shop.decide("zoë"), Wait)
    assert isinstance(shop.decide("zoë", minutes_later=31), Send)


# --- orders that name the customer only -----------------------------------------------------------------------------


def cart(shop: PresetShop, token: str, *, minutes_ago: int = 60, user: int | None = 5) -> None:
    shop.run(f"INSERT INTO carts (token, user, born, moved) VALUES (%s, %s, {AGO}, {AGO})",
             (token, user, minutes_ago, minutes_ago))  # fmt: skip
    shop.run("INSERT INTO cart_lines VALUES (%s, 1, 1)", (token,))


def test_the_customers_other_carts_want_an_index(make: Callable[..., PresetShop]) -> None:
    """Each order is looked up by it."""
    shop = make(BY_CUSTOMER, BY_CUSTOMER_SQL)
    fits = check_server(shop.settings().connection, shop.resources.schema).warnings
    shop.run("DROP INDEX user ON carts")
    (told,) = set(check_server(shop.settings().connection, shop.resources.schema).warnings) - set(fits)
    assert "cart.customer: no index begins with carts.user" in told


async def test_orders_that_name_the_customer_only(make: Callable[..., PresetShop], image: str) -> None:
    shop = make(BY_CUSTOMER, BY_CUSTOMER_SQL)
    shop.run(f"SET SESSION binlog_row_image = '{image}'")
    check_server(shop.settings().connection, shop.resources.schema)
    cart(shop, "tok-1")
    assert isinstance(shop.decide("tok-1"), Send)
    assert shop.load("tok-1")["tok-1"].currency == "CHF"
    async with shop.stream() as stream:
        shop.run("INSERT INTO orders VALUES (1, 5, UTC_TIMESTAMP(), 'open')")
        await stream.settle()
        assert isinstance(shop.decide("tok-1"), Send)
        shop.run("UPDATE orders SET state = 'done' WHERE id = 1")
        await stream.settle()
        assert shop.decide("tok-1") == Skip(Reason.EMPTY)
        shop.run("UPDATE orders SET state = 'refused' WHERE id = 1")
        (changed,) = [event for event in await stream.settle() if isinstance(event, CustomerOrdersChanged)]
        assert changed.customer == 5
        assert shop.resources.shop.carts_of([5]) == {"tok-1": 5}
        assert isinstance(shop.decide("tok-1"), Send)


async def test_a_constant_currency(make: Callable[..., PresetShop], smtp: MailServer) -> None:
    shop = make(BY_CUSTOMER, BY_CUSTOMER_SQL)
    cart(shop, "tok-1")
    shop.run("UPDATE cart_lines SET quantity = 4")
    assert shop.resources.with_log
    async with recovering(shop, smtp, SHOP_SCHEMA=shop.preset) as cartwake:
        await cartwake.recover("tok-1")
    (mail,) = smtp.mails_to("bea@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Subtotal: CHF\N{NO-BREAK SPACE}120.00" in text.get_content()
    assert "10% OFF" in text.get_content()  # the tiers are in the shop's own currency
    assert [(row["currency"], row["cart_total"]) for row in shop.log()] == [("CHF", 120)]


async def test_a_flag_of_one_bit_and_a_version_of_the_headers_own(make: Callable[..., PresetShop]) -> None:
    shop = make(BY_CUSTOMER, BY_CUSTOMER_SQL)
    cart(shop, "tok-1")
    assert shop.load("tok-1")["tok-1"].version == 1
    (opened,) = (one for page in shop.resources.scan.open_carts(0) for one in page)
    assert opened.version == 1
    assert passes_the_fence(shop, "tok-1")
    assert not passes_the_fence(
        shop, "tok-1", lambda: shop.run("INSERT INTO orders VALUES (9, 5, UTC_TIMESTAMP(), 'done')")
    )
    shop.run("DELETE FROM orders")
    async with shop.stream() as stream:
        shop.run("UPDATE carts SET live = b'0' WHERE token = 'tok-1'")
        assert of(await stream.settle(), "tok-1") == ["CartClosed"]
        assert stream.tracker.due_of("tok-1") is None
        assert shop.decide("tok-1") == Skip(Reason.CLOSED)
        shop.run("UPDATE carts SET live = b'1', revision = 2 WHERE token = 'tok-1'")
        assert of(await stream.settle(), "tok-1") == ["CartChanged"]
        assert stream.tracker.due_of("tok-1") is not None
    assert shop.load("tok-1")["tok-1"].version == 2


def test_the_logs_rows_are_not_taken_for_another_kind_of_cart(make: Callable[..., PresetShop]) -> None:
    shop = make(BY_CUSTOMER, BY_CUSTOMER_SQL)
    cart(shop, "tok-1")
    assert passes_the_fence(shop, "tok-1")
    shop.close()
    other = make(
        BY_CUSTOMER.replace('table = "carts"', 'table = "carts2"'), ("RENAME TABLE carts TO carts2",)
    )
    with pytest.raises(
        Exception, match=r"known by carts\.token, and this preset knows carts by carts2\.token"
    ):
        _ = other.resources


@pytest.mark.parametrize("shape", ["one table", "text keys", "by customer"])
def test_the_fence_locks_no_row_of_the_shop(
    mysql_server: Server, mysql_database: str, tmp_path: Path, shape: str
) -> None:
    preset, statements = {
        "one table": (ONE_TABLE, ONE_TABLE_SQL), "text keys": (TEXT_KEYS, TEXT_KEYS_SQL),
        "by customer": (BY_CUSTOMER, BY_CUSTOMER_SQL),
    }[shape]  # fmt: skip
    file = tmp_path / "shop.toml"
    file.write_text(preset, encoding="utf-8")
    with preset_shop(mysql_server, mysql_database, str(file), MARK) as shop:
        for statement in statements:
            shop.run(statement)
        keys: dict[str, CartKey] = {"one table": 1, "text keys": "zoë", "by customer": "tok-1"}
        key = keys[shape]
        match shape:
            case "one table":
                sale(shop, 1, minutes_ago=60)
            case "text keys":
                put_in(shop, "zoë")
            case _:
                cart(shop, "tok-1")
        resources, loaded = shop.resources, shop.load(key)[key]
        episode = Episode(loaded, loaded.version or 0, loaded.newest_row_us, "USD", Decimal(0))
        claims = resources.episodes.claim(
            [episode], lease_us=60_000_000, cooldown_us=0, now_us=resources.clock.now_us()
        )
        fenced = Fenced(claims.ids[key], loaded)
        from binlog_watcher.store.own_tables.fence import fence  # noqa: PLC0415 - inside a transaction, to see its locks

        with resources.database.session() as session:
            session.run("START TRANSACTION")
            assert fence(
                session, resources.episodes.owner, resources.shop.queries, [fenced], lease_us=60_000_000
            )
            locked = shop.run(
                "SELECT DISTINCT OBJECT_NAME FROM performance_schema.data_locks WHERE OBJECT_SCHEMA = %s",
                (mysql_database,),
            )
            session.run("ROLLBACK")
        assert locked == [("cart_abandonment_log",)]


# --- one person in several rows ------------------------------------------------------------------------------------


def test_texts_of_several_charsets_name_one_person(make: Callable[..., PresetShop]) -> None:
    """The customers in latin1, their orders in utf8mb4."""
    indexed = (
        "CREATE INDEX by_mail ON members (mail)",
        "INSERT INTO members VALUES ('zoë2', 'ZOE@example.com', b'0')",
    )
    shop = make(TEXT_KEYS, (*TEXT_KEYS_SQL, *indexed))
    put_in(shop, "zoë")
    assert isinstance(shop.decide("zoë"), Send)
    assert passes_the_fence(shop, "zoë")
    order = "INSERT INTO purchases VALUES (1, 'ZOË2', UTC_TIMESTAMP(), 'paid')"
    assert not passes_the_fence(shop, "zoë", lambda: shop.run(order))
    assert shop.decide("zoë") == Skip(Reason.EMPTY)


@pytest.mark.parametrize(
    "change", ["mail = 'new@example.com'", "mail = 'ZOE@example.com'", "wants_mail = b'0'", "login = 'gone'"]
)
def test_the_row_of_a_text_key(make: Callable[..., PresetShop], change: str) -> None:
    shop = make(TEXT_KEYS, TEXT_KEYS_SQL)
    put_in(shop, "ZOË")
    put_in(shop, "max")
    assert passes_the_fence(
        shop, "ZOË", lambda: shop.run("UPDATE members SET wants_mail = b'1' WHERE login = 'max'")
    )
    assert not passes_the_fence(
        shop, "ZOË", lambda: shop.run(f"UPDATE members SET {change} WHERE login = 'zoë'")
    )


def test_an_order_that_carries_the_address_itself(make: Callable[..., PresetShop]) -> None:
    preset = ONE_TABLE.replace("bought_at =", 'email = "email"\nbought_at =')
    shop = make(preset, (*ONE_TABLE_SQL, "CREATE INDEX by_mail ON sales (email)"))
    assert check_server(shop.settings().connection, shop.resources.schema).warnings == ()
    sale(shop, 1, minutes_ago=60)
    sale(shop, 2, minutes_ago=60, customer=None)
    shop.run("UPDATE sales SET email = 'ann@example.com' WHERE id = 2")
    shop.run("INSERT INTO sales (id, email, completed_at) VALUES (3, 'bob@example.com', UTC_TIMESTAMP())")
    assert all(isinstance(shop.decide(number), Send) for number in (1, 2))
    assert passes_the_fence(shop, 2)
    order = "INSERT INTO sales (id, email, completed_at) VALUES (4, 'Ann@example.com', UTC_TIMESTAMP())"
    assert not passes_the_fence(shop, 1, lambda: shop.run(order))
    assert [shop.decide(number) for number in (1, 2)] == [Skip(Reason.EMPTY)] * 2


def test_a_customer_whose_row_is_gone_is_not_written_to_by_what_the_header_remembers(
    make: Callable[..., PresetShop],
) -> None:
    shop = make(ONE_TABLE, ONE_TABLE_SQL)
    sale(shop, 1, minutes_ago=60)
    shop.run("UPDATE sales SET email = 'ann@example.org' WHERE id = 1")
    assert isinstance(shop.decide(1), Send)
    assert not passes_the_fence(shop, 1, lambda: shop.run("DELETE FROM people"))
    assert shop.load(1)[1].customer is None
    assert not isinstance(shop.decide(1), Send)


def test_customers_by_a_select_that_gives_a_cart_two_rows(make: Callable[..., PresetShop]) -> None:
    """And ends in a comment. What is read and what the fence compares are the same, however many rows there are."""
    select = """select = '''
    WITH people_of AS (
      SELECT s.id AS cart, p.email, p.full_name AS name FROM sales s JOIN people p ON p.id >= s.customer_id
    )
    SELECT cart, email, name FROM people_of WHERE cart IN {keys} -- 100 %'''
"""
    head, _, rest = ONE_TABLE.partition("[customers]")
    shop = make(f"{head}[customers]\n{select}[products]{rest.partition('[products]')[2]}", ONE_TABLE_SQL)
    shop.run("INSERT INTO people VALUES (8, 'ann@example.com', 'Ann Lee')")
    sale(shop, 1, minutes_ago=60)
    sale(shop, 2, minutes_ago=60)
    assert passes_the_fence(shop, 1)
    rename = "UPDATE people SET full_name = 'Lee Ann' WHERE id = 8"
    assert not passes_the_fence(shop, 1, lambda: shop.run(rename))
    (warning,) = check_server(shop.settings().connection, shop.resources.schema).warnings
    assert "customers.email: is missing: " in warning
    assert warning.endswith("; give table, id and email of the customers beside the select")


# --- what a review found ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('in = ["paid", "shipped"] }', "in = [1] }", None),  # an ENUM's numbers are its members' texts here
        (
            'column = "status", in = ["paid", "shipped"]',
            'column = "no", in = ["paid"]',
            "orders.bought: the column is int",
        ),
        (
            'column = "status", in = ["paid", "shipped"]',
            'column = "paid_at", in = [1]',
            "orders.bought: the column is datetime",
        ),
        (
            'id = "line_id"',
            'id = "line_id"\nversion = "lines.member"',
            "cart.version: basket.member is varchar",
        ),
        (
            'customer = "buyer"',
            'customer = "no"',
            "orders.customer: purchases.no is int, the cart key is varchar",
        ),
    ],
)
def test_values_are_held_against_the_columns_types(
    make: Callable[..., PresetShop], before: str, after: str, expected: str | None
) -> None:
    assert before in TEXT_KEYS
    shop = make(TEXT_KEYS.replace(before, after), TEXT_KEYS_SQL)
    settings = shop.settings()
    if expected is None:
        check_server(settings.connection, settings.preset())
        return
    with pytest.raises(ConfigError) as caught:
        check_server(settings.connection, settings.preset())
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems


def test_keys_compare_as_the_shops_columns_do(make: Callable[..., PresetShop]) -> None:
    shop = make(TEXT_KEYS, TEXT_KEYS_SQL)
    put_in(shop, "MAX")
    shop.run("UPDATE members SET wants_mail = b'1', mail = 'm@example.com'")
    put_in(shop, "Zoë")
    assert isinstance(shop.decide("Zoë"), Send)
    assert passes_the_fence(shop, "Zoë")
    assert not passes_the_fence(
        shop, "MAX", lambda: shop.run("INSERT INTO purchases VALUES (5, 'max', UTC_TIMESTAMP(), 'paid')")
    )
    assert shop.decide("MAX") == Skip(Reason.EMPTY)


def test_no_row_that_tells_of_consent_is_none(make: Callable[..., PresetShop]) -> None:
    shop = make(ONE_TABLE.replace('name = "full_name"', 'name = "full_name"\nconsent = "agreed"'),
                (*ONE_TABLE_SQL, "ALTER TABLE people ADD agreed DECIMAL(3,1) NOT NULL DEFAULT 0"))  # fmt: skip
    sale(shop, 1, minutes_ago=60)
    sale(shop, 2, minutes_ago=60, customer=None)
    shop.run("UPDATE sales SET email = 'gus@example.com' WHERE id = 2")
    decisions = [shop.decide(number) for number in (1, 2)]
    assert [decision.reason for decision in decisions if isinstance(decision, Skip)] == [
        Reason.NO_CONSENT
    ] * 2
    shop.run("UPDATE people SET agreed = 1")
    assert isinstance(shop.decide(1), Send)


def test_a_version_that_is_null_is_the_creation(make: Callable[..., PresetShop]) -> None:
    shop = make(BY_CUSTOMER, BY_CUSTOMER_SQL)
    cart(shop, "tok-1")
    shop.run("UPDATE carts SET revision = NULL")
    loaded = shop.load("tok-1")["tok-1"]
    assert loaded.version == loaded.newest_row_us
    (opened,) = (one for page in shop.resources.scan.open_carts(0) for one in page)
    assert opened.version == loaded.version


async def test_one_cart_that_the_fence_fails_for_holds_up_no_other(
    make: Callable[..., PresetShop], smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make(TEXT_KEYS, TEXT_KEYS_SQL)
    shop.run("UPDATE members SET wants_mail = b'1'")
    put_in(shop, "zoë")
    put_in(shop, "max")
    assert shop.resources.with_log
    async with recovering(shop, smtp, SHOP_SCHEMA=shop.preset) as cartwake:
        episodes: Any = cartwake.resources.episodes
        fence = episodes.fence

        def failing(mails: Any, **more: Any) -> Any:
            if any("max" in str(mail.cart.customer_id) for mail in mails):
                raise ValueError("this one can't be compared")
            return fence(mails, **more)

        monkeypatch.setattr(episodes, "fence", failing)
        await cartwake.recover("zoë", "max")
    assert len(smtp.mails_to("zoe@example.com")) == 1
    assert {row["cart_key"]: row["status"] for row in shop.log()} == {"zoë": "sent", "max": "retry"}


@pytest.mark.parametrize(
    ("preset", "statements"), [(ONE_TABLE, ONE_TABLE_SQL), (BY_CUSTOMER, BY_CUSTOMER_SQL)]
)
def test_where_only_the_header_has_a_date_it_tells_which_carts_are_young(
    make: Callable[..., PresetShop], preset: str, statements: tuple[str, ...]
) -> None:
    shop = make(preset, statements)
    table, key, born = ("sales", "id", "created_at") if preset is ONE_TABLE else ("carts", "token", "born")
    keys: list[CartKey] = [1, 2, 3] if preset is ONE_TABLE else ["a", "b", "c"]
    for name, moment in zip(
        keys, ["UTC_TIMESTAMP()", "UTC_TIMESTAMP() - INTERVAL 20 DAY", "NULL"], strict=True
    ):
        shop.run(f"INSERT INTO {table} ({key}, {born}) VALUES (%s, {moment})", (name,))
    since_us = shop.resources.clock.now_us() - 72 * 3_600_000_000
    assert shop.resources.shop.young(keys, since_us) == [keys[0], keys[2]]
