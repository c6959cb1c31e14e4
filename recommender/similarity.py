"""Products that resemble a cart: TF-IDF vectors of the texts, compared by cosine.

Theory of operation. Each product's name, category and description become one L2-normalised row of a sparse matrix
(scikit-learn's ``TfidfVectorizer``: term frequency 1 + ln n, idf ln((1+N)/(1+df)) + 1). A cart is the sum of its
products' rows; its score against a product is the cosine of the two. Terms that only one product has can match
nothing, so their columns are dropped after the rows got their length: scores stay what they were, and the matrix
shrinks to a fraction. What the dropped part contributed to a row's length is remembered, because the length of a
cart needs it. The matrix is kept transposed as well (term → products), so that a cart costs only the products that
share a term with it, and a batch of carts is one product of sparse matrices.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.catalog import Product, ProductId
from recommender.errors import RecommenderError
from recommender.terms import terms, words

COMMON_SHARE = 0.4
COMMON_MIN = 20
"""A term that more than 40 % of the products have (and more than 20 of them) says nothing and is dropped."""

SAME_WORDS = 0.65
SAME_START = 0.6
SAME_START_MIN = 4
"""Two products are variants of one thing (a colour, a size) when their names share 65 % of their words (Jaccard: of
five words one may be exchanged, of four none), or when both start with the same four or more words and these are 60 %
of the longer name: shops write "Brand - Model for Device - Colour"."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A product and its likeness to the cart: cosine, above 0 and at most 1, rounded to 6 digits."""

    product: Product
    score: float


class SimilarityIndex:
    """An immutable index over one state of the catalogue; use it from any thread, or pickle it for a process."""

    def __init__(self, products: Sequence[Product], matrix: Any) -> None:
        """``matrix``: CSR, products x terms, rows of length 1 or 0. Use ``build``."""
        self._rows = {product.id: row for row, product in enumerate(products)}
        self._matrix, self._lost = _without_unshared_terms(matrix)
        self._inverted = self._matrix.T.tocsr()
        self._set_products(products)

    @classmethod
    def build(cls, products: Iterable[Product]) -> "SimilarityIndex":
        """The index over ``products``; of two with one id the later counts. About 0.2 ms a product.

        Products without any usable word are in it, but resemble nothing.
        """
        # Sorted, so that equal scores rank the same after a restart, whatever order the rows came in.
        unique = {product.id: product for product in products}
        ordered = sorted(unique.values(), key=lambda product: (isinstance(product.id, str), product.id))
        return cls(ordered, _vectorise(ordered))

    def with_products(self, products: Mapping[ProductId, Product]) -> "SimilarityIndex":
        """The same likenesses with today's stock, prices and images; what the mapping lacks is never recommended.

        Cheap (no text is read): for changes that leave the texts alone, or until a new index is built.
        """
        other = object.__new__(SimilarityIndex)
        other._rows, other._matrix = self._rows, self._matrix
        other._lost, other._inverted = self._lost, self._inverted
        other._set_products([products.get(product_id) for product_id in self._rows])
        return other

    def __len__(self) -> int:
        return len(self._rows)

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
        baskets: Sequence[Sequence[ProductId]],
        count: int,
        threshold: float,
        exclude: Collection[ProductId] = (),
        *,
        exclude_each: Sequence[Collection[ProductId]] | None = None,
    ) -> list[list[Recommendation]]:
        """``recommend`` for many carts in one matrix product; the answers in the order of the carts.

        ``exclude_each``: what is never recommended to each of them, beside ``exclude``.
        """
        if count < 0:
            raise RecommenderError(f"count is {count}, it must be 0 or more")
        if not 0 <= threshold <= 1:  # also catches NaN
            raise RecommenderError(f"threshold is {threshold}, it must be from 0 to 1")
        members = [sorted({self._rows[i] for i in basket if i in self._rows}) for basket in baskets]
        if count == 0 or not any(members):
            return [[] for _ in baskets]
        scores, lengths = self._score(members)
        barred = {self._rows[i] for i in exclude if i in self._rows}
        found = []
        own = exclude_each or [()] * len(baskets)
        for number, rows in enumerate(members):
            span = slice(scores.indptr[number], scores.indptr[number + 1])
            near = _Ranking(scores.indices[span], scores.data[span] / (lengths[number] or 1.0))
            mine = barred | {self._rows[i] for i in own[number] if i in self._rows}
            found.append(self._pick(near, rows, count, threshold, mine))
        return found

    def _set_products(self, products: Sequence[Product | None]) -> None:
        self._products = tuple(products)
        self._available = np.fromiter(
            (product is not None and product.available for product in products),
            dtype=bool,
            count=len(products),
        )

    def _score(self, members: list[list[int]]) -> tuple[Any, npt.NDArray[np.float32]]:
        """Dot products of the carts' vectors with all products (CSR, carts x products), and their lengths."""
        flat = np.fromiter((row for rows in members for row in rows), dtype=np.int32)
        starts = np.cumsum([0, *map(len, members)], dtype=np.int32)
        choose = sparse.csr_array(
            (np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(members), len(self._rows))
        )
        carts = choose @ self._matrix
        # |q|² of the whole vector: what is left of it plus each member's dropped part, which meets no other's.
        squares = np.asarray(carts.multiply(carts).sum(axis=1)).ravel() + choose @ self._lost
        return carts @ self._inverted, np.sqrt(squares)

    def _pick(
        self, near: "_Ranking", basket: list[int], count: int, threshold: float, barred: Collection[int]
    ) -> list[Recommendation]:
        names = [_name_words(self._products[row]) for row in basket]
        taken = {*basket, *barred}
        picks: list[Recommendation] = []
        for row, score in near.descending(self._available, threshold, count):
            product = self._products[row]
            if product is None or row in taken:
                continue
            name = _name_words(product)
            if any(_same_thing(name, other) for other in names):
                continue
            names.append(name)
            picks.append(Recommendation(product, score))
            if len(picks) == count:
                break
        return picks


