"""Weights are chosen on a shop's own last weeks, once there are orders enough."""

import random
from decimal import Decimal

import pytest

from recommender import Options, Order, OrderLog, Product, SimilarityIndex, Weights, choose
from recommender.choosing import LONGEST, SETTINGS, held_out


def shop() -> SimilarityIndex:
    return SimilarityIndex.build(Product(n, f"Thing{n} of set{n % 7}", price=Decimal(1)) for n in range(60))


def orders(count: int) -> OrderLog:
    """Neighbours by number are bought together, whatever they are called."""
    chance = random.Random(3)
    starts = (chance.randrange(56) for _ in range(count))
    return OrderLog(Order([start + step for step in range(4)], 3600.0 * n) for n, start in enumerate(starts))


def test_with_few_orders_the_compromise_holds() -> None:
    choice = choose(shop(), orders(200), Options())
    assert (choice.weights, choice.hits) == (Weights(), ())
    assert choice.why == "200 orders, fewer than 1000: the compromise"


@pytest.mark.slow
def test_all_settings_are_tried_on_the_last_weeks() -> None:
    choice = choose(shop(), orders(1_200), Options())
    assert [weights for weights, _ in choice.hits] == list(SETTINGS)
    assert 20 <= len(SETTINGS) <= 30
    assert choice == choose(shop(), orders(1_200), Options())
    best = max(share for _, share in choice.hits)
    assert dict(choice.hits)[choice.weights] >= best - 0.05
    assert best > 0.5


def test_carts_are_halves_of_ordinary_orders() -> None:
    index = shop()
    log = OrderLog([[1, 2, 3], [5], range(LONGEST + 1), [7, 8]])
    held = held_out(log.matrix(index.facts.rows, len(index)))
    assert [len(cart) for cart in held.carts] == [2, 1]
    assert [sorted([*cart, *rest]) for cart, rest in zip(held.carts, held.rest, strict=True)] == [
        [1, 2, 3],
        [7, 8],
    ]
