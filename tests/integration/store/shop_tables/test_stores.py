"""Which storefront a cart is of, wherever a preset says so; and that a cart which changes it passes no fence."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import baskets
from fakes.preset_shop import PresetShop

from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced

MARK = ("UPDATE products SET price = price + 1 WHERE id = 1", 1)
HEADER = """
[cart]
table = "baskets"
id = "id"
customer = "customer_id"
created = "created_at"
"""
ROWS = """
[cart]
table = "basket_items"
id = "id"
customer = "basket_id"
product = "product_id"
quantity = "quantity"
created = "created_at"
"""
ORDERS = """
[orders]
table = "purchases"
id = "id"
customer = "customer_id"
bought_at = "bought_at"
"""
PEOPLE_BY_SELECT = """
[customers]
select = '''
SELECT b.id AS cart, p.id AS id, p.email AS email, b.shop_code AS store
FROM baskets b JOIN people p ON p.id = b.customer_id WHERE b.id IN {keys}'''
table = "people"
id = "id"
email = "email"
"""
PRODUCTS = "[products]" + baskets.PEOPLE_AND_PRODUCTS.partition("[products]")[2]
ROWS_BY_SELECT = """select = '''
SELECT i.basket_id AS cart, p.id AS product, p.name AS name, p.price AS price, i.quantity AS quantity,
i.created_at AS created, i.shop_code AS store
FROM basket_items i JOIN products p ON p.id = i.product_id WHERE i.basket_id IN {keys} ORDER BY i.id'''
"""
PLAIN = ORDERS + baskets.PEOPLE_AND_PRODUCTS
PRESETS = {
    "header": HEADER + 'store = "shop_code"' + baskets.LINES + PLAIN,
    "number": HEADER + 'store = "shop_id"' + baskets.LINES + PLAIN,
    "bytes": HEADER + 'store = "shop_bytes"' + baskets.LINES + PLAIN,
    "rows": ROWS + 'store = "shop_code"' + PLAIN,
    "rows by select": ROWS + 'store = "shop_code"\n' + ROWS_BY_SELECT + PLAIN,
    "customers": HEADER + baskets.LINES + ORDERS + PEOPLE_BY_SELECT + PRODUCTS,
}
CODE = "shop_code VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NULL"
TABLES = (
    *baskets.TABLES,
    "CREATE TABLE purchases (id INT PRIMARY KEY, customer_id INT, bought_at TIMESTAMP NULL, KEY (customer_id))",
    f"ALTER TABLE baskets ADD {CODE}, ADD shop_bytes BINARY(4) NULL",
    f"ALTER TABLE basket_items ADD {CODE}",
    (
        "INSERT INTO baskets (id, shop_id, customer_id, shop_code, shop_bytes, created_at) "
        "VALUES (1, 3, 1, 'Zürich ', x'0FA91CE3', UTC_TIMESTAMP() - INTERVAL 1 HOUR)"
    ),
    (
        "INSERT INTO basket_items (basket_id, product_id, quantity, shop_code, created_at) "
        "VALUES (1, 1, 1, 'Bern', UTC_TIMESTAMP() - INTERVAL 2 HOUR), "
        "(1, 1, 1, 'Zürich', UTC_TIMESTAMP() - INTERVAL 1 HOUR)"
    ),
)
TOLD = {"number": "3", "bytes": "0fa91ce3"}
MOVES = {
    "number": "UPDATE baskets SET shop_id = 4",
    "bytes": "UPDATE baskets SET shop_bytes = x'00000001'",
    "rows": "UPDATE basket_items SET shop_code = 'Genf' ORDER BY id DESC LIMIT 1",
}
MOVES["rows by select"] = MOVES["rows"]
Open = Callable[[str], PresetShop]


@pytest.fixture
def shop(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Open]:
    opened: list[PresetShop] = []

    def open_with(preset: str) -> PresetShop:
        path = tmp_path / "shop.toml"
        path.write_text(preset)
        with (
            server.connect(database=fresh_database, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET time_zone = '+00:00'")
            for statement in TABLES:
                cursor.execute(statement)
        opened.append(PresetShop(server, fresh_database, str(path), MARK))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


@pytest.mark.parametrize("shape", PRESETS)
def test_a_carts_store_is_read_and_part_of_the_fence(shop: Open, shape: str) -> None:
    """Of rows that were put in in two stores the newest tells."""
    found = shop(PRESETS[shape])
    cart = found.load(1)[1]
    assert cart.store == TOLD.get(shape, "zürich")
    assert found.resources.shop.tells_store
    episodes = found.resources.episodes
    episode = Episode(cart, cart.version or 0, cart.newest_row_us, "USD", Decimal(0))
    now_us = found.resources.clock.now_us()
    claims = episodes.claim([episode], lease_us=60_000_000, cooldown_us=0, now_us=now_us)
    found.run(MOVES.get(shape, "UPDATE baskets SET shop_code = 'Genf'"))
    assert not episodes.fence([Fenced(claims.ids[1], cart)], lease_us=60_000_000)
    moved = found.load(1)[1]
    assert moved.store != cart.store
    assert episodes.fence([Fenced(claims.ids[1], moved)], lease_us=60_000_000)


@pytest.mark.parametrize("shape", ["header", "rows", "customers"])
def test_a_cart_that_names_no_store(shop: Open, shape: str) -> None:
    found = shop(PRESETS[shape])
    found.run("UPDATE baskets SET shop_code = ' '")
    found.run("UPDATE basket_items SET shop_code = NULL")
    assert found.load(1)[1].store is None


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_what_check_says_of_stores(shop: Open) -> None:
    found = shop(PRESETS["rows by select"].replace(", i.shop_code AS store", ""))
    settings = found.settings()
    with pytest.raises(ConfigError, match=r"cart\.select: gives no column store"):
        check_server(settings.connection, settings.preset(), writes=True)
