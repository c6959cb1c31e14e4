"""Reads the rows of carts with their products, and tells which of them count.

*Counted rows* are defined here once: a cart row counts when it was created after the customer's newest order, or that
of its cart (same second = bought), its quantity is above 0 and its product exists.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from binlog_watcher.core.cart import Line
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import Found, FoundCarts
from binlog_watcher.store.shop_tables.values import (
    as_currency,
    as_decimal,
    as_money,
    as_text,
    as_version,
    newest,
    second,
)


class Counted(NamedTuple):
    """The counted rows of a cart; ``created_us``: creation of the newest one. None where there is none."""

    lines: tuple[Line, ...]
    created_us: int | None
    version: int | None
    currency: str | None


def read_row_prints(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The fingerprint of each cart's rows, and the last of their update columns."""
    keys = tuple(one.key for one in found.values())
    for key, mark, *updates in session.rows(tables.queries.row_fingerprints, tables.parameters(keys=keys)):
        one = found.get(tables.fold(key))
        if one is not None:
            one.prints["rows"] = str(mark)
            updated_us = newest(zip(tables.row_updates, updates, strict=True))
            one.activity_us = max(one.activity_us or 0, updated_us or 0) or None


def read_rows(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """The rows of the carts, as they are."""
    keys = tuple(one.key for one in found.values())
    for row in session.records(tables.queries.lines, tables.parameters(keys=keys)):
        one = found.get(tables.fold(row["cart"]))
        if one is not None:
            one.rows.append(row)


def counted(tables: ShopTables, found: Found) -> Counted:
    """Which rows of a cart count. ValueError: one of them can't be read."""
    lines: list[Line] = []
    newest_us: int | None = None
    version: int | None = None
    currency = found.currency
    for row in found.rows if found.exists else ():
        created_us = tables.cart_time.to_us(row.get("created"))
        created_us = found.created_us if created_us is None else created_us
        if created_us is None or (
            found.order_us is not None and second(created_us) <= second(found.order_us)
        ):
            continue
        line = _line(row)
        if line is None:
            continue
        currency = as_currency(row.get("currency")) or currency
        lines.append(line)
        newest_us = created_us if newest_us is None else max(newest_us, created_us)
        own = as_version(row.get("version"))
        version = version if own is None else max(version or own, own)
    if tables.schema.version is not None and not tables.schema.version[0] and lines:
        version = found.version
    # Without a version of its own the creation of the newest row is one; so, too, where it is NULL.
    return Counted(tuple(lines), newest_us, newest_us if version is None else version, currency)


def _line(row: dict[str, Any]) -> Line | None:
    """A line; None when nothing of the product is in the cart. ValueError: it can't be read."""
    product_id = row["product"]
    amount = as_decimal(row["quantity"])
    if amount is None or amount <= 0:
        return None
    price = as_money(row["price"], product_id)
    if amount != int(amount):  # sold by weight or length: half a metre is one piece at half the price
        amount, price = Decimal(1), price * amount
    return Line(
        product_id=product_id,
        name=as_text(row["name"]) or f"#{product_id}",
        category=as_text(row.get("category")),
        price=price,
        quantity=int(amount),
        image=as_text(row.get("image")) or None,
    )
