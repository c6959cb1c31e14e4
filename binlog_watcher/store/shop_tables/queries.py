"""The statements on the shop's tables, compiled once from the Schema: the only place where its names meet SQL.

Parameters are named (``%(keys)s``); ``constants`` go along with every statement. Aliases: ``l`` the rows of carts,
``h`` their headers, ``o`` the orders, ``p`` the products, ``u`` the customers, ``i`` the orders' items.
"""

import re
from collections.abc import Collection

from binlog_watcher.shop.placeholders import KEYS, PLACEHOLDER
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables import fingerprints
from binlog_watcher.store.shop_tables.columns import ShopColumn, ShopColumns, named
from binlog_watcher.store.shop_tables.conditions import ConditionSql, Value
from binlog_watcher.store.shop_tables.same_address import ways

CUSTOMER = "customer"
"""The part of the fingerprint that is the customer's row."""

CUSTOMER_FIELDS = ("id", "email", "name", "role", "language", "consent", "store")


class Queries:
    """SQL by purpose. ``key``: the column that the cart key comes from; ``customer``: the orders' or the header's."""

    def __init__(self, schema: Schema, columns: ShopColumns, given: Collection[str] = ()) -> None:
        """``given``: the columns that the preset's SELECT of customers gives."""
        self.schema = schema
        self.columns = columns
        self._given = given
        self.conditions = ConditionSql(schema, columns)
        self.ways = ways(schema, columns, self.conditions.meant("w"))
        rows, header, orders = schema.rows, schema.header, schema.orders
        self.key: ShopColumn = columns.get(*schema.key_column)
        self.customer: ShopColumn | None = self.key
        if header is not None:
            self.customer = columns.get(header.table, header.customer) if header.customer else None
        # The variables have a prefix: none of their names gets in the way of ours.
        self.constants: dict[str, Value] = {f"var_{name}": value for name, value in schema.variables.items()}
        if self.customer is not None:
            self.constants["nobody"] = self.customer.nobody(schema.guests)
        self.constants |= self.conditions.constants
        self.customers_are_numbers = self._customers_are_numbers()
        self.rows_table = f"{quote(rows.table)} l"
        self.row_key = named("l", rows.key)
        self.orders_table = f"{quote(orders.table)} o"
        alias, created = ("l", rows.created) if rows.created else ("h", schema.cart.created)
        self.created = named(alias, created) if created else "NULL"
        table = rows.table if rows.created else schema.cart.table
        self._real = columns.time(table, created).real if created else "NULL"

    def _customers_are_numbers(self) -> bool:
        """Whether text that is no number means a guest: a session's key, where those of customers are their ids."""
        customers, orders = self.schema.customers, self.schema.orders
        if self.schema.header is None or self.customer is None or self.customer.is_number:
            return False
        places = [(customers.table, customers.id), (orders.table, orders.customer)]
        return any(table and name and self.columns.get(table, name).is_number for table, name in places)

    @property
    def customer_of_orders(self) -> ShopColumn:
        """The column whose values orders name as their customer; of the preset's own SELECT the customers' id."""
        orders, customers = self.schema.orders, self.schema.customers
        if orders.by_customer is not None:
            return self.columns.get(customers.table or "", customers.id or "")
        return self.columns.get(orders.table, orders.customer or "")

    # --- pieces ---------------------------------------------------------------------------------------------

    @property
    def bought(self) -> str:
        """Whether an order counts."""
        return self.conditions.holds("o", "orders.bought") + self.conditions.meant("o")

    @property
    def open(self) -> str:
        """Whether a header is a cart that is open, and that is meant at all."""
        return self.conditions.holds("h", "cart.open") + self.conditions.meant("h")

    def somebody(self, column: str) -> str:
        """Whether a column names a customer."""
        number = f" AND {column} REGEXP '^[0-9]+$'" if self.customers_are_numbers else ""
        return f"({column} IS NOT NULL AND {column} NOT IN %(nobody)s{number})"

    def select(self, text: str, keys: str = KEYS) -> str:
        """A preset's own SELECT with its placeholders as parameters. ``keys``: the name of that for the keys."""

        def parameter(match: re.Match[str]) -> str:
            return f"%({keys})s" if match[1] == KEYS else f"%(var_{match[1]})s"

        return PLACEHOLDER.sub(parameter, text.strip().rstrip(";").replace("%", "%%"))

    # --- fingerprints: the same in load and fence -----------------------------------------------------------

    @property
    def row_fingerprint(self) -> str:
        """Changes whenever a key's cart rows do."""
        rows = self.schema.rows
        store = None if self.schema.header else self.schema.cart.store
        names = [rows.id, rows.product, rows.quantity, rows.created, *rows.updated, store]
        return fingerprints.of_rows([named("l", name) for name in names if name])

    @property
    def header_fingerprint(self) -> str:
        """Changes whenever the header says something else."""
        return fingerprints.of_rows(self._header_columns())

    def _header_columns(self) -> list[str]:
        cart = self.schema.cart
        opened = [condition.column for condition in cart.open]
        names = [cart.id, cart.customer, *opened, cart.email, *cart.name, cart.currency, cart.store]
        names += [*cart.updated, cart.document.column if cart.document else None]
        return [named("h", name) for name in names if name]

    @property
    def order_fingerprint(self) -> str:
        """Changes whenever the orders that count do."""
        orders = self.schema.orders
        return fingerprints.of_rows([named("o", orders.id), named("o", orders.bought_at)])

    @property
    def customer_fingerprint(self) -> str:
        """Changes whenever the row of a cart's customer does: ``u``, or ``x`` of the preset's SELECT."""
        return fingerprints.of_rows(self._customer_columns())

    def _customer_columns(self) -> list[str]:
        """What ``decide`` looks at and the mail shows; a SELECT may read them in several charsets."""
        table = self.schema.customers
        if table.select is not None:
            return fingerprints.as_bytes(
                [named("x", name) for name in CUSTOMER_FIELDS if name in self._given]
            )
        names = [table.id, table.email, *table.name, table.role, table.language, table.consent]
        return fingerprints.as_bytes([named("u", name) for name in names if name])

    # --- a batch of due carts -------------------------------------------------------------------------------

    @property
    def headers(self) -> str | None:
        """The headers of carts, each field by its name; the update columns are ``updated_0`` and so on."""
        header = self.schema.header
        if header is None:
            return None
        version = self.schema.version
        own = version[1] if version and not version[0] else None
        columns = {
            "key": header.id, "customer": header.customer, "email": header.email, "language": header.language,
            "currency": header.currency, "rate": header.rate, "created": header.created, "version": own,
            **{f"updated_{nth}": name for nth, name in enumerate(header.updated)},
        }  # fmt: skip
        fields = {field: named("h", name) if name else "NULL" for field, name in columns.items()}
        if header.document is not None:
            fields["document"] = self.document
        fields |= {
            "open": self.conditions.holds("h", "cart.open"),
            "name": _joined("h", header.name),
            "store": self.store("h"),
            "fingerprint": fingerprints.of_one_row(self._header_columns()),
        }
        selected = ", ".join(f"{sql} AS {quote(field)}" for field, sql in fields.items())
        where = f"{fields['key']} IN %(keys)s{self.conditions.meant('h')}"
        return f"SELECT {selected} FROM {quote(header.table)} h WHERE {where}"

    def store(self, alias: str) -> str:
        """Which storefront a cart is of, by its header or row; bytes by their hex."""
        cart = self.schema.cart
        if cart.store is None:
            return "NULL"
        name, data_type = named(alias, cart.store), self.columns.get(cart.table, cart.store).data_type
        return f"HEX({name})" if data_type in {"binary", "varbinary"} else name

    @property
    def document(self) -> str:
        """The bytes of a document, of text as the shop's connection wrote them: in UTF-8."""
        cart = self.schema.cart
        name = cart.document.column if cart.document else ""
        text = self.columns.get(cart.table, name).collation not in {None, "binary"}
        document = f"CONVERT({named('h', name)} USING utf8mb4)" if text else named("h", name)
        return f"CAST({document} AS BINARY)"

    @property
    def standing(self) -> str:
        """Keys of the carts that have a document."""
        cart = self.schema.cart
        key, document = named("h", cart.id or ""), named("h", cart.document.column if cart.document else "")
        return f"SELECT {key} FROM {quote(cart.table)} h WHERE {key} IN %(keys)s AND {document} <> ''"

    @property
    def young(self) -> str:
        """Keys with a row that was not created before ``since``; one without a real date may be of any age."""
        header = self.schema.header
        table, key, alias = self.rows_table, self.row_key, "l"
        if header is not None and self.schema.rows.created is None:
            table, key, alias = f"{quote(header.table)} h", named("h", header.id or ""), "h"
        old = f"COALESCE({self.created} > {self._real} AND {self.created} < %(since)s, FALSE)"
        meant = self.conditions.meant(alias)
        return f"SELECT DISTINCT {key} FROM {table} WHERE {key} IN %(keys)s AND NOT {old}{meant}"

    @property
    def row_fingerprints(self) -> str:
        """Key, fingerprint, the newest of each update column."""
        updates = [f"MAX({named('l', name)})" for name in self.schema.rows.updated]
        fields = ", ".join([self.row_key, self.row_fingerprint, *updates])
        where = f"{self.row_key} IN %(keys)s{self.conditions.meant('l')}"
        return f"SELECT {fields} FROM {self.rows_table} WHERE {where} GROUP BY {self.row_key}"

    @property
    def customers(self) -> str:
        """Plain: id, name, email, role, language, consent, checksum of customers. A SELECT: by cart, with ``cart``."""
        table, checksum = self.schema.customers, fingerprints.checksum(self._customer_columns())
        if table.select is not None:
            return f"SELECT x.*, {checksum} AS checksum FROM {self.selected_customers}"
        fields = {
            "id": named("u", table.id or ""),
            "name": _joined("u", table.name),
            "email": named("u", table.email or ""),
            **{
                field: named("u", name) if name else "NULL"
                for field, name in (("role", table.role), ("language", table.language))
            },
            "consent": named("u", table.consent) if table.consent else "1",
            "checksum": checksum,
        }
        columns = ", ".join(f"{sql} AS {quote(alias)}" for alias, sql in fields.items())
        where = f"{fields['id']} IN %(keys)s{self.conditions.meant('u')}"
        return f"SELECT {columns} FROM {quote(table.table or '')} u WHERE {where}"

    @property
    def selected_customers(self) -> str:
        """What the preset's SELECT of customers gives, as a table ``x``. It may end in a comment."""
        return f"({self.select(self.schema.customers.select or '')}\n) x"

    @property
    def carts_of_customers(self) -> str:
        """Keys of the customers' carts and whose each is, the newest first; an index on the customer makes it quick."""
        header = self.schema.cart
        key, whose = named("h", header.id or ""), named("h", header.customer or "")
        where = f"{whose} IN %(keys)s AND {self.open}"
        return f"SELECT {key}, {whose} FROM {quote(header.table)} h WHERE {where} ORDER BY {key} DESC"


def _joined(alias: str, names: tuple[str, ...]) -> str:
    if not names:
        return "NULL"
    columns = ", ".join(named(alias, name) for name in names)
    return f"CONCAT_WS(' ', {columns})" if len(names) > 1 else columns
