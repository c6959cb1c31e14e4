"""Products that resemble a cart: TF-IDF vectors of the texts, compared by cosine.

Theory of operation. Each product's name, category and description become one L2-normalised row of a sparse matrix
(``vectors.py``). A cart is the sum of its products' rows; its score against a product is the cosine of the two. Terms
that only one product has can match nothing, so their columns are dropped after the rows got their length: scores stay
what they were, and the matrix shrinks to a fraction. What the dropped part contributed to a row's length is
remembered, because the length of a cart needs it. The matrix is kept transposed as well (term → products), so that a
cart costs only the products that share a term with it. Where those are very many, the rarest terms of the cart name
the candidates, and only these are compared by all terms: common terms alone make no likeness. Should too few of the
candidates do, all are compared.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.catalog import Product, ProductId
from recommender.errors import RecommenderError
from recommender.facts import Facts, Pick, in_order
from recommender.reasons import Reason
from recommender.vectors import COMMON_MIN, COMMON_SHARE, Vectors, texts_of, vectorise

__all__ = [
    "COMMON_MIN",
    "COMMON_SHARE",
    "EFFORTS",
    "Effort",
    "Query",
    "Ranking",
    "Recommendation",
    "SimilarityIndex",
    "added",
    "distinct",
    "summed",
]

CANDIDATES = 400


class Effort(NamedTuple):
    """``entries`` of the term lists that are gone through for one cart before so many ``candidates`` are chosen."""

    entries: int
    candidates: int


EFFORTS = (Effort(20_000, CANDIDATES), Effort(400_000, 20 * CANDIDATES), None)
"""Each is made where the one before it found too few; None: all entries, and every product that has one."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A product, its score (above 0 and at most 1 but 0 for what only fills up, rounded to 6 digits), and why.

    Of a likeness the score is the cosine to the cart.
    """

    product: Product
    score: float
    reason: Reason = Reason.SIMILAR


class Query(NamedTuple):
    """One cart by its terms, and the length of its vector."""

    terms: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    length: float


class Ranking(NamedTuple):
    """Products by row, and their scores; ``whole``: none that has a score is missing."""

    rows: npt.NDArray[Any]
    scores: npt.NDArray[np.float64]
    whole: bool = True

    def score(self, row: int) -> float:
        """Of one product; 0 where it has none. The rows must rise."""
        place = int(np.searchsorted(self.rows, row))
        return float(self.scores[place]) if place < len(self.rows) and self.rows[place] == row else 0.0

    def descending(self, count: int, facts: Facts) -> Iterator[tuple[int, float]]:
        """Rows by falling score, then by id; only the best few are sorted at first, more when these are passed over."""
        rows, scores = self.rows, self.scores
        done, want = 0, 4 * count + 16
        while done < len(rows):
            if done + want < len(rows):
                floor = np.partition(scores, len(scores) - done - want)[len(scores) - done - want]
                head = np.flatnonzero(scores >= floor)  # with all that tie with the last
            else:
                head = np.arange(len(rows))
            order = head[np.lexsort((facts.by_id(rows[head]), -scores[head]))][done:]
            yield from zip(rows[order].tolist(), scores[order].tolist(), strict=True)
            done, want = len(head), want * 8


class SimilarityIndex:
    """An index over one state of the catalogue; use it from any thread, or pickle it for a process."""

    def __init__(self, facts: Facts, vectors: Vectors) -> None:
        """Use ``build``."""
        self.facts = facts
        self.vectors = vectors
        self.matrix, self._inverted, self._lost, _ = vectors
        self._frequency = np.diff(self._inverted.indptr)

    @classmethod
    def build(cls, products: Iterable[Product]) -> "SimilarityIndex":
        """The index over ``products``; of two with one id the later counts.

        Products without any usable word are in it, but resemble nothing.
        """
        ordered = in_order(products)
        facts = Facts([product.id for product in ordered], ordered)
        return cls(facts, vectorise(map(texts_of, ordered)))

    def __len__(self) -> int:
        return len(self.facts)

    def recommend(
        self,
        basket_ids: Sequence[ProductId],
        count: int,
        threshold: float,
        exclude: Collection[ProductId] = (),
    ) -> list[Recommendation]:
        """Up to ``count`` available products that resemble the cart, best first.

        ``threshold`` (0 to 1) is a floor: what scores less, or shares no term with the cart, is not recommended,
        and nothing else fills the gap; fewer than ``count`` or none may come back. Never recommended: what is in
        the cart or in ``exclude``, what is out of stock, a variant of a product in the cart or of one already
        picked. Unknown ids are ignored. Equal scores rank by product id.
        Raises RecommenderError when count or threshold is out of range.
        """
        return self.recommend_many([basket_ids], count, threshold, exclude)[0]

    def recommend_many(
        self,
        baskets: Sequence[Collection[ProductId]],
        count: int,
        threshold: float,
        exclude: Collection[ProductId] = (),
        *,
        exclude_each: Sequence[Collection[ProductId]] | None = None,
        near_duplicates: bool = False,
    ) -> list[list[Recommendation]]:
        """``recommend`` for many carts; the answers in the order of the carts.

        ``exclude_each``: what is never recommended to each of them, beside ``exclude``. ``near_duplicates``: True lets
        variants pass.
        """
        check(count, threshold)
        carts = [self.facts.rows_of(basket) for basket in baskets]
        barred = self.facts.rows_of(exclude)
        own = exclude_each or [()] * len(baskets)
        found: list[list[Recommendation]] = []
        for cart, query, mine in zip(carts, self.queries(carts), own, strict=True):
            bar = {*barred, *self.facts.rows_of(mine)}
            picks: list[Recommendation] = []
            for effort in EFFORTS if count and cart else ():
                near = self.near(query, effort)
                keep = near.scores >= threshold
                near = Ranking(near.rows[keep], near.scores[keep], near.whole)
                pick = Pick(self.facts, cart, bar, near_duplicates=near_duplicates)
                picks = [
                    Recommendation(product, score)
                    for row, score in _until(near.descending(count, self.facts), pick, count)
                    if (product := pick.offer(row)) is not None
                ]
                if near.whole or len(picks) == count:
                    break
            found.append(picks)
        return found

    def queries(self, carts: Iterable[Sequence[int]]) -> Iterator[Query]:
        """The vectors of carts, which are given by their products' rows."""
        for cart in carts:
            terms, values = summed(self.matrix, cart)
            # |q|² of the whole vector: what is left of it plus each member's dropped part, which meets no other's.
            square = float(values @ values) + float(self._lost[cart].sum())
            yield Query(terms, values, square**0.5)

    def near(self, query: Query, effort: Effort | None = EFFORTS[0]) -> Ranking:
        """Available products by rising row and their cosines above 0, those of the best candidates at least."""
        order = np.argsort(self._frequency[query.terms], kind="stable")
        terms, values = query.terms[order], query.values[order]
        lengths = self._frequency[terms].astype(np.int64)
        taken = len(terms)
        if effort is not None:
            within = int(np.searchsorted(np.cumsum(lengths), effort.entries, side="right"))
            taken = max(within, min(1, len(terms)))
        if taken == 0:
            return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
        index = self._inverted
        spans = [slice(index.indptr[term], index.indptr[term + 1]) for term in terms[:taken].tolist()]
        rows = np.concatenate([index.indices[span] for span in spans])
        shares = np.concatenate([index.data[span] for span in spans]) * np.repeat(
            values[:taken], lengths[:taken]
        )
        sums = np.zeros(len(self), dtype=np.float32)
        np.add.at(sums, rows, shares)
        if effort is None or taken == len(terms):
            touched = np.flatnonzero(sums > 0)
            touched = touched[self.facts.available[touched]]
            return Ranking(touched, _rounded(sums[touched] / (query.length or 1)))
        mine = sums[rows] * self.facts.available[rows]
        if len(mine) > effort.candidates:
            floor = np.partition(mine, len(mine) - effort.candidates)[len(mine) - effort.candidates]
            rows = rows[(mine >= floor) & (mine > 0)]
        else:
            rows = rows[mine > 0]
        rows = distinct(rows)
        return Ranking(rows, self.cosines(query, rows), whole=False)

    def cosines(self, query: Query, rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Of these products with the cart, by all terms."""
        dense = np.zeros(self.matrix.shape[1], dtype=np.float32)
        dense[query.terms] = query.values
        return _rounded((self.matrix[rows] @ dense) / (query.length or 1))


def distinct(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Each once, rising. ``np.unique`` hashes, which takes seconds for a million rows."""
    numbers = np.sort(numbers)
    return numbers[np.flatnonzero(np.diff(numbers, prepend=-1))]


def summed(
    matrix: sparse.csr_array, rows: Sequence[int], shares: npt.NDArray[Any] | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The sum of some rows, each times its share: columns, rising, and values.

    scipy's product would go through as many numbers as the matrix has columns, for each cart.
    """
    part = matrix[np.asarray(rows, dtype=np.int64)]
    return added(
        part.indices, part.data if shares is None else part.data * np.repeat(shares, np.diff(part.indptr))
    )


def added(columns: npt.NDArray[Any], values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Each column once, rising, with the sum of its values."""
    order = np.argsort(columns, kind="stable")
    columns, values = columns[order], values[order]
    first = np.flatnonzero(np.diff(columns, prepend=-1))
    return columns[first], np.add.reduceat(values, first) if len(first) else values


def check(count: object, threshold: object) -> None:
    """Raises RecommenderError for what is out of range, or no number."""
    if not isinstance(count, Integral) or int(count) < 0:
        raise RecommenderError(f"count is {count!r}, it must be a whole number, 0 or more")
    if not isinstance(threshold, Real) or not 0 <= float(threshold) <= 1:  # also catches NaN
        raise RecommenderError(f"threshold is {threshold!r}, it must be from 0 to 1")


def _until(ranked: Iterable[tuple[int, float]], pick: Pick, count: int) -> Iterator[tuple[int, float]]:
    for one in ranked:
        if len(pick.rows) == count:
            return
        yield one


def _rounded(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """So that the noise of the last digits neither breaks ties nor misses the threshold."""
    return np.minimum(np.round(scores.astype(np.float64), 6), 1.0)
