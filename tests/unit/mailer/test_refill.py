"""Links that fill a cart anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.refill import LONGEST, filled, items_of

URL = "https://shop.example.com/checkout-link/?products={items}&coupon=BACK"


def test_what_is_in_the_cart() -> None:
    assert items_of([(12, 2), (34, 1)]) == "12:2,34:1"
    assert items_of([("a-1", 1), ("a-1", 2)]) == "a-1:3"
    assert items_of([]) == ""


@pytest.mark.parametrize("product", ["1:2", "1,2", "a b", "ü", "", "x" * 65, "1&coupon=FREE"])
def test_an_id_that_would_say_something_else_fills_nothing(product: str) -> None:
    assert items_of([(1, 1), (product, 1)]) == ""


def test_a_cart_that_is_too_long_is_not_filled_in_part() -> None:
    assert items_of((number, 1) for number in range(10_000, 10_030)) != ""
    assert items_of((number, 1) for number in range(10_000, 10_100)) == ""


@given(st.lists(st.tuples(st.integers(0) | st.text(max_size=70), st.integers(1))))
def test_nothing_but_ids_and_pieces(lines: list[tuple[int | str, int]]) -> None:
    items = items_of(lines)
    assert len(items) <= LONGEST
    assert items.isascii()
    assert not set(items) & set("&?#/ %")


def test_the_address() -> None:
    assert filled(URL, "12:2") == "https://shop.example.com/checkout-link/?products=12:2&coupon=BACK"
    assert filled(URL, "") is None
    assert filled("https://shop.example.com/cart", "12:2") == "https://shop.example.com/cart"
