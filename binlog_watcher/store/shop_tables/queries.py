"""The statements on the shop's tables, compiled once from the Schema: the only place where its names meet SQL.

Parameters are named (``%(keys)s``); ``constants`` go along with every statement. Aliases: ``l`` the rows of carts,
``h`` their headers, ``o`` the orders, ``p`` the products, ``u`` the customers, ``i`` the orders' items.
"""

import re

from binlog_watcher.shop.fields import Condition
from binlog_watcher.shop.placeholders import KEYS, PLACEHOLDER
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables import fingerprints
from binlog_watcher.store.shop_tables.columns import ShopColumn, ShopColumns, named

Value = int | str | tuple[int | str, ...]

PRODUCT_FIELDS = ("name", "description", "price", "category", "image", "stock")


class Queries:
    """SQL by purpose. ``key``: the column that the cart key comes from; ``customer``: the orders' or the header's."""

    def __init__(self, schema: Schema, columns: ShopColumns) -> None:
        self.schema = schema
        self._columns = columns
        rows, header, orders = schema.rows, schema.header, schema.orders
        self.key: ShopColumn = columns.get(*schema.key_column)
        self.customer: ShopColumn | None = self.key
        if header is not None:
            self.customer = columns.get(header.table, header.customer) if header.customer else None
        # The variables have a prefix: none of their names gets in the way of ours.
        self.constants: dict[str, Value] = {f"var_{name}": value for name, value in schema.variables.items()}
        if self.customer is not None:
            self.constants["nobody"] = self.customer.nobody(schema.guests)
        for name, table, condition in (
            ("bought", orders.table, orders.bought),
            ("open", schema.cart.table, header.open if header else None),
        ):
            if condition is not None and condition.is_null is None:
                column = columns.get(table, condition.column)
                self.constants[name] = column.values(condition.among or condition.not_in or ())
        self.rows_table = f"{quote(rows.table)} l"
        self.row_key = named("l", rows.key)
        self.orders_table = f"{quote(orders.table)} o"
        self.created = named("l", rows.created) if rows.created else named("h", schema.cart.created or "")

    # --- pieces ---------------------------------------------------------------------------------------------

    def counts(self, alias: str, name: str, condition: Condition | None) -> str:
        """SQL for a condition; ``name`` is that of its constant."""
        if condition is None:
            return "TRUE"
        column = named(alias, condition.column)
        if condition.is_null is not None:
            return f"{column} IS {'' if condition.is_null else 'NOT '}NULL"
        if condition.among is not None:
            return f"{column} IN %({name})s"
        return f"({column} IS NULL OR {column} NOT IN %({name})s)"

    @property
    def bought(self) -> str:
        """Whether an order counts."""
        return self.counts("o", "bought", self.schema.orders.bought)

    def somebody(self, column: str) -> str:
        """Whether a column names a customer."""
        return f"({column} IS NOT NULL AND {column} NOT IN %(nobody)s)"

    def select(self, text: str) -> str:
        """A preset's own SELECT with its placeholders as parameters."""

        def parameter(match: re.Match[str]) -> str:
            return f"%({match[1]})s" if match[1] == KEYS else f"%(var_{match[1]})s"

        return PLACEHOLDER.sub(parameter, text.strip().rstrip(";").replace("%", "%%"))

    # --- fingerprints: the same in load and fence -----------------------------------------------------------

    @property
    def row_fingerprint(self) -> str:
        """Changes whenever a key's cart rows do."""
        rows = self.schema.rows
        names = [rows.id, rows.product, rows.quantity, rows.created, *rows.updated]
        return fingerprints.of_rows([named("l", name) for name in names if name])

    @property
    def header_fingerprint(self) -> str:
        """Changes whenever the header says something else."""
        return fingerprints.of_rows(self._header_columns())

    def _header_columns(self) -> list[str]:
        cart = self.schema.cart
        open_column = cart.open.column if cart.open else None
        names = [cart.id, cart.customer, open_column, cart.email, cart.currency, *cart.updated]
        return [named("h", name) for name in names if name]

    @property
    def order_fingerprint(self) -> str:
        """Changes whenever the orders that count do."""
        orders = self.schema.orders
        return fingerprints.of_rows([named("o", orders.id), named("o", orders.bought_at)])

    def fence(self, log: str, customers: str) -> list[tuple[str, str]]:
        """(part of the fingerprint, SELECT of it for a row of the table ``log``).

        ``customers``: an expression with the customer's id as text, for orders that name one.
        """
        key = self.key.cast(f"{log}.cart_key")
        header, orders = self.schema.header, self.schema.orders
        checks = [
            ("rows", f"SELECT {self.row_fingerprint} FROM {self.rows_table} WHERE {self.row_key} = {key}")
        ]
        if header is not None:
            where = f"{named('h', header.id or '')} = {key}"
            checks.append(
                ("header", f"SELECT {self.header_fingerprint} FROM {quote(header.table)} h WHERE {where}")
            )
        of_orders = f"SELECT {self.order_fingerprint} FROM {self.orders_table} WHERE {self.bought} AND "
        if orders.cart is not None:
            whose = self._columns.get(orders.table, orders.cart).cast(f"{log}.cart_key")
            checks.append(("cart_orders", f"{of_orders}{named('o', orders.cart)} = {whose}"))
        if orders.customer is not None:
            column = self._columns.get(orders.table, orders.customer)
            whose = column.cast(f"{log}.cart_key" if header is None else customers)
            checks.append(("customer_orders", f"{of_orders}{named('o', orders.customer)} = {whose}"))
        return checks

    def as_in_orders(self, customer_id: int | str | None) -> int | str | None:
        """A customer's id in the type of the orders' column; None where none can be there."""
        column = self.schema.orders.customer
        if column is None or customer_id is None:
            return None
        return self._columns.get(self.schema.orders.table, column).key(str(customer_id))

    def orders_of_episode(self) -> dict[str, str]:
        """Names for ``views.sql``: the orders ``o`` of a row ``l`` of the log, and when they were bought."""
        orders, header = self.schema.orders, self.schema.header
        ways = []
        if orders.cart is not None:
            key = self._columns.get(orders.table, orders.cart).cast("l.cart_key")
            ways.append(f"{named('o', orders.cart)} = {key}")
        if orders.customer is not None:
            column = self._columns.get(orders.table, orders.customer)
            if column.is_number:
                ways.append(f"{named('o', orders.customer)} = l.user_id")
            elif header is None:  # the customer's text is the cart key; it is not in the log otherwise
                ways.append(f"{named('o', orders.customer)} = {column.cast('l.cart_key')}")
        return {
            "orders": quote(orders.table),
            "matches": f"({' OR '.join(ways) or 'FALSE'}) AND {self.bought}",
            "bought_at": named("o", orders.bought_at),
        }

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
        fields |= {
            "open": self.counts("h", "open", header.open),
            "name": _joined("h", header.name),
            "fingerprint": fingerprints.of_one_row(self._header_columns()),
        }
        selected = ", ".join(f"{sql} AS {quote(field)}" for field, sql in fields.items())
        return f"SELECT {selected} FROM {quote(header.table)} h WHERE {fields['key']} IN %(keys)s"

    @property
    def row_fingerprints(self) -> str:
        """Key, fingerprint, the newest of each update column."""
        fields = [self.row_key, self.row_fingerprint, *self._newest_updates("l", self.schema.rows.updated)]
        return (
            f"SELECT {', '.join(fields)} FROM {self.rows_table} WHERE {self.row_key} IN %(keys)s "
            f"GROUP BY {self.row_key}"
        )

    @staticmethod
    def _newest_updates(alias: str, names: tuple[str, ...]) -> list[str]:
        return [f"MAX({named(alias, name)})" for name in names]

    def orders_of(self, column: str) -> str:
        """Who or which cart, newest moment, fingerprint: of the orders that count."""
        whose = named("o", column)
        moment = named("o", self.schema.orders.bought_at)
        return (
            f"SELECT {whose}, MAX({moment}), {self.order_fingerprint} FROM {self.orders_table} "
            f"WHERE {whose} IN %(keys)s AND {self.bought} GROUP BY {whose}"
        )

    @property
    def lines(self) -> str:
        """The rows of carts with their products: cart, product, name, category, price, quantity, image, created."""
        if self.schema.rows_select is not None:
            return self.select(self.schema.rows_select)
        rows, products, version = self.schema.rows, self.schema.products, self.schema.version
        price = named("l", rows.price) if rows.price else named("p", products.price or "")
        fields = {
            "cart": self.row_key,
            "product": named("p", products.id),
            "name": named("p", products.name or ""),
            "category": named("p", products.category) if products.category else "NULL",
            "price": price,
            "quantity": named("l", rows.quantity),
            "image": named("p", products.image) if products.image else "NULL",
            "created": named("l", rows.created) if rows.created else "NULL",
            "version": named("l", version[1]) if version and version[0] else "NULL",
        }
        order = ", ".join(named("l", name) for name in (rows.created, rows.id) if name) or self.row_key
        return (
            f"SELECT {', '.join(f'{sql} AS {quote(alias)}' for alias, sql in fields.items())} "
            f"FROM {self.rows_table} JOIN {quote(products.table)} p ON {named('p', products.id)} = "
            f"{named('l', rows.product)} WHERE {self.row_key} IN %(keys)s AND {named('l', rows.quantity)} > 0 "
            f"ORDER BY {order}"
        )

    @property
    def customers(self) -> str:
        """Plain: id, name, email, role, language, consent of customers. A SELECT: by cart, with a column ``cart``."""
        table = self.schema.customers
        if table.select is not None:
            return self.select(table.select)
        fields = {
            "id": named("u", table.id or ""),
            "name": _joined("u", table.name),
            "email": named("u", table.email or ""),
            **{
                field: named("u", name) if name else "NULL"
                for field, name in (("role", table.role), ("language", table.language))
            },
            "consent": named("u", table.consent) if table.consent else "1",
        }
        columns = ", ".join(f"{sql} AS {quote(alias)}" for alias, sql in fields.items())
        return f"SELECT {columns} FROM {quote(table.table or '')} u WHERE {fields['id']} IN %(keys)s"

    @property
    def bought_products(self) -> str | None:
        """Customer, product: of the orders that count; None where the preset names no order items."""
        items, orders = self.schema.order_items, self.schema.orders
        if items is None or orders.customer is None:
            return None
        whose, product = named("o", orders.customer), named("i", items.product)
        return (
            f"SELECT DISTINCT {whose}, {product} FROM {self.orders_table} JOIN {quote(items.table)} i "
            f"ON {named('i', items.order)} = {named('o', orders.id)} WHERE {whose} IN %(keys)s AND {self.bought}"
        )

    @property
    def carts_of_customers(self) -> str:
        """Keys of the customers' carts, the newest first; an index on the customer makes it quick."""
        header = self.schema.cart
        key, whose = named("h", header.id or ""), named("h", header.customer or "")
        where = f"{whose} IN %(keys)s AND {self.counts('h', 'open', header.open)}"
        return f"SELECT {key} FROM {quote(header.table)} h WHERE {where} ORDER BY {key} DESC"

    # --- the catalogue --------------------------------------------------------------------------------------

    def product_ids(self, where: str) -> str:
        """A page of product ids, for a catalogue that is read by a SELECT; ``where``: "", or "last": beyond it."""
        key = named("p", self.schema.products.id)
        condition = f"WHERE {key} > %(last)s " if where else ""
        return f"SELECT {key} FROM {quote(self.schema.products.table)} p {condition}ORDER BY {key} LIMIT %(page)s"

    def products(self, where: str) -> str:
        """id, name, description, price, category, image, stock of products; ``where`` for plain columns."""
        products = self.schema.products
        if products.select is not None:
            return self.select(products.select)
        key = named("p", products.id)
        columns = ", ".join(
            f"{named('p', name) if (name := getattr(products, field)) else 'NULL'} AS {quote(field)}"
            for field in PRODUCT_FIELDS
        )
        condition = {"": "", "keys": f"WHERE {key} IN %(keys)s", "last": f"WHERE {key} > %(last)s"}[where]
        return f"SELECT {key} AS id, {columns} FROM {quote(products.table)} p {condition} ORDER BY {key} LIMIT %(page)s"


def _joined(alias: str, names: tuple[str, ...]) -> str:
    if not names:
        return "NULL"
    columns = ", ".join(named(alias, name) for name in names)
    return f"CONCAT_WS(' ', {columns})" if len(names) > 1 else columns
