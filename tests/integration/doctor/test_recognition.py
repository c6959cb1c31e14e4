"""A database is told what shop it is: by the names of its tables, by its presets' SELECTs, by where its orders are."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.opencart.shop import SHOP_MODE
from fakes.shop_statements import create_tables

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.recognition import Recognition, databases, recognition
from binlog_watcher.settings.connection import ConnectionSettings


class Shop:
    """One database, and what is recognised in it."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.session = server.connect(autocommit=True)
        self.run(SHOP_MODE)
        self.session.select_db(name)

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self.session.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def recognised(self) -> Recognition:
        connection = ConnectionSettings(self.server.host, self.server.port, "nobody", "", self.name)
        with self.server.connect() as session:
            return recognition(session, connection)

    def fitting(self) -> list[tuple[str, str]]:
        return [(match.preset, match.variables_text) for match in self.recognised().fitting]


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    made = Shop(server, fresh_database)
    yield made
    made.session.close()


@pytest.mark.parametrize(
    ("file", "known_as"),
    [
        ("prestashop_8.sql", ("prestashop-8", "")),
        ("opencart_4_0.sql", ("opencart-4", "release=4.0")),
        ("sylius_2.sql", ("sylius", "")),
    ],
)
def test_a_shop_by_its_own_tables(shop: Shop, file: str, known_as: tuple[str, str]) -> None:
    create_tables(shop.run, file)
    assert shop.fitting() == [known_as]


def test_an_older_sylius_is_known_by_a_column_that_only_a_select_reads(shop: Shop) -> None:
    create_tables(shop.run, "sylius_2.sql")
    shop.run("ALTER TABLE sylius_product_image DROP COLUMN position")
    assert shop.fitting() == [("sylius", "version=1")]


def test_a_woocommerce_is_read_where_its_newest_order_is(shop: Shop) -> None:
    create_tables(shop.run, "woocommerce.sql")
    own, legacy = ("woocommerce", ""), ("woocommerce", "orders=legacy")
    assert shop.fitting() == [own, legacy]
    shop.run(
        "INSERT INTO wp_posts (post_type, post_date_gmt, post_content, post_title, post_excerpt, to_ping, pinged, "
        "post_content_filtered) VALUES ('shop_order', '2026-05-02 10:00:00', '', '', '', '', '', '')"
    )
    assert shop.fitting() == [legacy, own]
    shop.run(
        "INSERT INTO wp_wc_orders (id, type, status, date_created_gmt) "
        "VALUES (7, 'shop_order', 'wc-processing', '2026-05-03 10:00:00')"
    )
    assert shop.fitting() == [own, legacy]


def test_the_sample_shop(shop: Shop) -> None:
    sample_shop.create(shop.session, shop.name, users=())
    assert shop.fitting() == [("sample", "")]
    assert shop.name in databases(shop.session)


def test_an_empty_database_and_an_unknown_shop(shop: Shop) -> None:
    assert shop.recognised() == Recognition(0, (), None)
    shop.run("CREATE TABLE basket (id INT PRIMARY KEY, sku INT)")
    assert shop.recognised() == Recognition(1, (), None)
    sample_shop.create(shop.session, shop.name, users=())
    shop.run("ALTER TABLE orders RENAME COLUMN user_id TO buyer")
    found = shop.recognised()
    assert found.nearest is not None
    assert (found.fitting, found.nearest.preset, found.nearest.missing) == ((), "sample", ("orders.user_id",))
