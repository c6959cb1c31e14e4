"""What goes with a cart, by orders and texts."""

import math
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import (
    Options,
    Order,
    OrderLog,
    Product,
    Reason,
    Recommendation,
    Recommender,
    RecommenderError,
)
from recommender.similarity import Effort
from recommender.together import Weights, room

SHOP = [
    Product(1, "Gaming Laptop", "Fast laptop with a graphics card", Decimal(900), "Laptops"),
    Product(2, "Business Laptop", "Light laptop with a long battery life", Decimal(800), "Laptops"),
    Product(3, "Wireless Mouse", "Ergonomic", Decimal(20), "Accessories"),
    Product(4, "Mechanical Keyboard", "Clicks", Decimal(60), "Accessories"),
    Product(5, "Webcam", "Sees you", Decimal(40), "Accessories"),
    Product(6, "Garden Hose", "Thirty metres", Decimal(30), "Garden"),
]
ORDERS = [[1, 3, 4], [1, 3], [2, 3, 4], [1, 4, 5], [6]]
FEW_MB = 0


def ids(found: list[Recommendation]) -> list[int | str]:
    return [pick.product.id for pick in found]


def test_what_was_bought_together_comes_before_what_resembles() -> None:
    (found,) = Recommender.build(SHOP, ORDERS).recommend([[1]])
    assert set(ids(found[:2])) == {3, 4}
    assert found[0].reason is Reason.BOUGHT_TOGETHER
    assert [pick.score for pick in found] == sorted((pick.score for pick in found), reverse=True)


def test_the_pruned_way_finds_the_same() -> None:
    (found,) = Recommender.build(SHOP, ORDERS, Options(memory_mb=FEW_MB)).recommend([[1]])
    assert set(ids(found[:2])) == {3, 4}
    assert found[0].reason is Reason.BOUGHT_TOGETHER


def test_similarity_alone_fills_nothing_up() -> None:
    (found,) = Recommender.build(SHOP, ORDERS, Options(blend=False)).recommend([[1]])
    assert [(pick.product.id, pick.reason) for pick in found] == [(2, Reason.SIMILAR)]


def test_the_category_fills_up_and_then_what_sells_best() -> None:
    shop = [
        Product(n, name, price=Decimal(1), category="Cameras") for n, name in enumerate(("Obscura", "Lucida"))
    ]
    (found,) = Recommender.build(shop, options=Options(threshold=0.5)).recommend([[0]])
    assert [(pick.product.id, pick.score, pick.reason) for pick in found] == [(1, 0.0, Reason.SAME_CATEGORY)]
    (found,) = Recommender.build(SHOP, [[6], [6]]).recommend([[]])
    assert [(pick.product.id, pick.reason) for pick in found] == [(6, Reason.POPULAR)]


def test_together_is_only_said_of_what_was() -> None:
    # The mouse resembles the trackball, which nobody bought: what goes with the one may go with the other.
    shop = [*SHOP, Product(7, "Wireless Mouse Trackball", "Ergonomic", Decimal(50), "Accessories")]
    (found,) = Recommender.build(shop, ORDERS).recommend([[7]])
    assert found
    assert all(pick.reason is not Reason.BOUGHT_TOGETHER for pick in found)


