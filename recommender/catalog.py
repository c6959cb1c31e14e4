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

JOURNAL = 200_000
"""So many changes at least are remembered one by one."""

_LIMITS = {"name": NAME_LIMIT, "category": CATEGORY_LIMIT, "description": DESCRIPTION_LIMIT}


@dataclass(frozen=True, slots=True)
class Product:
    """One product. Texts are plain (see ``from_row`` for raw ones).

    ``price`` is in the shop's currency, finite, never negative. ``stock`` None means that the shop does not count
    it: the product is available. ``image`` and ``url`` (its page) are whatever the shop stores: a URL, a path, or None.
    ``active`` False: not for sale. Ids may be any hashable value.

    None and NaN are no text, texts are cut at the limits above, and a price that is no number of 0 or more is 0: the
    product is known, and compared, but never recommended.
    """

    id: ProductId
    name: str
    description: str = ""
    price: Decimal = Decimal(0)
    category: str = ""
    image: str | None = None
    stock: int | None = None
    url: str | None = None
    active: bool = True

    def __post_init__(self) -> None:
        for field, limit in _LIMITS.items():
            text = getattr(self, field)
            if not isinstance(text, str) or len(text) > limit:
                object.__setattr__(self, field, _as_text(text)[:limit])
        object.__setattr__(self, "price", _as_price(self.price))

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
        if not price.is_finite() or price < 0:
            raise RecommenderError(f"product {product_id!r}: price {price} must be a number of 0 or more")
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
        return self.active and (self.stock is None or self.stock > 0) and self.price > 0 and bool(self.name)


def _as_text(value: object) -> str:
    """The text of a value that should be one; a spreadsheet's empty cell is NaN."""
    if value is None or (isinstance(value, float | Decimal) and value != value):  # noqa: PLR0124 - NaN
        return ""
    return _text(value) or ""


def _as_price(value: object) -> Decimal:
    """0 for what is no finite number of 0 or more."""
    try:
        price = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        return Decimal(0)
    return price if price.is_finite() and price >= 0 else Decimal(0)


def _text(value: object) -> str | None:
    """Database drivers hand over TEXT in binary collations as bytes."""
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


class Snapshot(NamedTuple):
    """The catalogue at one moment.

    ``generation`` grows with every change, ``texts`` only when a product came, went or reads differently. ``place``:
    behind the last change that is in it (``Catalog.changes_since``).
    """

    generation: int
    texts: int
    products: Mapping[ProductId, Product]
    place: int


class Changes(NamedTuple):
    """``products`` as they are now (None: gone), and ``place`` behind these changes.

    ``products`` None: these changes are no longer known one by one; the whole snapshot has to be looked at.
    """

    place: int
    products: Mapping[ProductId, Product | None] | None


class Catalog:
    """A mutable collection of products; every method may be called from any thread.

    Readers take ``snapshot()``: a mapping that never changes, shared until the next change. Or they ask what changed
    since they looked last (``changes_since``), which costs what changed, not the whole catalogue.
    """

    def __init__(self, products: Iterable[Product] = ()) -> None:
        self._lock = threading.Lock()
        self._products: dict[ProductId, Product] = {}
        self._generation = 0
        self._texts = 0
        self._snapshot: Snapshot | None = None
        self._journal: list[ProductId] = []
        self._forgotten = 0  # changes that are in the journal no more
        self.replace(products)

    def replace(self, products: Iterable[Product]) -> None:
        """Take over the whole catalogue; of two products with one id the later counts."""
        fresh = {product.id: product for product in products}
        while not self._took_over(fresh):
            pass  # somebody changed something while the two were compared

    def _took_over(self, fresh: dict[ProductId, Product]) -> bool:
        """Compares outside of the lock: a million products take a second, in which carts are asked for."""
        snapshot = self.snapshot()
        old = snapshot.products
        changed = [key for key, product in fresh.items() if old.get(key) != product]
        gone = [key for key in old if key not in fresh]
        if not changed and not gone:
            return True
        same_texts = not gone and all(key in old and reads_same(fresh[key], old[key]) for key in changed)
        with self._lock:
            if self._generation != snapshot.generation:
                return False
            self._products = fresh
            self._changed(texts=not same_texts)
            self._note(*changed, *gone)
            return True

    def upsert(self, product: Product) -> None:
        """Add a product or take over its new facts."""
        with self._lock:
            old = self._products.get(product.id)
            if old == product:
                return
            self._products[product.id] = product
            self._changed(texts=old is None or not reads_same(old, product))
            self._note(product.id)

    def remove(self, product_id: ProductId) -> bool:
        """Drop a product; False when it was not there."""
        with self._lock:
            if self._products.pop(product_id, None) is None:
                return False
            self._changed(texts=True)
            self._note(product_id)
            return True

    def get(self, product_id: ProductId) -> Product | None:
        """The product, or None."""
        return self._products.get(product_id)

    def snapshot(self) -> Snapshot:
        """The catalogue as of now; copied once per change, not per call."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = Snapshot(self._generation, self._texts, dict(self._products), self._place())
            return self._snapshot

    def changes_since(self, place: int, most: int | None = None) -> Changes:
        """What changed behind a place: ``most`` changes of it, the oldest; a product may be among them again."""
        with self._lock:
            start = place - self._forgotten
            if start < 0:
                return Changes(self._place(), None)
            keys = self._journal[start:] if most is None else self._journal[start : start + most]
            products = self._products
            return Changes(place + len(keys), {key: products.get(key) for key in keys})

    @property
    def place(self) -> int:
        """Behind the last change."""
        with self._lock:
            return self._place()

    @property
    def texts(self) -> int:
        """Grows when a product comes, goes or reads differently."""
        return self._texts

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

    def _place(self) -> int:
        return self._forgotten + len(self._journal)

    def _note(self, *keys: ProductId) -> None:
        """Behind ``_changed``, within the lock."""
        self._journal += keys
        if len(self._journal) > 2 * JOURNAL:
            self._forgotten += len(self._journal) - JOURNAL
            del self._journal[:-JOURNAL]

    def _changed(self, *, texts: bool) -> None:
        self._generation += 1
        self._texts += texts
        self._snapshot = None


def reads_same(one: Product, other: Product) -> bool:
    """Whether both give the same text to compare: then a new price or stock needs no new index."""
    return (one.name, one.category, one.description) == (other.name, other.category, other.description)
