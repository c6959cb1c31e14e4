"""What the tests of one preset share."""

from collections.abc import Iterator

import pytest
from fakes.preset_shop import preset_shop
from fakes.prestashop.on_cartwake import MARK, Presta
from fakes.prestashop.shop import PrestaShop

from binlog_watcher.demo.server import Server


@pytest.fixture
def presta(server: Server, fresh_database: str) -> Iterator[Presta]:
    with preset_shop(server, fresh_database, "prestashop-8", MARK, CURRENCY="EUR", SHOP_TIMEZONE="UTC") as db:
        shop = PrestaShop(db.run)
        shop.create()
        yield Presta(db, shop)
