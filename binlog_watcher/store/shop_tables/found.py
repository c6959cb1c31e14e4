"""What the statements say of a batch of carts, collected until each can be made a ``Cart``."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binlog_watcher.core.cart import Customer
from binlog_watcher.core.events import CartKey

FOREVER_US = 2**62
"""When an order counts that has no readable time: nothing of that cart is mailed any more."""


@dataclass(slots=True)
class Found:
    """One cart. ``prints``: parts of the fingerprint, see ``Queries.fence``.

    ``rows``: with their products, else as they stand. ``created_us`` and ``version``: of the header; ``earliest_us``:
    where its creation may mean two moments. ``contact``: whom the header itself says to write to. ``spellings``: the
    key as the cart's rows have it, which its collation holds for the same. ``document``: the bytes of one;
    ``order_id``: of an order that was begun with it; ``unpaid``: the same, where that was cancelled since nobody paid;
    ``unreadable``: why the document can't be read.
    ``store``: see ``Cart``.
    """

    key: CartKey
    customer_id: int | str | None = None
    exists: bool = True
    closed: bool = False
    currency: str | None = None
    rate: Decimal | None = None
    created_us: int | None = None
    earliest_us: int | None = None
    version: int | None = None
    activity_us: int | None = None
    order_us: int | None = None
    contact: Customer | None = None
    document: bytes | None = None
    order_id: int | str | None = None
    unpaid: int | str | None = None
    unreadable: str | None = None
    spellings: set[CartKey] = field(default_factory=set)
    store: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    prints: dict[str, str] = field(default_factory=dict)


FoundCarts = dict[str, Found]
"""By folded cart key, see ``ShopTables.fold``."""


def customers_of(found: Iterable[Found]) -> set[int | str]:
    """The customers of these carts, as the carts' table has their ids."""
    return {one.customer_id for one in found if one.customer_id is not None}