@dataclass(frozen=True, slots=True)
class _Ranking:
    """The products that share a term with one cart, and their scores."""

    rows: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]

    def descending(
        self, available: npt.NDArray[np.bool_], threshold: float, count: int
    ) -> Iterable[tuple[int, float]]:
        """Rows by falling score; only the best few are sorted at first, more when the caller passes them over."""
        # Rounded, so that the noise of the last digits neither breaks ties nor misses the threshold.
        scores = np.round(self.scores.astype(np.float64), 6)
        keep = np.flatnonzero((scores >= threshold) & (scores > 0) & available[self.rows])
        rows, scores = self.rows[keep], np.minimum(scores[keep], 1.0)
        done, want = 0, 4 * count + 16
        while done < len(rows):
            if done + want < len(rows):
                floor = np.partition(scores, len(scores) - done - want)[len(scores) - done - want]
                head = np.flatnonzero(scores >= floor)  # with all that tie with the last
            else:
                head = np.arange(len(rows))
            order = head[np.lexsort((rows[head], -scores[head]))][done:]
            yield from zip(rows[order].tolist(), scores[order].tolist(), strict=True)
            done, want = len(head), want * 8


def _vectorise(products: Sequence[Product]) -> Any:
    # It takes half a second and 60 MB to import: paid where an index is built, not by every command.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - see above

    vectorizer = TfidfVectorizer(
        analyzer=terms,
        sublinear_tf=True,
        dtype=np.float32,
        max_df=max(COMMON_MIN, int(COMMON_SHARE * len(products))),
    )
    try:
        return vectorizer.fit_transform(products).tocsr()
    except ValueError:  # scikit-learn's answer when no term is left: no products, or no usable word in any
        return sparse.csr_array((len(products), 0), dtype=np.float32)


def _without_unshared_terms(matrix: Any) -> tuple[Any, npt.NDArray[np.float32]]:
    """The matrix without columns that one row alone has, and per row the squared length that went with them."""
    full = _squared_lengths(matrix)
    shared = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) > 1)
    slim = sparse.csr_array(matrix[:, shared])
    return slim, np.maximum(full - _squared_lengths(slim), 0)


def _squared_lengths(matrix: Any) -> npt.NDArray[np.float32]:
    squares: npt.NDArray[np.float32] = np.asarray(
        matrix.multiply(matrix).sum(axis=1), dtype=np.float32
    ).ravel()
    return squares


def _name_words(product: Product | None) -> list[str]:
    return words(product.name) if product else []


def _same_thing(one: list[str], other: list[str]) -> bool:
    """Whether two names (as words) mean one thing: a copy, or a variant of it."""
    if not one or not other:
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    if start >= SAME_START_MIN and start >= SAME_START * max(len(one), len(other)):
        return True
    mine, theirs = set(one), set(other)
    return len(mine & theirs) >= SAME_WORDS * len(mine | theirs)
