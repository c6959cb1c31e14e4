"""The statements that read the rows of carts, of shapes that have such. Pure."""

from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.queries import Queries


def lines(queries: Queries) -> str:
    """The rows of carts with their products, as far as these are there.

    cart, product, name, category, price, quantity, image, created, version, and the product that the row names;
    ``of_product``: whether the price is the product's, in the shop's currency, and not the row's own.
    """
    if queries.schema.rows_select is not None:
        return queries.select(queries.schema.rows_select)
    rows, products = queries.schema.rows, queries.schema.products
    price = named("l", rows.price) if rows.price else named("p", products.price or "")
    fields = {
        "product": named("p", products.id),
        "name": named("p", products.name or ""),
        "category": named("p", products.category) if products.category else "NULL",
        "price": price,
        "of_product": "0" if rows.price else "1",
        "image": named("p", products.image) if products.image else "NULL",
        "url": named("p", products.url) if products.url else "NULL",
        "available": _available(queries),
    }
    same = f"{named('p', products.id)} = {named('l', rows.product or '')}{queries.conditions.meant('p')}"
    return _rows_of_carts(queries, fields, f"LEFT JOIN {quote(products.table)} p ON {same}")


def _available(queries: Queries) -> str:
    """Whether a product can be bought: it is in stock, or its pieces are not counted, and for sale."""
    stock = queries.schema.products.stock
    in_stock = f"({named('p', stock)} IS NULL OR {named('p', stock)} > 0)" if stock else "TRUE"
    return f"({in_stock} AND {queries.conditions.holds('p', 'products.available')})"


def bare_lines(queries: Queries) -> str:
    """The rows of carts without their products, in the same form."""
    return _rows_of_carts(queries, {"product": "NULL"})


def _rows_of_carts(queries: Queries, fields: dict[str, str], join: str = "") -> str:
    rows, version = queries.schema.rows, queries.schema.version
    fields = {
        "cart": queries.row_key,
        "names": named("l", rows.product or ""),
        "quantity": named("l", rows.quantity or ""),
        "created": named("l", rows.created) if rows.created else "NULL",
        "version": named("l", version[1]) if version and version[0] else "NULL",
        "store": "NULL" if queries.schema.header else queries.store("l"),
        **fields,
    }
    order = ", ".join(named("l", name) for name in (rows.created, rows.id) if name) or queries.row_key
    return (
        f"SELECT {', '.join(f'{sql} AS {quote(alias)}' for alias, sql in fields.items())} "
        f"FROM {queries.rows_table} {join} WHERE {queries.row_key} IN %(keys)s "
        f"AND {named('l', rows.quantity or '')} > 0{queries.conditions.meant('l')} ORDER BY {order}"
    )
