"""Reads whom carts belong to. A NULL or 0 customer is a guest, who may have left an address with the cart."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from binlog_watcher.core.cart import Customer
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.fingerprints import of_checksums
from binlog_watcher.store.shop_tables.found import Found, FoundCarts, customers_of
from binlog_watcher.store.shop_tables.queries import CUSTOMER
from binlog_watcher.store.shop_tables.values import as_currency, as_rate, as_store, as_text, as_yes

HashAddress = Callable[[str | None], bytes | None]
"""The hash of an address as the shop has it; None for what is no address."""


def read_customers(
    session: Session, tables: ShopTables, found: FoundCarts, hash_address: HashAddress
) -> dict[str, Customer]:
    """Folded cart key → customer; also what their rows say of the carts' currency, and their fingerprints."""
    by_cart = tables.schema.customers.select is not None
    asks_consent = tables.schema.customers.consent is not None
    gives_id = not by_cart
    wanted = {one.key for one in found.values()} if by_cart else customers_of(found.values())
    rows: dict[str, dict[str, Any]] = {}
    checksums: dict[str, list[int]] = defaultdict(list)
    if wanted:
        keys = tables.keys(wanted) if by_cart else tables.customers(wanted)
        records = session.records(tables.queries.customers, tables.parameters(keys=keys))
        asks_consent = asks_consent or (by_cart and "consent" in session.columns)
        gives_id = gives_id or "id" in session.columns
        fold, name = (tables.fold, "cart") if by_cart else (tables.fold_customer, "id")
        for row in records:
            rows[fold(row[name])] = row
            checksums[fold(row[name])].append(row["checksum"])
    customers: dict[str, Customer] = {}
    for key, one in found.items():
        whose = key if by_cart else tables.fold_customer(one.customer_id)
        row = rows.get(whose, {})
        one.prints[CUSTOMER] = of_checksums(checksums.get(whose, ()))
        one.currency = as_currency(row.get("currency")) or one.currency
        one.rate = as_rate(row.get("rate")) or one.rate
        one.store = as_store(row.get("store")) or one.store
        # What a cart remembers of somebody whose own row is gone is no reason to write: they may have been erased.
        if row or (one.contact is not None and one.customer_id is None):
            # Who is asked for consent and has no row that tells has given none.
            consent = as_yes(row.get("consent")) if asks_consent else True
            there = bool(row) and (row["id"] is not None if gives_id else bool(as_text(row.get("email"))))
            customer = _customer(row, one, hash_address, consent=consent)
            customers[key] = replace(customer, row_missing=one.customer_id is not None and not there)
    return customers


def _customer(row: dict[str, Any], found: Found, hash_address: HashAddress, *, consent: bool) -> Customer:
    """The customer's own row, and what the header says where that is silent."""
    contact = found.contact or Customer(None, None, None, None, None)
    email = as_text(row.get("email")) or contact.email
    return replace(
        contact,
        id=found.customer_id,
        name=as_text(row.get("name")) or contact.name,
        email=email,
        role=as_text(row.get("role")) or None,
        language=as_text(row.get("language")) or contact.language,
        address_hash=hash_address(email),
        consent=consent,
    )
