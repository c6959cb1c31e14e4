"""What is recommended with a cart: what goes with it by the shop's orders and by the texts, in one order of rank.

Theory of operation. ``together.py`` gives for each product what goes with it, ``similarity.py`` what resembles it. A
cart's score against a product is the sum of its products' weights with it, over the largest such sum, plus the cosine
of the texts, over the largest one, times a weight that is the larger the fewer purchases of the cart's products are
known. A product in the cart that nobody ever bought counts as its nearest kin by text among those that were. When
fewer are found than asked for, the most bought of the cart's categories fill up, then the most bought of all.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.asked import exclusions, looked_over
from recommender.catalog import Product, ProductId
from recommender.facts import Facts, Pick
from recommender.orders import OrderLog
from recommender.reasons import Reason
from recommender.shelves import Shelves
from recommender.similarity import (
    CANDIDATES,
    EFFORTS,
    Effort,
    Query,
    Ranking,
    Recommendation,
    SimilarityIndex,
    added,
    check,
    distinct,
    summed,
)
from recommender.together import Together, Weights, learn

KIN = 10
"""A product that nobody bought stands for so many others, that somebody did."""

EVIDENCE = 20.0
"""Purchases of the cart's products at which the texts still weigh twice as much as with very many."""


@dataclass(frozen=True, slots=True)
class Options:
    """``blend`` False: likeness alone, above the threshold, and nothing fills up.

    ``threshold``: cosine (0 to 1) from which a product is called similar. ``near_duplicates``: whether variants of a
    product in the cart, or of another pick, are recommended. ``memory_mb``: for the dense part of the learning.
    """

    blend: bool = True
    threshold: float = 0.1
    near_duplicates: bool = False
    memory_mb: int = 512
    weights: Weights = field(default_factory=Weights)


