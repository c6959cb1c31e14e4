"""What is true of each product today: changed in place, so that a new price costs no more than that."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.catalog import Product
from recommender.errors import RecommenderError
from recommender.variants import Name, name_of, same_thing


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


class Facts:
    """The products of an index by row. One thread changes them; others read whatever is there at the moment."""

    def __init__(self, ids: Sequence[Hashable], products: Sequence[Product | None]) -> None:
        """``products``: one a row, None for one that is gone."""
        self.rows: Mapping[Hashable, int] = {product_id: row for row, product_id in enumerate(ids)}
        self.products: list[Product | None] = list(products)
        self.available: npt.NDArray[np.bool_] = np.fromiter(
            (product is not None and product.available for product in products),
            dtype=bool,
            count=len(products),
        )
        self._names: dict[int, Name] = {}

    def __len__(self) -> int:
        return len(self.products)

    def ids(self) -> list[Any]:
        """The ids of all rows, in their order."""
        return list(self.rows)

    def put(self, product_id: Hashable, product: Product | None) -> bool:
        """A product as it is now, or None when it is gone; False when it has no row here."""
        row = self.rows.get(product_id)
        if row is None:
            return False
        self.products[row] = product
        self.available[row] = product is not None and product.available
        self._names.pop(row, None)
        return True

    def rows_of(self, ids: Collection[Any]) -> list[int]:
        """The rows of those that are known, each once, rising."""
        rows = self.rows
        try:
            return sorted({rows[one] for one in ids if one in rows})
        except TypeError as error:
            raise RecommenderError(f"a cart holds what can be no product's id: {error}") from error

    def name(self, row: int) -> Name:
        """The words of a product's name."""
        found = self._names.get(row)
        if found is None:
            product = self.products[row]
            found = self._names[row] = name_of(product.name) if product else ()
        return found

    def category(self, row: int) -> str:
        """The category of a product; empty when it is gone."""
        product = self.products[row]
        return product.category if product else ""


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
        product = self._facts.products[row]
        if product is None or row in self._taken or not product.available:
            return None
        if not self._alike:
            name = self._facts.name(row)
            if any(same_thing(name, other) for other in self._names):
                return None
            self._names.append(name)
        self._taken.add(row)
        self.rows.append(row)
        return product
