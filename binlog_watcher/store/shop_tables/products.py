"""Reads the catalogue, in keyset pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.database import Database
from binlog_watcher.store.shop_tables.catalogue_queries import product_ids, products
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.values import as_money, as_stock, as_text

PRODUCT_PAGE_SIZE = 5_000
"""Products a page: bounds the memory and the time of one statement."""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One product as the shop has it."""

    id: int | str
    name: str
    description: str
    price: Decimal
    category: str
    image: str | None
    stock: int | None
    url: str | None = None


def read_catalogue(
    database: Database, tables: ShopTables, ids: Sequence[int | str] | None = None
) -> Iterator[list[CatalogueRow]]:
    """Pages of products: all of them, or those of ``ids`` that exist."""
    queries = tables.queries
    by_select = tables.schema.products.select is not None
    last: Any = None
    id_column = tables.columns.get(tables.schema.products.table, tables.schema.products.id)
    while True:
        page = tables.parameters(last=last, page=PRODUCT_PAGE_SIZE)
        beyond = "" if last is None else "last"
        wanted: Sequence[int | str] | None = ids
        rows: list[dict[str, Any]] = []
        with database.session() as session:
            if by_select and ids is None:
                wanted = [as_key(row[0]) for row in session.rows(product_ids(queries, beyond), page)]
            if wanted is None:
                rows = session.records(products(queries, beyond), page)
            elif wanted:
                rows = session.records(products(queries, "keys"), {**page, "keys": id_column.asked(wanted)})
        yield [_product(row) for row in rows]
        read = len(rows) if wanted is None else len(wanted)
        if read < PRODUCT_PAGE_SIZE or ids is not None:
            return
        (last,) = id_column.asked([as_key(rows[-1]["id"]) if wanted is None else wanted[-1]])


def _product(row: dict[str, Any]) -> CatalogueRow:
    try:
        price = as_money(row["price"], row["id"])
    except ValueError:
        price = Decimal(0)
    return CatalogueRow(
        id=as_key(row["id"]),
        name=as_text(row["name"]),
        description=as_text(row.get("description")),
        price=price,
        category=as_text(row.get("category")),
        image=as_text(row.get("image")) or None,
        stock=as_stock(row.get("stock")),
        url=as_text(row.get("url")) or None,
    )
