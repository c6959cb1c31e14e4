"""Orders reach the recommender: all at the start, new ones when the binlog told of them."""

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from binlog_watcher.core.events import CustomerOrdered, ProductChanged
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service import order_learning as module
from binlog_watcher.service.order_learning import OrderLearning, chosen
from binlog_watcher.store.shop_tables.order_items import OrderedTogether
from recommender import Catalog, Choice, LiveRecommender, Options, Order, Product, Weights

NOW_US = 1_790_000_000_000_000
MONTH_US = 30 * 86_400_000_000


class Shop:
    """Orders in memory; one a page."""

    def __init__(self, *orders: OrderedTogether) -> None:
        self.orders = list(orders)
        self.asked: list[Any] = []
        self.away = False

    def ordered(self, after: int | None = None) -> Iterator[list[OrderedTogether]]:
        self.asked.append(after)
        if self.away:
            raise CartwakeError("gone")
        for order in reversed(self.orders):
            if after is None or int(order.order_id) > after:
                yield [order]

    def now_us(self) -> int:
        return NOW_US


class Pool:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[list[Order], bool]] = []
        self.options: list[Options] = []

    def orders_came(self, orders: list[Order], *, anew: bool) -> None:
        self.told.append((orders, anew))

    def options_chosen(self, options: Options) -> None:
        self.options.append(options)


def ordered(number: int, *products: int, months_ago: float = 0.0) -> OrderedTogether:
    return OrderedTogether(number, products, NOW_US - int(months_ago * MONTH_US))


def learning(shop: Any, pool: Any, *, months: int = 24, lines: int = 100) -> OrderLearning:
    recommender = LiveRecommender(Catalog([Product(1, "Tea", price=Decimal(1))]))
    return OrderLearning(shop, shop, recommender, pool, months=months, lines=lines)


def test_all_orders_and_then_the_new_ones() -> None:
    shop, pool = Shop(ordered(1, 1, 2), ordered(2, 3), ordered(3)), Pool()
    learn = learning(shop, pool)
    learn.read()
    learn.read()
    assert pool.told == [([Order((3,), NOW_US / 1e6), Order((1, 2), NOW_US / 1e6)], True)]
    shop.orders.append(ordered(4, 5))
    learn.note([ProductChanged(1, NOW_US)])
    learn.read()
    assert shop.asked == [None]
    learn.note([CustomerOrdered(7, NOW_US)])
    learn.read()
    learn.read()
    assert pool.told[1:] == [([Order((5,), NOW_US / 1e6)], False)]
    assert shop.asked == [None, 3]


def test_old_orders_and_more_lines_than_wanted_are_left() -> None:
    shop, pool = Shop(*(ordered(n, 1, 2, months_ago=20 - n) for n in range(1, 20))), Pool()
    learning(shop, pool, months=5).read()
    learning(shop, pool, lines=4).read()
    assert [len(orders) for orders, _ in pool.told] == [5, 2]


def test_where_all_orders_were_too_old_the_first_new_one_does_not_bring_them_back() -> None:
    shop, pool = Shop(*(ordered(n, 1, 2, months_ago=40) for n in range(1, 9))), Pool()
    learn = learning(shop, pool, months=5)
    learn.read()
    shop.orders.append(ordered(9, 5))
    learn.note([CustomerOrdered(7, NOW_US)])
    learn.read()
    assert [len(orders) for orders, _ in pool.told] == [0, 1]


async def test_the_end_waits_for_no_reading() -> None:
    reading, go_on = threading.Event(), threading.Event()

    class Slow(Shop):
        def ordered(self, after: int | None = None) -> Iterator[list[OrderedTogether]]:
            for page in super().ordered(after):
                yield page
                reading.set()
                go_on.wait(10)

    pool = Pool()
    learn = learning(Slow(*(ordered(n, 1, 2) for n in range(1, 9))), pool)
    task = asyncio.create_task(learn.run())
    await asyncio.to_thread(reading.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert pool.told == []


def test_what_can_not_be_read_is_tried_again() -> None:
    shop, pool = Shop(ordered(1, 1, 2)), Pool()
    learn = learning(shop, pool)
    shop.away = True
    with pytest.raises(CartwakeError):
        learn.read()
    shop.away = False
    learn.read()
    shop.orders.append(ordered(2, 3))
    learn.note([CustomerOrdered(7, NOW_US)])
    shop.away = True
    with pytest.raises(CartwakeError):
        learn.read()
    shop.away = False
    learn.read()
    assert [len(orders) for orders, _ in pool.told] == [1, 1]


async def test_weights_are_chosen_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, pool = Shop(ordered(1, 1, 2)), Pool()
    learn = learning(shop, pool)
    wanted = Weights(length_power=1.0)
    monkeypatch.setattr(module, "chosen", lambda *_: Choice(wanted, "they did best"))
    await learn._choose()
    assert pool.options == []
    learn._choose_at = 0.0
    await learn._choose()
    await learn._choose()
    assert [one.weights for one in pool.options] == [wanted]


async def test_nothing_is_read_when_nothing_is_to_be_learnt() -> None:
    shop, pool = Shop(ordered(1, 1, 2)), Pool()
    await learning(shop, pool, months=0).run()
    assert shop.asked == []


def test_a_process_that_fails_is_one_error() -> None:
    def broken(*_: Any) -> Choice:
        raise OSError("no memory")

    with pytest.raises(CartwakeError, match="no weights were chosen: no memory"):
        chosen(LiveRecommender(Catalog()), choose=broken)
