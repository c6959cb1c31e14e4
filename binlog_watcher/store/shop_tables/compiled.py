"""How one shop's tables are read: statements, types of keys, times of moments. Compiled once from its Schema."""

from collections.abc import Collection, Iterable
from typing import Any

from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.moments import Format, format_of
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.times import UTC_COLUMN, TimeColumn


class ShopTables:
    """``queries`` has the statements, ``columns`` the types. Raises ConfigError for columns that are missing.

    ``row_updates``, ``header_updates``: how the update columns are read. ``tells_store``: whether it is known which
    storefront a cart is of.
    """

    def __init__(self, schema: Schema, columns: ShopColumns, given: Collection[str] = ()) -> None:
        """``given``: the columns that the preset's SELECT of customers gives."""
        self.schema = schema
        self.columns = columns
        self.queries = Queries(schema, columns, given)
        self.tells_store = schema.cart.store is not None or "store" in given
        rows, orders, header = schema.rows, schema.orders, schema.header
        table, created = (
            (rows.table, rows.created) if rows.created else (schema.cart.table, schema.cart.created)
        )
        # A document that does not say when it was created is as old as its note.
        self.cart_time = UTC_COLUMN if created is None else columns.time(table, created)
        self._cart_moments = [] if created is None else [(table, created)]
        self.order_time = columns.time(orders.table, orders.bought_at)
        self.row_updates = [columns.time(rows.table, name) for name in rows.updated]
        self.header_updates = (
            [] if header is None else [columns.time(header.table, n) for n in header.updated]
        )
        self.header_created = (
            columns.time(header.table, header.created) if header and header.created else None
        )

    @property
    def update_columns(self) -> list[TimeColumn]:
        """How the update columns are read: those of the rows, then those of the header."""
        return [*self.row_updates, *self.header_updates]

    @property
    def datetimes(self) -> list[str]:
        """Those of its moments that have no zone, as table.column."""
        moments = {
            (table, name)
            for key, table, name in self.schema.places()
            if key.partition(".")[2] in {"created", "updated", "bought_at"}
        }
        return sorted(f"{table}.{name}" for table, name in moments if self._has_no_zone(table, name))

    @property
    def mixed(self) -> str | None:
        """A moment of carts that is compared with one of orders although one of both has no zone; None: none is."""
        header, orders = self.schema.header, self.schema.orders
        order = (orders.table, orders.bought_at)
        if self.schema.document is not None and self._has_no_zone(*order):
            return f"{'.'.join(order)} has no zone and the notes of when a cart was filled are moments"
        carts = [
            *self._cart_moments,
            *([(header.table, header.created)] if header and header.created else []),
        ]
        for cart in carts:
            if self._has_no_zone(*cart) is not self._has_no_zone(*order):
                first, second = (cart, order) if self._has_no_zone(*cart) else (order, cart)
                return f"{'.'.join(first)} has no zone and {'.'.join(second)} is a moment"
        return None

    def _has_no_zone(self, table: str, name: str) -> bool:
        held_as = format_of(name)
        return held_as is Format.DAY or (
            held_as is None and self.columns.get(table, name).data_type == "datetime"
        )

    @property
    def nobody(self) -> tuple[int | str | bytes, ...]:
        """Values of the customer's column that mean nobody, besides NULL."""
        column = self.queries.customer
        return () if column is None else column.nobody(self.schema.guests)

    def is_somebody(self, customer: object) -> bool:
        """Whether a value of the customer's column names one."""
        if customer is None or customer in self.nobody:
            return False
        text = str(customer)
        return not self.queries.customers_are_numbers or (text.isascii() and text.isdecimal())

    def key(self, text: str) -> CartKey | None:
        """A cart key from its text in our log; None for a row that was there before Cartwake."""
        return self.queries.key.key(text)

    def keys(self, keys: Iterable[CartKey]) -> tuple[Any, ...]:
        """Cart keys as parameters."""
        return self.queries.key.asked(keys)

    def customers(self, ids: Iterable[int | str]) -> tuple[Any, ...]:
        """Customers' ids, likewise."""
        return tuple(ids) if self.queries.customer is None else self.queries.customer.asked(ids)

    def parameters(self, **values: Any) -> dict[str, Any]:
        """Named parameters of a statement."""
        return {**self.queries.constants, **values}

    def fold(self, key: object) -> str:
        """One form for a cart key, as whichever of the shop's tables has it."""
        return self.queries.key.fold(key)

    def fold_customer(self, customer: object) -> str:
        """One form for a customer's id, likewise."""
        column = self.queries.customer
        return str(customer) if column is None else column.fold(customer)
