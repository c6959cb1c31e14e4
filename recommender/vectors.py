"""Product texts → TF-IDF vectors, by numpy over the words of many products at once.

The weights are scikit-learn's ``TfidfVectorizer`` with ``sublinear_tf``: 1 + ln n for a term that occurs n times,
idf ln((1+N)/(1+df)) + 1, rows of length 1. It is done here since that one takes 0.2 ms a product in Python, and since
its vocabulary alone is a gigabyte for a million products.

Theory of operation. A term is known by 48 bits of a hash; pairs of neighbouring words, which are terms too, never
become strings. (Of ten million terms 0.2 pairs are expected to share a number.) The texts are read a chunk of products
at a time. Of each chunk one sort of integers, made of term, row and field, gives its lists of rows by term. Then the
lists of all chunks are put together, a range of terms at a time, so that no more than a small part of it is there
twice. What comes out is the matrix by term; that by product is turned from it, once.
"""

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.catalog import Product
from recommender.terms import BORDER, CATEGORY_WEIGHT, NAME_WEIGHT, bordered_words, words_of

COMMON_SHARE = 0.4
COMMON_MIN = 20
"""A term that more than 40 % of the products have (and more than 20 of them) says nothing and is dropped."""

_ROW_BITS = 14
_TIMES_BITS = 2
CHUNK = 1 << _ROW_BITS
_KEY_BITS = 48
_PART = 1 << 21
"""Entries that are put together at a time."""
_MEMORY = 1_000_000
"""Words whose hashes are remembered."""
_NOTHING, _END = 0, 1

Texts = tuple[str, str, str]
"""Name, category and description of a product."""

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
_Numbers = npt.NDArray[np.int64]


class Vocabulary(NamedTuple):
    """The terms by column: their numbers, rising, and their idf. ``total``: products that were counted.

    ``common``: the numbers, rising, of the terms that were dropped since nearly all have them.
    """

    keys: Keys
    idf: Floats
    total: int
    common: Keys


class Vectors(NamedTuple):
    """``matrix``: CSR of products x terms that at least two of them have; ``inverted``: of terms x products.

    ``lost``: per row the squared length of what is left out. A term that one product alone has can match nothing; with
    it the row has length 1 (or 0 without any term).
    """

    matrix: sparse.csr_array
    inverted: sparse.csr_array
    lost: Floats
    vocabulary: Vocabulary


class Counted(NamedTuple):
    """A chunk by term: ``keys`` rise; entries ``starts[n]`` to ``starts[n + 1]`` are the n-th one's.

    ``rows`` count from the chunk's first; ``counts``: how often the term is there, by weight of the field.
    """

    keys: Keys
    starts: Ints
    rows: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint16]


class TermReader(dict[str, int]):
    """Reads texts; what each raw word is compared by is remembered: nothing, one number, or less than 0: several."""

    def __init__(self) -> None:
        super().__init__({BORDER: _END})
        self._several: list[tuple[int, ...]] = []

    def __missing__(self, token: str) -> int:
        words = words_of(token)
        if len(words) > 1:
            self._several.append(tuple(map(_key_of, words)))
            number = -len(self._several)
        else:
            number = _key_of(words[0]) if words else _NOTHING
        self[token] = number
        return number

    def read(self, texts: Iterable[Texts]) -> Counted:
        """The terms of at most ``CHUNK`` products."""
        if len(self) > _MEMORY:
            self.clear()
            self._several.clear()
            self[BORDER] = _END
        flat = array("q")
        number_of = self.__getitem__
        for fields in texts:
            flat.extend(map(number_of, bordered_words(fields)))
        return _counted(self._spread(np.frombuffer(flat, dtype=np.int64)))

    def _spread(self, tokens: _Numbers) -> _Numbers:
        """Without what is nothing, and with all numbers of words that have several."""
        if len(tokens) == 0 or tokens.min() >= 0:
            words: _Numbers = tokens[tokens != _NOTHING]
            return words
        lengths = np.array([0, *map(len, self._several)], dtype=np.int64)
        all_of = np.array([number for several in self._several for number in several], dtype=np.int64)
        firsts = np.cumsum(lengths) - lengths
        which = np.maximum(-tokens, 0)
        times = np.where(tokens < 0, lengths[which], tokens != _NOTHING)
        spread = np.repeat(tokens, times)
        place = np.arange(len(spread)) - np.repeat(np.cumsum(times) - times, times)
        several = np.flatnonzero(spread < 0)
        spread[several] = all_of[firsts[-spread[several]] + place[several]]
        whole: _Numbers = spread
        return whole


