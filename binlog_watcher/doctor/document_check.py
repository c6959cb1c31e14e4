"""Whether Cartwake can read the documents of a preset that has carts in a column. Pure."""

from collections.abc import Mapping

from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import TEXTS

DOCUMENT_TYPES = (TEXTS - {"enum"}) | {
    "tinyblob", "blob", "mediumblob", "longblob", "binary", "varbinary",
}  # fmt: skip


def wrong_type(schema: Schema, tables: Mapping[str, Mapping[str, str]]) -> str | None:
    """Why the column can't be read from the binlog; None: it can. ``tables``: table → column → type, in lower case."""
    cart, document = schema.cart, schema.document
    kind = tables.get(cart.table, {}).get(document.column.casefold()) if document else None
    if document is None or kind is None or kind in DOCUMENT_TYPES:
        return None
    return f"{cart.table}.{document.column} is {kind}: Cartwake reads documents that are text or a BLOB"


def image_too_small(schema: Schema, row_image: str, primary_key: list[str]) -> str | None:
    """Why changed rows would not tell their cart, None where they do. ``primary_key``: its columns, in lower case."""
    key = (schema.cart.id or "").casefold()
    if schema.document is None or row_image != "MINIMAL" or key in primary_key:
        return None
    return f"{schema.cart.table}.{key} is not in the primary key, so changed carts do not tell which they are"
