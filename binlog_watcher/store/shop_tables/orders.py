"""Reads the orders that count: the newest of each cart or customer, and which products were bought before."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from binlog_watcher.core.cart import Cart, Customer
from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables import order_queries
from binlog_watcher.store.shop_tables.columns import ShopColumn
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import FOREVER_US, Found, FoundCarts, customers_of
from binlog_watcher.store.shop_tables.order_queries import OrderSource
from binlog_watcher.store.shop_tables.same_address import address_table, addresses_of
from binlog_watcher.store.shop_tables.unpaid_orders import all_unpaid, by_unpaid


class _Asked(NamedTuple):
    """Orders that are asked for. ``part``: of the fingerprint; ``by``: what a cart asks for them with (None: nothing).

    ``column``: of which type that is; ``fold``: makes equals of it.
    """

    part: str
    orders: OrderSource
    column: ShopColumn
    by: Callable[[Found | Cart], object]
    fold: Callable[[object], str]


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order that counts. ``at_us``: None where nobody can read when; ``way``: the part of the fingerprint."""

    id: int | str
    at_us: int | None
    way: str


def _asked(tables: ShopTables) -> Iterator[_Asked]:
    """The ways from a cart to its orders: by its key, by its customer, by the id of one that was begun with it."""
    orders, queries = tables.schema.orders, tables.queries
    if orders.cart is not None:
        column = tables.columns.get(orders.table, orders.cart)
        source = order_queries.orders_of(queries, orders.cart)
        yield _Asked("cart_orders", source, column, lambda one: one.key, tables.fold)
    if orders.customer is not None or orders.by_customer is not None:
        source = (
            order_queries.orders_by_customer(queries)
            if orders.customer is None
            else order_queries.orders_of(queries, orders.customer)
        )
        column = queries.customer_of_orders
        yield _Asked("customer_orders", source, column, lambda one: one.customer_id, tables.fold_customer)
    column = tables.columns.get(orders.table, orders.id)
    source = order_queries.orders_of(queries, orders.id)
    yield _Asked(order_queries.BEGUN_ORDER, source, column, lambda one: one.order_id, column.fold)


def read_orders(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The newest order of each cart, or of its customer, or that was begun with it, and its part of the fingerprint."""
    for asked in _asked(tables):
        _read(session, tables, asked, found)


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
    for owner, newest, mark in session.rows(asked.orders.newest(), parameters):
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
            order_queries.orders_of_addresses(tables.queries, way, addresses).newest(),
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


def list_orders(session: Session, tables: ShopTables, cart: Cart, most: int) -> list[NamedOrder]:
    """The orders that count for a cart as it was loaded, each once and the newest first; ``most`` by each way."""
    found: dict[int | str, NamedOrder] = {}
    unpaid = {"unpaid": cart.unpaid_order}

    def note(way: str, source: OrderSource, parameters: Mapping[str, object]) -> None:
        for id_, moment in session.rows(source.each(most), tables.parameters(**parameters, **unpaid)):
            key = as_key(id_)
            found.setdefault(key, NamedOrder(key, tables.order_time.latest_us(moment), way))

    for asked in _asked(tables):
        by = asked.by(cart)
        key = None if by is None else asked.column.key(str(by))
        if key is not None:
            note(asked.part, asked.orders, {"keys": asked.column.asked([key])})
    ways = tables.queries.ways
    addresses, parameters = address_table([(0, text) for text in addresses_of(cart.customer, ways)])
    if addresses_of(cart.customer, ways):
        for way in ways:
            note(way.part, order_queries.orders_of_addresses(tables.queries, way, addresses), parameters)
    return sorted(found.values(), key=lambda one: (one.at_us is None, one.at_us or 0), reverse=True)