def texts_of(product: Product) -> Texts:
    """What of a product is compared."""
    return product.name, product.category, product.description


def vectorise(texts: Iterable[Texts]) -> Vectors:
    """The vectors of products, in their order."""
    reader, chunks, total = TermReader(), list[Counted](), 0
    left = iter(texts)
    while some := list(islice(left, CHUNK)):
        chunks.append(reader.read(some))
        total += len(some)
    del reader
    squares, lost = np.zeros(total), np.zeros(total)
    keys, idfs, starts, common = list[Keys](), list[Floats](), list[_Numbers](), list[Keys]()
    rows, weights = list[Ints](), list[Floats]()
    for part in _parts(chunks):
        idf = idf_of(part.frequency, total)
        useful = part.frequency <= max(COMMON_MIN, int(COMMON_SHARE * total))
        logs = 1 + np.log(np.arange(int(part.counts.max(initial=0)) + 1, dtype=np.float32).clip(1))
        weight = logs[part.counts] * np.repeat(idf * useful, part.frequency)
        square = weight.astype(np.float64) ** 2
        squares += np.bincount(part.rows, weights=square, minlength=total)
        alone = np.repeat(part.frequency == 1, part.frequency)
        lost += np.bincount(part.rows[alone], weights=square[alone], minlength=total)
        shared = useful & (part.frequency > 1)
        kept = np.repeat(shared, part.frequency)
        keys.append(part.keys[shared])
        common.append(part.keys[~useful])
        idfs.append(idf[shared])
        starts.append(part.frequency[shared])
        rows.append(part.rows[kept])
        weights.append(weight[kept])
    del chunks
    squares[squares == 0] = 1
    scale = (1 / np.sqrt(squares)).astype(np.float32)
    for number, their_rows in enumerate(rows):
        weights[number] *= scale[their_rows]
    vocabulary = Vocabulary(
        _together(keys, np.uint64), _together(idfs, np.float32), total, _together(common, np.uint64)
    )
    ends = np.cumsum(_together(starts, np.int64))
    del keys, idfs, starts
    width = np.int32 if not len(ends) or ends[-1] < np.iinfo(np.int32).max else np.int64
    shape = (total, len(vocabulary.keys))
    by_term = sparse.csc_array(
        (
            _together(weights, np.float32),
            _together(rows, width),
            np.concatenate([[0], ends]).astype(width),
        ),
        shape=shape,
    )
    inverted = sparse.csr_array((by_term.data, by_term.indices, by_term.indptr), shape=shape[::-1])
    return Vectors(sparse.csr_array(by_term), inverted, (lost / squares).astype(np.float32), vocabulary)


