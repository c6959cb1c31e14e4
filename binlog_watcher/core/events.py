"""What the event source tells the tracker; frozen, pure, and free of any table or column name.

All times are epoch microseconds of MySQL's clock (UTC). ``at_us`` is the commit time of the transaction
(the GTID event's immediate commit timestamp; on MariaDB the second in the event header).
"""

import enum
from dataclasses import dataclass, field

CartKey = int | str
"""What a timer is armed for: the customer where each cart row carries one, else the id of the cart's header."""


class Change(enum.Enum):
    """What happened to a cart row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class CartChanged:
    """Activity on the rows of one cart key. ``digest``: of what is in it now, where the cart is a document."""

    key: CartKey
    change: Change
    at_us: int
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class CartClosed:
    """The cart's header says that it is no cart any more (ordered, merged into another): the timer is cancelled."""

    key: CartKey
    at_us: int


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The customer bought: the timer is cancelled."""

    key: CartKey
    at_us: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was updated or deleted: the key must be looked at again.

    ``counts``: whether the order is known to count after the change.
    """

    key: CartKey
    at_us: int
    counts: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class CustomerOrdered:
    """An order that names its customer, where carts have keys of their own: it ends all of theirs until then."""

    customer: int | str
    at_us: int


@dataclass(frozen=True, slots=True)
class CustomerOrdersChanged:
    """Such an order was updated or deleted: all of the customer's carts must be looked at again.

    ``counts``: whether the order is known to count after the change.
    """

    customer: int | str
    at_us: int
    counts: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ProductChanged:
    """A product was inserted, updated or deleted: the catalogue must read it again.

    ``product_id`` is None where the row's image does not tell which: any of them.
    """

    product_id: int | str | None
    at_us: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """A partition opens with an empty wheel; ``CartRead`` events follow, then ``Hydrated``."""

    partition: str


@dataclass(frozen=True, slots=True)
class CartRead:
    """A cart that hydration found in the tables.

    ``activity_us``: creation of its newest counted row, or what update columns say. ``due_us``: the earliest moment
    at which it may be looked at; later than ``activity_us`` + threshold when a cool-down or a retry holds it back.
    ``filled_us``, ``digest``: of a document that is not, or not so, in the notes; see ``CartNote``.
    """

    key: CartKey
    activity_us: int
    due_us: int
    filled_us: int | None = None
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Hydrated:
    """The partition's hydration is complete; live events follow."""

    partition: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The partition is lost or about to be read anew; its timers may not fire until it is assigned again.

    ``for_good``: another instance has it from now on, and its timers are forgotten.
    """

    partition: str
    reason: str
    for_good: bool = False


Event = (
    CartChanged
    | CartClosed
    | OrderPlaced
    | OrderChanged
    | CustomerOrdered
    | CustomerOrdersChanged
    | ProductChanged
    | Assigned
    | CartRead
    | Hydrated
    | Revoked
)

ShopChange = ProductChanged | CustomerOrdered | CustomerOrdersChanged
"""What tells of no cart yet: the shop's tables must be asked what it means for any."""
