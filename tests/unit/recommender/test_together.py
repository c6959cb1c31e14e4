"""What goes with what, against the same by hand."""

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from recommender import OrderLog
from recommender import together as module
from recommender.orders import Purchases
from recommender.together import FEWEST_KEPT, KEPT, Weights, learn

PRODUCTS = 60


def some_orders(seed: int = 3, count: int = 300) -> list[list[int]]:
    """Few products are bought often, many seldom, the last ones never."""
    chance = np.random.default_rng(seed)
    share = 1 / np.arange(1, PRODUCTS - 4)
    share /= share.sum()
    return [
        chance.choice(PRODUCTS - 5, size=chance.integers(1, 9), replace=False, p=share).tolist()
        for _ in range(count)
    ]


def purchases(orders: list[list[int]]) -> Purchases:
    return OrderLog(orders).matrix({row: row for row in range(PRODUCTS)}, PRODUCTS)


def cosines(orders: list[list[int]], weights: Weights) -> npt.NDArray[np.float64]:
    sums = np.zeros((PRODUCTS, PRODUCTS))
    for order in orders:
        for one in order:
            sums[one, order] += len(order) ** -weights.length_power
    root = np.sqrt(sums.diagonal() + weights.shrinkage / 3)
    sums /= root[:, None] * root[None, :]
    np.fill_diagonal(sums, 0)
    return sums


def together_in(orders: list[list[int]]) -> set[tuple[int, int]]:
    return {pair for order in orders for one in combinations(order, 2) for pair in (one, one[::-1])}


@pytest.mark.parametrize("entries", [module._ENTRIES, 50, 1])
@pytest.mark.parametrize("kept", [KEPT, 3])
def test_the_nearest_are_those_of_all_pairs(entries: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENTRIES", entries)
    orders = some_orders()
    weights = Weights()
    found = module._neighbours(
        purchases(orders).weighted(weights.length_power, None), weights.shrinkage, kept
    )
    expected = cosines(orders, weights)
    for row in range(PRODUCTS):
        span = slice(found.indptr[row], found.indptr[row + 1])
        columns, amounts = found.indices[span].tolist(), found.data[span]
        assert all(one < other for one, other in pairwise(columns))
        assert len(columns) == min(kept, int((expected[row] > 0).sum()))
        assert amounts == pytest.approx(expected[row, columns], rel=1e-4)
        left = np.delete(expected[row], columns)
        assert not len(columns) or left.max(initial=0) <= amounts.min() * 1.0001


def test_of_equals_the_first_is_kept() -> None:
    found = module._neighbours(purchases([[0, 1], [0, 2], [0, 3], [4, 0]]).weighted(0.5, None), 3.0, 2)
    assert found.indices[: found.indptr[1]].tolist() == [1, 2]


def test_of_very_many_products_weights_lose_their_last_digits_alone() -> None:
    # 2 ** 24 columns leave 29 bits for a weight.
    near = sparse.csr_array(
        (np.array([0.7, 0.25, 0.5], dtype=np.float32), [5, 1 << 23, 3], [0, 2, 3]), shape=(2, 1 << 24)
    )
    rows, columns, amounts = module._nearest(near, 2, 1)
    assert (rows.tolist(), columns.tolist()) == ([0], [5])  # the second row is of product 3, which is its own
    assert amounts == pytest.approx([0.7], rel=1e-5)


@pytest.mark.parametrize("memory_mb", [0, 64])
def test_what_was_in_one_order_is_known(memory_mb: int) -> None:
    orders = some_orders()
    texts = sparse.csr_array(np.eye(PRODUCTS, dtype=np.float32)[:, :7])
    weights, seen, bought = learn(purchases(orders), texts, Weights(text=1.0), memory_mb)
    rows = np.repeat(np.arange(PRODUCTS), np.diff(weights.indptr))
    pairs = list(zip(rows.tolist(), weights.indices.tolist(), strict=True))
    met = together_in(orders)
    assert [pair in met for pair in pairs] == seen.tolist()
    assert memory_mb == 0 or met <= set(pairs)
    assert bought.tolist() == [sum(row in order for order in orders) for row in range(PRODUCTS)]


def test_fewer_are_kept_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "room", lambda _: 0)
    orders = some_orders()
    sold = len({one for order in orders for one in order})
    monkeypatch.setattr(module, "_BYTES_KEPT", 1e6 / sold)  # so that a MB is one entry of each product
    most = []
    for memory_mb in (0, 30, 1_000):
        found = learn(purchases(orders), sparse.csr_array((PRODUCTS, 3)), Weights(), memory_mb)
        most.append(int(np.diff(found.weights.indptr).max()))
    assert most == [FEWEST_KEPT, 30, sold - 1]


def test_orders_are_sorted_by_time_and_what_is_unknown_left_out() -> None:
    log = OrderLog([([7, 1], 30.0), ([9], 10.0), ([2, 1, 9], 20.0)])
    found = log.matrix({1: 0, 2: 1, 7: 2}, 3)
    assert found.bought.toarray().tolist() == [[0, 0, 0], [1, 1, 0], [1, 0, 1]]
    assert found.at.tolist() == [10.0, 20.0, 30.0]
    assert OrderLog().matrix({1: 0}, 1).bought.shape == (0, 1)
