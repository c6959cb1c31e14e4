"""Products that came, or were rewritten, after the index was built: a small index of their own beside it.

Theory of operation. A new text is weighed by the vocabulary and idf of the built index, and becomes a row of a small
matrix over the terms that these rows have. What is not in the vocabulary weighs as a term that a single product has,
and lets new products match each other; it can't match an older one, whose lonely terms were dropped. A cart is
compared with both matrices, and each product answers by one row: of a rewritten one that in the large matrix is
passed over. Rows are named as everywhere, so a rewritten product keeps its own, and with it what goes with it. Nothing
here is changed once it is made: a reader has the whole of one state.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.facts import Facts
from recommender.similarity import EFFORTS, Effort, Query, Ranking, SimilarityIndex
from recommender.vectors import CHUNK, Floats, TermReader, Texts, Vectors, Vocabulary, idf_of

_Numbers = npt.NDArray[np.int64]


class Weighed(NamedTuple):
    """Vectors of length 1 (or without any entry): entries ``starts[n]`` to ``starts[n + 1]`` are the n-th one's.

    ``terms``: columns of the vocabulary; what is not in it has its key behind these (columns + key).
    """

    starts: _Numbers
    terms: _Numbers
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def with_those(self, more: "Weighed", kept: npt.NDArray[np.bool_]) -> "Weighed":
        """Those of these vectors that are kept, and then more."""
        lengths = np.diff(self.starts)
        entries = np.repeat(kept, lengths)
        starts = np.concatenate([[0], np.cumsum(np.concatenate([lengths[kept], np.diff(more.starts)]))])
        return Weighed(
            starts,
            np.concatenate([self.terms[entries], more.terms]),
            np.concatenate([self.weights[entries], more.weights]),
        )


NOTHING = Weighed(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


def weighed(texts: Sequence[Texts], vocabulary: Vocabulary) -> Weighed:
    """The vectors of at most ``CHUNK`` products by what is known of the terms of those before them."""
    if len(texts) > CHUNK:
        raise ValueError(f"{len(texts)} texts are more than {CHUNK}")
    counted = TermReader().read(texts)
    columns = len(vocabulary.keys)
    place = np.searchsorted(vocabulary.keys, counted.keys)
    terms = counted.keys.astype(np.int64) + columns
    idf = np.full(len(terms), idf_of(1, vocabulary.total), dtype=np.float32)
    known = np.flatnonzero(place < columns)
    known = known[vocabulary.keys[place[known]] == counted.keys[known]]
    terms[known], idf[known] = place[known], vocabulary.idf[place[known]]
    idf[np.isin(counted.keys, vocabulary.common, assume_unique=True)] = 0
    frequency = np.diff(counted.starts)
    weights = (1 + np.log(counted.counts.astype(np.float32))) * np.repeat(idf, frequency)
    kept = np.flatnonzero(weights)
    rows, weights, terms = counted.rows[kept], weights[kept], np.repeat(terms, frequency)[kept]
    squares = np.bincount(rows, weights=weights.astype(np.float64) ** 2, minlength=len(texts))
    lengths = np.bincount(rows, minlength=len(texts))
    order = np.argsort(rows, kind="stable")
    weights = (weights / np.sqrt(squares[rows])).astype(np.float32)
    return Weighed(np.concatenate([[0], np.cumsum(lengths)]), terms[order], weights[order])


class Segment:
    """The vectors of products by their rows, which rise; compared by a matrix of their own terms."""

    def __init__(self, rows: _Numbers, vectors: Weighed, facts: Facts) -> None:
        """``rows``: where in ``facts`` each vector's product is, each once."""
        order = np.argsort(rows)
        lengths = np.diff(vectors.starts)[order]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.repeat(vectors.starts[:-1][order] - starts[:-1], lengths) + np.arange(starts[-1])
        self.rows = rows[order]
        self.vectors = Weighed(starts, vectors.terms[entries], vectors.weights[entries])
        self._terms, columns = np.unique(self.vectors.terms, return_inverse=True)
        by_row = sparse.csr_array(
            (self.vectors.weights, columns.astype(np.int32), starts.astype(np.int32)),
            shape=(len(rows), len(self._terms)),
        )
        by_term = sparse.csr_array(by_row.T)
        none = np.zeros(0, dtype=np.uint64)
        words = Vocabulary(none, np.zeros(0, dtype=np.float32), len(rows), none)
        lost = np.zeros(len(rows), dtype=np.float32)
        self._index = SimilarityIndex(facts.some(self.rows), Vectors(by_row, by_term, lost, words))

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def extended(cls, former: "Segment | None", rows: _Numbers, vectors: Weighed, facts: Facts) -> "Segment":
        """The former one with these rows in place of what it had of them."""
        if former is None:
            return cls(rows, vectors, facts)
        kept = ~np.isin(former.rows, rows)
        return cls(np.concatenate([former.rows[kept], rows]), former.vectors.with_those(vectors, kept), facts)

    def near(self, query: Query, effort: Effort | None) -> Ranking:
        """As ``SimilarityIndex.near``."""
        near = self._index.near(self._own(query), effort)
        return Ranking(self.rows[near.rows], near.scores, near.whole)

    def places(self, rows: npt.NDArray[Any]) -> _Numbers:
        """Where each row is here; -1: nowhere."""
        places = np.searchsorted(self.rows, rows)
        places[places == len(self.rows)] = 0
        here = self.rows[places] == rows if len(self.rows) else np.zeros(len(rows), dtype=bool)
        return np.where(here, places, -1)

    def cosines(self, query: Query, places: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """As ``SimilarityIndex.cosines``, of these places."""
        return self._index.cosines(self._own(query), places)

    def entries(self, place: int) -> tuple[_Numbers, Floats]:
        """The vector of a product."""
        span = slice(self.vectors.starts[place], self.vectors.starts[place + 1])
        return self.vectors.terms[span], self.vectors.weights[span]

    def _own(self, query: Query) -> Query:
        terms = np.asarray(query.terms, dtype=np.int64)
        columns = np.searchsorted(self._terms, terms)
        columns[columns == len(self._terms)] = 0
        here = np.flatnonzero(self._terms[columns] == terms) if len(self._terms) else columns[:0]
        return Query(columns[here].astype(np.int32), query.values[here], query.length)


class SegmentedIndex(SimilarityIndex):
    """An index and what came after it, as one; the first may be such a one itself."""

    def __init__(self, built: SimilarityIndex, segment: Segment, facts: Facts) -> None:
        """``facts``: of all of them."""
        super().__init__(built.facts, built.vectors)
        self.facts = facts
        self.built, self.segment = built, segment
        old = segment.rows[segment.rows < len(built)]
        self._rewritten = np.zeros(len(built), dtype=bool)
        self._rewritten[old] = True

    def queries(self, carts: Iterable[Sequence[int]]) -> Iterator[Query]:
        """See ``SimilarityIndex.queries``."""
        for cart in carts:
            rows = np.asarray(cart, dtype=np.int64)
            places = self.segment.places(rows)
            # Beyond the built index and not here are those whose texts nobody has read yet.
            old = (places < 0) & (rows < len(self.built))
            (query,) = self.built.queries([rows[old].tolist()])
            fresh = places[places >= 0].tolist()
            yield self._with(query, fresh) if fresh else query

    def _with(self, query: Query, places: Iterable[int]) -> Query:
        """``query`` with these products in the cart, too."""
        parts = [self.segment.entries(place) for place in places]
        terms, column = np.unique(
            np.concatenate([query.terms, *(terms for terms, _ in parts)]), return_inverse=True
        )
        weights = np.concatenate([query.values, *(weights for _, weights in parts)])
        values = np.bincount(column, weights=weights, minlength=len(terms))
        # Of what the built index dropped only the length is known: no term of another product meets it.
        dropped = max(query.length**2 - float(np.square(query.values, dtype=np.float64).sum()), 0.0)
        length = (float(np.square(values).sum()) + dropped) ** 0.5
        return Query(terms, values.astype(np.float32), length)

    def near(self, query: Query, effort: Effort | None = EFFORTS[0]) -> Ranking:
        """See ``SimilarityIndex.near``."""
        old = self.built.near(self._built_part(query), effort)
        kept = ~self._rewritten[old.rows]
        fresh = self.segment.near(query, effort)
        rows = np.concatenate([old.rows[kept], fresh.rows])
        order = np.argsort(rows, kind="stable")
        scores = np.concatenate([old.scores[kept], fresh.scores])
        return Ranking(rows[order], scores[order], old.whole and fresh.whole)

    def cosines(self, query: Query, rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """See ``SimilarityIndex.cosines``."""
        places = self.segment.places(rows)
        old = places < 0
        scores = np.empty(len(rows))
        scores[old] = self.built.cosines(self._built_part(query), rows[old])
        scores[~old] = self.segment.cosines(query, places[~old])
        return scores

    def _built_part(self, query: Query) -> Query:
        """Without the terms that the vocabulary has not, where the first is a built one."""
        if isinstance(self.built, SegmentedIndex):
            return query
        known = query.terms < self.built.matrix.shape[1]
        if known.all():
            return query
        return Query(query.terms[known].astype(np.int32), query.values[known], query.length)
