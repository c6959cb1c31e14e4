"""The statements that read the orders that count, and what of them the fence compares. Pure.

An order may have been cancelled since nobody paid (``orders.unpaid`` of a preset). No column tells it from one that the
customer cancelled; the cart's document does, as long as it names the order. Such a one is left out for that cart.
"""

from typing import NamedTuple

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


class OrderSource(NamedTuple):
    """Orders that count. ``source``: FROM and WHERE; ``whose``: the column that says whose each is."""

    source: str
    whose: str
    id: str
    moment: str
    fingerprint: str

    def newest(self) -> str:
        """Who or which cart, newest moment, fingerprint."""
        return (
            f"SELECT {self.whose}, MAX({self.moment}), {self.fingerprint} {self.source} GROUP BY {self.whose}"
        )

    def each(self, most: int) -> str:
        """Id and moment of each, the newest first."""
        return (
            f"SELECT DISTINCT {self.id}, {self.moment} {self.source} ORDER BY {self.moment} DESC LIMIT {most}"
        )


def orders_of(queries: Queries, column: str) -> OrderSource:
    """Those with one of the keys in a column."""
    orders, whose = queries.schema.orders, named("o", column)
    source = (
        f"FROM {queries.orders_table} WHERE {whose} IN %(keys)s AND {queries.bought}{but_unpaid(queries)}"
    )
    moment = named("o", orders.bought_at)
    return OrderSource(source, whose, named("o", orders.id), moment, queries.order_fingerprint)


def orders_by_customer(queries: Queries) -> OrderSource:
    """Those that the preset's own SELECT gives for customers."""
    selected = queries.select(selected_orders(queries.schema.orders.by_customer or ""))
    return OrderSource(
        f"FROM {selected}{_where_paid(queries)}", "x.customer", "x.id", "x.bought_at", SELECTED_ORDERS
    )


def orders_of_addresses(queries: Queries, way: Way, addresses: str) -> OrderSource:
    """Those that a way leads to from a table of addresses."""
    tables = f"FROM {addresses} {way_to_orders(queries, way)}"
    if way.by_select:
        source = f"{tables} WHERE TRUE{but_unpaid(queries, 'x')}"
        return OrderSource(source, "v.whose", "x.id", "x.bought_at", SELECTED_ORDERS)
    source = f"{tables} WHERE {queries.bought}{but_unpaid(queries)}"
    orders = queries.schema.orders
    moment = named("o", orders.bought_at)
    return OrderSource(source, "v.whose", named("o", orders.id), moment, queries.order_fingerprint)


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


def ordered_lines(queries: Queries, *, after: bool, before: bool) -> str | None:
    """Order, product, when: a page of the orders that count, the highest ids first; None without order items.

    ``after``, ``before``: only ids above, below the parameter of that name. An order without items has a NULL product.
    """
    items, orders = queries.schema.order_items, queries.schema.orders
    if items is None or orders.customer is None:
        return None
    order = named("o", orders.id)
    bounds = (f" AND {order} > %(after)s" if after else "") + (f" AND {order} < %(before)s" if before else "")
    return (
        f"SELECT x.id, {named('i', items.product)}, x.bought_at "
        f"FROM (SELECT {order} AS id, {named('o', orders.bought_at)} AS bought_at FROM {queries.orders_table} "
        f"WHERE {queries.bought}{bounds} ORDER BY {order} DESC LIMIT %(page)s) x "
        f"LEFT JOIN {quote(items.table)} i "
        f"ON {named('i', items.order)} = x.id{queries.conditions.meant('i')} ORDER BY x.id DESC"
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
