"""The products of the shop, kept in memory and safe to change from another thread."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from recommender.cleaning import clean_text
from recommender.errors import RecommenderError

ProductId = int | str

NAME_LIMIT = 200
CATEGORY_LIMIT = 200
DESCRIPTION_LIMIT = 2000
"""Characters kept of each text. Long descriptions say little more about likeness, but cost memory."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product. Texts are plain (see ``from_row`` for raw ones).

    ``price`` is in the shop's currency, finite, never negative. ``stock`` None means that the shop does not count
    it: the product is available. ``image`` and ``url`` (its page) are whatever the shop stores: a URL, a path, or None.
    """

    id: ProductId
    name: str
    description: str
    price: Decimal
    category: str
    image: str | None = None
    stock: int | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if not self.price.is_finite() or self.price < 0:
            raise RecommenderError(f"product {self.id!r}: price {self.price} must be a number of 0 or more")

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> "Product":
        """A product from a database row with the keys ``id, name, description, price, category, image, stock``.

        It may have ``url``, too. HTML is stripped, entities are resolved, lengths capped; NULL texts become empty.
        Raises RecommenderError when the id is missing or the price or stock is no number.
        """
        product_id = row.get("id")
        if not isinstance(product_id, int | str):
            raise RecommenderError(f"product row without a usable id: {product_id!r}")
        stock, image, url = row.get("stock"), _text(row.get("image")), _text(row.get("url"))
        try:
            price = Decimal(str(row.get("price")).strip())
            counted = None if stock is None or stock == "" else int(Decimal(str(stock)))
        except (InvalidOperation, ValueError, OverflowError):
            raise RecommenderError(
                f"product {product_id!r}: price {row.get('price')!r} and stock {stock!r} must be numbers"
            ) from None
        return cls(
            id=product_id,
            name=clean_text(_text(row.get("name")), NAME_LIMIT),
            description=clean_text(_text(row.get("description")), DESCRIPTION_LIMIT),
            price=price,
            category=clean_text(_text(row.get("category")), CATEGORY_LIMIT),
            image=image.strip() or None if image else None,
            stock=counted,
            url=url.strip() or None if url else None,
        )

    @property
    def available(self) -> bool:
        """Whether a customer may be sent to it: in stock (or not counted), with a name and a price above 0.

        Products priced 0 are, in real shops, gifts with a purchase, samples and unfinished entries.
        """
        return (self.stock is None or self.stock > 0) and self.price > 0 and bool(self.name)


def _text(value: object) -> str | None:
    """Database drivers hand over TEXT in binary collations as bytes."""
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


class Snapshot(NamedTuple):
    """The catalogue at one moment.

    ``generation`` grows with every change, ``texts`` only when a product came, went or reads differently.
    """

    generation: int
    texts: int
    products: Mapping[ProductId, Product]


class Catalog:
    """A mutable collection of products; every method may be called from any thread.

    Readers take ``snapshot()``: a mapping that never changes, shared until the next change.
    """

    def __init__(self, products: Iterable[Product] = ()) -> None:
        self._lock = threading.Lock()
        self._products: dict[ProductId, Product] = {}
        self._generation = 0
        self._texts = 0
        self._snapshot: Snapshot | None = None
        self.replace(products)

    def replace(self, products: Iterable[Product]) -> None:
        """Take over the whole catalogue; of two products with one id the later counts."""
        fresh = {product.id: product for product in products}
        with self._lock:
            same_texts = fresh.keys() == self._products.keys() and all(
                _reads_same(product, self._products[key]) for key, product in fresh.items()
            )
            if same_texts and fresh == self._products:
                return
            self._products = fresh
            self._changed(texts=not same_texts)

    def upsert(self, product: Product) -> None:
        """Add a product or take over its new facts."""
        with self._lock:
            old = self._products.get(product.id)
            if old == product:
                return
            self._products[product.id] = product
            self._changed(texts=old is None or not _reads_same(old, product))

    def remove(self, product_id: ProductId) -> bool:
        """Drop a product; False when it was not there."""
        with self._lock:
            if self._products.pop(product_id, None) is None:
                return False
            self._changed(texts=True)
            return True

    def get(self, product_id: ProductId) -> Product | None:
        """The product, or None."""
        return self._products.get(product_id)

    def snapshot(self) -> Snapshot:
        """The catalogue as of now; copied once per change, not per call."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = Snapshot(self._generation, self._texts, dict(self._products))
            return self._snapshot

    @property
    def generation(self) -> int:
        """Grows with every change."""
        return self._generation

    def __len__(self) -> int:
        return len(self._products)

    def __iter__(self) -> Iterator[Product]:
        return iter(self.snapshot().products.values())

    def __contains__(self, product_id: object) -> bool:
        return product_id in self._products

    def _changed(self, *, texts: bool) -> None:
        self._generation += 1
        self._texts += texts
        self._snapshot = None


def _reads_same(one: Product, other: Product) -> bool:
    """Whether both give the same text to compare: then a new price or stock needs no new index."""
    return (one.name, one.category, one.description) == (other.name, other.category, other.description)
