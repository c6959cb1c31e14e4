"""A built model that follows its catalogue: new facts in their arrays, new texts in a segment of their own.

Whoever holds a lock takes up what changed, some of it at a time, and hands over a model with a larger segment, which
was made without the lock. What was not taken up yet does no harm: what is picked is looked up in the catalogue, so that
nothing is recommended that is gone or sold out, and none at an old price.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from recommender.catalog import Catalog, Product, ProductId, Snapshot, reads_same
from recommender.model import Recommender
from recommender.segment import Segment, SegmentedIndex, weighed
from recommender.vectors import texts_of

SHARE = 0.05
LEAST, MOST = 1_000, 20_000
"""So many products, or this share of the catalogue, are followed before the model should be built anew."""

SMALL = 1_000
"""So many are put together anew with each one that comes; more are laid to a larger segment now and then."""

HELD = 2
"""So many times as many are followed at most; what is new beyond that waits for the build."""


def room(products: int) -> int:
    """How many may be followed before a model of so many should be built anew."""
    return int(min(max(SHARE * products, LEAST), MOST))


class Batch(NamedTuple):
    """Products whose texts are to be read, and their rows."""

    rows: list[int]
    products: list[Product]


class Made(NamedTuple):
    """A model to answer with. New texts come into the small segment; ``larger`` is the model without that one."""

    model: Recommender
    larger: Recommender
    large: Segment | None = None
    small: Segment | None = None


class Followed:
    """One model and what came after it. One thread at a time takes up, and one extends; they may be two."""

    def __init__(self, model: Recommender, catalog: Catalog, place: int) -> None:
        """``place``: behind the changes that the model has (``Snapshot.place``)."""
        self._first = model
        self._made = Made(model, model)
        self._catalog = catalog
        self._place = place
        self._queue: Iterator[tuple[ProductId, Product | None]] = iter(
            [(product.id, product) for product in model.pending]
        )
        self._queued = bool(model.pending)
        self._facts = model.facts
        self._facts.look_up(catalog.get)
        self._waiting: dict[int, None] = {}
        self._room = room(len(model))
        self._left_out = 0

    @property
    def model(self) -> Recommender:
        """What answers now."""
        return self._made.model

    @property
    def waiting(self) -> int:
        """How many texts are to be read."""
        return len(self._waiting)

    @property
    def followed(self) -> int:
        """How many products answer by the segment."""
        return sum(len(segment) for segment in (self._made.large, self._made.small) if segment is not None)

    @property
    def is_light(self) -> bool:
        """Whether a few texts more cost some milliseconds."""
        return self._made.small is None or len(self._made.small) < SMALL / 2

    @property
    def is_behind(self) -> bool:
        """Whether anything is to be taken up or read."""
        return bool(self._waiting) or self._queued or self._place != self._catalog.place

    @property
    def is_full(self) -> bool:
        """Whether so much came that the model should be built anew."""
        return self.followed + self.waiting + self._left_out > self._room

    def take_up(self, most: int) -> bool:
        """Take up at most so many changes; False when there are more."""
        left = most
        for product_id, product in islice(self._queue, most):
            self._put(product_id, product)
            left -= 1
        if not left:
            return False
        self._queued = False
        self._place, products = self._catalog.changes_since(self._place, left)
        if products is None:
            snapshot = self._catalog.snapshot()
            self._place, self._queue, self._queued = snapshot.place, self._all(snapshot), True
            return False
        for product_id, product in products.items():
            self._put(product_id, product)
        return self._place == self._catalog.place

    def batch(self, most: int) -> Batch:
        """The next texts to read, at most so many."""
        rows = list(islice(self._waiting, most))
        for row in rows:
            del self._waiting[row]
        products = self._facts.products
        return Batch(rows, [products[row] or Product(0, "") for row in rows])

    def next_batch(self, most: int, *, last: bool) -> Batch | None:
        """The same; None where there are fewer, and more to take up."""
        return self.batch(most) if last or self.waiting >= most else None

    def extended(self, batch: Batch) -> Made:
        """The model with these texts, too. It changes nothing: ``publish`` it."""
        first, (_, larger, large, small) = self._first, self._made
        vectors = weighed([texts_of(product) for product in batch.products], first.index.vectors.vocabulary)
        facts = self._facts.grown()
        small = Segment.extended(small, np.array(batch.rows, dtype=np.int64), vectors, facts)
        if len(small) > max(SMALL, 0 if large is None else len(large) // 4):
            large = Segment.extended(large, small.rows, small.vectors, facts)
            larger = first.beside(SegmentedIndex(first.index, large, facts), large.rows.tolist())
            return Made(larger, larger, large)
        index = SegmentedIndex(larger.index, small, facts)
        return Made(larger.beside(index, small.rows.tolist()), larger, large, small)

    def publish(self, made: Made) -> None:
        """Answer by it from now on."""
        self._made = made

    def _put(self, product_id: ProductId, product: Product | None) -> None:
        facts = self._facts
        row = facts.rows.get(product_id)
        if row is None:
            if product is not None and self._has_room():
                self._waiting[facts.add(product)] = None
            return
        old = facts.products[row]
        facts.put(product_id, product)
        if product is not None and (old is None or not reads_same(old, product)) and self._has_room():
            self._waiting[row] = None

    def _has_room(self) -> bool:
        if self.followed + self.waiting < HELD * self._room:
            return True
        self._left_out += 1
        return False

    def _all(self, snapshot: Snapshot) -> Iterator[tuple[ProductId, Product | None]]:
        """What of the whole catalogue is not as the facts have it."""
        products, facts = snapshot.products, self._facts
        yield from products.items()
        for product_id in list(facts.rows):
            if product_id not in products:
                yield product_id, None  # type: ignore[misc] # ids of any kind
