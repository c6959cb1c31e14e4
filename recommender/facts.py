"""What is true of each product today: changed in place, so that a new price costs no more than that."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from copy import copy
from enum import Enum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recommender.catalog import Product
from recommender.errors import RecommenderError
from recommender.variants import Name, name_of, same_thing


class _Unknown(Enum):
    """A value that is the same in every process."""

    UNKNOWN = 0


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands for an id that nobody knows any more."""


def in_order(products: Iterable[Product]) -> list[Product]:
    """Of two with one id the later; sorted, so that equal scores rank the same whatever order the rows came in."""
    try:
        unique = {product.id: product for product in products}
    except (AttributeError, TypeError) as error:
        raise RecommenderError(
            f"a catalogue is made of Products with ids that can be keys (Product.from_row makes them of rows): {error}"
        ) from error
    ids: list[Any] = list(unique)
    if len(set(map(type, ids))) == 1 and isinstance(ids[0], int | str):
        ids.sort()  # a million keys made in Python would hold up all other threads while they are compared
    else:
        ids.sort(key=_rank)
    return [unique[product_id] for product_id in ids]


def _rank(product_id: Any) -> tuple[int, Any, str]:
    if isinstance(product_id, int):
        return 0, product_id, ""
    if isinstance(product_id, str):
        return 1, 0, product_id
    return 2, 0, f"{type(product_id).__name__} {product_id!r}"


class _Columns:
    """What the views of the same products share."""

    def __init__(self, ids: Sequence[Hashable], products: Sequence[Product | None]) -> None:
        self.rows: dict[Any, int] = {
            product_id: row for row, product_id in enumerate(ids) if product_id is not UNKNOWN
        }
        self.products: list[Product | None] = list(products)
        self.available: npt.NDArray[np.bool_] = np.fromiter(
            (product is not None and product.available for product in products),
            dtype=bool,
            count=len(products),
        )
        self.names: dict[int, Name] = {}
        self.added: list[Any] = []
        self.built = len(products)
        self.now: Callable[[Any], Product | None] | None = None
        self._sorted: tuple[list[Any], list[int]] | None = None

    def place(self, product_id: Hashable) -> float:
        """Where the id stands among those that the rows began with: between two rows."""
        if self._sorted is None:
            ids, rows = list(self.rows), list(self.rows.values())
            count = bisect_left(rows, self.built)  # what came later stands behind
            self._sorted = ids[:count], rows[:count]
        ids, rows = self._sorted
        place = bisect_left(ids, _rank(product_id), key=_rank)
        return (rows[place] if place < len(rows) else self.built) - 0.5


class Facts:
    """The products of an index by row. One thread changes them; others read whatever is there at the moment.

    Rows may be added: they are seen in the view that ``grown`` gives then, not in this one.
    """

    def __init__(self, ids: Sequence[Hashable], products: Sequence[Product | None]) -> None:
        """``ids``: one a row, in the order of ``in_order``; UNKNOWN, without a product, where it is known no more."""
        self.columns = _Columns(ids, products)
        self.size = len(products)

    def __len__(self) -> int:
        return self.size

    @property
    def rows(self) -> Mapping[Hashable, int]:
        """The row of each id; those beyond the length are none of this view."""
        return self.columns.rows

    @property
    def available(self) -> npt.NDArray[np.bool_]:
        """Whether each is to be had, by row; the array may be longer."""
        return self.columns.available

    @property
    def products(self) -> list[Product | None]:
        """By row; None is gone. The list may be longer."""
        return self.columns.products

    def put(self, product_id: Hashable, product: Product | None) -> bool:
        """A product as it is now, or None when it is gone; False when it has no row here."""
        columns = self.columns
        row = columns.rows.get(product_id)
        if row is None:
            return False
        columns.products[row] = product
        columns.available[row] = product is not None and product.available
        columns.names.pop(row, None)
        return True

    def add(self, product: Product) -> int:
        """A row for a product that has none."""
        columns = self.columns
        row = len(columns.products)
        if row == len(columns.available):
            room = np.zeros(max(2 * row, 16), dtype=bool)
            room[:row] = columns.available
            columns.available = room
        columns.available[row] = product.available
        columns.products.append(product)
        columns.added.append(product.id)
        columns.rows[product.id] = row
        return row

    def grown(self) -> "Facts":
        """A view with all rows that there are by now."""
        other = copy(self)
        other.size = len(self.columns.products)
        return other

    def some(self, rows: npt.NDArray[Any]) -> "Facts":
        """Whether these rows are to be had, numbered from 0; nothing else is asked of it."""
        return _SomeFacts(self, rows)

    def look_up(self, now: Callable[[Any], Product | None]) -> None:
        """Ask ``now`` by id for each product that is picked: it knows what nobody has ``put`` yet."""
        self.columns.now = now

    def current(self, row: int) -> Product | None:
        """The product as it is at this moment; None when it is gone."""
        product = self.columns.products[row]
        now = self.columns.now
        return product if product is None or now is None else now(product.id)

    def rows_of(self, ids: Collection[Any]) -> list[int]:
        """The rows of those that are known, each once, rising."""
        rows, size = self.columns.rows, self.size
        try:
            return sorted({row for one in ids if (row := rows.get(one, size)) < size})
        except TypeError as error:
            raise RecommenderError(f"a cart holds what can be no product's id: {error}") from error

    def by_id(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A number for each of these rows; they rise as the ids do."""
        columns = self.columns
        fresh = np.flatnonzero(rows >= columns.built)
        if not len(fresh):
            return rows
        ids = {place: columns.added[rows[place] - columns.built] for place in fresh.tolist()}
        numbers = rows.astype(np.float64)
        for nth, place in enumerate(sorted(ids, key=lambda one: _rank(ids[one]))):
            numbers[place] = columns.place(ids[place]) + nth / (2 * len(ids))
        return numbers

    def name(self, row: int) -> Name:
        """The words of a product's name."""
        names = self.columns.names
        found = names.get(row)
        if found is None:
            product = self.products[row]
            found = names[row] = name_of(product.name) if product else ()
        return found

    def category(self, row: int) -> str:
        """The category of a product; empty when it is gone."""
        product = self.products[row]
        return product.category if product else ""


class _SomeFacts(Facts):
    """A view of some rows, for an index over these alone."""

    def __init__(self, facts: Facts, rows: npt.NDArray[Any]) -> None:
        self.columns = facts.columns
        self.size = len(rows)
        self._rows = rows

    @property
    def available(self) -> npt.NDArray[np.bool_]:
        """Whether each of these is to be had."""
        some: npt.NDArray[np.bool_] = self.columns.available[self._rows]
        return some


class Pick:
    """Takes the best for one cart: what is to be had, nothing twice, nothing that is a variant of what is there."""

    def __init__(
        self, facts: Facts, cart: Sequence[int], barred: Collection[int], *, near_duplicates: bool
    ) -> None:
        """``near_duplicates``: False passes variants over."""
        self._facts = facts
        self._taken = {*cart, *barred}
        self._alike = near_duplicates
        self._names = [] if near_duplicates else [facts.name(row) for row in cart]
        self.rows: list[int] = []

    def offer(self, row: int) -> Product | None:
        """The product, when it is taken."""
        if row in self._taken:
            return None
        product = self._facts.current(row)
        if product is None or not product.available:
            return None
        if not self._alike:
            name = self._facts.name(row)
            if any(same_thing(name, other) for other in self._names):
                return None
            self._names.append(name)
        self._taken.add(row)
        self.rows.append(row)
        return product
