"""Reads the orders that count: the newest of each cart or customer, and which products were bought before."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from binlog_watcher.core.cart import Customer
from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables import order_queries
from binlog_watcher.store.shop_tables.columns import ShopColumn
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import FOREVER_US, Found, FoundCarts, customers_of
from binlog_watcher.store.shop_tables.same_address import address_table, addresses_of
from binlog_watcher.store.shop_tables.unpaid_orders import all_unpaid, by_unpaid


def read_orders(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The newest order of each cart, or of its customer, or that was begun with it, and its part of the fingerprint."""
    orders, queries = tables.schema.orders, tables.queries
    if orders.cart is not None:
        column = tables.columns.get(orders.table, orders.cart)
        asked = _Asked(
            "cart_orders",
            order_queries.orders_of(queries, orders.cart),
            column,
            lambda one: one.key,
            tables.fold,
        )
        _read(session, tables, asked, found)
    if orders.customer is not None or orders.by_customer is not None:
        statement = (
            order_queries.orders_by_customer(queries)
            if orders.customer is None
            else order_queries.orders_of(queries, orders.customer)
        )
        asked = _Asked(
            "customer_orders", statement, queries.customer_of_orders, lambda one: one.customer_id,
            tables.fold_customer,
        )  # fmt: skip
        _read(session, tables, asked, found)
    column = tables.columns.get(orders.table, orders.id)
    begun = _Asked(
        order_queries.BEGUN_ORDER,
        order_queries.orders_of(queries, orders.id),
        column,
        lambda one: one.order_id,
        column.fold,
    )
    _read(session, tables, begun, found)


class _Asked(NamedTuple):
    """Orders that are asked for. ``part``: of the fingerprint; ``by``: what a cart asks for them with (None: nothing).

    ``column``: of which type that is; ``fold``: makes equals of it.
    """

    part: str
    statement: str
    column: ShopColumn
    by: Callable[[Found], object]
    fold: Callable[[object], str]


def _read(session: Session, tables: ShopTables, asked: _Asked, found: FoundCarts) -> None:
    for unpaid, carts in by_unpaid(found):
        _read_but(session, tables, asked, carts.values(), unpaid)


def _read_but(
    session: Session, tables: ShopTables, asked: _Asked, found: Iterable[Found], unpaid: Mapping[str, object]
) -> None:
    whose: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        if (by := asked.by(one)) is not None:
            whose[asked.fold(by)].append(one)
    carts = [one for several in whose.values() for one in several]
    keys = {asked.column.key(str(asked.by(one))) for one in carts}
    ids = {key for key in keys if key is not None}
    if not ids:
        return
    parameters = tables.parameters(keys=asked.column.asked(ids), **unpaid)
    for owner, newest, mark in session.rows(asked.statement, parameters):
        for one in whose.get(asked.fold(owner), ()):
            _note(tables, one, asked.part, newest, mark)


def _note(tables: ShopTables, one: Found, part: str, newest: object, mark: object) -> None:
    newest_us = tables.order_time.latest_us(newest)
    # Bought at a time that nobody can read is bought all the same.
    one.order_us = max(one.order_us or 0, FOREVER_US if newest_us is None else newest_us)
    one.prints[part] = str(mark)


def read_orders_of_addresses(
    session: Session, tables: ShopTables, found: FoundCarts, customers: Mapping[str, Customer]
) -> None:
    """The newest order under each cart's address, whoever's row it is under, and its parts of the fingerprint."""
    for unpaid, some in by_unpaid(found):
        _read_of_addresses(session, tables, some, customers, unpaid)


def _read_of_addresses(
    session: Session,
    tables: ShopTables,
    found: FoundCarts,
    customers: Mapping[str, Customer],
    unpaid: Mapping[str, object],
) -> None:
    ways, carts = tables.queries.ways, list(found.items())
    asked = [
        (nth, address)
        for nth, (key, _) in enumerate(carts)
        for address in addresses_of(customers.get(key), ways)
    ]
    if not asked:
        return
    addresses, parameters = address_table(asked)
    for way in ways:
        for nth, newest, mark in session.rows(
            order_queries.orders_of_addresses(tables.queries, way, addresses),
            tables.parameters(**parameters, **unpaid),
        ):
            _note(tables, carts[nth][1], way.part, newest, mark)


def read_bought_products(
    session: Session, tables: ShopTables, found: FoundCarts
) -> dict[str, dict[int | str, int | None]]:
    """Folded customer → products that they have bought, and when last; None: at a time that nobody can read."""
    customers = customers_of(found.values())
    bought: dict[str, dict[int | str, int | None]] = defaultdict(dict)
    statement = order_queries.bought_products(tables.queries)
    if statement is not None and customers:
        for customer, product, newest in session.rows(
            statement,
            tables.parameters(
                keys=tables.customers(customers), all_unpaid=all_unpaid(tables, found.values())
            ),
        ):
            bought[tables.fold_customer(customer)][as_key(product)] = tables.order_time.latest_us(newest)
    return bought
