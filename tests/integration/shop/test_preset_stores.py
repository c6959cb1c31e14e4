"""Which storefront a cart is of in the shops that have several."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.magento.catalogue import EN, FR, MUG
from fakes.magento.shop import Magento
from fakes.opencart.catalogue import KETTLE
from fakes.opencart.shop import OpenCart
from fakes.preset_shop import PresetShop, preset_shop
from fakes.prestashop.catalogue import LAMP
from fakes.prestashop.shop import PrestaShop
from fakes.shop_statements import Statement

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server

NO_MARK = ("DO 0", 0)


@pytest.fixture
def listed(tmp_path: Path) -> str:
    """A file with the store 1."""
    path = tmp_path / "stores.toml"
    path.write_text("[1]\nstore_name = 'The First'")
    return str(path)


def reasons(db: PresetShop, *carts: int) -> list[object]:
    decisions = [db.decide(cart) for cart in carts]
    return [one.reason if isinstance(one, Skip) else type(one) for one in decisions]


def test_magentos_store_views(server: Server, fresh_database: str, listed: str) -> None:
    with preset_shop(server, fresh_database, "magento-2", NO_MARK, STORES=listed) as db:

        def together(statements: Sequence[Statement]) -> None:
            for statement, parameters in statements:
                db.run(statement, parameters)

        magento = Magento(db.run, together=together)
        magento.create()
        quotes = []
        for store in (EN, FR):
            who = magento.register(f"jane{store}@example.com", store=store)
            quotes.append(magento.new_quote(store=store, customer=who, minutes_ago=60))
            magento.add(quotes[-1], MUG, minutes_ago=60)
        carts = db.load(*quotes)
        assert [carts[quote].store for quote in quotes] == [str(EN), str(FR)]
        assert reasons(db, *quotes) == [Send, Reason.STORE]


def test_prestashops_shops(server: Server, fresh_database: str, listed: str) -> None:
    with preset_shop(
        server, fresh_database, "prestashop-8", NO_MARK, CURRENCY="EUR", SHOP_TIMEZONE="UTC", STORES=listed
    ) as db:
        shop = PrestaShop(db.run)
        shop.create()
        carts = []
        for number in (1, 2):
            carts.append(shop.new_cart(customer=shop.register(f"jane{number}@example.com"), minutes_ago=60))
            shop.add(carts[-1], LAMP.id, minutes_ago=60)
        db.run("UPDATE ps_cart SET id_shop = 2 WHERE id_cart = %s", (carts[1],))
        assert [cart.store for cart in db.load(*carts).values()] == ["1", "2"]
        assert reasons(db, *carts) == [Send, Reason.STORE]


def test_the_stores_that_opencart_3s_customers_registered_in(
    server: Server, fresh_database: str, listed: str
) -> None:
    more = {"CURRENCY": "USD", "SHOP_TIMEZONE": "UTC", "SHOP_VARIABLES": "stores=all", "STORES": listed}
    with preset_shop(server, fresh_database, "opencart-3", NO_MARK, **more) as db:
        shop = OpenCart(db.run)
        shop.create()
        db.run("INSERT INTO oc_product_to_store SELECT product_id, 1 FROM oc_product_to_store")
        customers = [shop.register(f"jane{store}@example.com", store=store) for store in (1, 0)]
        for customer in customers:
            shop.add(customer, KETTLE.id, minutes_ago=60)
        assert [cart.store for cart in db.load(*customers).values()] == ["1", "0"]
        assert reasons(db, *customers) == [Send, Reason.STORE]
