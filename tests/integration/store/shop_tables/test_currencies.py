"""Carts in another currency than the shop's, whose lines have no price of their own."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import baskets
from fakes.preset_shop import PresetShop, preset_shop

from binlog_watcher.demo.server import Server

MARK = ("UPDATE products SET price = price + 1 WHERE id = 1", 1)
PRESET = (
    """
[cart]
table = "baskets"
id = "id"
customer = "customer_id"
created = "created_at"
currency = "currency"
rate = "rate"
"""
    + baskets.LINES
    + """
[orders]
table = "purchases"
id = "id"
customer = "customer_id"
bought_at = "bought_at"
"""
    + baskets.PEOPLE_AND_PRODUCTS
)


@pytest.fixture
def shop(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[PresetShop]:
    path = tmp_path / "shop.toml"
    path.write_text(PRESET)
    with (
        server.connect(database=fresh_database, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        for statement in (
            *baskets.TABLES,
            "CREATE TABLE purchases (id INT PRIMARY KEY, customer_id INT, bought_at TIMESTAMP NULL, KEY (customer_id))",
            "ALTER TABLE baskets ADD currency CHAR(3), ADD rate DECIMAL(12, 6)",
            (
                "INSERT INTO baskets (id, shop_id, customer_id, currency, rate) VALUES "
                "(1, 1, 1, 'USD', 1), (2, 1, 1, 'JPY', 150.5), (3, 1, 1, 'JPY', NULL)"
            ),
            "INSERT INTO basket_items (basket_id, product_id, quantity) VALUES (1, 1, 2), (2, 1, 2), (3, 1, 2)",
        ):
            cursor.execute(statement)
    with preset_shop(server, fresh_database, str(path), MARK, CURRENCY="USD") as opened:
        yield opened


def test_products_prices_go_by_the_carts_rate(shop: PresetShop) -> None:
    ((price,),) = shop.run("SELECT price FROM products WHERE id = 1")
    carts = shop.load(1, 2)
    assert (carts[1].currency, carts[1].total) == ("USD", 2 * price)
    assert (carts[2].currency, carts[2].total) == ("JPY", round(2 * price * Decimal("150.5")))
    assert carts[2].worth == pytest.approx(carts[1].worth, abs=Decimal("0.01"))


def test_without_a_rate_nobody_knows_what_the_cart_costs(shop: PresetShop) -> None:
    loaded = shop.resources.loader.load([3])
    assert loaded.carts == {}
    assert "30.00 USD, and what that is in JPY is not known" in loaded.unreadable[3]
