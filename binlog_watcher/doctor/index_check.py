"""Which indexes the reads of a preset lack. Pure."""

from collections.abc import Collection, Iterator

from binlog_watcher.doctor.finding import Finding, failed, warning
from binlog_watcher.shop.fields import fixed_columns
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.same_address import advice

_LOOKED_UP = frozenset(
    {"lines.cart", "orders.cart", "orders.customer", "customers.id", "products.id", "order_items.order"}
)
"""By these columns each read of a batch finds its rows, and by the cart key."""


MANY_ROWS = 100_000
"""In a table that a reader locks as a whole: from so many on the shop waits for a second and more."""


def missing_indexes(schema: Schema, columns: ShopColumns) -> Iterator[tuple[str, str, str]]:
    """(the preset's key, table, column) of each; what a filter compares with one value may stand before the column."""
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
            yield key, table, column


def index_advice(schema: Schema, columns: ShopColumns, locked: Collection[str]) -> Iterator[Finding]:
    """What must be mended, and what could be better.

    ``locked``: tables of ``MANY_ROWS`` that a reader locks as a whole: the shop's own writes would wait for ours.
    """
    for key, table, column in missing_indexes(schema, columns):
        seen = f"{schema.origin}: {key}: no index begins with {table}.{column}"
        why = "each batch of due carts reads the whole table"
        mend = f"CREATE INDEX {column} ON {table} ({column})"
        if table in locked:
            why += ", which is not InnoDB's and large, so the shop's own writes would wait meanwhile"
            yield failed(seen, why, f"{mend} (ALLOW_SLOW_TABLES=true takes it as it is)")
        else:
            yield warning(seen, why, mend)
    for said in advice(schema, columns):
        yield warning(f"{schema.origin}: {said.key}: {said.what}", said.follows, said.mend)
