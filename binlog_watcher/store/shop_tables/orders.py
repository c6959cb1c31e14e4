"""Reads the orders that count: the newest of each cart or customer, and which products were bought before."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import FOREVER_US, Found, FoundCarts, customers_of


def read_orders(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The newest order of each cart, or of its customer, and its part of the fingerprint."""
    orders = tables.schema.orders
    if orders.cart is not None:
        by_cart = {key: [one] for key, one in found.items()}
        _read(session, tables, "cart_orders", orders.cart, tables.fold, by_cart)
    if orders.customer is not None:
        by_customer: dict[str, list[Found]] = defaultdict(list)
        for one in found.values():
            if one.customer_id is not None:
                by_customer[tables.fold_customer(one.customer_id)].append(one)
        if by_customer:
            _read(session, tables, "customer_orders", orders.customer, tables.fold_customer, by_customer)


def _read(
    session: Session,
    tables: ShopTables,
    part: str,
    column: str,
    fold: Callable[[object], str],
    whose: Mapping[str, Sequence[Found]],
) -> None:
    """``part``: of the fingerprint; ``column``: of the orders, by which they are asked for."""
    asked = tables.columns.get(tables.schema.orders.table, column)
    carts = [one for several in whose.values() for one in several]
    ids = {asked.key(str(one.key if part == "cart_orders" else one.customer_id)) for one in carts} - {None}
    for owner, newest, mark in session.rows(
        tables.queries.orders_of(column), tables.parameters(keys=tuple(ids) or (None,))
    ):
        newest_us = tables.order_time.to_us(newest)
        for one in whose.get(fold(owner), ()):
            # Bought at a time that nobody can read is bought all the same.
            one.order_us = max(one.order_us or 0, FOREVER_US if newest_us is None else newest_us)
            one.prints[part] = str(mark)


def read_bought_products(
    session: Session, tables: ShopTables, found: FoundCarts
) -> dict[str, set[int | str]]:
    """Folded customer → products that they have bought."""
    customers = customers_of(found.values())
    bought: dict[str, set[int | str]] = defaultdict(set)
    if tables.queries.bought_products is not None and customers:
        for customer, product in session.rows(
            tables.queries.bought_products, tables.parameters(keys=tuple(customers))
        ):
            bought[tables.fold_customer(customer)].add(product)
    return bought
