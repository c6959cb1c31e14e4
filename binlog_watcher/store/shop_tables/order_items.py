"""Reads what was ordered together, in keyset pages by the order's id, the newest first."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.database import Database
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.order_queries import ordered_lines

ORDER_PAGE_SIZE = 2_000
"""Orders a page: bounds the memory and the time of one statement."""


class OrderedTogether(NamedTuple):
    """The products of one order that counts; ``at_us``: when, None where nobody can read it."""

    order_id: int | str
    products: tuple[int | str, ...]
    at_us: int | None


def read_ordered(
    database: Database, tables: ShopTables, after: int | str | None = None
) -> Iterator[list[OrderedTogether]]:
    """Pages of orders: all of them, or those with higher ids; nothing where the preset names no order items."""
    orders = tables.schema.orders
    if ordered_lines(tables.queries, after=False, before=False) is None:
        return
    id_column = tables.columns.get(orders.table, orders.id)
    bounds: dict[str, Any] = {} if after is None else {"after": id_column.asked([after])[0]}
    while True:
        statement = ordered_lines(tables.queries, after=after is not None, before="before" in bounds)
        if statement is None:
            return
        with database.session() as session:
            rows = session.rows(statement, tables.parameters(**bounds, page=ORDER_PAGE_SIZE))
        found: dict[int | str, tuple[list[int | str], int | None]] = {}
        for order, product, bought_at in rows:
            products, _ = found.setdefault(as_key(order), ([], tables.order_time.latest_us(bought_at)))
            if product is not None:
                products.append(as_key(product))
        yield [OrderedTogether(order, tuple(products), at_us) for order, (products, at_us) in found.items()]
        if len(found) < ORDER_PAGE_SIZE:
            return
        bounds["before"] = id_column.asked([as_key(rows[-1][0])])[0]
