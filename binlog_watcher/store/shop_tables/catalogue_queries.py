"""The statements that read the shop's catalogue. Pure; ``where``: "" for the first page, "last" for those beyond it."""

from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.queries import Queries

PRODUCT_FIELDS = ("name", "description", "price", "category", "image", "url", "stock")


def product_ids(queries: Queries, where: str) -> str:
    """A page of product ids, for a catalogue that is read by a SELECT."""
    products = queries.schema.products
    key = named("p", products.id)
    condition = f"WHERE {key} > %(last)s" if where else ""
    return f"SELECT {key} FROM {quote(products.table)} p {_meant(queries, condition)}ORDER BY {key} LIMIT %(page)s"


def products(queries: Queries, where: str) -> str:
    """Id, name, description, price, category, image, URL, stock of products; ``where`` "keys": of some."""
    table = queries.schema.products
    if table.select is not None:
        return queries.select(table.select)
    key = named("p", table.id)
    columns = ", ".join(
        f"{named('p', name) if (name := getattr(table, field)) else 'NULL'} AS {quote(field)}"
        for field in PRODUCT_FIELDS
    )
    condition = {"": "", "keys": f"WHERE {key} IN %(keys)s", "last": f"WHERE {key} > %(last)s"}[where]
    return (
        f"SELECT {key} AS id, {columns} FROM {quote(table.table)} p {_meant(queries, condition)}"
        f"ORDER BY {key} LIMIT %(page)s"
    )


def _meant(queries: Queries, condition: str) -> str:
    """The condition, if there is one, and the filter of the products."""
    meant = queries.conditions.meant("p")
    return f"{condition or ('WHERE TRUE' if meant else '')}{meant} ".lstrip(" ")
