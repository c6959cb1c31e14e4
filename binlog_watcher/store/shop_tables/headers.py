"""Reads the headers of carts; in the flat shape there are none, and the cart key is the customer."""

from collections.abc import Sequence
from typing import Any

from binlog_watcher.core.cart import Customer
from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import Found, FoundCarts
from binlog_watcher.store.shop_tables.values import (
    as_currency,
    as_rate,
    as_store,
    as_text,
    as_version,
    newest,
)


def read_headers(session: Session, tables: ShopTables, keys: Sequence[CartKey]) -> FoundCarts:
    """What is known of each key; of a flat cart that it is the customer."""
    if tables.queries.headers is None:
        return {tables.fold(key): Found(key, customer_id=key) for key in keys}
    found = {tables.fold(key): Found(key, exists=False) for key in keys}
    for row in session.records(tables.queries.headers, tables.parameters(keys=tables.keys(keys))):
        one = found.get(tables.fold(row["key"]))
        if one is None:
            continue
        one.spellings.add(as_key(row["key"]))
        one.exists, one.closed = True, not row["open"]
        one.customer_id = as_key(row["customer"]) if tables.is_somebody(row["customer"]) else None
        one.currency, one.rate = as_currency(row["currency"]), as_rate(row["rate"])
        if tables.header_created is not None:
            one.created_us = tables.header_created.to_us(row["created"])
            one.earliest_us = tables.header_created.earliest_us(row["created"])
        one.version = as_version(row["version"])
        one.activity_us = newest(
            (column, row[f"updated_{nth}"]) for nth, column in enumerate(tables.header_updates)
        )
        one.contact = _contact(row)
        one.document = row.get("document")
        one.store = as_store(row["store"])
        one.prints["header"] = str(row["fingerprint"])
    return found


def _contact(row: dict[str, Any]) -> Customer:
    """Whom the header itself says to write to."""
    return Customer(
        id=None,
        name=as_text(row["name"]) or None,
        email=as_text(row["email"]) or None,
        role=None,
        address_hash=None,
        language=as_text(row["language"]) or None,
    )
