"""What a preset lacks as a whole: each of its parts may be in order, and yet they don't make a shop. Pure."""

import re
from collections.abc import Collection, Iterator

from binlog_watcher.shop.placeholders import KEYS, PLACEHOLDER
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sections import CartTable
from binlog_watcher.shop.sql_text import bare

_IN_KEYS = re.compile(r"(?<!\bNOT\s)\bIN\s*\{keys\}", re.IGNORECASE)
_WHERE_ADDRESSES_ARE = ("table", "id", "email")
_READ_BY_A_SELECT = ("name", "role", "language", "consent")


def gaps(schema: Schema) -> Iterator[str]:
    """``section.key: what to do`` for everything that is missing, or doesn't go together."""
    if schema.document is not None:
        yield from _of_a_document(schema)
    else:
        yield from _of_a_flat_cart(schema.cart) if schema.lines is None else _of_a_header(schema)
    yield from _of_what_counts(schema)
    yield from _of_the_version(schema)
    yield from _of_orders(schema)
    yield from _of_customers(schema)
    yield from _of_products(schema)
    yield from _of_filters(schema)
    yield from _of_selects(schema)


def _of_a_flat_cart(cart: CartTable) -> Iterator[str]:
    for key in ("id", "customer", "product", "quantity", "created"):
        if getattr(cart, key) is None:
            yield f"cart.{key}: is missing; give the column's name"
    for key in ("open", "email", "name", "language", "rate"):
        if getattr(cart, key):
            yield f"cart.{key}: is for headers, and there are no [lines]: each row of this cart carries its customer"


def _of_a_document(schema: Schema) -> Iterator[str]:
    cart = schema.cart
    if schema.lines is not None:
        yield "lines: a document holds its lines; take [lines] out"
    if cart.id is None:
        yield "cart.id: is missing; give the column with the cart key"
    for key in ("product", "quantity", "price", "select"):
        if getattr(cart, key) is not None:
            yield f"cart.{key}: the lines are in the document: say it in [cart.document]"
    for key in ("counts", "ignore", "updated", "version"):
        if getattr(cart, key):
            yield f"cart.{key}: a document counts by what is in it, and Cartwake notes when that changes; leave it out"
    ways = (cart.customer, cart.email, schema.document and schema.document.email, schema.customers.select)
    if not any(ways):
        yield "cart.document.email: is missing; give the path to the address, or cart.customer for the customer"


def _of_a_header(schema: Schema) -> Iterator[str]:
    cart, lines = schema.cart, schema.lines
    if cart.id is None:
        yield "cart.id: is missing; give the column with the cart key"
    for key in ("product", "quantity", "price", "select"):
        if getattr(cart, key) is not None:
            yield f"cart.{key}: belongs into [lines] when there are lines"
    if cart.customer is None and cart.email is None:
        yield "cart.customer: is missing; give the column with the customer, or email for guests only"
    if any(condition.column == cart.id for condition in cart.open):
        yield "cart.open: its column is the cart's id; name another"
    if lines is not None and lines.created is None and cart.created is None:
        yield "lines.created: is missing; give the column with the row's creation, here or in [cart]"


def _of_what_counts(schema: Schema) -> Iterator[str]:
    for section, table in (("cart", schema.cart), ("lines", schema.lines)):
        if table is None or not (table.counts or table.ignore):
            continue
        if table.counts and table.ignore:
            yield f"{section}.ignore: give either counts or ignore, not both"
        if table.updated:
            yield (
                f"{section}.updated: moves with any change, also with one that does not count; leave it out: Cartwake "
                "notes a cart's last activity itself"
            )


def _of_the_version(schema: Schema) -> Iterator[str]:
    if schema.cart.version is None:
        return
    if not re.fullmatch(r"(cart|lines)\.[^.%`]{1,64}", schema.cart.version):
        yield "cart.version: give a column as lines.NAME or cart.NAME"


def _of_orders(schema: Schema) -> Iterator[str]:
    orders, flat = schema.orders, schema.header is None
    if flat and orders.cart is not None:
        yield "orders.cart: is for carts with a header; name the customer"
    yield from _of_orders_by_select(schema)
    if orders.by_customer is not None:
        pass
    elif schema.document is not None:
        if not any((orders.customer, orders.cart, orders.email, orders.by_email, schema.document.order)):
            yield "orders.customer: is missing; give the column with the customer, cart for the cart's id, or email"
    elif orders.customer is None and (flat or orders.cart is None):
        yield "orders.customer: is missing; give the column with the customer" + (
            "" if flat else ", or cart for the cart's id"
        )
    if {condition.column for condition in orders.bought} & {orders.cart, orders.customer}:
        yield "orders.bought: its column says whose the order is; name another"
    if orders.customer is not None and schema.cart.customer is None and orders.cart is None:
        yield "cart.customer: is missing; the orders name a customer"
    if schema.cart.email and not (flat or orders.cart or schema.cart.open):
        yield (
            "orders.cart: is missing; guests who left an address (cart.email) buy as no customer: give the column "
            "with the cart, or cart.open"
        )
    if schema.order_items is not None and orders.customer is None:
        yield "order_items.order: needs orders.customer, to know whose orders they are"


