"""Every preset's orders can be asked what they earned: the views and the figures are valid SQL on its own tables."""

from typing import Any

import pytest
from fakes.shop_statements import create_tables

from binlog_watcher.demo.server import Server
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.grants import OWN_VIEWS
from binlog_watcher.shop.presets import load_schema
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import earnings, tables
from binlog_watcher.store.own_tables.figures import Window
from binlog_watcher.store.shop_tables.shop import Shop

NOW_US = 1_790_000_000_000_000

TABLES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "woocommerce": ("woocommerce.sql", {"orders": "own"}, ("customer",)),
    "woocommerce, older orders": ("woocommerce.sql", {"orders": "legacy"}, ()),
    "prestashop-8": ("prestashop_8.sql", {}, ("cart", "customer")),
    "magento-2": ("magento_2.sql", {}, ("cart", "customer")),
    "opencart-3": ("opencart_3.sql", {}, ("customer",)),
    "opencart-4": ("opencart_4_1.sql", {"release": "4.1"}, ("customer",)),
    "shopware-6": ("shopware_6.sql", {}, ()),
    "sylius": ("sylius_2.sql", {}, ("cart", "customer")),
    "bagisto": ("bagisto_2.sql", {}, ("cart", "customer")),
    "drupal-commerce": ("drupal_commerce.sql", {}, ("cart", "customer")),
    "nopcommerce": ("nopcommerce.sql", {}, ("customer",)),
}
"""Preset → the file of its tables, variables, and by what its orders are traced to carts."""


@pytest.mark.parametrize("preset", TABLES)
def test_views_and_figures_of_a_preset(server: Server, fresh_database: str, preset: str) -> None:
    file, variables, traced = TABLES[preset]
    with (
        server.connect(database=fresh_database, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET sql_mode = ''")  # as WordPress does
        create_tables(cursor.execute, file)
    database = Database(
        ConnectionSettings(
            host=server.host, port=server.port, user=server.user, password=server.password, database=fresh_database
        )
    )  # fmt: skip
    try:
        shop = Shop(database, load_schema(preset.partition(",")[0], variables), timezone="Europe/Berlin")
        tables.migrate(database, shop)
        with database.session() as session:
            for view in OWN_VIEWS:
                assert session.rows(f"SELECT * FROM {view}") == []
        window = Window.last(NOW_US, days=300)
        figures = earnings.read_figures(database, shop, window, days=5, threshold_us=0)
    finally:
        database.close()
    assert figures is not None
    assert (figures.now.orders, figures.traced) == (0, traced)
    assert figures.now.abandonment_rate is None
