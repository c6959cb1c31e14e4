"""What a transaction did to the watched tables, coalesced per key; pure.

A transaction of a million rows costs memory per cart key, not per row. The events come out in the order in which
their keys were last touched, so that an order after a cart row cancels, and a cart row after an order arms.
"""

from dataclasses import dataclass
from enum import Enum, auto

from binlog_watcher.binlog.rows import ABSENT, Value
from binlog_watcher.binlog.wire import DecodeError
from binlog_watcher.events import (
    CartChanged,
    CartKey,
    Change,
    Event,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
)
from binlog_watcher.schema import Schema


class Role(Enum):
    """What a watched table is to us."""

    CART = auto()
    ORDERS = auto()
    PRODUCTS = auto()
    PARENT = auto()
    """Others refer to its rows."""

    __hash__ = object.__hash__  # there is one of each; Enum's own hashes the name, for every row


@dataclass(frozen=True, slots=True)
class Watched:
    """A watched table and the column that its events are about.

    ``id_column``: by which its rows can be found;
    ``created_column``: when they were written.
    """

    role: Role
    key_column: str
    id_column: str | None = None
    created_column: str | None = None


def watched_tables(schema: Schema) -> dict[str, Watched]:
    """Table name → what is read of it."""
    return {
        schema.cart.table: Watched(Role.CART, schema.cart.user_id, schema.cart.id, schema.cart.created_at),
        schema.orders.table: Watched(Role.ORDERS, schema.orders.user_id, schema.orders.id),
        schema.products.table: Watched(Role.PRODUCTS, schema.products.id),
    }


class _Ordered(Enum):
    PLACED = auto()
    CHANGED = auto()


_STRENGTH = {Change.INSERT: 2, Change.UPDATE: 1, Change.DELETE: 0}


class Effects:
    """Collects the effects of one transaction; ``events`` gives them out with the commit time."""

    def __init__(self) -> None:
        self._found: dict[tuple[Role, CartKey], Change | _Ordered | None] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def inserted(self, role: Role, key: Value) -> None:
        """A row was written."""
        self._add(role, known(key), Change.INSERT)

    def deleted(self, role: Role, key: Value) -> None:
        """A row was deleted."""
        self._add(role, known(key), Change.DELETE)

    def updated(self, role: Role, before: Value, after: Value) -> None:
        """A row was changed; it may have gone to another key, which is a deletion for the old one.

        Raises DecodeError when the row's images do not tell the key.
        """
        if after is ABSENT:  # the after-image of MINIMAL holds only what changed
            after = before
        elif before is ABSENT:
            raise DecodeError("the before-image does not hold the key that was changed")
        if before != after:
            self._add(role, known(before), Change.DELETE)
        self._add(role, known(after), Change.UPDATE)

    def events(self, at_us: int) -> list[Event]:
        """The events, committed at ``at_us``."""
        result: list[Event] = []
        for (role, key), what in self._found.items():
            if isinstance(what, Change):
                result.append(CartChanged(key, what, at_us))
            elif role is Role.PRODUCTS:
                result.append(ProductChanged(key, at_us))
            elif what is _Ordered.PLACED:
                result.append(OrderPlaced(key, at_us))
            else:
                result.append(OrderChanged(key, at_us))
        return result

    def _add(self, role: Role, key: CartKey | None, change: Change) -> None:
        if key is None:
            return
        place = (role, key)
        before = self._found.get(place)
        if isinstance(before, Change) and _STRENGTH[before] > _STRENGTH[change]:
            return  # buying at once: cart row, order, row deleted. The order stays behind the row.
        # Taken out and put back: the order of the dict is that of the last touch.
        self._found.pop(place, None)
        what: Change | _Ordered | None = None
        if role is Role.CART:
            what = change
        elif role is Role.ORDERS:
            placed = change is Change.INSERT or before is _Ordered.PLACED
            what = _Ordered.PLACED if placed else _Ordered.CHANGED
        self._found[place] = what


def known(value: Value) -> CartKey | None:
    """The key, or None for a guest (NULL, 0, empty). Raises DecodeError when the image does not hold it."""
    if value is ABSENT:
        raise DecodeError("the row's image does not hold the key (binlog_row_image is not FULL)")
    return None if value in (None, 0, "", "0") else value
