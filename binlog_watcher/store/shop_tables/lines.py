"""Reads the rows of carts with their products, and tells which of them count.

*Counted rows* are defined here once: a cart row counts when it was created after the newest order of the customer,
the cart or the address (same second = bought), its quantity is above 0 and its product exists. Where a moment may mean
two, the row has the earlier one and the order the later. A row that only lacks its product tells of an episode all the
same, for the shop may be importing: the version goes by it, the lines don't.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from binlog_watcher.core.cart import Line
from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables import line_queries
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import Found, FoundCarts
from binlog_watcher.store.shop_tables.values import (
    as_currency,
    as_decimal,
    as_money,
    as_store,
    as_text,
    as_version,
    as_yes,
    newest,
    second,
)

_NO_PRODUCT = frozenset({None, 0, "", "0"})
"""What a row names that is about no product."""

_MOST_PIECES = Decimal(10) ** 30
"""More than any column of whole numbers holds; money times more of them can't be rounded to a cent."""


class Counted(NamedTuple):
    """The counted rows of a cart; ``created_us``: creation of the newest one. None where there is none.

    ``missing``: products of rows that only lack them. ``store``: of the newest row that names one, else the header's.
    """

    lines: tuple[Line, ...]
    created_us: int | None
    version: int | None
    currency: str | None
    missing: frozenset[int | str] = frozenset()
    store: str | None = None


def read_row_prints(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The fingerprint of each cart's rows, and the last of their update columns."""
    keys = tables.keys(one.key for one in found.values())
    for key, mark, *updates in session.rows(tables.queries.row_fingerprints, tables.parameters(keys=keys)):
        one = found.get(tables.fold(key))
        if one is not None:
            one.spellings.add(as_key(key))
            one.prints["rows"] = str(mark)
            updated_us = newest(zip(tables.row_updates, updates, strict=True))
            one.activity_us = max(one.activity_us or 0, updated_us or 0) or None


def read_rows(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The rows of the carts, as they are."""
    _read(session, tables, line_queries.lines(tables.queries), found)
    if tables.schema.rows_select is not None:
        # A SELECT joins the products: where it finds nothing in a cart that has rows, these are read alone.
        bare = {key: one for key, one in found.items() if not one.rows and "rows" in one.prints}
        if bare:
            _read(session, tables, line_queries.bare_lines(tables.queries), bare)


def _read(session: Session, tables: ShopTables, statement: str, found: FoundCarts) -> None:
    keys = tables.keys(one.key for one in found.values())
    for row in session.records(statement, tables.parameters(keys=keys)):
        one = found.get(tables.fold(row["cart"]))
        if one is not None:
            one.spellings.add(as_key(row["cart"]))
            one.rows.append(row)


def counted(
    tables: ShopTables,
    found: Found,
    bought: Mapping[int | str, int | None] | None = None,
    prices_in: str | None = None,
) -> Counted:
    """Which rows of a cart count. ValueError: one of them can't be read, or they are in several currencies.

    ``bought``: what the customer ordered, and when last. ``prices_in``: the currency of the products' own prices.
    """
    ordered = {str(product): at_us for product, at_us in (bought or {}).items()}
    lines: list[Line] = []
    missing: set[int | str] = set()
    newest_us: int | None = None
    version: int | None = None
    currency, currencies = found.currency, set[str]()
    store, named_us = found.store, 0
    for row in found.rows if found.exists else ():
        earliest_us, created_us = _created(tables, row.get("created"), found)
        if created_us is None or (
            found.order_us is not None and second(earliest_us or created_us) <= second(found.order_us)
        ):
            continue
        lacks = _lacks(row)
        line = None if lacks is not None else _line(row, created_us, ordered, found, prices_in)
        if lacks is not None:
            missing.add(lacks)
        elif line is not None:
            lines.append(line)
            currency = as_currency(row.get("currency")) or found.currency
            currencies.add(currency or prices_in or "")
        else:
            continue
        where = as_store(row.get("store"))
        if where is not None and created_us >= named_us:
            store, named_us = where, created_us
        newest_us = created_us if newest_us is None else max(newest_us, created_us)
        own = as_version(row.get("version"))
        version = version if own is None else max(version or own, own)
    if tables.schema.version is not None and not tables.schema.version[0] and (lines or missing):
        version = found.version
    # Without a version of its own the creation of the newest row is one; so, too, where it is NULL.
    version = newest_us if version is None else version
    if len(currencies - {""}) > 1:
        raise ValueError(
            f"its rows are in {' and '.join(sorted(currencies - {''}))}, which can't be added up"
        )
    return Counted(tuple(lines), newest_us, version, currency, frozenset(missing), store)


def _created(tables: ShopTables, value: object, found: Found) -> tuple[int | None, int | None]:
    """When a row was created, at the earliest and at the latest; a row that does not say has its header's time."""
    created_us = tables.cart_time.to_us(value)
    if created_us is None:
        return found.earliest_us, found.created_us
    return tables.cart_time.earliest_us(value), created_us


def _lacks(row: dict[str, Any]) -> int | str | None:
    """The product that a row names and that is not in the shop."""
    named = row.get("names")
    if row["product"] is not None or named in _NO_PRODUCT:
        return None
    amount = as_decimal(row["quantity"])
    return as_key(named) if amount is not None and amount > 0 else None


def _line(
    row: dict[str, Any],
    created_us: int,
    ordered: Mapping[str, int | None],
    found: Found,
    prices_in: str | None,
) -> Line | None:
    """A line; None when nothing of the product is in the cart. ValueError: it can't be read."""
    product_id = as_key(row["product"])
    amount = as_decimal(row["quantity"])
    if product_id is None or amount is None or amount <= 0:
        return None
    if amount >= _MOST_PIECES:
        raise ValueError(f"product {product_id} has no usable quantity ({row['quantity']!r})")
    price = _price(row, product_id, found, prices_in)
    if amount != int(amount):  # sold by weight or length: half a metre is one piece at half the price
        amount, price = Decimal(1), price * amount
    ordered_us = ordered.get(str(product_id))
    available = row.get("available")
    return Line(
        product_id=product_id,
        name=as_text(row["name"]) or f"#{product_id}",
        category=as_text(row.get("category")),
        price=price,
        quantity=int(amount),
        image=as_text(row.get("image")) or None,
        url=as_text(row.get("url")) or None,
        available=available is None or as_yes(available),
        since_order_us=None if ordered_us is None else max(created_us - ordered_us, 0),
        variant_id=as_key(row.get("variant")),
    )


def _price(row: dict[str, Any], product_id: Any, found: Found, prices_in: str | None) -> Decimal:
    """Of one piece, in the cart's currency: a product's own is in the shop's. ValueError: nobody knows it."""
    price = as_money(row["price"], product_id, rebates=True)
    if not row.get("of_product") or prices_in is None or found.currency in {None, prices_in}:
        return price
    if found.rate is None:
        raise ValueError(
            f"product {product_id} costs {price} {prices_in}, and what that is in {found.currency} is not known: "
            "let the preset give the cart's rate"
        )
    return price * found.rate