def test_too_few_at_a_first_look_are_looked_for_harder(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("Blue Bread Plate", "Blue Plate Rack", "Blue Soup Bowl")
    shop = [*SHOP, *(Product(10 + n, f"{names[n % 3]} {n // 3}", price=Decimal(9)) for n in range(90))]
    model = Recommender.build(shop)
    carts = [[10], [11, 1], [12, 13]]
    monkeypatch.setattr("recommender.model.EFFORTS", (None,))
    exact = model.recommend(carts)
    monkeypatch.setattr("recommender.model.EFFORTS", (Effort(1, 1), Effort(2, 2), None))
    assert model.recommend(carts) == exact
    assert all(len(picks) == 3 for picks in exact)


@pytest.mark.parametrize("memory_mb", [FEW_MB, 64])
def test_what_nobody_bought_stands_with_its_kin(memory_mb: int) -> None:
    shop = [*SHOP, Product(7, "Office Laptop", "A laptop", Decimal(700), "Laptops")]
    orders = [[1, 3], [2, 3]] * 5
    (found,) = Recommender.build(shop, orders, Options(memory_mb=memory_mb)).recommend([[7]])
    assert 3 in ids(found)


def test_never_what_is_not_to_be_had() -> None:
    shop = [
        Product(1, "Red tea pot", price=Decimal(5)),
        Product(2, "Tea towel", price=Decimal(5), stock=0),
        Product(3, "Tea samples", price=Decimal(0)),
        Product(4, "Tea strainer", price=Decimal(5), active=False),
        Product(5, "Tea cosy", price=Decimal(5)),
        Product(6, "Blue tea pot", price=Decimal(5)),
        Product(7, "Tea tin", price=Decimal(5)),
    ]
    model = Recommender.build(shop, [[1, 2, 3, 4, 5, 6, 7]] * 3, Options(near_duplicates=True))
    assert set(ids(model.recommend([[1]], 9)[0])) == {5, 6, 7}
    assert set(ids(model.recommend([[1]], 9, exclude=[5])[0])) == {6, 7}
    assert [set(ids(found)) for found in model.recommend([[1], [1]], 9, exclude=[{5}, {6}])] == [
        {6, 7},
        {5, 7},
    ]


def test_variants_are_recommended_when_wanted() -> None:
    shop = [
        Product(n, f"Plain white dinner plate {colour}", price=Decimal(1)) for n, colour in enumerate("abc")
    ]
    assert Recommender.build(shop).recommend([[0]]) == [[]]
    assert len(Recommender.build(shop, options=Options(near_duplicates=True)).recommend([[0]])[0]) == 2


def test_newer_orders_count_more() -> None:
    year = 365 * 86_400
    orders = [Order([1, 4], 0.0)] * 6 + [Order([1, 5], 2.0 * year)] * 3
    options = Options(weights=Weights(half_life_days=30, similar=0))
    assert ids(Recommender.build(SHOP, orders, options).recommend([[1]])[0])[0] == 5
    assert (
        ids(Recommender.build(SHOP, orders, Options(weights=Weights(similar=0))).recommend([[1]])[0])[0] == 4
    )


def test_orders_may_have_a_time_and_come_in_any_form() -> None:
    log = OrderLog(
        [[1, 2], {3}, (4, 5), ([1, 2], datetime(2026, 1, 1, tzinfo=UTC)), ({1}, 5), Order({2}), []]
    )
    assert (len(log), log.lines) == (6, 9)
    with pytest.raises(TypeError, match="an order is a collection of product ids, not int"):
        OrderLog([7])


ODD: list[Any] = [None, math.nan, "", "x" * 100_000, 7, "\ud800", "कप", b"bytes", Decimal("NaN")]
IDS = st.one_of(
    st.integers(-2, 9), st.text(max_size=2), st.tuples(st.integers(0, 2)), st.none(), st.booleans()
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(IDS, *[st.sampled_from(ODD)] * 4), max_size=8),
    st.lists(st.lists(IDS, max_size=4), max_size=6),
    st.lists(st.lists(IDS, max_size=4), max_size=4),
)
def test_any_input_is_ordinary(products: list[Any], orders: list[list[Any]], carts: list[list[Any]]) -> None:
    made = [
        Product(one, name, text, 1 if price == 7 else price, group)  # type: ignore[arg-type]
        for one, name, text, price, group in products
    ]
    model = Recommender.build(made, orders)
    assert Recommender.build(made, orders).recommend(carts) == model.recommend(carts)
    for cart, found in zip(carts, model.recommend(carts), strict=True):
        assert len(found) <= 3
        assert not {pick.product.id for pick in found} & {one for one in cart if one is not None}
        assert all(pick.product.available and 0 <= pick.score <= 1 for pick in found)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_small_catalogues(count: int) -> None:
    model = Recommender.build(SHOP[:count], ORDERS)
    assert len(model) == count
    assert [len(found) for found in model.recommend([[1], [], [99]])] == [max(count - 1, 0), count, count]


def test_a_cart_of_ten_thousand_items() -> None:
    (found,) = Recommender.build(SHOP, ORDERS).recommend([[3, *range(100, 10_100)]])
    assert 1 in ids(found)


def test_counts_and_exclusions_out_of_range_are_refused() -> None:
    model = Recommender.build(SHOP)
    with pytest.raises(RecommenderError, match="0 or more"):
        model.recommend([[1]], -1)
    with pytest.raises(RecommenderError, match="2 collections for 1 carts"):
        model.recommend([[1]], 3, [{1}, {2}])


def test_a_model_travels_to_another_process_and_a_batch_is_as_one_by_one() -> None:
    model = Recommender.build(SHOP, ORDERS)
    carts = [[1], [2, 6], [], [99]]
    together = model.recommend(carts)
    assert [model.recommend([cart])[0] for cart in carts] == together
    assert pickle.loads(pickle.dumps(model)).recommend(carts) == together  # noqa: S301 - our own


def test_the_dense_way_is_bounded_by_memory() -> None:
    assert room(512) == 6531
    assert room(FEW_MB) == 0
