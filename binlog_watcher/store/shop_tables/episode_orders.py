"""The orders that belong to a row of the log, for the monitoring views. Pure."""

from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.queries import Queries


def orders_of_episode(queries: Queries) -> dict[str, str]:
    """Names for ``views.sql``: the orders ``o`` of a row ``l`` of the log, and when they were bought."""
    orders, header = queries.schema.orders, queries.schema.header
    ways = []
    if orders.cart is not None:
        key = queries.columns.get(orders.table, orders.cart).cast("l.cart_key")
        ways.append(f"{named('o', orders.cart)} = {key}")
    if orders.customer is not None:
        column = queries.columns.get(orders.table, orders.customer)
        if column.is_number and not (header is None and column.outgrows_the_log):
            ways.append(f"{named('o', orders.customer)} = l.user_id")
        elif header is None:  # the customer is the cart key; the log has no other text, nor the highest ids
            ways.append(f"{named('o', orders.customer)} = {column.cast('l.cart_key')}")
    return {
        "orders": quote(orders.table),
        "matches": f"({' OR '.join(ways) or 'FALSE'}) AND {queries.bought}",
        "bought_at": queries.columns.time(orders.table, orders.bought_at).comparable(
            named("o", orders.bought_at)
        ),
    }
