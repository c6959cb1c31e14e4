"""What a transaction did to the watched tables, coalesced per key; pure.

A transaction of a million rows costs memory per cart key, not per row. The events come out in the order in which
their keys were last touched, so that an order after a cart row cancels, and a cart row after an order arms.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.binlog.meaning.asked import Asked, States, after
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.core.events import (
    CartChanged,
    CartClosed,
    CartKey,
    Change,
    CustomerOrdered,
    CustomerOrdersChanged,
    Event,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
)
from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.fields import Condition
from binlog_watcher.shop.schema import Rows, Schema

NOBODY: frozenset[Value] = frozenset({None, 0, "", "0"})
"""Keys that mean nobody: a guest."""


class Role(Enum):
    """What a watched table is to us."""

    CART = auto()
    """Rows of carts: of a flat cart, or a header's lines."""
    HEADER = auto()
    ORDERS = auto()
    CUSTOMERS = auto()
    """Orders, by customer, where those have carts with keys of their own."""
    PRODUCTS = auto()
    PARENT = auto()
    """Others refer to its rows."""

    __hash__ = object.__hash__  # there is one of each; Enum's own hashes the name, for every row


@dataclass(frozen=True, slots=True)
class Watched:
    """A watched table in one role, and the column that its events are about.

    ``id_column``: by which its rows can be found; ``created_column``: when they were written; ``conditions``: when a
    header is a cart, or an order a purchase (none: always); ``nobody``: keys that are ignored; ``optional``: its
    rows are activity beside that of others, and one of nobody knows whom costs no more than that. ``only``: which
    rows are meant; the others are no rows. ``asked``: both, of a row's columns. ``counts``: the columns whose changes
    matter (none: all), but for those of ``ignore``. ``document``: the column with what is in the cart.
    """

    role: Role
    key_column: str
    id_column: str | None = None
    created_column: str | None = None
    conditions: tuple[Condition, ...] = ()
    nobody: frozenset[Value] = NOBODY
    optional: bool = False
    only: tuple[Condition, ...] = ()
    counts: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    document: DocumentColumn | None = None
    asked: Asked = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", Asked(self.conditions, self.only))

    def columns(self) -> set[str]:
        """The columns that are decoded, in lower case."""
        return {name.casefold() for name in (self.key_column, self.id_column) if name} | {*self.asked.columns}

    def is_no_row(self, states: States) -> bool:
        """Whether the filter surely leaves a row out."""
        return bool(self.only) and self.asked.meant(states) is False


def watched_tables(schema: Schema) -> dict[str, tuple[Watched, ...]]:
    """Table name → what is read of it; a table may be header and orders at once."""
    rows, header, orders = schema.rows, schema.header, schema.orders
    customers = NOBODY | schema.guests
    found: dict[str, list[Watched]] = {}

    def watch(table: str, watched: Watched) -> None:
        found.setdefault(table, []).append(watched)

    if schema.document is None:
        watch(rows.table, _rows_of(rows, customers if header is None else NOBODY))
    if header is not None:
        watch(
            header.table,
            Watched(
                Role.HEADER, header.id or "", conditions=header.open, only=header.only,
                counts=header.counts, ignore=header.ignore, document=header.document,
            ),
        )  # fmt: skip
    for table, further in schema.cart.watch.items():
        nobody = customers if header is None else NOBODY
        watch(table, Watched(Role.CART, further.column, nobody=nobody, optional=True, only=further.only))
    counts, meant = orders.bought, orders.only
    if header is None or orders.cart is not None:
        key, nobody = (orders.customer or "", customers) if header is None else (orders.cart or "", NOBODY)
        watch(
            orders.table, Watched(Role.ORDERS, key, orders.id, conditions=counts, nobody=nobody, only=meant)
        )
    if header is not None and orders.customer is not None:
        watch(
            orders.table,
            Watched(
                Role.CUSTOMERS, orders.customer, orders.id, conditions=counts, nobody=customers, only=meant
            ),
        )
    watch(schema.products.table, Watched(Role.PRODUCTS, schema.products.id, only=schema.products.only))
    for table, further in schema.products.watch.items():
        watch(table, Watched(Role.PRODUCTS, further.column, only=further.only))
    return {table: tuple(roles) for table, roles in found.items()}


def _rows_of(rows: Rows, nobody: frozenset[Value]) -> Watched:
    return Watched(
        Role.CART, rows.key, rows.id, rows.created, nobody=nobody, only=rows.only, counts=rows.counts,
        ignore=rows.ignore,
    )  # fmt: skip


class _Special(Enum):
    CLOSED = auto()
    PLACED = auto()
    CHANGED = auto()
    KEPT = auto()
    """An order that counts before and after."""


_STRENGTH = {Change.INSERT: 2, Change.UPDATE: 1, Change.DELETE: 0}


