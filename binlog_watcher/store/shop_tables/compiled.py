"""How one shop's tables are read: statements, types of keys, times of moments. Compiled once from its Schema."""

from typing import Any

from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.times import TimeColumn


class ShopTables:
    """``queries`` has the statements, ``columns`` the types. Raises ConfigError for columns that are missing.

    ``row_updates``, ``header_updates``: how the update columns are read.
    """

    def __init__(self, schema: Schema, columns: ShopColumns) -> None:
        self.schema = schema
        self.columns = columns
        self.queries = Queries(schema, columns)
        rows, orders, header = schema.rows, schema.orders, schema.header
        table, created = (
            (rows.table, rows.created) if rows.created else (schema.cart.table, schema.cart.created)
        )
        self.cart_time = columns.time(table, created or "")
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
    def nobody(self) -> tuple[int | str, ...]:
        """Values of the customer's column that mean nobody, besides NULL."""
        column = self.queries.customer
        return () if column is None else column.nobody(self.schema.guests)

    def key(self, text: str) -> CartKey | None:
        """A cart key from its text in our log; None for a row that was there before Cartwake."""
        return self.queries.key.key(text)

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
