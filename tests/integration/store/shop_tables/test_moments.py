"""Shops whose moments are numbers or text: Drupal Commerce, Zen Cart, and one with UTC text and milliseconds.

Of the first two the tables are the shops' own, as far as they matter (Drupal Commerce 2.40, Zen Cart 2.1).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.preset_shop import MINUTE, PresetShop, preset_shop

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.events import CartKey, CartRead
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced
from binlog_watcher.store.shop_tables.open_carts import CartScan

MARK = ("UPDATE products SET stock = stock + 1 WHERE id = 99", 99)
PRODUCTS = (
    "CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2), stock INT)",
    "INSERT INTO products VALUES (1, 'Tea pot', 30, 5), (2, 'Tea cup', 8, 50), (99, 'Mark', 1, 1)",
)
CATALOGUE = """
[products]
table = "products"
id = "id"
name = "name"
price = "price"
"""

DRUPAL = f"""
[cart]
table = "commerce_order"
id = "order_id"
customer = "uid"
email = "mail"
created = {{ column = "created", format = "unix" }}
updated = [{{ column = "changed", format = "unix" }}]
only = {{ column = "cart", in = [1] }}
open = {{ column = "state", in = ["draft"] }}
[lines]
table = "commerce_order_item"
cart = "order_id"
id = "order_item_id"
product = "purchased_entity"
quantity = "quantity"
created = {{ column = "created", format = "unix" }}
updated = {{ column = "changed", format = "unix" }}
select = '''
SELECT i.order_id AS cart, p.id AS product, i.quantity AS quantity, i.created AS created, p.name AS name,
       p.price AS price
FROM commerce_order_item i JOIN products p ON p.id = i.purchased_entity WHERE i.order_id IN {{keys}}'''
[orders]
table = "commerce_order"
id = "order_id"
cart = "order_id"
customer = "uid"
bought_at = {{ column = "placed", format = "unix" }}
bought = [{{ column = "placed", is_null = false }}, {{ column = "state", not_in = ["draft"] }}]
[customers]
table = "users_field_data"
id = "uid"
email = "mail"
{CATALOGUE}"""
DRUPAL_SQL = (
    *PRODUCTS,
    """CREATE TABLE commerce_order (order_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, uid INT UNSIGNED,
    mail VARCHAR(254), state VARCHAR(255) DEFAULT 'draft', cart TINYINT, created INT, changed INT, placed INT,
    KEY (uid), KEY (changed))""",
    """CREATE TABLE commerce_order_item (order_item_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, order_id INT UNSIGNED,
    purchased_entity INT UNSIGNED, quantity DECIMAL(17,2) DEFAULT 1, created INT, changed INT, KEY (order_id),
    KEY (created))""",
    "CREATE TABLE users_field_data (uid INT UNSIGNED PRIMARY KEY, mail VARCHAR(254), KEY (mail))",
    "INSERT INTO users_field_data VALUES (7, 'ann@example.com')",
)
UNIX_AGO = "UNIX_TIMESTAMP() - 60 * %s"

ZEN = f"""
timezone = "UTC"
[cart]
table = "zen_customers_basket"
id = "customers_basket_id"
customer = "customers_id"
product = "products_id"
quantity = "customers_basket_quantity"
created = {{ column = "customers_basket_date_added", format = "yyyymmdd" }}
[orders]
table = "zen_orders"
id = "orders_id"
customer = "customers_id"
bought_at = "date_purchased"
[customers]
table = "zen_customers"
id = "customers_id"
email = "customers_email_address"
{CATALOGUE}"""
ZEN_SQL = (
    *PRODUCTS,
    """CREATE TABLE zen_customers_basket (customers_basket_id INT AUTO_INCREMENT PRIMARY KEY, customers_id INT NOT NULL
    DEFAULT 0, products_id INT NOT NULL, customers_basket_quantity FLOAT NOT NULL DEFAULT 1, customers_basket_date_added
    VARCHAR(8) DEFAULT NULL, KEY idx_customers_id_zen (customers_id))""",
    """CREATE TABLE zen_orders (orders_id INT AUTO_INCREMENT PRIMARY KEY, customers_id INT NOT NULL DEFAULT 0,
    date_purchased DATETIME DEFAULT NULL, KEY (customers_id))""",
    """CREATE TABLE zen_customers (customers_id INT PRIMARY KEY, customers_email_address VARCHAR(96),
    KEY (customers_email_address))""",
    "INSERT INTO zen_customers VALUES (7, 'ann@example.com'), (8, 'bob@example.com')",
)

TEXT = f"""
[cart]
table = "lines_of_carts"
id = "id"
customer = "user"
product = "product"
quantity = "pieces"
created = {{ column = "put_in", format = "iso" }}
updated = {{ column = "touched", format = "unix_ms" }}
[orders]
table = "orders"
id = "id"
customer = "user"
bought_at = {{ column = "paid_at", format = "text" }}
[order_items]
table = "order_items"
order = "of_order"
product = "product"
[customers]
table = "users"
id = "id"
email = "mail"
{CATALOGUE}"""
TEXT_SQL = (
    *PRODUCTS,
    """CREATE TABLE lines_of_carts (id INT AUTO_INCREMENT PRIMARY KEY, user INT, product INT, pieces INT DEFAULT 1,
    put_in VARCHAR(32), touched BIGINT, KEY (user), KEY (put_in))""",
    "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, user INT, paid_at CHAR(19), KEY (user))",
    "CREATE TABLE order_items (of_order INT, product INT, KEY (of_order))",
    "CREATE TABLE users (id INT PRIMARY KEY, mail VARCHAR(80), KEY (mail))",
    "INSERT INTO users VALUES (7, 'ann@example.com'), (8, 'bob@example.com')",
)
ISO_AGO = "CONCAT(REPLACE(UTC_TIMESTAMP() - INTERVAL %s MINUTE, ' ', 'T'), 'Z')"


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


def fenced(shop: PresetShop, key: CartKey, *meanwhile: str) -> bool:
    """Whether a cart passes the fence after what happens meanwhile."""
    shop.run("DELETE FROM cart_abandonment_log")
    cart = shop.load(key)[key]
    episode = Episode(cart, cart.version or 0, cart.newest_row_us, "USD", Decimal(0))
    now_us = shop.resources.clock.now_us()
    claims = shop.resources.episodes.claim([episode], lease_us=MINUTE, cooldown_us=0, now_us=now_us)
    for statement in meanwhile:
        shop.run(statement)
    return bool(shop.resources.episodes.fence([Fenced(claims.ids[key], cart)], lease_us=MINUTE))


def mailed_an_hour_ago(shop: PresetShop) -> None:
    hour = "UTC_TIMESTAMP() - INTERVAL 1 HOUR"
    shop.run(
        f"UPDATE cart_abandonment_log SET status = 'sent', email_sent = 1, sent_at = {hour}, created_at = {hour}"
    )


def conversions(shop: PresetShop) -> list[Any]:
    """As sessions in two zones see them."""
    seen = []
    for zone in ("+00:00", "+09:00"):
        shop.run(f"SET time_zone = '{zone}'")
        seen += [row[0] for row in shop.run("SELECT SUM(conversions) FROM cart_abandonment_mails_daily")]
    shop.run("SET time_zone = '+00:00'")
    return seen


def between(shop: PresetShop, first: int, last: int) -> set[CartKey]:
    """The keys that the reconciliation reads, of a span in minutes from now."""
    now_us = shop.resources.clock.now_us()
    pages = shop.resources.scan.between(now_us + first * MINUTE, now_us + last * MINUTE)
    return {key for page in pages for key in page}


# --- Drupal Commerce: Unix seconds, carts that become orders --------------------------------------------------------


def drupal_cart(shop: PresetShop, number: int, ago: int, *, uid: int | None = 7) -> None:
    shop.run(
        "INSERT INTO commerce_order (order_id, uid, cart, created, changed) "
        f"VALUES (%s, %s, 1, {UNIX_AGO}, {UNIX_AGO})",
        (number, uid, ago, ago),
    )
    shop.run(
        "INSERT INTO commerce_order_item (order_id, purchased_entity, created, changed) "
        f"VALUES (%s, 1, {UNIX_AGO}, {UNIX_AGO})",
        (number, ago, ago),
    )


async def test_unix_seconds(make: Callable[..., PresetShop]) -> None:
    shop = make(DRUPAL, DRUPAL_SQL)
    assert check_server(shop.settings().connection, shop.resources.schema).warnings == ()
    drupal_cart(shop, 1, 60)
    drupal_cart(shop, 2, 20)
    cart = shop.load(1)[1]
    assert abs(cart.newest_row_us + 60 * MINUTE - shop.resources.clock.now_us()) < MINUTE
    assert isinstance(shop.decide(1), Send)
    assert isinstance(shop.decide(2), Wait)
    assert {one.key for page in shop.resources.scan.open_carts(0) for one in page} == {1, 2}
    assert all(span.index == "" for span in CartScan(shop.resources.shop).spans)
    assert between(shop, -90, -30) == {1}
    now_us = shop.resources.clock.now_us()
    assert shop.resources.shop.young([1, 2], now_us - 40 * MINUTE) == [2]
    async with shop.stream() as stream:
        shop.run(
            "UPDATE commerce_order SET state = 'completed', placed = UNIX_TIMESTAMP() WHERE order_id = 2"
        )
        kinds = {type(event).__name__ for event in await stream.settle() if not isinstance(event, CartRead)}
        assert "CartClosed" in kinds
    assert shop.decide(1) == Skip(Reason.EMPTY)  # the same customer's
    shop.run("UPDATE commerce_order SET placed = placed - 7200 WHERE order_id = 2")
    assert isinstance(shop.decide(1), Send)
    place = "UPDATE commerce_order SET placed = UNIX_TIMESTAMP() WHERE order_id = 2"
    assert not fenced(shop, 1, place)
    mailed_an_hour_ago(shop)
    assert conversions(shop) == [1, 1]
    shop.run("UPDATE commerce_order SET placed = placed - 7200 WHERE order_id = 2")
    assert conversions(shop) == [0, 0]


@pytest.mark.parametrize("placed", [0, -5, 2_147_483_647])
def test_an_order_without_a_readable_time_ends_its_cart_for_good(
    make: Callable[..., PresetShop], placed: int
) -> None:
    shop = make(DRUPAL, DRUPAL_SQL)
    drupal_cart(shop, 1, 60)
    drupal_cart(shop, 2, 90, uid=None)
    assert isinstance(shop.decide(1), Send)
    shop.run(f"UPDATE commerce_order SET uid = 7, state = 'completed', placed = {placed} WHERE order_id = 2")
    assert shop.decide(1) == Skip(Reason.EMPTY)


@pytest.mark.parametrize("created", ["0", "-1", "NULL"])
def test_a_row_without_a_readable_time_does_not_count(make: Callable[..., PresetShop], created: str) -> None:
    shop = make(DRUPAL, DRUPAL_SQL)
    drupal_cart(shop, 1, 60)
    shop.run(f"UPDATE commerce_order_item SET created = {created}")
    assert isinstance(shop.decide(1), Send)  # it has its header's time
    shop.run(f"UPDATE commerce_order SET created = {created}")
    assert shop.decide(1) == Skip(Reason.EMPTY)
    assert [page for page in shop.resources.scan.open_carts(0) if page] == []
    assert shop.resources.shop.young([1], shop.resources.clock.now_us()) == [1]  # of any age


# --- Zen Cart: a day ------------------------------------------------------------------------------------------------


def zen_cart(shop: PresetShop, customer: int, days_ago: int) -> None:
    day = "DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL %s DAY, '%%Y%%m%%d')"
    shop.run(
        "INSERT INTO zen_customers_basket (customers_id, products_id, customers_basket_date_added) "
        f"VALUES (%s, 1, {day})",
        (customer, days_ago),
    )


def test_days(make: Callable[..., PresetShop]) -> None:
    shop = make(ZEN, ZEN_SQL)
    settings = shop.settings().connection
    assert check_server(settings, shop.resources.schema).warnings == ()
    zen_cart(shop, 7, 1)
    zen_cart(shop, 8, 0)
    now_us = shop.resources.clock.now_us()
    midnight_us = now_us - now_us % (24 * 60 * MINUTE)
    loaded = shop.load(7, 8)
    assert [loaded[key].version for key in (7, 8)] == [midnight_us - 24 * 60 * MINUTE, midnight_us]
    # Hydration has no better knowledge of today's carts than that they were touched at any moment up to now.
    opened = {one.key: one for page in shop.resources.scan.open_carts(0, now_us) for one in page}
    assert opened[7].activity_us == midnight_us - 1_000_000
    assert opened[8].activity_us == now_us
    assert opened[8].version == midnight_us
    assert isinstance(shop.decide(7), Send)
    shop.run(
        "INSERT INTO zen_orders (customers_id, date_purchased) VALUES (7, UTC_TIMESTAMP() - INTERVAL 2 DAY)"
    )
    assert isinstance(shop.decide(7), Send)
    shop.run("UPDATE zen_orders SET date_purchased = UTC_DATE() - INTERVAL 1 MINUTE")
    assert shop.decide(7) == Skip(Reason.EMPTY)
    assert {one.key for page in shop.resources.scan.open_carts(0) for one in page} == {8}


def test_the_safety_net_reads_days_that_are_over(make: Callable[..., PresetShop]) -> None:
    shop = make(ZEN, (*ZEN_SQL, "CREATE INDEX day ON zen_customers_basket (customers_basket_date_added)"))
    zen_cart(shop, 7, 1)
    zen_cart(shop, 8, 0)
    scan, now_us = shop.resources.scan, shop.resources.clock.now_us()
    midnight_us = now_us - now_us % (24 * 60 * MINUTE)
    assert scan.by_time

    def read(after_us: int, until_us: int) -> list[CartKey]:
        return [key for page in scan.between(after_us, until_us) for key in page]

    assert read(midnight_us - MINUTE, midnight_us + MINUTE) == [7]
    assert read(midnight_us + MINUTE, now_us) == []
    assert read(now_us, midnight_us + 24 * 60 * MINUTE) == [8]
    shop.run("DROP INDEX day ON zen_customers_basket")
    shop.close()


def test_without_an_index_the_safety_net_goes_by_ids(make: Callable[..., PresetShop]) -> None:
    shop = make(ZEN, ZEN_SQL)
    for customer, days in ((7, 2), (8, 1), (7, 0), (8, 0)):
        zen_cart(shop, customer, days)
    scan, now_us = shop.resources.scan, shop.resources.clock.now_us()
    assert not scan.by_time
    assert scan.id_watermark(now_us) == 2
    ((keys, watermark),) = scan.rows_after_id(0, now_us, now_us)
    assert (keys, watermark) == ([7, 8], 2)  # today's are read again until today is over
    ((keys, watermark),) = scan.rows_after_id(2, now_us + 24 * 60 * MINUTE, now_us + 24 * 60 * MINUTE)
    assert (keys, watermark) == ([7, 8], 4)


# --- text and milliseconds ------------------------------------------------------------------------------------------


def text_cart(shop: PresetShop, user: int, ago: int, product: int = 1) -> None:
    shop.run(
        f"INSERT INTO lines_of_carts (user, product, put_in) VALUES (%s, %s, {ISO_AGO})", (user, product, ago)
    )


async def test_utc_text_and_milliseconds(make: Callable[..., PresetShop]) -> None:
    shop = make(TEXT, TEXT_SQL)
    assert check_server(shop.settings().connection, shop.resources.schema).warnings == ()
    text_cart(shop, 7, 60)
    text_cart(shop, 8, 20)
    assert isinstance(shop.decide(7), Send)
    assert isinstance(shop.decide(8), Wait)
    assert between(shop, -61, -59) == {7}
    assert between(shop, -59, -30) == set()
    now_us = shop.resources.clock.now_us()
    assert shop.resources.shop.young([7, 8], now_us - 40 * MINUTE) == [8]
    opened = {one.key for page in shop.resources.scan.open_carts(now_us - 30 * MINUTE) for one in page}
    assert opened == {8}
    shop.run("UPDATE lines_of_carts SET touched = UNIX_TIMESTAMP() * 1000 WHERE user = 7")
    assert isinstance(shop.decide(7), Wait)
    shop.run("UPDATE lines_of_carts SET touched = 0 WHERE user = 7")
    assert isinstance(shop.decide(7), Send)
    shop.run("INSERT INTO orders (user, paid_at) VALUES (7, UTC_TIMESTAMP() - INTERVAL 90 MINUTE)")
    shop.run("INSERT INTO order_items VALUES (1, 2)")
    assert isinstance(shop.decide(7), Send)
    assert shop.load(7)[7].bought.keys() == {2}
    (page,) = shop.resources.shop.ordered()
    assert [(order.order_id, order.products) for order in page] == [(1, (2,))]
    assert list(shop.resources.shop.ordered(1)) == [[]]
    assert not fenced(shop, 7, "UPDATE orders SET paid_at = UTC_TIMESTAMP() - INTERVAL 1 MINUTE")
    assert shop.decide(7) == Skip(Reason.EMPTY)
    mailed_an_hour_ago(shop)
    assert conversions(shop) == [1, 1]
    shop.run("UPDATE orders SET paid_at = UTC_TIMESTAMP() - INTERVAL 90 MINUTE")
    assert conversions(shop) == [0, 0]
    shop.run("UPDATE orders SET paid_at = 'soon'")
    assert conversions(shop) == [0, 0]
    assert shop.decide(7) == Skip(Reason.EMPTY)
    assert [one.key for page in shop.resources.scan.open_carts(0) for one in page] == [8]


def test_the_index_of_a_text_is_used(make: Callable[..., PresetShop]) -> None:
    shop = make(TEXT, TEXT_SQL)
    for minute in range(300):
        text_cart(shop, 7, minute)
    shop.run("ANALYZE TABLE lines_of_carts")
    (span,) = CartScan(shop.resources.shop).spans
    low, high = span.time.span(0, 1_000_000_000_000_000)
    plan = shop.run(
        "EXPLAIN SELECT id FROM lines_of_carts l WHERE l.put_in >= %s AND l.put_in <= %s ORDER BY l.put_in, l.id",
        (low, high),
    )
    assert "put_in" in str(plan)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('{ column = "put_in", format = "iso" }', '{ column = "put_in", format = "unix" }',
         "cart.created: lines_of_carts.put_in is varchar: the format unix is for bigint, decimal, int"),
        ('{ column = "touched", format = "unix_ms" }', '"touched"',
         'not bigint; if it holds moments, say how: updated = { column = "touched", format = … } (unix, unix_ms,'),
        ('{ column = "paid_at", format = "text" }', '{ column = "gone", format = "text" }',
         "orders.bought_at: table "),
    ],
)  # fmt: skip
def test_formats_are_held_against_the_columns(
    make: Callable[..., PresetShop], before: str, after: str, expected: str
) -> None:
    assert before in TEXT
    shop = make(TEXT.replace(before, after), TEXT_SQL)
    settings = shop.settings()
    with pytest.raises(ConfigError) as caught:
        check_server(settings.connection, settings.preset())
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems


def test_a_select_gives_the_creation_as_the_column_holds_it(make: Callable[..., PresetShop]) -> None:
    shop = make(DRUPAL.replace("i.created AS created", "FROM_UNIXTIME(i.created) AS created"), DRUPAL_SQL)
    settings = shop.settings()
    with pytest.raises(ConfigError) as caught:
        check_server(settings.connection, settings.preset())
    assert any("its column created must be a number" in problem for problem in caught.value.problems)
