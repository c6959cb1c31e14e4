"""The statements that read the orders that count, and what of them the fence compares. Pure.

An order may have been cancelled since nobody paid (``orders.unpaid`` of a preset). No column tells it from one that the
customer cancelled; the cart's document does, as long as it names the order. Such a one is left out for that cart.
"""

from binlog_watcher.shop.placeholders import KEYS
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables import fingerprints
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.shop_tables.same_address import ADDRESSES, Way, selected_orders

BEGUN_ORDER = "begun_order"
"""The part of the fingerprint that is the order whose id the cart's document names."""

UNPAID_ORDER = "unpaid_order"
"""The part that says whether that one was cancelled since nobody paid."""

SELECTED_ORDERS = fingerprints.of_rows(["x.id", "x.bought_at"])
"""The fingerprint of orders that a preset's SELECT ``x`` gives."""

UNPAID_FINGERPRINT = fingerprints.of_rows(["x.id"])
"""The same of its SELECT of unpaid ones."""


def orders_of(queries: Queries, column: str) -> str:
    """Who or which cart, newest moment, fingerprint: of the orders that count."""
    whose, moment = named("o", column), named("o", queries.schema.orders.bought_at)
    return (
        f"SELECT {whose}, MAX({moment}), {queries.order_fingerprint} FROM {queries.orders_table} "
        f"WHERE {whose} IN %(keys)s AND {queries.bought}{but_unpaid(queries)} GROUP BY {whose}"
    )


def orders_by_customer(queries: Queries) -> str:
    """The same by the preset's own SELECT."""
    selected = queries.select(selected_orders(queries.schema.orders.by_customer or ""))
    return (
        f"SELECT x.customer, MAX(x.bought_at), {SELECTED_ORDERS} FROM {selected}{_where_paid(queries)} "
        "GROUP BY x.customer"
    )


def orders_of_addresses(queries: Queries, way: Way, addresses: str) -> str:
    """The same of the orders that a way leads to from a table of addresses: whose they are, moment, fingerprint."""
    if way.by_select:
        what, where = f"MAX(x.bought_at), {SELECTED_ORDERS}", f"TRUE{but_unpaid(queries, 'x')}"
    else:
        moment = named("o", queries.schema.orders.bought_at)
        what, where = (
            f"MAX({moment}), {queries.order_fingerprint}",
            f"{queries.bought}{but_unpaid(queries)}",
        )
    tables = f"{addresses} {way_to_orders(queries, way)}"
    return f"SELECT v.whose, {what} FROM {tables} WHERE {where} GROUP BY v.whose"


def way_to_orders(queries: Queries, way: Way) -> str:
    """SQL that joins the orders to a table of addresses."""
    return queries.select(way.orders, ADDRESSES) if way.by_select else way.orders


def bought_products(queries: Queries) -> str | None:
    """Customer, product, when last: of the orders that count; None where the preset names no order items."""
    items, orders = queries.schema.order_items, queries.schema.orders
    if items is None or orders.customer is None:
        return None
    whose, product, order = named("o", orders.customer), named("i", items.product), named("o", orders.id)
    unpaid = "" if orders.unpaid is None else f" AND NOT COALESCE({order} IN %(all_unpaid)s, FALSE)"
    return (
        f"SELECT {whose}, {product}, MAX({named('o', orders.bought_at)}) "
        f"FROM {queries.orders_table} JOIN {quote(items.table)} i "
        f"ON {named('i', items.order)} = {order}{queries.conditions.meant('i')} "
        f"WHERE {whose} IN %(keys)s AND {queries.bought}{unpaid} GROUP BY {whose}, {product}"
    )


def unpaid_orders(queries: Queries) -> str:
    """The id of those orders among the keys that were cancelled since nobody paid, and its fingerprint."""
    return f"SELECT x.id, {UNPAID_FINGERPRINT} FROM {selected_unpaid(queries)} GROUP BY x.id"


def selected_unpaid(queries: Queries, keys: str = KEYS) -> str:
    """What the preset's SELECT of them gives, as a table ``x``."""
    return queries.select(selected_orders(queries.schema.orders.unpaid or ""), keys)


def but_unpaid(queries: Queries, alias: str = "o", which: str = "%(unpaid)s") -> str:
    """SQL: and the order is not ``which``, that nobody paid (NULL: none); empty where a preset tells of none."""
    orders = queries.schema.orders
    if orders.unpaid is None:
        return ""
    order = named(alias, orders.id if alias == "o" else "id")
    return f" AND NOT ({order} <=> {queries.columns.get(orders.table, orders.id).cast(which)})"


def _where_paid(queries: Queries) -> str:
    paid = but_unpaid(queries, "x")
    return f" WHERE TRUE{paid}" if paid else ""
