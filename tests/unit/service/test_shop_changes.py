"""The catalogue follows the shop's products, and a customer's changed orders bring up their carts."""

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
import structlog
from fakes.waiting import until

from binlog_watcher.core.events import (
    CartChanged,
    Change,
    CustomerOrdered,
    CustomerOrdersChanged,
    OrderPlaced,
    ProductChanged,
)  # fmt: skip
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service import shop_changes as changes_module
from binlog_watcher.service.shop_changes import ShopChanges
from binlog_watcher.store.shop_tables.products import CatalogueRow
from recommender import Catalog, Product

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND
THRESHOLD = 60 * SECOND


class Shop:
    """Products and carts in memory; counts what is asked, and is away while told so."""

    def __init__(self) -> None:
        self.products = {1: "Kettle", 2: "Cup"}
        self.asked: list[Any] = []
        self.away = False
        self.catalog = Catalog()
        self.tracker = Tracker(THRESHOLD, tick_us=1)
        self.told: list[tuple[list[int | str], list[int | str]]] = []
        shop: Any = self
        self.changes = ShopChanges(
            shop, self.catalog, self.tracker, partition="shop", on_products=self.on_products
        )

    def on_products(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        self.told.append((sorted(item.id for item in changed), sorted(gone)))

    def catalogue(self, ids: Sequence[int] | None = None) -> Iterator[list[CatalogueRow]]:
        self.asked.append(ids)
        if self.away:
            raise DatabaseUnavailableError("gone")
        wanted = self.products if ids is None else [one for one in ids if one in self.products]
        yield [CatalogueRow(one, self.products[one], "", Decimal(9), "Kitchen", None, 1) for one in wanted]

    def carts_of(self, customers: Sequence[int]) -> dict[int, int]:
        self.asked.append(list(customers))
        return {customer * 100: customer for customer in customers}

    def names(self) -> dict[int | str, str]:
        return {item.id: item.name for item in self.catalog}


@pytest.fixture
async def shop() -> Shop:
    shop = Shop()
    await shop.changes.load_catalogue()
    shop.asked.clear()
    return shop


async def test_products_that_changed_came_or_went(shop: Shop) -> None:
    shop.products = {1: "Tea Kettle", 3: "Spoon"}
    await shop.changes.read([ProductChanged(one, NOW) for one in (1, 2, 3, 1)])
    assert shop.names() == {1: "Tea Kettle", 3: "Spoon"}
    assert shop.told == [([1, 3], [2])]


async def test_many_products_are_asked_for_in_batches_and_orders_go_before_them(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "PRODUCTS_BATCH_SIZE", 2)
    await shop.changes.read([ProductChanged(one, NOW) for one in range(1, 6)])
    await shop.changes.read([CustomerOrdered(1, NOW), ProductChanged(1, NOW)])
    await shop.changes.read([])
    assert [len(asked or ()) for asked in shop.asked] == [2, 1, 2, 1 + 1]
    assert shop.asked[1] == [1], "the customer"


async def test_what_waits_is_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "PRODUCTS_BATCH_SIZE", 2)
    shop.products = {1: "Tea Kettle", 2: "Mug", 3: "Spoon"}
    await shop.changes.read([ProductChanged(one, NOW) for one in (3, 1, 2)])
    shop.away = True
    with pytest.raises(DatabaseUnavailableError):
        await shop.changes.read([])
    shop.away = False
    await shop.changes.read([])
    assert shop.names() == shop.products


async def test_an_import_is_followed_to_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "PRODUCTS_BATCH_SIZE", 50)
    monkeypatch.setattr(changes_module, "INTERVAL_S", 0.01)
    shop.products = {number: f"Spoon {number}" for number in range(500)}
    shop.changes.note(ProductChanged(one, NOW) for one in shop.products)
    following = asyncio.create_task(shop.changes.follow())
    try:
        await until(lambda: shop.names() == shop.products)
    finally:
        following.cancel()
    assert [len(asked or ()) for asked in shop.asked] == [50] * 10


async def test_a_change_of_any_product_reads_them_all_once_a_minute_at_most(shop: Shop) -> None:
    shop.products = {2: "Mug"}
    await shop.changes.read([ProductChanged(None, NOW)])
    assert shop.names() == {2: "Mug"}
    assert shop.told == [([2], [1])]
    shop.products = {2: "Beaker"}
    for _ in range(3):
        await shop.changes.read([ProductChanged(None, NOW)])
    assert shop.asked == [None]
    shop.changes._catalogue_read_at -= changes_module.CATALOGUE_INTERVAL_S
    await shop.changes.read([])
    assert shop.names() == {2: "Beaker"}, "it was not forgotten"
    await shop.changes.read([])
    assert shop.asked == [None, None]


async def test_a_catalogue_that_could_not_be_read_stays_old(shop: Shop) -> None:
    shop.away = True
    with pytest.raises(DatabaseUnavailableError):
        await shop.changes.read([ProductChanged(None, NOW)])
    shop.away, shop.products = False, {2: "Mug"}
    shop.changes._catalogue_read_at -= changes_module.CATALOGUE_INTERVAL_S
    await shop.changes.read([])
    assert shop.names() == {2: "Mug"}


async def test_a_customers_changed_orders_bring_up_all_their_carts(shop: Shop) -> None:
    progress = Progress("", NOW, caught_up=True, lag_us=0, received_us=NOW)
    shop.tracker.apply(Batch("shop", (OrderPlaced(100, NOW),), progress))
    await shop.changes.read([CustomerOrdersChanged(1, NOW), CustomerOrdersChanged(2, NOW + SECOND)])
    assert shop.asked == [[1, 2]]
    dues = {key: shop.tracker.due_of(key) for key in (100, 200)}
    assert dues == {100: NOW + THRESHOLD, 200: NOW + SECOND + THRESHOLD}


async def test_a_customers_order_is_remembered_for_all_their_carts(shop: Shop) -> None:
    progress = Progress("", NOW, caught_up=True, lag_us=0, received_us=NOW)
    filled = CartChanged(200, Change.INSERT, NOW + SECOND)
    shop.tracker.apply(Batch("shop", (filled,), progress))
    await shop.changes.read([CustomerOrdered(1, NOW), CustomerOrdered(2, NOW), CustomerOrdered(3, NOW)])
    assert [shop.tracker.ordered(key) for key in (100, 200, 300)] == [True, False, True]
    await shop.changes.read([CustomerOrdersChanged(3, NOW + SECOND)])
    assert not shop.tracker.ordered(300)


async def test_what_could_not_be_read_is_read_later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "INTERVAL_S", 0.005)
    shop.away, shop.products = True, {1: "Tea Kettle", 2: "Cup"}
    shop.changes.note([ProductChanged(1, NOW)])
    with structlog.testing.capture_logs() as logs:
        following = asyncio.create_task(shop.changes.follow())
        try:
            await until(lambda: bool(logs))
            shop.away = False
            await until(lambda: shop.names()[1] == "Tea Kettle")
        finally:
            following.cancel()
    assert {entry["event"] for entry in logs} == {"changes.not_read"}
    assert {entry["exc_info"] for entry in logs} == {False}
