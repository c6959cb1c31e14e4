"""Reads the orders that count: the newest of each cart or customer, and which products were bought before."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from binlog_watcher.core.cart import Customer
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import FOREVER_US, Found, FoundCarts, customers_of
from binlog_watcher.store.shop_tables.same_address import address_table, addresses_of


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
        for one in whose.get(fold(owner), ()):
            _note(tables, one, part, newest, mark)


def _note(tables: ShopTables, one: Found, part: str, newest: object, mark: object) -> None:
    newest_us = tables.order_time.latest_us(newest)
    # Bought at a time that nobody can read is bought all the same.
    one.order_us = max(one.order_us or 0, FOREVER_US if newest_us is None else newest_us)
    one.prints[part] = str(mark)


def read_orders_of_addresses(
    session: Session, tables: ShopTables, found: FoundCarts, customers: Mapping[str, Customer]
) -> None:
    """The newest order under each cart's address, whoever's row it is under, and its parts of the fingerprint."""
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
            tables.queries.orders_of_addresses(way, addresses), tables.parameters(**parameters)
        ):
            _note(tables, carts[nth][1], way.part, newest, mark)


def read_bought_products(
    session: Session, tables: ShopTables, found: FoundCarts
) -> dict[str, dict[int | str, int | None]]:
    """Folded customer → products that they have bought, and when last; None: at a time that nobody can read."""
    customers = customers_of(found.values())
    bought: dict[str, dict[int | str, int | None]] = defaultdict(dict)
    if tables.queries.bought_products is not None and customers:
        for customer, product, newest in session.rows(
            tables.queries.bought_products, tables.parameters(keys=tuple(customers))
        ):
            bought[tables.fold_customer(customer)][product] = tables.order_time.latest_us(newest)
    return bought
