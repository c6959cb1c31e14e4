"""Fills carts the way people do: things that go together, up to a given amount; pure."""

import random
from decimal import Decimal

from binlog_watcher.demo.sample_shop import Product, products

Basket = tuple[tuple[Product, int], ...]
"""Products with quantities; no product twice."""


def basket(rng: random.Random, low: int, high: int) -> Basket:
    """A basket from one category, of one to four products in stock, whose total lies in ``low`` … ``high``.

    ``low`` belongs to the range, ``high`` does not. Raises ValueError when the catalogue can't fill it.
    """
    shelves: dict[str, list[Product]] = {}
    for product in products():
        if product.stock:
            shelves.setdefault(product.category, []).append(product)
    names = sorted(shelves)
    for _ in range(5_000):
        shelf = shelves[rng.choice(names)]
        chosen = tuple((p, rng.choice((1, 1, 1, 2))) for p in rng.sample(shelf, rng.randint(1, 4)))
        if low <= total(chosen) < high:
            return chosen
    raise ValueError(f"the sample shop has no basket for {low} to {high}")


def total(chosen: Basket) -> Decimal:
    """What the basket costs."""
    return sum((product.price * quantity for product, quantity in chosen), Decimal(0))
