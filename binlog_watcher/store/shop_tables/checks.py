"""What the fence compares: a SELECT for each part of a cart's fingerprint, as the shop's tables are right now. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from binlog_watcher.core.cart import Cart
from binlog_watcher.shop.placeholders import KEYS
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import ShopColumn, named
from binlog_watcher.store.shop_tables.order_queries import (
    BEGUN_ORDER,
    SELECTED_ORDERS,
    UNPAID_FINGERPRINT,
    UNPAID_ORDER,
    but_unpaid,
    selected_unpaid,
    way_to_orders,
)
from binlog_watcher.store.shop_tables.queries import CUSTOMER, Queries
from binlog_watcher.store.shop_tables.same_address import Way, address_table, addresses_of, selected_orders

CUSTOMERS = "customers"
"""The parameter with the customers whose orders are asked for."""

NAMED_ORDERS = "named_orders"
"""The parameter with the orders that the carts' documents name."""

OfEach = Callable[[str, Sequence[Any]], str]
"""SQL for the one of the values that belongs to the row of the log; the name is that of their parameters."""


@dataclass(frozen=True, slots=True)
class Checks:
    """``selects``: (part of the fingerprint, SELECT of it for a row of the log); ``parameters``: theirs."""

    selects: list[tuple[str, str]]
    parameters: dict[str, Any]


def parts(queries: Queries) -> list[str]:
    """The parts of a fingerprint, in their order."""
    return [part for part, _ in checks(queries, "log", (), lambda _name, _values: "NULL").selects]


def checks(queries: Queries, log: str, mails: Sequence[tuple[int, Cart]], of_each: OfEach) -> Checks:
    """The checks of these mails: each an id of the table ``log``, and the cart that was decided on."""
    carts = [cart for _, cart in mails]
    addresses, parameters = address_table(
        [(log_id, text) for log_id, cart in mails for text in addresses_of(cart.customer, queries.ways)]
    )
    unpaid = "NULL"
    if queries.schema.orders.unpaid:
        unpaid = of_each("unpaid", [cart.unpaid_order for cart in carts])
    selects = [
        *_cart(queries, f"{log}.cart_key"),
        *_orders(queries, f"{log}.cart_key", carts, of_each, unpaid),
        (CUSTOMER, _customer(queries, f"{log}.cart_key", carts, of_each)),
        *((way.part, _on_the_way(queries, way, addresses, f"{log}.id", unpaid)) for way in queries.ways),
    ]
    if queries.schema.customers.select:
        parameters[KEYS] = queries.key.asked(cart.key for cart in carts)
    if queries.schema.orders.unpaid:
        column = queries.columns.get(queries.schema.orders.table, queries.schema.orders.id)
        named_orders = {_in(column, cart.order_id) for cart in carts}
        parameters[NAMED_ORDERS] = column.asked(one for one in named_orders if one is not None)
    if queries.schema.orders.by_customer:
        column = queries.customer_of_orders
        customers = {_customer_in(column, cart) for cart in carts}
        parameters[CUSTOMERS] = column.asked(one for one in customers if one is not None)
    return Checks(selects, parameters)


def _on_the_way(queries: Queries, way: Way, addresses: str, log_id: str, unpaid: str) -> str:
    tables = f"{addresses} {way_to_orders(queries, way)}"
    orders = (
        f"SELECT {SELECTED_ORDERS} FROM {tables} WHERE TRUE{but_unpaid(queries, 'x', unpaid)}"
        if way.by_select
        else _of_orders(queries, tables, unpaid)
    )
    return f"{orders} AND v.whose = {log_id}"


def _cart(queries: Queries, cart_key: str) -> Iterator[tuple[str, str]]:
    header, key, meant = queries.schema.header, queries.key.cast(cart_key), queries.conditions.meant
    if queries.schema.document is None:
        where = f"{queries.row_key} = {key}{meant('l')}"
        yield "rows", f"SELECT {queries.row_fingerprint} FROM {queries.rows_table} WHERE {where}"
    if header is not None:
        where = f"{named('h', header.id or '')} = {key}{meant('h')}"
        yield "header", f"SELECT {queries.header_fingerprint} FROM {quote(header.table)} h WHERE {where}"


def _orders(
    queries: Queries, cart_key: str, carts: Sequence[Cart], of_each: OfEach, unpaid: str
) -> Iterator[tuple[str, str]]:
    orders = queries.schema.orders
    of_orders = _of_orders(queries, queries.orders_table, unpaid)
    if orders.cart is not None:
        column = queries.columns.get(orders.table, orders.cart)
        yield "cart_orders", f"{of_orders} AND {named('o', orders.cart)} = {column.cast(cart_key)}"
    if orders.customer is not None:
        column = queries.columns.get(orders.table, orders.customer)
        whose = cart_key
        if queries.schema.header is not None:
            whose = of_each("customer", [_customer_in(column, cart) for cart in carts])
        yield "customer_orders", f"{of_orders} AND {named('o', orders.customer)} = {column.cast(whose)}"
    if orders.by_customer is not None:
        column = queries.customer_of_orders
        whose = of_each("customer", [_customer_in(column, cart) for cart in carts])
        selected = queries.select(selected_orders(orders.by_customer), CUSTOMERS)
        same = f"x.customer = {column.cast(whose)}"
        yield (
            "customer_orders",
            f"SELECT {SELECTED_ORDERS} FROM {selected} WHERE {same}{but_unpaid(queries, 'x', unpaid)}",
        )
    if queries.schema.document is not None and queries.schema.document.order is not None:
        column = queries.columns.get(orders.table, orders.id)
        begun = of_each("order", [_in(column, cart.order_id) for cart in carts])
        yield BEGUN_ORDER, f"{of_orders} AND {named('o', orders.id)} = {column.cast(begun)}"
        if orders.unpaid is not None:
            selected = selected_unpaid(queries, NAMED_ORDERS)
            yield (
                UNPAID_ORDER,
                f"SELECT {UNPAID_FINGERPRINT} FROM {selected} WHERE x.id = {column.cast(begun)}",
            )


def _of_orders(queries: Queries, tables: str, unpaid: str) -> str:
    where = f"{queries.bought}{but_unpaid(queries, 'o', unpaid)}"
    return f"SELECT {queries.order_fingerprint} FROM {tables} WHERE {where}"


def _customer(queries: Queries, cart_key: str, carts: Sequence[Cart], of_each: OfEach) -> str:
    customers = queries.schema.customers
    if customers.select is not None:
        return (
            f"SELECT {queries.customer_fingerprint} FROM {queries.selected_customers} "
            f"WHERE x.cart = {queries.key.cast(cart_key)}"
        )
    column = queries.columns.get(customers.table or "", customers.id or "")
    whose = of_each("customer_row", [_customer_in(column, cart) for cart in carts])
    where = f"{named('u', customers.id or '')} = {column.cast(whose)}{queries.conditions.meant('u')}"
    return f"SELECT {queries.customer_fingerprint} FROM {quote(customers.table or '')} u WHERE {where}"


def _customer_in(column: ShopColumn, cart: Cart) -> int | str | None:
    """The cart's customer in the type of a column; None where none can be there."""
    return _in(column, cart.customer_id)


def _in(column: ShopColumn, id_: int | str | None) -> int | str | None:
    return None if id_ is None else column.key(str(id_))
