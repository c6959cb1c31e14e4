"""Whether a preset's keys are of types that agree with each other and fit into the log. Pure."""

from collections.abc import Iterator

from binlog_watcher.doctor.finding import Finding, warning
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.own_tables.log_upgrade import KEY_LENGTH
from binlog_watcher.store.shop_tables.columns import MOMENT_TYPES, ShopColumn, ShopColumns


def kind_problems(schema: Schema, columns: ShopColumns) -> Iterator[tuple[str, str]]:
    """(the preset's key, what is wrong): keys of one cart come from several tables, and in two forms they differ."""
    key = columns.get(*schema.key_column)
    customer = columns.get(schema.cart.table, schema.cart.customer) if schema.cart.customer else None
    product = columns.get(schema.products.table, schema.products.id)
    same = {"lines.cart", "orders.cart", *(f"cart.watch.{table}" for table in schema.cart.watch)}
    if schema.header is None:
        same.add("orders.customer")
    products = {f"products.watch.{table}" for table in schema.products.watch}
    for place, table, name in schema.places():
        column = columns.get(table, name)
        what = f"{table}.{name} is {column.data_type}"
        if place in same and column.kind != key.kind:
            yield place, f"{what}, the cart key is {key.data_type}"
        elif place in {"orders.customer", "customers.id"} and customer and _never_same(column, customer):
            yield place, f"{what}, cart.customer is {customer.data_type}"
        elif place in products and _never_same(column, product):
            yield place, f"{what}, products.id is {product.data_type}"
        elif place == "cart.version" and not column.is_number and column.data_type not in MOMENT_TYPES[None]:
            yield place, f"{what}: give a whole number or a moment"


def _never_same(one: ShopColumn, other: ShopColumn) -> bool:
    """Whether keys of two columns are told in forms that never agree; a number may be written as text."""
    return one.kind != other.kind and not {one.kind, other.kind} <= {"a number", "text"}


def length_warning(schema: Schema, columns: ShopColumns) -> Finding | None:
    """Whether carts may have keys that the log does not hold."""
    key = columns.get(*schema.key_column)
    length, of_what = key.length or 0, "characters"
    if key.kind == "bytes":
        length, of_what = 2 * length, "characters of hex"
    if length <= KEY_LENGTH:
        return None
    return warning(
        f"{schema.origin}: the cart key may have {length} {of_what}",
        f"carts with more than {KEY_LENGTH} are not mailed",
    )
