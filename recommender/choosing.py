"""Which weights suit a shop: tried on its own last weeks, since no fixed ones suit every shop."""

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from recommender.model import Options, Recommender
from recommender.orders import DAY_S, OrderLog, Purchases
from recommender.similarity import SimilarityIndex
from recommender.together import Weights, learn

logger = logging.getLogger(__name__)

ENOUGH_ORDERS = 1_000
"""Below that the weights of ``Weights()`` hold, a compromise: too few carts to tell settings apart."""

LAST_DAYS = 28
MOST_CARTS = 1_000
SHORTEST, LONGEST = 2, 15
"""Orders that make a test cart: longer ones are mostly a wholesaler's, of which anything is a hit."""

_LEARNT = (
    Weights(),
    Weights(shrinkage=1.0),
    Weights(half_life_days=60.0),
    Weights(half_life_days=60.0, shrinkage=1.0),
    Weights(length_power=0.0),
    Weights(length_power=1.0),
    Weights(half_life_days=60.0, text=3.0),
    Weights(text=0.1, shrinkage=1.0),
)
_SIMILAR = (0.0, 0.1, 0.3)
SETTINGS: tuple[Weights, ...] = tuple(
    replace(weights, similar=similar) for weights in _LEARNT for similar in _SIMILAR
)


class HeldOut(NamedTuple):
    """Test carts by row, and for each the rest of its order."""

    carts: list[list[int]]
    rest: list[set[int]]


@dataclass(frozen=True, slots=True)
class Choice:
    """``hits``: for each setting that was tried the share of carts with a hit among three; empty: none was tried."""

    weights: Weights
    why: str
    hits: tuple[tuple[Weights, float], ...] = ()


def choose(index: SimilarityIndex, orders: OrderLog, options: Options) -> Choice:
    """Learn from the orders before the last weeks, and take the weights that do best in these.

    The compromise is kept unless another one is better by more than a standard error of the difference.
    """
    purchases = orders.matrix(index.facts.rows, len(index))
    if len(purchases) < ENOUGH_ORDERS:
        return Choice(Weights(), f"{len(purchases)} orders, fewer than {ENOUGH_ORDERS}: the compromise")
    start = _last_weeks(purchases)
    held = held_out(purchases.part(start, len(purchases)))
    if len(held.carts) < ENOUGH_ORDERS // 10:
        return Choice(
            Weights(), f"{len(held.carts)} orders of {SHORTEST} to {LONGEST} products: the compromise"
        )
    before = purchases.part(0, start)
    tried = [(weights, hits) for weights, hits in _tried(index, before, held, options)]
    return _best(tried, len(held.carts), start)


def held_out(purchases: Purchases, *, most: int | None = MOST_CARTS, seed: int = 1) -> HeldOut:
    """A random half of each order is a cart, the rest is what a recommendation has to hit; ``most`` of them."""
    chance = random.Random(seed)  # noqa: S311 - a test's draw
    carts, rest = [], []
    for start, end in zip(purchases.bought.indptr[:-1], purchases.bought.indptr[1:], strict=True):
        rows = sorted(purchases.bought.indices[start:end].tolist())
        if SHORTEST <= len(rows) <= LONGEST:
            chance.shuffle(rows)
            half = (len(rows) + 1) // 2
            carts.append(rows[:half])
            rest.append(set(rows[half:]))
    if most is not None and len(carts) > most:
        some = sorted(chance.sample(range(len(carts)), most))
        carts, rest = [carts[one] for one in some], [rest[one] for one in some]
    return HeldOut(carts, rest)


def hits(recommender: Recommender, held: HeldOut) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each test cart whether one of three recommendations is in the rest of its order."""
    ids = list(recommender.facts.rows)
    found = recommender.recommend([[ids[row] for row in cart] for cart in held.carts])  # type: ignore[misc] # ids of any kind
    rows = recommender.facts.rows
    return np.array(
        [
            any(rows[pick.product.id] in rest for pick in picks)
            for picks, rest in zip(found, held.rest, strict=True)
        ],
        dtype=bool,
    )


def _last_weeks(purchases: Purchases) -> int:
    """Where the last weeks begin: at most the last fifth of the orders."""
    by_time = int(np.searchsorted(purchases.at, purchases.at[-1] - LAST_DAYS * DAY_S, side="right"))
    return max(by_time, len(purchases) - len(purchases) // 5)


def _tried(
    index: SimilarityIndex, before: Purchases, held: HeldOut, options: Options
) -> Iterator[tuple[Weights, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
    for learnt in _LEARNT:
        together = learn(before, index.matrix, learnt, options.memory_mb)
        for similar in _SIMILAR:
            weights = replace(learnt, similar=similar)
            # Variants count here: what was bought is to be foretold, not what may be shown.
            trial = replace(options, weights=weights, near_duplicates=True, blend=True)
            yield weights, hits(Recommender(index, together, trial, len(before)), held)


def _best(
    tried: Sequence[tuple[Weights, np.ndarray[tuple[int], np.dtype[np.bool_]]]], carts: int, orders: int
) -> Choice:
    usual = next(found for weights, found in tried if weights == Weights())
    weights, best = max(tried, key=lambda one: float(one[1].mean()))
    gain = best.astype(float) - usual
    table = tuple((one, round(float(found.mean()), 4)) for one, found in tried)
    if gain.mean() <= gain.std() / max(carts, 1) ** 0.5:
        weights, best = Weights(), usual
    why = (
        f"learnt from {orders} orders, {best.mean():.3f} of {carts} carts of the last weeks hit "
        f"(the compromise: {usual.mean():.3f})"
    )
    return Choice(weights, why, table)