class Effects:
    """Collects the effects of one transaction; ``events`` gives them out with the commit time."""

    def __init__(self) -> None:
        self._found: dict[tuple[Role, CartKey], Change | _Special | None] = {}
        self._digests: dict[CartKey, bytes] = {}
        self._any_product = False

    def __bool__(self) -> bool:
        return bool(self._found) or self._any_product

    def unknown_product(self) -> None:
        """A row of the catalogue changed that does not tell its product."""
        self._any_product = True

    def inserted(self, watched: Watched, key: Value, states: States = ()) -> None:
        """A row was written."""
        if not watched.is_no_row(states):
            self._add(watched, key, Change.INSERT, False, watched.asked.counts(states))

    def deleted(self, watched: Watched, key: Value, states: States = ()) -> None:
        """A row was deleted."""
        if not watched.is_no_row(states):
            self._add(watched, key, Change.DELETE, watched.asked.counts(states), False)

    def put_back(self, watched: Watched, value: Value) -> None:
        """A row that was deleted is there again: that it was deleted means nothing."""
        key = known(value, watched.nobody)
        if key is not None and self._found.get((Role.CART, key)) is Change.DELETE:
            del self._found[Role.CART, key]

    def updated(
        self, watched: Watched, before: Value, now: Value, old_states: States = (), states: States = ()
    ) -> None:
        """A row was changed; it may have gone to another key, which is a deletion for the old one.

        So is one that a filter leaves out from now on; one that it left out before is put in. Raises DecodeError when
        the row's images do not tell the key.
        """
        if now is ABSENT:  # the after-image of MINIMAL holds only what changed
            now = before
        elif before is ABSENT:
            raise DecodeError("the before-image does not hold the key that was changed")
        states = after(old_states, states)
        if watched.only and watched.is_no_row(old_states):
            self.inserted(watched, now, states)
            return
        if watched.only and watched.is_no_row(states):
            self.deleted(watched, before, old_states)
            return
        was, counts = watched.asked.counts(old_states), watched.asked.counts(states)
        if before != now:
            self._add(watched, before, Change.DELETE, was, False)
        self._add(watched, now, Change.UPDATE, was, counts)

    def refilled(
        self,
        watched: Watched,
        value: Value,
        change: Change,
        digest: bytes | None,
        *,
        was: bool | None,
        counts: bool | None,
    ) -> None:
        """A document changed, and now holds what ``digest`` is of (None: as before). Whether it was a cart, and is."""
        self._add(watched, value, change, was, counts)
        key = known(value, watched.nobody)
        if digest is not None and key is not None:
            self._digests[key] = digest

    def events(self, at_us: int) -> list[Event]:
        """The events, committed at ``at_us``."""
        result: list[Event] = [ProductChanged(None, at_us)] if self._any_product else []
        for (role, key), what in self._found.items():
            if isinstance(what, Change):
                result.append(CartChanged(key, what, at_us, self._digests.get(key)))
            elif role is Role.PRODUCTS:
                result.append(ProductChanged(key, at_us))
            elif role is Role.CUSTOMERS and what is _Special.PLACED:
                result.append(CustomerOrdered(key, at_us))
            elif role is Role.CUSTOMERS:
                result.append(CustomerOrdersChanged(key, at_us, counts=what is _Special.KEPT))
            elif what is _Special.CLOSED:
                result.append(CartClosed(key, at_us))
            elif what is _Special.PLACED:
                result.append(OrderPlaced(key, at_us))
            else:
                result.append(OrderChanged(key, at_us, counts=what is _Special.KEPT))
        return result

    def _add(
        self, watched: Watched, value: Value, change: Change, was: bool | None, counts: bool | None
    ) -> None:
        key = known(value, watched.nobody)
        if key is None:
            return
        match watched.role:
            case Role.CART:
                self._activity(key, change)
            case Role.HEADER:
                self._header(key, change, was, counts)
            case Role.ORDERS | Role.CUSTOMERS:
                self._order(watched.role, key, change, was, counts)
            case Role.PRODUCTS:
                self._put(Role.PRODUCTS, key, None)

    def _activity(self, key: CartKey, change: Change) -> None:
        before = self._found.get((Role.CART, key))
        if before is _Special.CLOSED:
            return  # the lines of a cart that was closed
        if isinstance(before, Change) and _STRENGTH[before] > _STRENGTH[change]:
            return  # buying at once: cart row, order, row deleted. The order stays behind the row.
        self._put(Role.CART, key, change)

    def _header(self, key: CartKey, change: Change, was: bool | None, counts: bool | None) -> None:
        if change is Change.UPDATE and counts is False:
            if was is not False or (Role.CART, key) in self._found:
                self._put(Role.CART, key, _Special.CLOSED)
            return
        if change is Change.INSERT and counts is False:
            return
        if self._found.get((Role.CART, key)) is _Special.CLOSED and change is Change.UPDATE:
            del self._found[Role.CART, key]
        self._activity(key, change)

    def _order(self, role: Role, key: CartKey, change: Change, was: bool | None, counts: bool | None) -> None:
        if was is False and counts is False:
            return  # unconfirmed before and after
        before = self._found.get((role, key), _Special.KEPT)
        placed = counts is True and (was is False or before is _Special.PLACED)
        if change is Change.UPDATE and counts is None and before is _Special.PLACED:
            placed = True
        unplaced = _Special.KEPT if counts is True and before is _Special.KEPT else _Special.CHANGED
        self._put(role, key, _Special.PLACED if placed else unplaced)

    def _put(self, role: Role, key: CartKey, what: Change | _Special | None) -> None:
        # Taken out and put back: the order of the dict is that of the last touch.
        self._found.pop((role, key), None)
        self._found[role, key] = what


def known(value: Value, nobody: frozenset[Value] = NOBODY) -> CartKey | None:
    """The key, or None for a guest (NULL, 0, empty). Raises DecodeError when the image does not hold it."""
    if value is ABSENT or value is OPAQUE:
        raise DecodeError("the row's image does not hold the key (binlog_row_image is not FULL)")
    return None if value in nobody else value  # type: ignore[return-value]  # only documents are bytes
