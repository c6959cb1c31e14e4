"""Looks for orders that count and have no time: who has only such orders is taken for a buyer for ever."""

from collections.abc import Callable, Iterator
from typing import Any

import pymysql.err

from binlog_watcher.doctor.finding import Check, Finding, not_looked_at, ok, warning
from binlog_watcher.doctor.patience import limit_time
from binlog_watcher.doctor.preset_check import SHOP, shop_columns
from binlog_watcher.doctor.server import Server
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.database import SESSION_STATEMENTS
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries


def unreadable_orders(
    rows: Callable[[str, Any], list[tuple[Any, ...]]], schema: Schema, columns: ShopColumns
) -> Iterator[Finding]:
    """A warning, if there are some: they end their carts, as is safe, and those that come later as well."""
    for statement in SESSION_STATEMENTS:
        rows(statement, None)
    limit_time(lambda statement: rows(statement, None))
    orders, queries = schema.orders, Queries(schema, columns)
    first = columns.time(orders.table, orders.bought_at).real
    moment = f"o.{quote(orders.bought_at)}"
    whose = f"o.{quote(orders.customer or orders.cart or orders.id or orders.bought_at)}"
    statement = (
        f"SELECT COUNT(*), MIN({whose}) FROM {queries.orders_table} "  # noqa: S608  # quoted names
        f"WHERE {queries.bought} AND ({moment} IS NULL OR {moment} < {first})"
    )
    place = f"{orders.table}.{orders.bought_at}"
    try:
        ((count, example),) = rows(statement, dict(queries.constants))
    except pymysql.err.MySQLError as error:  # there are too many orders to be looked through in time
        yield not_looked_at(f"{schema.origin}: orders.bought_at: {place} takes too long ({error.args[-1]})")
        return
    if count:
        yield warning(
            f"{schema.origin}: orders.bought_at: {count} orders that count have no time in {place} (NULL, 0 or "
            f"0000-00-00), one of them is of {example}",
            "whoever has only such orders is never mailed",
            "give them a time, or leave them out with orders.bought",
        )
    else:
        yield ok(f"all orders that count have a time in {place}")


def _look(server: Server) -> Iterator[Finding]:
    yield from unreadable_orders(server.rows, server.schema, shop_columns(server))


BESIDE: tuple[Check[Server], ...] = (
    Check("shop.order_times", _look, ("SHOP_SCHEMA",), needs=("shop.preset", *SHOP)),
)
"""All orders are read for it: not at each start."""
