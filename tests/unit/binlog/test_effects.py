"""Coalescing: one event a key, the strongest, in the order of the last touch."""

import pytest

from binlog_watcher.binlog.effects import Effects, Role, Watched
from binlog_watcher.binlog.rows import ABSENT, Value
from binlog_watcher.binlog.wire import DecodeError
from binlog_watcher.events import CartChanged, Change, OrderChanged, OrderPlaced, ProductChanged

CART, ORDERS, PRODUCTS = (Watched(role, "id") for role in (Role.CART, Role.ORDERS, Role.PRODUCTS))


def test_the_strongest_change_wins() -> None:
    effects = Effects()
    effects.deleted(CART, 1)
    effects.inserted(CART, 1)
    effects.deleted(CART, 1)
    effects.deleted(CART, 2)
    effects.updated(CART, 2, 2)
    assert effects.events(5) == [CartChanged(1, Change.INSERT, 5), CartChanged(2, Change.UPDATE, 5)]


def test_a_new_order_beats_a_changed_one() -> None:
    effects = Effects()
    effects.inserted(ORDERS, 1)
    effects.updated(ORDERS, 1, 1)
    effects.updated(ORDERS, 2, 2)
    effects.deleted(ORDERS, 3)
    assert effects.events(5) == [OrderPlaced(1, 5), OrderChanged(2, 5), OrderChanged(3, 5)]


def test_a_cart_row_after_the_order_comes_after_it() -> None:
    effects = Effects()
    effects.updated(CART, 1, 1)
    effects.inserted(ORDERS, 1)
    effects.inserted(CART, 1)
    assert effects.events(5) == [OrderPlaced(1, 5), CartChanged(1, Change.INSERT, 5)]


def test_clearing_the_cart_after_the_order_does_not() -> None:
    effects = Effects()
    effects.inserted(CART, 1)
    effects.inserted(ORDERS, 1)
    effects.deleted(CART, 1)
    assert effects.events(5) == [CartChanged(1, Change.INSERT, 5), OrderPlaced(1, 5)]


@pytest.mark.parametrize("guest", [None, 0, "", "0"])
def test_guests(guest: Value) -> None:
    effects = Effects()
    effects.inserted(CART, guest)
    effects.inserted(ORDERS, guest)
    effects.updated(CART, guest, 7)
    effects.updated(CART, 8, guest)
    assert effects.events(5) == [CartChanged(7, Change.UPDATE, 5), CartChanged(8, Change.DELETE, 5)]


def test_products() -> None:
    effects = Effects()
    effects.updated(PRODUCTS, 1, 2)
    assert effects.events(5) == [ProductChanged(1, 5), ProductChanged(2, 5)]


def test_keys_that_an_image_does_not_hold() -> None:
    effects = Effects()
    effects.updated(CART, 7, ABSENT)  # the key did not change
    assert effects.events(5) == [CartChanged(7, Change.UPDATE, 5)]
    for change in (
        lambda: effects.updated(CART, ABSENT, ABSENT),
        lambda: effects.updated(CART, ABSENT, 7),
        lambda: effects.deleted(CART, ABSENT),
    ):
        with pytest.raises(DecodeError):
            change()
