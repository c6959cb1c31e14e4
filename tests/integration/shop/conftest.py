"""What the tests of one preset share."""

from collections.abc import Iterator

import pytest
from fakes.preset_shop import PresetShop, preset_shop
from fakes.prestashop.on_cartwake import MARK, Presta
from fakes.prestashop.shop import PrestaShop
from fakes.sylius.installation import create, fill
from fakes.sylius.on_cartwake import MARK as SYLIUS_MARK
from fakes.sylius.on_cartwake import OnSylius

from binlog_watcher.demo.server import Server


@pytest.fixture
def presta(server: Server, fresh_database: str) -> Iterator[Presta]:
    with preset_shop(server, fresh_database, "prestashop-8", MARK, CURRENCY="EUR", SHOP_TIMEZONE="UTC") as db:
        shop = PrestaShop(db.run)
        shop.create()
        yield Presta(db, shop)


@pytest.fixture(scope="module")
def sylius_database(server: Server, shared_database: str) -> Iterator[PresetShop]:
    with preset_shop(server, shared_database, "sylius", SYLIUS_MARK, CURRENCY="USD") as db:
        create(db.run)
        yield db


@pytest.fixture
def sylius(sylius_database: PresetShop) -> OnSylius:
    return OnSylius(sylius_database, fill(sylius_database.run))