def _of_orders_by_select(schema: Schema) -> Iterator[str]:
    orders, customers = schema.orders, schema.customers
    for key, column in (("by_customer", "customer"), ("by_email", "email")):
        if getattr(orders, key) is None:
            continue
        if getattr(orders, column) is not None:
            yield f"orders.{key}: give either this or the column orders.{column}, not both"
    if orders.by_customer is not None and schema.header is None:
        yield "orders.by_customer: is for carts with keys of their own; give the column orders.customer"
    if orders.unpaid is not None and (schema.document is None or not schema.document.order):
        yield "orders.unpaid: needs cart.document.order, the path to the id of the order that a cart waits for"
    if orders.by_customer is not None and (customers.table is None or customers.id is None):
        yield "customers.id: is missing; orders.by_customer looks for customers by it: give table, id and email"


def _of_customers(schema: Schema) -> Iterator[str]:
    customers = schema.customers
    given = [key for key in _READ_BY_A_SELECT if getattr(customers, key)]
    if customers.select is not None and given:
        yield f"customers.select: give either a select or the columns {', '.join(given)}, not both"
    if customers.select is None or any(getattr(customers, key) for key in _WHERE_ADDRESSES_ARE):
        for key in _WHERE_ADDRESSES_ARE:
            if getattr(customers, key) is None:
                yield f"customers.{key}: is missing; give the {'table' if key == 'table' else 'column'}'s name"


def _of_products(schema: Schema) -> Iterator[str]:
    products = schema.products
    if products.select is None:
        for key in ("name", "price"):
            if getattr(products, key) is None:
                yield f"products.{key}: is missing; give the column's name, or a select"
    elif products.available or products.url:
        key = "available" if products.available else "url"
        yield f"products.{key}: is for plain columns; the SELECTs may give a column {key}"
    elif products.name or products.price:
        yield "products.select: give either a select or the columns name, price …, not both"
    if products.url_pattern is not None and not _is_pattern(products.url_pattern):
        yield (
            "products.url_pattern: give a path from STORE_URL, or an address that begins with https:// or http://, "
            "with {id} where the product's id goes"
        )
    if products.select is not None and schema.rows_select is None and schema.document is None:
        section = "cart" if schema.lines is None else "lines"
        yield f"{section}.select: is missing; products are read by a SELECT, so the rows must be, too"


def _is_pattern(text: str) -> bool:
    address, _, path = text.partition("://") if "://" in text else ("https", "", f"/{text}")
    host, _, behind = path.partition("/")
    only_id = "{id}" in behind and not set("{}") & set(behind.replace("{id}", "") + host)
    return only_id and address in {"http", "https"} and not re.search(r"[\s\x00-\x1f\"'<>\\]", text)


def _of_filters(schema: Schema) -> Iterator[str]:
    cart, lines, orders, products = schema.cart, schema.lines, schema.orders, schema.products
    keys: dict[str, tuple[str | None, ...]] = {
        "cart.only": (cart.id if schema.header else cart.customer,),
        "lines.only": (lines.cart,) if lines else (),
        "orders.only": (orders.cart, orders.customer),
        "products.only": (products.id,),
        **{f"{place}.only": (watch.column,) for place, _, watch in schema.watches()},
    }
    for place, _, conditions in schema.conditions():
        barred = {name.casefold() for name in keys.get(place, ()) if name}
        if any(condition.column.casefold() in barred for condition in conditions):
            yield f"{place}: its column says whose the row is; name another"
    if schema.customers.only and schema.customers.table is None:
        yield "customers.only: is for a table; say the same in the select"


def _of_selects(schema: Schema) -> Iterator[str]:
    for key, text in schema.selects().items():
        code = bare(text)
        asked = len(_IN_KEYS.findall(code))
        if not asked or asked != code.count("{" + KEYS + "}"):
            yield f"{key}: give a SELECT with IN {{keys}}, where the wanted keys go"
        for name in sorted(set(PLACEHOLDER.findall(text))):
            if text.count(f"{{{name}}}") != code.count(f"{{{name}}}"):
                yield f"{key}: {{{name}}} stands in quotes or in a comment; take it out of them"
        yield from _of_variables(schema, key, code, {KEYS})
    for nth, refusal in enumerate(schema.refuse):
        yield from _of_variables(schema, f"refuse.{nth}.select", bare(refusal.select))


def _of_variables(schema: Schema, key: str, code: str, others: Collection[str] = ()) -> Iterator[str]:
    for name in PLACEHOLDER.findall(code):
        if name not in others and name not in schema.variables:
            where = "[variables], or to [fragments]" if schema.fragments else "[variables]"
            yield f"{key}: {{{name}}} is no variable; add it to {where}"