def _key_of(word: str) -> int:
    number = int.from_bytes(
        blake2b(word.encode("utf-8", "surrogatepass"), digest_size=_KEY_BITS // 8).digest()
    )
    return max(number, _END + 1)


def _pair(first: Keys, second: Keys) -> Keys:
    """The number of a pair of words; the same in every process, as that of a word."""
    mixed = first * np.uint64(0x9E3779B97F4A7C15) + second * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return mixed >> np.uint64(64 - _KEY_BITS)


def _counted(tokens: _Numbers) -> Counted:
    border = tokens == _END
    fields = np.cumsum(border) - border
    times = np.array([NAME_WEIGHT, CATEGORY_WEIGHT, 1], dtype=np.uint64)[fields % 3]
    where = ((fields // 3).astype(np.uint64) << np.uint64(_TIMES_BITS)) | times
    keys = tokens.astype(np.uint64)
    single = np.flatnonzero(~border)
    double = single[~border[single + 1]]  # each field ends with a border: there is a next one
    shift = np.uint64(_ROW_BITS + _TIMES_BITS)
    packed = np.concatenate([
        keys[single] << shift | where[single],
        _pair(keys[double], keys[double + 1]) << shift | where[double],
    ])  # fmt: skip
    packed.sort()
    entries = packed >> np.uint64(_TIMES_BITS)
    new = np.flatnonzero(np.r_[True, entries[1:] != entries[:-1]][: len(entries)])
    often = (packed & np.uint64((1 << _TIMES_BITS) - 1)).astype(np.int64)
    counts = np.add.reduceat(often, new) if len(new) else often
    entries = entries[new]
    keys = entries >> np.uint64(_ROW_BITS)
    firsts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
    return Counted(
        keys[firsts],
        np.append(firsts, len(keys)).astype(np.int32),
        (entries & np.uint64(CHUNK - 1)).astype(np.uint16),
        counts.clip(max=np.iinfo(np.uint16).max).astype(np.uint16),
    )


class _Part(NamedTuple):
    """Some terms of all products, as in ``Counted``; ``frequency``: how many products have each."""

    keys: Keys
    frequency: _Numbers
    rows: Ints
    counts: npt.NDArray[np.uint16]


def _parts(chunks: list[Counted]) -> Iterator[_Part]:
    entries = sum(len(chunk.rows) for chunk in chunks)
    bits = max(entries // _PART, 1).bit_length() - 1
    cuts = np.arange((1 << bits) + 1, dtype=np.uint64) << np.uint64(_KEY_BITS - bits)
    places = [np.searchsorted(chunk.keys, cuts) for chunk in chunks]
    for number in range(1 << bits if chunks else 0):
        spans = [slice(place[number], place[number + 1]) for place in places]
        yield _merged(chunks, spans)


def _merged(chunks: list[Counted], spans: list[slice]) -> _Part:
    keys = np.concatenate([chunk.keys[span] for chunk, span in zip(chunks, spans, strict=True)])
    starts = [chunk.starts[span.start : span.stop + 1] for chunk, span in zip(chunks, spans, strict=True)]
    lengths = np.concatenate([np.diff(one) for one in starts]).astype(np.int64)
    firsts = np.cumsum(lengths) - lengths
    inside = [slice(one[0], one[-1]) for one in starts]
    rows = np.concatenate([
        chunk.rows[span].astype(np.int32) + np.int32(number * CHUNK)
        for number, (chunk, span) in enumerate(zip(chunks, inside, strict=True))
    ])  # fmt: skip
    counts = np.concatenate([chunk.counts[span] for chunk, span in zip(chunks, inside, strict=True)])
    order = np.argsort(keys, kind="stable")  # rows rise within a term; runs that are sorted make it quick
    keys, lengths, firsts = keys[order], lengths[order], firsts[order]
    new = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
    frequency = np.add.reduceat(lengths, new) if len(new) else lengths
    take = np.repeat(firsts - (np.cumsum(lengths) - lengths), lengths) + np.arange(len(rows))
    return _Part(keys[new], frequency, rows[take], counts[take])


def idf_of(frequency: Any, total: int) -> Floats:
    """The weight of terms that so many of all products have."""
    weights: Floats = (np.log((1 + total) / (1 + frequency)) + 1).astype(np.float32)
    return weights


def _together(parts: list[Any], kind: Any) -> Any:
    """One array of them all, whose parts are let go."""
    whole = np.concatenate(parts).astype(kind, copy=False) if parts else np.zeros(0, dtype=kind)
    parts.clear()
    return whole
