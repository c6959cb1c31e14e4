"""Product texts → TF-IDF vectors, by numpy over the words of all products at once.

The weights are scikit-learn's ``TfidfVectorizer`` with ``sublinear_tf``: 1 + ln n for a term that occurs n times,
idf ln((1+N)/(1+df)) + 1, rows of length 1. It is done here since that one takes 0.2 ms a product in Python; of the
words only the look-up is Python here, and pairs of neighbouring words never become strings.
"""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.catalog import Product
from recommender.terms import CATEGORY_WEIGHT, NAME_WEIGHT, raw_words, words_of

COMMON_SHARE = 0.4
COMMON_MIN = 20
"""A term that more than 40 % of the products have (and more than 20 of them) says nothing and is dropped."""

_CHUNK = 50_000
_BORDER = -1
_SHIFT = 32

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class _Words:
    """Words by number, in the order in which they are met first."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._of_raw: dict[str, tuple[int, ...]] = {}

    def of_field(self, text: str) -> list[int]:
        found: list[int] = []
        known = self._of_raw
        for token in raw_words(text):
            numbers = known.get(token)
            found += self._new(token) if numbers is None else numbers
        return found

    def _new(self, token: str) -> tuple[int, ...]:
        numbers = tuple(self.numbers.setdefault(word, len(self.numbers)) for word in words_of(token))
        self._of_raw[token] = numbers
        return numbers


def vectorise(products: Sequence[Product]) -> tuple[Any, Floats]:
    """CSR of products x terms that at least two of them have, and per row the squared length of what is left out.

    A term that one product alone has can match nothing; with it the row has length 1 (or 0 without any term).
    """
    words = _Words()
    parts = [
        _counted(words, products[start : start + _CHUNK], start) for start in range(0, len(products), _CHUNK)
    ]
    if not parts:
        return sparse.csr_array((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32)
    rows = np.concatenate([part[0] for part in parts])
    keys = np.concatenate([part[1] for part in parts])
    weights = np.concatenate([part[2] for part in parts])
    del parts
    return _weighted(len(products), rows, keys, weights)


def _counted(
    words: _Words, products: Sequence[Product], first: int
) -> tuple[npt.NDArray[np.int32], Ints, Floats]:
    """Row, key of the term, and 1 + ln of how often, for each term of these products."""
    flat, lengths = array("q"), array("q")
    for product in products:
        before = len(flat)
        for text in (product.name, product.category, product.description):
            flat.extend(words.of_field(text))
            flat.append(_BORDER)
        lengths.append(len(flat) - before)
    tokens = np.frombuffer(flat, dtype=np.int64)
    rows = np.repeat(np.arange(len(products), dtype=np.int64), np.frombuffer(lengths, dtype=np.int64))
    borders = np.cumsum(tokens == _BORDER)
    field = (borders - (tokens == _BORDER)) % 3
    times = np.array([NAME_WEIGHT, CATEGORY_WEIGHT, 1], dtype=np.int64)[field]
    single = np.flatnonzero(tokens != _BORDER)
    double = single[:-1][tokens[single[:-1] + 1] != _BORDER] if len(single) else single
    # A pair's key is made of both words; that of a single word has no second, which is numbered from 1.
    keys = np.concatenate([tokens[single] << _SHIFT, (tokens[double] << _SHIFT) | (tokens[double + 1] + 1)])
    where = np.concatenate([rows[single], rows[double]])
    often = np.concatenate([times[single], times[double]])
    order = np.lexsort((keys, where))
    keys, where, often = keys[order], where[order], often[order]
    new = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]) | (where[1:] != where[:-1])][: len(keys)])
    counts = np.add.reduceat(often, new) if len(new) else often[:0]
    weights = (1 + np.log(counts)).astype(np.float32)
    return (where[new] + first).astype(np.int32), keys[new], weights


def _weighted(total: int, rows: npt.NDArray[np.int32], keys: Ints, weights: Floats) -> tuple[Any, Floats]:
    unique, columns = np.unique(keys, return_inverse=True)
    frequency = np.bincount(columns, minlength=len(unique))
    useful = frequency <= max(COMMON_MIN, int(COMMON_SHARE * total))
    idf = (np.log((1 + total) / (1 + frequency)) + 1).astype(np.float32)
    weights = weights * idf[columns] * useful[columns]
    lengths = np.sqrt(np.bincount(rows, weights=weights.astype(np.float64) ** 2, minlength=total))
    lengths[lengths == 0] = 1
    weights = (weights / lengths[rows]).astype(np.float32)
    shared = useful & (frequency > 1)
    kept = shared[columns]
    lost = np.bincount(rows[~kept], weights=weights[~kept].astype(np.float64) ** 2, minlength=total)
    numbers = np.cumsum(shared) - 1
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=total))])
    matrix = sparse.csr_array(
        (weights[kept], numbers[columns[kept]].astype(np.int32), starts.astype(np.int64)),
        shape=(total, int(shared.sum())),
    )
    return matrix, lost.astype(np.float32)
