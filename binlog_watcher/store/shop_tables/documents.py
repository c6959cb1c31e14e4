"""Reads carts that are documents: decodes them, and finds the products and variants that their lines name."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from binlog_watcher.core.cart import Customer
from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.documents.cart import DocumentCart, DocumentLine
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.catalogue_queries import products
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import Found, FoundCarts
from binlog_watcher.store.shop_tables.values import as_currency, as_stock, as_yes

log = structlog.get_logger(__name__)

_NOBODY = Customer(None, None, None, None, None)


def read_documents(
    session: Session, tables: ShopTables, found: FoundCarts, filled_us: Mapping[CartKey, int]
) -> None:
    """What the documents of carts say; of those that can't be read why.

    ``filled_us``: when something was last put into each, as far as that is noted. The rows of a cart count from then
    on, whatever the shop says of the document's own age.
    """
    carts: list[tuple[Found, DocumentCart]] = []
    for one in found.values():
        noted_us = filled_us.get(one.key)
        if noted_us is not None:
            one.created_us = one.earliest_us = one.version = noted_us
        try:
            cart = cart_of(tables, one.document)
        except DocumentError as error:
            one.unreadable = error.reason
            log.warning("cart.unreadable", cart=one.key, error=str(error))
            continue
        if cart is not None:
            carts.append((one, cart))
    asked = {number for _, cart in carts for line in cart.lines for number in (line.product, line.variant)}
    known = _products(session, tables, asked - {None})
    column = tables.schema.document
    # A SELECT reads the variants that it knows; plain columns may be of products alone.
    all_known = tables.schema.products.select is not None or bool(column and column.select)
    for one, cart in carts:
        _tell(one, cart)
        one.rows = [
            _row(
                one.key,
                line,
                known.get(str(line.product), {}),
                known.get(str(line.variant), {}),
                is_there=line.variant is None or str(line.variant) in known or not all_known,
            )
            for line in cart.lines
        ]


def cart_of(tables: ShopTables, document: bytes | None) -> DocumentCart | None:
    """The cart in a document; None: there is none. Raises DocumentError."""
    column = tables.schema.document
    if not document or column is None:
        return None
    cart = column.plan.read(document, time.thread_time_ns)
    if cart.lines and cart.currency and as_currency(cart.currency) is None:
        raise DocumentError("currency", 0, "currency")
    return cart


def _tell(one: Found, cart: DocumentCart) -> None:
    """Whom and what besides its lines the cart is about."""
    contact = one.contact or _NOBODY
    one.contact = replace(contact, name=cart.name or contact.name, email=cart.email or contact.email)
    one.currency = as_currency(cart.currency) or one.currency
    one.order_id = cart.order


def _products(
    session: Session, tables: ShopTables, ids: Iterable[int | str | None]
) -> dict[str, dict[str, Any]]:
    """Products and variants by their id, as the documents have it."""
    document, queries = tables.schema.document, tables.queries
    column = tables.columns.get(tables.schema.products.table, tables.schema.products.id)
    folded = {str(one): column.fold(one) for one in ids if column.key(str(one)) is not None}
    if not folded or document is None:
        return {}
    keys = column.asked(key for one in folded if (key := column.key(one)) is not None)
    statement = queries.select(document.select) if document.select else products(queries, "keys")
    rows = session.records(statement, tables.parameters(keys=keys, page=len(keys)))
    found = {column.fold(row["id"]): row for row in rows}
    return {one: found[fold] for one, fold in folded.items() if fold in found}


def _row(
    key: CartKey,
    line: DocumentLine,
    product: Mapping[str, Any],
    variant: Mapping[str, Any],
    *,
    is_there: bool,
) -> dict[str, Any]:
    """A line as the other shapes have it. A variant is known by its own name and picture, else by its product's.

    ``is_there``: False where the variant is gone, and can't be bought.
    """

    def told(field: str) -> Any:
        return next((row[field] for row in (variant, product) if row.get(field) not in {None, ""}), None)

    return {
        "cart": key,
        "names": line.product,
        "product": line.product if product or variant else None,
        "variant": line.variant,
        "name": line.name or told("name"),
        "category": told("category"),
        "price": told("price") if line.price is None else line.price,
        "of_product": line.price is None,
        "quantity": line.quantity,
        "image": told("image"),
        "url": told("url"),
        "available": is_there and all(_can_be_bought(row) for row in (product, variant)),
    }


def _can_be_bought(row: Mapping[str, Any]) -> bool:
    stock = as_stock(row.get("stock"))
    available = row.get("available")
    return (stock is None or stock > 0) and (available is None or as_yes(available))
