"""What a cart says of itself."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from binlog_watcher.core.cart import Cart, Customer, Line, LoggedEpisode, Recipient
from binlog_watcher.core.log_status import Status

NOW = 1_790_000_000_000_000
ADA, BOB = b"\xaa" * 32, b"\xbb" * 32
JANE = Customer(7, "Jane", "jane@example.com", None, ADA)
LINES = (
    Line(1, "Mouse", "Input", Decimal("19.99"), 2, None),
    Line(2, "Desk", "Furniture", Decimal("100.02"), 3, None),
)
CART = Cart(key=7, customer=JANE, lines=LINES, version=NOW, newest_order_us=None, customer_id=7)


def test_its_total_its_pieces_and_its_worth() -> None:
    assert (CART.total, CART.item_count, CART.worth) == (Decimal("340.04"), 5, Decimal("340.04"))
    assert replace(CART, currency="SEK", rate=Decimal(10)).worth == Decimal("34.004")
    assert replace(CART, currency="SEK", rate=Decimal(0)).worth == Decimal("340.04"), "no rate is known"
    assert replace(CART, lines=()).total == 0


def test_its_rows_are_rounded_before_they_are_added_up() -> None:
    thirds = tuple(replace(LINES[0], price=Decimal("0.333"), quantity=1) for _ in range(3))
    assert replace(CART, lines=thirds).total == Decimal("0.99")
    assert replace(CART, lines=thirds, digits=3).total == Decimal("0.999")
    assert replace(CART, lines=thirds, digits=0).total == 0
    huge = replace(LINES[0], price=Decimal("99999999999999.99"), quantity=10**18)
    assert replace(CART, lines=(huge,)).total > 10**30


def test_what_can_not_be_bought_is_not_in_the_total_unless_nothing_can() -> None:
    gone = replace(LINES[1], available=False)
    assert replace(CART, lines=(LINES[0], gone)).total == Decimal("39.98")
    assert replace(CART, lines=(gone,)).total == Decimal("300.06")


@pytest.mark.parametrize(
    ("version", "created", "newest"), [(NOW, None, NOW), (None, None, 0), (NOW, NOW - 5, NOW - 5), (5, 0, 0)]
)
def test_when_its_newest_row_was_made(version: int | None, created: int | None, newest: int) -> None:
    assert replace(CART, version=version, created_us=created).newest_row_us == newest


@pytest.mark.parametrize(
    ("customer", "anonymous"),
    [
        (JANE, False),
        (replace(JANE, id=None), False),
        (replace(JANE, email=None), False),
        (replace(JANE, id=None, email=None), True),
        (replace(JANE, id=None, email=""), True),
        (None, False),
    ],
)
def test_a_guest_whom_nobody_can_write_to(customer: Customer | None, anonymous: bool) -> None:
    assert replace(CART, customer=customer).anonymous is anonymous


@pytest.mark.parametrize(
    ("change", "own"),
    [
        ({}, NOW - 9),
        ({"logged": None}, None),
        ({"version": NOW + 1}, None),
        ({"customer": None}, None),
        ({"customer": replace(JANE, address_hash=BOB)}, None),
    ],
)
def test_the_mail_that_a_human_wants_sent_again(change: dict[str, Any], own: int | None) -> None:
    row = LoggedEpisode(1, NOW, Status.RETRY, 1, None, None, own_mail=(ADA, NOW - 9))
    assert replace(CART, **({"logged": row} | change)).own_mail_us == own
    assert replace(CART, logged=replace(row, own_mail=None)).own_mail_us is None


def test_how_long_an_address_is_held_back() -> None:
    assert Recipient().held_until_us(5) == 0
    assert Recipient(NOW).held_until_us(5) == Recipient(NOW).held_until_us(5, NOW - 1) == NOW + 5
    assert Recipient(NOW).held_until_us(5, NOW) == 0
