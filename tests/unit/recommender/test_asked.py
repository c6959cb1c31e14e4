"""The recommender alone, as a newcomer calls it: odd input gives an answer, or one error that says what was meant."""

import datetime as dt
import math
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from recommender import Options, Product, Recommender, RecommenderError

ODD: Any = float("nan")


def shop(**changes: Any) -> list[Product]:
    """Four products; the first one with ``changes``."""
    names = ["Tea pot", "Tea cosy", "Spade", "Rake"]
    first = {"id": 0, "name": names[0], "price": Decimal(9), **changes}
    return [Product(**first), *(Product(n, names[n], price=Decimal(9)) for n in (1, 2, 3))]


def picked(products: list[Product], carts: Any, **how: Any) -> list[list[Any]]:
    picks = Recommender.build(products, [[0, 2], [0, 2]]).recommend(carts, **how)
    return [[pick.product.id for pick in some] for some in picks]


@pytest.mark.parametrize(("known", "picks"), [(0, [[], []]), (1, [[], []]), (2, [[1], []])])
def test_a_shop_of_hardly_any_product(known: int, picks: list[list[int]]) -> None:
    few = Recommender.build(shop()[:known]).recommend([[0], []])
    assert [[pick.product.id for pick in some] for some in few] == picks


@pytest.mark.parametrize(
    "name", [None, ODD, "", 42, b"tea", "\ud800", "\x00\u202e", "tea " * 100_000, "<" * 50_000]
)
def test_a_name_that_is_none(name: Any) -> None:
    assert 2 in picked(shop(name=name, description=name, category=name), [[0]])[0]


@pytest.mark.parametrize("price", [None, ODD, "abc", "", math.inf, Decimal("sNaN"), -5, True, 1j, [], b"9"])
def test_what_has_no_price_is_never_recommended(price: Any) -> None:
    assert 0 not in picked(shop(price=price), [[1], [2]])[0]


@pytest.mark.parametrize(
    "key", ["a", (1, 2), uuid.UUID(int=5), None, b"x", dt.date(2020, 1, 1), frozenset({1}), 1.5, np.int64(7)]
)
def test_an_id_is_any_hashable_value(key: Any) -> None:
    assert key in picked(shop(id=key), [[1]])[0]
    assert picked(shop(id=key), [[key]])[0][0] == 1


def test_a_cart_of_ten_thousand() -> None:
    many = [Product(n, f"Tea pot {n}", price=Decimal(9)) for n in range(10_050)]
    orders = [[n, 10_000 + n % 3] for n in range(300)]
    (picks,) = Recommender.build(many, orders, Options(near_duplicates=True)).recommend([range(10_000)])
    assert [pick.product.id for pick in picks] == [10_000, 10_001, 10_002]


@pytest.mark.parametrize(
    "carts",
    [[[0]], [(0,)], [{0}], [{0: 2}], [np.array([0, 0])], np.array([[0]]), [iter([0])], ([0] for _ in "x")],
)
def test_carts_are_collections_of_any_sort(carts: Any) -> None:
    assert picked(shop(), carts) == [[2, 1]]


@pytest.mark.parametrize("exclude", [[2], {2}, (2,), {2: 1}, np.array([2, 3]), iter([2]), [[2]], [{2}]])
def test_exclusions_are_collections_of_any_sort(exclude: Any) -> None:
    assert picked(shop(), [[0]], exclude=exclude) == [[1]]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"carts": None}, "carts is None: give a list of carts"),
        ({"carts": "12"}, "carts is of type str: give a list"),
        (
            {"carts": [1, 2]},
            r"carts\[0\] is of type int: a cart is a collection .* recommend\(\[\[1, 2\]\]\)",
        ),
        ({"carts": [[1], "12"]}, r"carts\[1\] is of type str"),
        ({"carts": [[[1]]]}, "a cart holds what can be no product's id: unhashable type: 'list'"),
        ({"exclude": 2}, "exclude is of type int"),
        ({"exclude": "ab"}, "exclude is of type str"),
        ({"count": "3"}, "count is '3', it must be a whole number"),
        ({"count": 2.5}, "count is 2.5"),
        ({"count": None}, "count is None"),
        ({"count": -1}, "count is -1"),
    ],
)
def test_a_mistake_gets_one_error_that_says_what_was_meant(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(RecommenderError, match=said):
        picked(shop(), **{"carts": [[0]], **asked})


@pytest.mark.parametrize("products", [None, ["Tea"], [{"id": 1, "name": "Tea"}], shop(id=[])])
def test_a_catalogue_of_something_else(products: Any) -> None:
    with pytest.raises(RecommenderError, match=r"made of Products .*Product\.from_row"):
        Recommender.build(products)


def test_options_out_of_range() -> None:
    wrong: Any = "x"
    for threshold in (wrong, -1, 2, math.nan):
        with pytest.raises(RecommenderError, match="threshold is"):
            Recommender.build(shop(), options=Options(threshold=threshold)).recommend([[0]])
    assert Recommender.build(shop(), [[0, 2]], Options(memory_mb=-5)).recommend([[0]])[0]
    with pytest.raises(TypeError, match="an order's time is a datetime or seconds, not str"):
        Recommender.build(shop(), [([0, 2], "2020")])
