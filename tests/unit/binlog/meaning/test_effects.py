"""Coalescing: one event a key, the strongest, in the order of the last touch."""

import itertools

import pytest

from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.binlog.meaning.effects import Effects, Role, Watched
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.core.events import (
    CartChanged,
    CartClosed,
    Change,
    CustomerOrdered,
    CustomerOrdersChanged,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
)
from binlog_watcher.shop.fields import Condition

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
    for after in (ABSENT, 7):
        with pytest.raises(DecodeError):
            effects.updated(CART, ABSENT, after)
    with pytest.raises(DecodeError):
        effects.deleted(CART, ABSENT)


# --- headers with a flag, and orders that count under a condition ------------------------------------------------

HEADER = Watched(Role.HEADER, "id", conditions=(Condition.model_validate({"column": "active", "in": [1]}),))
PAID = Watched(Role.ORDERS, "cart", "id", conditions=(Condition(column="state", not_in=("open", "void")),))
DONE = Watched(Role.ORDERS, "cart", "id", conditions=(Condition(column="done_at", is_null=False),))
CUSTOMERS = Watched(Role.CUSTOMERS, "customer", "id", conditions=PAID.conditions)


def test_a_header_that_is_closed_cancels_whatever_happens_to_its_lines() -> None:
    effects = Effects()
    effects.inserted(CART, 1)
    effects.updated(HEADER, 1, 1, (1,), (0,))
    effects.deleted(CART, 1)
    effects.updated(HEADER, 2, 2, (0,), (0,))  # closed before and after: no news
    effects.inserted(HEADER, 3, (0,))
    assert effects.events(5) == [CartClosed(1, 5)]


def test_a_header_that_is_open_again_is_activity() -> None:
    effects = Effects()
    effects.updated(HEADER, 1, 1, (1,), (0,))
    effects.updated(HEADER, 1, 1, (0,), (1,))
    effects.updated(HEADER, 2, 2, (1,), (1,))
    effects.inserted(HEADER, 3, (1,))
    effects.deleted(HEADER, 4, (1,))
    effects.inserted(CART, 2)
    assert effects.events(5) == [
        CartChanged(1, Change.UPDATE, 5),
        CartChanged(3, Change.INSERT, 5),
        CartChanged(4, Change.DELETE, 5),
        CartChanged(2, Change.INSERT, 5),
    ]


@pytest.mark.parametrize("state", [ABSENT, OPAQUE])
def test_a_flag_that_the_image_does_not_tell_is_activity(state: Value) -> None:
    effects = Effects()
    effects.updated(HEADER, 1, 1, (state,), (state,))
    assert effects.events(5) == [CartChanged(1, Change.UPDATE, 5)]


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("open", "paid", OrderPlaced),
        ("paid", "sent", OrderChanged),
        ("paid", "void", OrderChanged),
        ("open", "void", None),
        (ABSENT, "paid", OrderChanged),  # MINIMAL images: it may have counted before
        (ABSENT, ABSENT, OrderChanged),
        (OPAQUE, OPAQUE, OrderChanged),
    ],
)
def test_an_update_of_an_order(was: Value, now: Value, expected: type | None) -> None:
    effects = Effects()
    effects.updated(PAID, 1, 1, (was,), (now,))
    assert effects.events(5) == ([] if expected is None else [expected(1, 5)])


@pytest.mark.parametrize(("changes", "counts"), [
    ([("paid", "sent")], True), ([("paid", "sent"), ("sent", "sent")], True), ([("paid", "void")], False),
    ([(ABSENT, ABSENT)], False), ([("paid", "sent"), ("paid", "void")], False),
    ([("paid", "void"), ("paid", "sent")], False),
])  # fmt: skip
def test_whether_an_order_is_known_to_count_still(changes: list[tuple[Value, Value]], counts: bool) -> None:
    effects = Effects()
    for was, now in changes:
        effects.updated(PAID, 1, 1, (was,), (now,))
    (event,) = effects.events(5)
    assert isinstance(event, OrderChanged)
    assert event.counts is counts


def test_orders_that_come_and_go() -> None:
    effects = Effects()
    effects.inserted(PAID, 1, ("paid",))
    effects.inserted(PAID, 2, ("open",))
    effects.inserted(PAID, 3, (ABSENT,))
    effects.deleted(PAID, 4, ("open",))
    effects.deleted(PAID, 5, ("paid",))
    assert effects.events(5) == [OrderPlaced(1, 5), OrderChanged(3, 5), OrderChanged(5, 5)]


def test_an_order_that_is_confirmed_within_its_transaction_and_one_that_is_not() -> None:
    effects = Effects()
    orders: dict[int, tuple[Value, ...]] = {
        1: ("open", "paid", "sent"),
        2: ("paid", "void"),
        3: ("paid", ABSENT),
    }
    for key, states in orders.items():
        effects.inserted(PAID, key, (states[0],))
        for was, now in itertools.pairwise(states):
            effects.updated(PAID, key, key, (was,), (now,))
    effects.inserted(PAID, 4, ("paid",))
    effects.deleted(PAID, 4, ("paid",))
    assert effects.events(5) == [OrderPlaced(1, 5), OrderChanged(2, 5), OrderPlaced(3, 5), OrderChanged(4, 5)]


def test_a_condition_on_null_needs_no_value() -> None:
    effects = Effects()
    effects.updated(DONE, 1, 1, (None,), (OPAQUE,))
    effects.updated(DONE, 2, 2, (OPAQUE,), (None,))
    effects.inserted(DONE, 3, (None,))
    assert effects.events(5) == [OrderPlaced(1, 5), OrderChanged(2, 5)]


def test_orders_by_customer_are_told_as_those_by_cart_are() -> None:
    effects = Effects()
    effects.inserted(CUSTOMERS, 1, ("paid",))
    effects.inserted(CUSTOMERS, 7, ("open",))
    effects.updated(CUSTOMERS, 8, 8, ("open",), ("paid",))
    effects.updated(CUSTOMERS, 2, 2, ("paid",), ("void",))
    effects.updated(CUSTOMERS, 3, 3, ("open",), ("void",))
    effects.deleted(CUSTOMERS, 4, ("paid",))
    effects.updated(CUSTOMERS, 5, 6, ("paid",), ("paid",))
    effects.updated(CUSTOMERS, 0, None, ("paid",), ("paid",))
    events = effects.events(5)
    assert events == [
        CustomerOrdered(1, 5), CustomerOrdered(8, 5),
        *(CustomerOrdersChanged(customer, 5) for customer in (2, 4, 5, 6)),
    ]  # fmt: skip
    assert [one.counts for one in events if isinstance(one, CustomerOrdersChanged)] == [
        False,
        False,
        False,
        True,
    ]


def test_further_values_that_mean_nobody() -> None:
    effects = Effects()
    watched = Watched(Role.CART, "user", nobody=frozenset({None, 0, "", "0", -1, "anonymous"}))
    for key in (-1, "anonymous", 0, 7):
        effects.inserted(watched, key)
    assert effects.events(5) == [CartChanged(7, Change.INSERT, 5)]
