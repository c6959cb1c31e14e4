"""How often a recommendation is what the customer bought: on real baskets that no setting was chosen on.

The baskets of ../shared/data (``CARTWAKE_DATA``): orders of 2 to 15 products are looked at, of each a random half is
the cart, and a hit is one of three recommendations among the rest. The last four weeks are the test; whatever is
chosen or learnt comes from the weeks before. All methods leave out what is in the cart, and the rule on variants is
off. All orders, wholesalers' included, are learnt from. Progress has 95 % intervals, by bootstrap over the carts.
"""

import csv
import gzip
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
from figures import absent, figure, machine, progress

from recommender import Options, Order, OrderLog, Product, Recommender, SimilarityIndex, choose
from recommender.choosing import held_out, hits
from recommender.orders import DAY_S
from recommender.together import Weights

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).parents[2] / "shared" / "data")
TEST_DAYS = 28
_SEED = 7
_DRAWS = 2_000
_FEW = (50, 100, 300, 1_000)
_FIGURES = (
    "hit3_random", "hit3_popularity", "hit3_tfidf", "hit3_purchases", "hit3_blend", "ratio_blend_tfidf",
    *(f"hit3_blend_{few}_orders" for few in _FEW), "weeks_won",
)  # fmt: skip

Hits = npt.NDArray[np.bool_]


class Bench:
    """The index, the orders before the test, and the test."""

    def __init__(self) -> None:
        orders = sorted(_orders(), key=lambda order: (order.at or 0, sorted(map(str, order.products))))
        end = orders[-1].at or 0
        self.start = end - TEST_DAYS * DAY_S
        self.before = [order for order in orders if (order.at or 0) <= self.start]
        after = [order for order in orders if (order.at or 0) > self.start]
        self.index = SimilarityIndex.build(
            Product(row["product_id"], row["name"].title(), price=Decimal(1))
            for row in _rows("basket_items.csv.gz")
        )
        purchases = OrderLog(after).matrix(self.index.facts.rows, len(self.index))
        self.held = held_out(purchases, most=None)
        lengths = purchases.lengths()
        at = purchases.at[(lengths >= 2) & (lengths <= 15)]
        self.week = ((at - self.start) // (7 * DAY_S)).clip(0, 3).astype(int)
        self.options = Options(near_duplicates=True)

    def model(self, weights: Weights, last: int | None = None) -> Recommender:
        """Learnt from the orders before the test, or the ``last`` of them."""
        orders = self.before if last is None else self.before[-last:]
        return Recommender.over(self.index, OrderLog(orders), replace(self.options, weights=weights))

    def tfidf(self) -> Hits:
        """By likeness alone, with no threshold."""
        return hits(Recommender(self.index, None, replace(self.options, blend=False, threshold=0)), self.held)

    def ranked(self, scores: Callable[[list[int]], npt.NDArray[np.float64]]) -> Hits:
        """By a score for each product."""
        found = []
        for cart, rest in zip(self.held.carts, self.held.rest, strict=True):
            mine = scores(cart)
            mine[cart] = -np.inf
            found.append(bool(rest & set(np.argsort(-mine, kind="stable")[:3].tolist())))
        return np.array(found)


def main() -> None:
    """Print all figures."""
    progress(machine())
    if not (DATA / "baskets.csv.gz").is_file():
        for name in _FIGURES:
            absent(f"quality.{name}", "share", f"no baskets in {DATA}")
        return
    bench = Bench()
    progress(f"{len(bench.before)} orders before, {len(bench.held.carts)} test carts after")
    counts = OrderLog(bench.before).matrix(bench.index.facts.rows, len(bench.index)).counts()
    chance = np.random.default_rng(_SEED)
    _told("random", bench.ranked(lambda _: chance.random(len(counts))))
    _told("popularity", bench.ranked(lambda _: counts.copy()))
    tfidf = _told("tfidf", bench.tfidf())
    purchases = _told("purchases", hits(bench.model(Weights(text=0.0, similar=0.0)), bench.held))
    pruned = replace(bench.options, memory_mb=100)  # of the dense way more is asked
    neighbours = Recommender.over(bench.index, OrderLog(bench.before), pruned)
    progress(f"pruned neighbours and texts: {_interval(hits(neighbours, bench.held))}")
    started = time.monotonic()
    choice = choose(bench.index, OrderLog(bench.before), bench.options)
    progress(f"chosen in {time.monotonic() - started:.0f} s: {choice.weights}, {choice.why}")
    progress(f"the compromise: {_interval(hits(bench.model(Weights()), bench.held))}")
    blend = _told("blend", hits(bench.model(choice.weights), bench.held))
    figure("quality.ratio_blend_tfidf", [float(blend.mean() / tfidf.mean())], "ratio")
    progress(f"blend - purchases, paired: {_interval(blend.astype(float) - purchases)}")
    progress(f"blend / tfidf, paired: {_ratio(blend, tfidf)}")
    for few in _FEW:
        found = hits(bench.model(Weights(), few), bench.held)
        progress(f"after {few} orders, blend - tfidf, paired: {_interval(found.astype(float) - tfidf)}")
        figure(f"quality.hit3_blend_{few}_orders", [float(found.mean())], "share")
        alone = hits(bench.model(Weights(text=0.0, similar=0.0), few), bench.held)
        progress(f"after {few} orders purchases alone: {_interval(alone)}")
    weeks = [bench.week == week for week in range(4)]
    won = sum(blend[week].mean() > tfidf[week].mean() for week in weeks)
    figure("quality.weeks_won", [float(won)], "weeks of 4")
    progress(machine())


def _told(name: str, found: Hits) -> Hits:
    figure(f"quality.hit3_{name}", [float(found.mean())], "share")
    progress(f"{name}: {_interval(found)}")
    return found


def _interval(values: npt.NDArray[np.float64] | Hits) -> str:
    means = np.asarray(values, dtype=float)[_draws(len(values))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})"


def _ratio(ours: Hits, theirs: Hits) -> str:
    draws = _draws(len(ours))
    ratios = ours[draws].mean(axis=1) / np.maximum(theirs[draws].mean(axis=1), 1e-9)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return f"{ours.mean() / theirs.mean():.2f} ({low:.2f} to {high:.2f})"


def _draws(size: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(_SEED).integers(0, size, (_DRAWS, size))


def _orders() -> Iterator[Order]:
    known = {row["product_id"] for row in _rows("basket_items.csv.gz")}
    lines: defaultdict[str, set[str]] = defaultdict(set)
    at: dict[str, float] = {}
    for row in _rows("baskets.csv.gz"):
        if row["product_id"] in known:
            lines[row["order_id"]].add(row["product_id"])
            at[row["order_id"]] = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC).timestamp()
    for order, products in lines.items():
        yield Order(products, at[order])


def _rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    main()
