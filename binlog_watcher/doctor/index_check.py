"""Which indexes the reads of a preset lack. Pure."""

from collections.abc import Iterator

from binlog_watcher.shop.fields import fixed_columns
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.same_address import advice

_LOOKED_UP = frozenset(
    {"lines.cart", "orders.cart", "orders.customer", "customers.id", "products.id", "order_items.order"}
)
"""By these columns each read of a batch finds its rows, and by the cart key."""


def index_warnings(schema: Schema, columns: ShopColumns) -> Iterator[str]:
    """A line for each; what a filter compares with one value may stand before the column in the index."""
    wanted = _LOOKED_UP | {"cart.id" if schema.header else "cart.customer"}
    if schema.orders.customer is not None and schema.document is None:
        wanted |= {"cart.customer"}  # whose other carts an order ends, too
    asked = {place: conditions for place, _, conditions in schema.conditions()}
    for key, table, column in schema.places():
        if key not in wanted:
            continue
        section = key.partition(".")[0]
        conditions = (
            *asked.get(f"{section}.only", ()),
            *(schema.orders.bought if section == "orders" else ()),
        )
        if columns.index_to(table, column, fixed=fixed_columns(conditions)) != "":
            yield (
                f"{schema.origin}: {key}: no index begins with {table}.{column}, so each batch of due carts reads "
                f"the whole table; CREATE INDEX {column} ON {table} ({column})"
            )
    yield from (f"{schema.origin}: {line}" for line in advice(schema, columns))
