"""What a shop's tables are called and how they hang together: the only place that knows their names.

A preset (one TOML file, see ``presets``) has exactly this form. Three shapes cover the field. *Flat*: each cart row
carries the customer, who is also the cart key. *Header and lines* (the preset has a section ``lines``): a cart header
with the customer, whose id is the cart key, and lines in a second table. Everything that works with a cart's rows
sees ``rows``, which is the same in both. *Document* (``cart.document``): the header's row has the lines in a column.

Pure: nothing is read from a server here. Whether tables and columns exist is checked by ``doctor``.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.fields import Condition, Conditions, Currency, Name, Section, Watch, Zone
from binlog_watcher.shop.moments import MomentColumn
from binlog_watcher.shop.placeholders import Variables
from binlog_watcher.shop.sections import (
    CartTable,
    CustomerTable,
    LineTable,
    OrderItems,
    OrderTable,
    ProductTable,
    Refusal,
)
from binlog_watcher.shop.sql_text import tables_in

_ZEROS = ("0" * 32, "00000000-0000-0000-0000-000000000000")
"""What 0 is among UUIDs."""

_NO_COLUMNS = frozenset(
    {
        "table",
        "select",
        "by_customer",
        "by_email",
        "unpaid",
        "watch",
        "guests",
        "version",
        "url_pattern",
        "hundredths",
    }
)
"""Keys of sections that hold no names of columns, or such as are looked up in their own way."""


class Rows(Section):
    """The rows of carts: cart rows, or lines, or documents. ``key``: the column with the cart key.

    A document has no columns for product and quantity.
    """

    table: Name
    key: Name
    product: Name | None
    quantity: Name | None
    id: Name | None
    created: MomentColumn | None
    updated: tuple[MomentColumn, ...]
    price: Name | None
    only: tuple[Condition, ...]
    counts: tuple[Name, ...]
    ignore: tuple[Name, ...]


class Schema(Section):
    """One shop. ``origin``: the preset's name or file, for messages.

    ``fragments``: pieces of its SELECTs by name, which these hold already. ``timezone``: of its DATETIME columns;
    ``currency``: of its prices (None: the setting CURRENCY).
    """

    description: str = ""
    origin: str = "the preset"
    variables: Annotated[Variables, Field(default_factory=dict)]
    fragments: Annotated[dict[str, str], Field(default_factory=dict)]
    timezone: Zone | None = None
    currency: Currency | None = None
    cart: CartTable
    lines: LineTable | None = None
    orders: OrderTable
    customers: CustomerTable
    products: ProductTable
    order_items: OrderItems | None = None
    refuse: tuple[Refusal, ...] = ()

    @property
    def header(self) -> CartTable | None:
        """The cart header; None in the flat shape."""
        return None if self.lines is None and self.document is None else self.cart

    @property
    def document(self) -> DocumentColumn | None:
        """The column with the whole cart; None in the other shapes."""
        return self.cart.document

    @property
    def shape(self) -> str:
        """What it is called in messages."""
        if self.document is not None:
            return "documents"
        return "flat" if self.lines is None else "header and lines"

    @property
    def rows(self) -> Rows:
        """The cart rows or lines, or the rows of documents."""
        if self.lines is not None:
            return Rows(key=self.lines.cart, **_fields(self.lines))
        return Rows(key=self.cart.customer if self.document is None else self.cart.id, **_fields(self.cart))

    @property
    def rows_select(self) -> str | None:
        """The SELECT that reads the rows with their products; None: plain columns do."""
        return self.cart.select if self.lines is None else self.lines.select

    @property
    def key_column(self) -> tuple[str, str]:
        """Table and column that the cart key comes from."""
        return (self.cart.table, self.cart.id or "") if self.header else (self.rows.table, self.rows.key)

    @property
    def guests(self) -> frozenset[str | int]:
        """Values of the customer's column that mean nobody, besides NULL."""
        return frozenset({0, "", "0", *_ZEROS, *self.cart.guests})

    @property
    def version(self) -> tuple[bool, str] | None:
        """(whether it is of the rows, column) of the cart_version; None: the creation of the newest counted row."""
        if self.cart.version is None:
            return None
        place, _, column = self.cart.version.partition(".")
        return (place == "lines" or self.lines is None, column)

    def selects(self) -> dict[str, str]:
        """The preset's key → SELECT, where a preset has one."""
        found = {
            "customers.select": self.customers.select,
            "lines.select" if self.lines else "cart.select": self.rows_select,
            "cart.document.select": self.document.select if self.document else None,
            "orders.by_customer": self.orders.by_customer,
            "orders.by_email": self.orders.by_email,
            "orders.unpaid": self.orders.unpaid,
            "products.select": self.products.select,
        }
        return {section: text for section, text in found.items() if text is not None}

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Table name → the columns that must exist."""
        wanted: dict[str, dict[str, None]] = {}
        for _, table, column in self.places():
            wanted.setdefault(table, {})[column] = None
        return {table: tuple(columns) for table, columns in wanted.items()}

    def places(self) -> Iterator[tuple[str, str, str]]:
        """(the preset's key, table, column) of every column that the preset names."""
        for section in ("cart", "lines", "customers", "products", "orders", "order_items"):
            part = getattr(self, section)
            if part is None or part.table is None:
                continue
            for field, value in part:
                if field in _NO_COLUMNS or not value:
                    continue
                if isinstance(value, DocumentColumn):
                    yield "cart.document.column", part.table, value.column
                    continue
                for column in value if isinstance(value, tuple) else [value]:
                    yield (
                        f"{section}.{field}",
                        part.table,
                        column.column if isinstance(column, Condition) else column,
                    )
        for place, table, watch in self.watches():
            yield place, table, watch.column
            for condition in watch.only:
                yield f"{place}.only", table, condition.column
        if self.version is not None:
            of_rows, column = self.version
            yield "cart.version", self.rows.table if of_rows else self.cart.table, column

    def tables(self) -> list[str]:
        """Every table that is read: those whose columns are named, and those of the SELECTs, in that order."""
        texts = [*self.selects().values(), *(refusal.select for refusal in self.refuse)]
        return list(dict.fromkeys([*self.columns(), *(table for text in texts for table in tables_in(text))]))

    def watches(self) -> Iterator[tuple[str, str, Watch]]:
        """(the preset's key, table, its column and rows) of each further table that is watched."""
        for section in ("cart", "products"):
            for table, watch in getattr(self, section).watch.items():
                yield f"{section}.watch.{table}", table, watch

    def conditions(self) -> Iterator[tuple[str, str, Conditions]]:
        """(the preset's key, table, conditions) of all that the preset asks of its rows."""
        for section in ("cart", "lines", "customers", "products", "orders", "order_items"):
            part = getattr(self, section)
            for field in ("open", "bought", "stands", "available", "only"):
                found = getattr(part, field, ())
                if found and part.table is not None:
                    yield f"{section}.{field}", part.table, found
        for place, table, watch in self.watches():
            if watch.only:
                yield f"{place}.only", table, watch.only


def _fields(rows: CartTable | LineTable) -> dict[str, Any]:
    return {
        name: getattr(rows, name)
        for name in (
            "table",
            "product",
            "quantity",
            "id",
            "created",
            "updated",
            "price",
            "only",
            "counts",
            "ignore",
        )
    }
