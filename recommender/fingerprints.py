"""Numbers of 64 bits that stand for ids and texts, the same in every process: what a kept index is known by."""

import sys
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recommender.catalog import Product
from recommender.vectors import Keys, texts_of

_CODE = ("catalog", "facts", "fingerprints", "orders", "stored", "terms", "together", "vectors")
"""Modules that say what is in a kept index."""

_BYTES = 8


class Fingerprints(NamedTuple):
    """Of products, one a row: of each one's id, and of its texts."""

    ids: Keys
    texts: Keys

    @classmethod
    def of(cls, products: Sequence[Product]) -> "Fingerprints":
        """Of a million products this takes some two seconds."""
        return cls(of_ids([product.id for product in products]), _of_texts(products))


class Match(NamedTuple):
    """Where products are among those of an index. ``rows``: -1 is nowhere; ``same``: their texts are, too.

    ``differing``: how many products are otherwise, there or here.
    """

    rows: npt.NDArray[np.int64]
    same: npt.NDArray[np.bool_]
    differing: int

    @classmethod
    def of(cls, mine: Fingerprints, theirs: Fingerprints) -> "Match":
        """``theirs``: the index's."""
        if not len(theirs.ids):
            nowhere = np.full(len(mine.ids), -1, dtype=np.int64)
            return cls(nowhere, nowhere >= 0, len(nowhere))
        order = np.argsort(theirs.ids)
        place = np.searchsorted(theirs.ids, mine.ids, sorter=order).clip(max=len(order) - 1)
        rows = order[place]
        known = theirs.ids[rows] == mine.ids
        same = known & (theirs.texts[rows] == mine.texts)
        differing = len(mine.ids) - int(same.sum()) + len(theirs.ids) - int(known.sum())
        return cls(np.where(known, rows, -1), same, differing)


def of_ids(ids: Sequence[Hashable]) -> Keys:
    """One number each: whole numbers stand for themselves."""
    if all(type(one) is int and 0 <= one < 1 << 63 for one in ids):
        return np.array(ids, dtype=np.uint64)
    return _numbers(f"{type(one).__name__} {one!r}" for one in ids)


@cache
def of_code() -> str:
    """Of what makes an index out of texts and orders: another release may do so in another way."""
    digest = blake2b(f"{sys.byteorder} {unicodedata.unidata_version} {np.__version__}".encode())
    for name in _CODE:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:32]


def _of_texts(products: Sequence[Product]) -> Keys:
    return _numbers("\x00".join(texts_of(product)) for product in products)


def _numbers(texts: Iterable[str]) -> Keys:
    found = bytearray()
    for text in texts:
        found += blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
    return np.frombuffer(bytes(found), dtype=np.uint64)