class Recommender:
    """Recommendations out of one state of the catalogue and the orders; use it from any thread, or pickle it.

    >>> from decimal import Decimal
    >>> from recommender import Product, Recommender
    >>> shop = [Product(n, name, price=Decimal(9)) for n, name in enumerate(["Tea pot", "Tea cosy", "Spade", "Rake"])]
    >>> [[pick.product.name for pick in picks] for picks in Recommender.build(shop, [[0, 2], [0, 2]]).recommend([[0]])]
    [['Spade', 'Tea cosy']]
    """

    def __init__(
        self, index: SimilarityIndex, together: Together | None, options: Options,
        orders: int = 0, pending: Sequence[Product] = (),
    ) -> None:  # fmt: skip
        """Use ``build``. ``pending``: what is not in the index, or with other texts (``following.py``)."""
        self.options, self.orders = options, orders
        self.index, self._together, self.pending = index, together, pending
        bought = None if together is None else together.bought
        self.shelves = Shelves(index.facts, bought) if options.blend else None

    @classmethod
    def build(
        cls,
        products: Iterable[Product],
        orders: Iterable[object] | OrderLog | None = None,
        options: Options | None = None,
    ) -> "Recommender":
        """``orders``: collections of product ids, with a time where it is known (``OrderLog.add``); None: texts alone.

        Of two products with one id the later counts.
        """
        options = options or Options()
        index = SimilarityIndex.build(products)
        log = orders if isinstance(orders, OrderLog) else OrderLog(orders or ())
        return cls.over(index, log, options)

    @classmethod
    def over(cls, index: SimilarityIndex, orders: OrderLog, options: Options) -> "Recommender":
        """The same over an index that is there already."""
        together = learnt(index.matrix, index.facts.rows, orders, options)
        return cls(index, together, options, 0 if together is None else len(orders))

    def beside(self, index: SimilarityIndex, new: Iterable[int]) -> "Recommender":
        """The same over an index that has more products, of whose rows ``new`` came after the model was built."""
        other = copy(self)
        other.index = index
        if self.shelves is not None:
            other.shelves = self.shelves.with_new(index.facts, new)
        return other

    @property
    def _alike(self) -> float:
        """The cosine from which a product is called similar; never 0."""
        return max(self.options.threshold, 1e-6)

    @property
    def facts(self) -> Facts:
        """The products by row, whose prices and stock may be changed in place."""
        return self.index.facts

    def __len__(self) -> int:
        return len(self.index)

    def recommend(
        self,
        carts: Sequence[Collection[ProductId]],
        count: int = 3,
        exclude: Sequence[Collection[ProductId]] | Collection[ProductId] | None = None,
    ) -> list[list[Recommendation]]:
        """For each cart up to ``count`` products, best first; equal scores rank by product id.

        ``exclude``: ids that are never recommended, or a list, set or frozenset of them for each cart. Never
        recommended are what is in the cart, what is not to be had (``Product.available``), and variants. Unknown ids
        are passed over. Raises RecommenderError when the count is out of range, or a cart is no collection.
        """
        check(count, self.options.threshold)
        carts = looked_over(carts)
        own = exclusions(exclude, len(carts))
        if not self.options.blend:
            return self.index.recommend_many(
                carts, count, self.options.threshold,
                exclude_each=own, near_duplicates=self.options.near_duplicates,
            )  # fmt: skip
        rows = [self.facts.rows_of(cart) for cart in carts]
        return [
            self._picks(cart, self.facts.rows_of(mine), query, self._going_together(cart), count)
            for cart, mine, query in zip(rows, own, self.index.queries(rows), strict=True)
        ]

    def _picks(
        self, cart: list[int], barred: list[int], query: Query, going: "_Going", count: int
    ) -> list[Recommendation]:
        picks: list[Recommendation] = []
        for effort in EFFORTS:
            ranking, near = self._ranked(query, going, effort)
            pick = Pick(self.facts, cart, barred, near_duplicates=self.options.near_duplicates)
            picks.clear()
            for row, score in ranking.descending(count, self.facts):
                if len(picks) == count:
                    break
                product = pick.offer(row)
                if product is not None:
                    reason = self._reason(row, cart, going, near)
                    picks.append(Recommendation(product, round(score, 6), reason))
            if ranking.whole or len(picks) == count:
                break
        for row, reason in self.shelves.fill(cart) if self.shelves is not None else ():
            if len(picks) == count:
                break
            product = pick.offer(row)
            if product is not None:
                picks.append(Recommendation(product, 0.0, reason))
        return picks

    def _ranked(self, query: Query, going: "_Going", effort: Effort | None) -> tuple[Ranking, Ranking]:
        """All that speaks for products, and how far each resembles the cart."""
        near = self.index.near(query, effort)
        rows, sums = going.best(self.facts.available)
        if len(rows):
            near = self._with_likeness_of(rows, query, near)
        every, likeness = near.rows, near.scores
        together = np.zeros(len(every))
        together[np.searchsorted(every, rows)] = sums
        weight = self.options.weights.similar * (1 + EVIDENCE / (1 + going.evidence))
        largest, most_alike = sums.max(initial=0.0), likeness.max(initial=0.0)
        keep = np.flatnonzero((together > 0) | (likeness >= self._alike))
        scores = likeness[keep]
        if largest > 0:
            shares = together[keep] / largest
            scores = (shares + weight * scores / most_alike) / (1 + weight) if most_alike > 0 else shares
        return Ranking(every[keep], np.round(scores, 6), near.whole), near

    def _with_likeness_of(self, rows: npt.NDArray[Any], query: Query, near: Ranking) -> Ranking:
        """``near`` with these products in it, too."""
        every = distinct(np.concatenate([near.rows, rows]))
        likeness = np.zeros(len(every))
        known = np.searchsorted(every, near.rows)
        likeness[known] = near.scores
        if not near.whole:
            unknown = np.ones(len(every), dtype=bool)
            unknown[known] = False
            likeness[unknown] = self.index.cosines(query, every[unknown])
        return Ranking(every, likeness, near.whole)

    def _reason(self, row: int, cart: list[int], going: "_Going", near: Ranking) -> Reason:
        if (going.seen == row).any():
            return Reason.BOUGHT_TOGETHER
        if near.score(row) < self._alike:
            category = self.facts.category(row)
            if category and any(self.facts.category(one) == category for one in cart):
                return Reason.SAME_CATEGORY
        return Reason.SIMILAR

    def _going_together(self, cart: list[int]) -> "_Going":
        if self._together is None:
            return _NOTHING
        weights, seen, bought = self._together
        built = len(bought)  # no order is known of what came later
        known = [row for row in cart if row < built]
        rows, sums = summed(weights, known)
        cold = [row for row in cart if row >= built or bought[row] == 0]
        if cold:
            rows, sums = self._with_kin(self._together, cold, rows, sums)
        parts = [slice(weights.indptr[row], weights.indptr[row + 1]) for row in known]
        met = [weights.indices[part][seen[part]] for part in parts]
        together = np.concatenate(met) if met else _NOTHING.seen
        return _Going(rows, sums, together, float(bought[known].sum()))

    def _with_kin(
        self, together: Together, cold: list[int], rows: npt.NDArray[Any], sums: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """What goes with the nearest kin of products that nobody bought, added."""
        (query,) = self.index.queries([cold])
        near = self.index.near(query)
        bought = together.bought
        sold = bought[np.minimum(near.rows, len(bought) - 1)] * (near.rows < len(bought)) > 0
        kin, scores = near.rows[sold], near.scores[sold]
        best = np.lexsort((kin, -scores))[:KIN]
        if not len(best):
            return rows, sums
        kin, shares = kin[best], (scores[best] / scores[best].sum() * len(cold)).astype(np.float32)
        theirs, amounts = summed(together.weights, kin, shares)
        return added(
            np.concatenate([rows, theirs, kin]),
            np.concatenate([sums, amounts, shares * amounts.max(initial=0.0)]),
        )


def learnt(
    matrix: sparse.csr_array, rows: Mapping[Hashable, int], orders: OrderLog, options: Options
) -> Together | None:
    """What goes together by the orders; None where there are none, or nobody asks.

    ``matrix``: CSR of products x terms; ``rows``: where a product of an order is in it.
    """
    if not options.blend or not len(orders) or not len(rows):
        return None
    purchases = orders.matrix(rows, len(rows))
    return learn(purchases, matrix, options.weights, options.memory_mb)


@dataclass(frozen=True, slots=True)
class _Going:
    """What goes with one cart. ``seen``: what somebody bought in one order with its products.

    ``evidence``: how often its products were bought.
    """

    rows: npt.NDArray[Any]
    sums: npt.NDArray[Any]
    seen: npt.NDArray[Any]
    evidence: float

    def best(self, available: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The strongest that are to be had, by row."""
        keep = np.flatnonzero((self.sums > 0) & available[self.rows])
        rows, sums = self.rows[keep], self.sums[keep]
        if len(rows) > CANDIDATES:
            floor = np.partition(sums, len(sums) - CANDIDATES)[len(sums) - CANDIDATES]
            rows, sums = rows[sums >= floor], sums[sums >= floor]
        return rows, sums


_NO_ROWS = np.zeros(0, dtype=np.int64)
_NOTHING = _Going(_NO_ROWS, np.zeros(0, dtype=np.float32), _NO_ROWS, 0.0)
