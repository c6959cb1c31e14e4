"""Reads of the shop's tables: due carts, open carts (hydrate), what fell due (reconcile), the catalogue.

*Counted rows* (design §2) are defined here once: a cart row counts when it was created after the customer's newest
order (same second = bought), its quantity is above 0 and its product exists. A NULL or 0 user id is a guest.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import structlog

from binlog_watcher.decision import Cart, Customer, Line, LoggedEpisode, Recipient
from binlog_watcher.events import CartKey
from binlog_watcher.schema import Schema
from binlog_watcher.store.database import Database, Session, quote
from binlog_watcher.store.times import TimeColumn, column, shop_zone

log = structlog.get_logger(__name__)

FUTURE_US = 3_600_000_000
"""How far the creation of a row may lie ahead of MySQL's clock."""

HIGHEST_PRICE = Decimal(10) ** 12
"""What the log's cart_total can hold; also keeps arithmetic exact where the shop has prices as DOUBLE."""

PAGE = 5_000
"""Carts a page in hydrate and reconcile: bounds the memory and the time of one statement."""


@dataclass(frozen=True, slots=True)
class OpenCart:
    """A cart with counted rows; ``created_us`` is the creation of the newest one."""

    key: CartKey
    created_us: int


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


@dataclass(frozen=True, slots=True)
class Loaded:
    """Carts by key, and for rows that can't be read a reason by key."""

    carts: dict[CartKey, Cart]
    unreadable: dict[CartKey, str]


class Shop:
    """All reads of the shop's own tables. One instance reads the column types once."""

    def __init__(self, database: Database, schema: Schema, *, timezone: str | None = None) -> None:
        self._database = database
        cart, orders = schema.cart, schema.orders
        with database.session() as session:
            zone = shop_zone(session, timezone)
            self.cart_time: TimeColumn = column(session, cart.table, cart.created_at, zone)
            self.order_time: TimeColumn = column(session, orders.table, orders.created_at, zone)
            self.created_at_indexed = (
                session.row(
                    "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() "
                    "AND TABLE_NAME = %s AND COLUMN_NAME = %s AND SEQ_IN_INDEX = 1",
                    (cart.table, cart.created_at),
                )
                is not None
            )
        self._names = names_of(schema)
        self.cart_fingerprint, self.order_fingerprint = _fingerprints(self._names)

    # --- a batch of due carts -------------------------------------------------------------------------------

    def load(
        self,
        keys: Sequence[CartKey],
        *,
        hash_address: Callable[[str | None], bytes | None],
        logged: Callable[[Session, Sequence[CartKey]], dict[CartKey, LoggedEpisode]],
        recipients: Callable[[Session, Sequence[bytes]], dict[bytes, Recipient]],
    ) -> Loaded:
        """Read carts with all that ``decide`` wants to know: a constant number of statements for any batch.

        Fingerprints are read first: whatever changes after them is seen by the fence.
        """
        carts: dict[CartKey, Cart] = {}
        unreadable: dict[CartKey, str] = {}
        with self._database.session() as session:
            orders, fingerprints = self._orders_and_fingerprints(session, keys)
            rows = self._cart_rows(session, keys)
            customers = self._customers(session, keys, hash_address)
            episodes = logged(session, keys)
            hashes = [c.address_hash for c in customers.values() if c.address_hash is not None]
            known = recipients(session, hashes) if hashes else {}
        for key in keys:
            customer = customers.get(key)
            try:
                lines, version = self._counted(rows.get(key, []), orders.get(key))
            except ValueError as error:
                unreadable[key] = str(error)
                continue
            address_hash = customer.address_hash if customer else None
            carts[key] = Cart(
                key=key,
                customer=customer,
                lines=lines,
                version=version,
                newest_order_us=orders.get(key),
                logged=episodes.get(key),
                recipient=known.get(address_hash, Recipient()) if address_hash else Recipient(),
                fingerprint=fingerprints.get(key, ""),
            )
        return Loaded(carts, unreadable)

    def _orders_and_fingerprints(
        self, session: Session, keys: Sequence[CartKey]
    ) -> tuple[dict[CartKey, int], dict[CartKey, str]]:
        n = self._names
        orders: dict[CartKey, int] = {}
        order_prints: dict[CartKey, str] = {}
        for key, newest, fingerprint in session.rows(
            f"SELECT o.{n['o_user']}, MAX(o.{n['o_created']}), {self.order_fingerprint} "
            f"FROM {n['orders']} o WHERE o.{n['o_user']} IN %s GROUP BY o.{n['o_user']}",
            (tuple(keys),),
        ):
            newest_us = self.order_time.to_us(newest)
            if newest_us is not None:
                orders[key] = newest_us
            order_prints[key] = str(fingerprint)
        fingerprints = {
            key: f"{cart_print}/{order_prints.get(key, EMPTY_FINGERPRINT)}"
            for key, cart_print in session.rows(
                f"SELECT c.{n['c_user']}, {self.cart_fingerprint} "
                f"FROM {n['cart']} c WHERE c.{n['c_user']} IN %s GROUP BY c.{n['c_user']}",
                (tuple(keys),),
            )
        }
        return orders, fingerprints

    def _cart_rows(self, session: Session, keys: Sequence[CartKey]) -> dict[CartKey, list[tuple[Any, ...]]]:
        n = self._names
        rows: dict[CartKey, list[tuple[Any, ...]]] = defaultdict(list)
        for key, *row in session.rows(
            f"SELECT c.{n['c_user']}, c.{n['c_created']}, c.{n['c_quantity']}, "
            f"p.{n['p_id']}, p.{n['p_name']}, p.{n['p_category']}, p.{n['p_price']}, p.{n['p_image']} "
            f"FROM {n['cart']} c JOIN {n['products']} p ON p.{n['p_id']} = c.{n['c_product']} "
            f"WHERE c.{n['c_user']} IN %s AND c.{n['c_quantity']} > 0 "
            f"ORDER BY c.{n['c_created']}, c.{n['c_id']}",
            (tuple(keys),),
        ):
            rows[key].append(tuple(row))
        return rows

    def _counted(
        self, rows: list[tuple[Any, ...]], order_us: int | None
    ) -> tuple[tuple[Line, ...], int | None]:
        """The counted rows as lines, and the creation of the newest. ValueError: a row can't be read."""
        lines: list[Line] = []
        newest: int | None = None
        for created, quantity, product_id, name, category, price, image in rows:
            created_us = self.cart_time.to_us(created)
            if created_us is None or (order_us is not None and _second(created_us) <= _second(order_us)):
                continue
            lines.append(
                Line(
                    product_id=product_id,
                    name=_text(name) or f"#{product_id}",
                    category=_text(category),
                    price=_money(price, product_id),
                    quantity=int(quantity),
                    image=_text(image) or None,
                )
            )
            newest = created_us if newest is None else max(newest, created_us)
        return tuple(lines), newest

    def _customers(
        self, session: Session, keys: Sequence[CartKey], hash_address: Callable[[str | None], bytes | None]
    ) -> dict[CartKey, Customer]:
        n = self._names
        return {
            user_id: Customer(
                id=user_id,
                name=_text(name) or None,
                email=_text(email) or None,
                role=_text(role) or None,
                address_hash=hash_address(_text(email) or None),
            )
            for user_id, name, email, role in session.rows(
                f"SELECT {n['u_id']}, {n['u_name']}, {n['u_email']}, {n['u_role']} "
                f"FROM {n['users']} WHERE {n['u_id']} IN %s",
                (tuple(keys),),
            )
        }

    # --- all open carts (hydrate) ---------------------------------------------------------------------------

    def open_carts(self, since_us: int) -> Iterator[list[OpenCart]]:
        """Pages of the carts whose newest counted row was created since ``since_us``, in key order."""
        n = self._names
        last: CartKey | None = None
        while True:
            beyond = f"AND c.{n['c_user']} > %s" if last is not None else ""
            parameters = [self.cart_time.from_us(since_us), *([last] if last is not None else []), PAGE]
            with self._database.session() as session:
                rows = session.rows(
                    f"SELECT c.{n['c_user']}, MAX(c.{n['c_created']}) FROM {n['cart']} c "
                    f"JOIN {n['products']} p ON p.{n['p_id']} = c.{n['c_product']} "
                    f"WHERE c.{n['c_quantity']} > 0 AND c.{n['c_created']} >= %s "
                    f"AND c.{n['c_user']} IS NOT NULL AND c.{n['c_user']} <> 0 {beyond} "
                    f"GROUP BY c.{n['c_user']} ORDER BY c.{n['c_user']} LIMIT %s",
                    parameters,
                )
                page = self._not_bought(session, rows)
            if page:
                yield page
            if len(rows) < PAGE:
                return
            last = rows[-1][0]

    def _not_bought(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> list[OpenCart]:
        """(key, newest created_at) rows without those whose newest order is not older."""
        if not rows:
            return []
        n = self._names
        bought = {
            key: self.order_time.to_us(newest)
            for key, newest in session.rows(
                f"SELECT o.{n['o_user']}, MAX(o.{n['o_created']}) FROM {n['orders']} o "
                f"WHERE o.{n['o_user']} IN %s GROUP BY o.{n['o_user']}",
                (tuple(row[0] for row in rows),),
            )
        }
        page = []
        for key, created in rows:
            created_us = self.cart_time.to_us(created)
            order_us = bought.get(key)
            if created_us is not None and (order_us is None or _second(created_us) > _second(order_us)):
                page.append(OpenCart(key, created_us))
        return page

    # --- what fell due since the last pass (reconcile) ------------------------------------------------------

    def created_between(self, after_us: int, until_us: int) -> Iterator[list[CartKey]]:
        """Keys with a row created in ``(after, until]``, by the index on created_at, in keyset pages."""
        n = self._names
        last: tuple[Any, Any] | None = None
        while True:
            # Keyset on (created_at, id): a page never skips or repeats a row, however many share a second.
            beyond = f"AND (c.{n['c_created']}, c.{n['c_id']}) > (%s, %s)" if last else ""
            parameters = [
                last[0] if last else self.cart_time.from_us(after_us),
                self.cart_time.from_us(until_us),
                *(last or ()),
                PAGE,
            ]
            with self._database.session() as session:
                rows = session.rows(
                    f"SELECT c.{n['c_user']}, c.{n['c_created']}, c.{n['c_id']} FROM {n['cart']} c "
                    f"WHERE c.{n['c_created']} >= %s AND c.{n['c_created']} <= %s "
                    f"AND c.{n['c_user']} IS NOT NULL AND c.{n['c_user']} <> 0 {beyond} "
                    f"ORDER BY c.{n['c_created']}, c.{n['c_id']} LIMIT %s",
                    parameters,
                )
            yield list(dict.fromkeys(row[0] for row in rows))
            if len(rows) < PAGE:
                return
            last = (rows[-1][1], rows[-1][2])

    def id_watermark(self, created_us: int) -> Any:
        """The highest id of a row created up to ``created_us``; ids grow with time. 0 when there is none."""
        n = self._names
        with self._database.session() as session:
            row = session.row(
                f"SELECT c.{n['c_id']} FROM {n['cart']} c WHERE c.{n['c_created']} <= %s "
                f"ORDER BY c.{n['c_id']} DESC LIMIT 1",
                (self.cart_time.from_us(created_us),),
            )
        return row[0] if row else 0

    def rows_after_id(self, after_id: Any, until_us: int, now_us: int) -> Iterator[tuple[list[CartKey], Any]]:
        """Where created_at has no index: keys of due rows with an id above the watermark, and the new watermark.

        The watermark stops before the first row that is not due yet, so that one is read again next time; a row
        from the future (a clock gone wrong) does not hold it up, since it could for ever.
        """
        n = self._names
        until, future = self.cart_time.from_us(until_us), self.cart_time.from_us(now_us + FUTURE_US)
        watermark, blocked = after_id, False
        while True:
            with self._database.session() as session:
                rows = session.rows(
                    f"SELECT c.{n['c_user']}, c.{n['c_created']}, c.{n['c_id']} FROM {n['cart']} c "
                    f"WHERE c.{n['c_id']} > %s ORDER BY c.{n['c_id']} LIMIT %s",
                    (after_id, PAGE),
                )
            keys: dict[CartKey, None] = {}
            for key, created, row_id in rows:
                due = not hasattr(created, "year") or created <= until
                if due and key:
                    keys[key] = None
                blocked = blocked or (not due and created <= future)
                watermark = watermark if blocked else row_id
                after_id = row_id
            yield list(keys), watermark
            if len(rows) < PAGE:
                return

    # --- the catalogue --------------------------------------------------------------------------------------

    def catalogue(self, ids: Sequence[int | str] | None = None) -> Iterator[list[CatalogueRow]]:
        """Pages of products: all of them, or those of ``ids`` that exist."""
        n = self._names
        columns = ", ".join(n[name] for name in ("p_id", "p_name", "p_description", "p_price", "p_category",
                                                 "p_image", "p_stock"))  # fmt: skip
        last: Any = None
        while True:
            where, parameters = "", []
            if ids is not None:
                where, parameters = f"WHERE {n['p_id']} IN %s", [tuple(ids)]
            elif last is not None:
                where, parameters = f"WHERE {n['p_id']} > %s", [last]
            with self._database.session() as session:
                rows = session.rows(
                    f"SELECT {columns} FROM {n['products']} {where} ORDER BY {n['p_id']} LIMIT %s",
                    [*parameters, PAGE],
                )
            yield [_product(row) for row in rows]
            if len(rows) < PAGE or ids is not None:
                return
            last = rows[-1][0]


EMPTY_FINGERPRINT = "0"
"""What a fingerprint is when no row is there."""


def _fingerprints(n: dict[str, str]) -> tuple[str, str]:
    """SQL expressions that change whenever a key's cart rows or orders do; the same in load and fence."""
    cart = (
        f"IF(COUNT(*) = 0, '{EMPTY_FINGERPRINT}', CONCAT_WS(':', COUNT(*), COALESCE(SUM(c.{n['c_quantity']}), 0), "
        f"COALESCE(SUM(CRC32(CONCAT_WS(',', c.{n['c_id']}, c.{n['c_product']}, c.{n['c_quantity']}, "
        f"c.{n['c_created']}))), 0)))"
    )
    orders = (
        f"IF(COUNT(*) = 0, '{EMPTY_FINGERPRINT}', "
        f"CONCAT_WS(':', COUNT(*), COALESCE(SUM(CRC32(CONCAT_WS(',', o.{n['o_id']}, o.{n['o_created']}))), 0)))"
    )
    return cart, orders


def names_of(schema: Schema) -> dict[str, str]:
    """Quoted names by short alias: the only place where the Schema meets SQL."""
    cart, users, products, orders = schema.cart, schema.users, schema.products, schema.orders
    plain = {
        "cart": cart.table, "c_id": cart.id, "c_user": cart.user_id, "c_product": cart.product_id,
        "c_quantity": cart.quantity, "c_created": cart.created_at,
        "users": users.table, "u_id": users.id, "u_name": users.name, "u_email": users.email, "u_role": users.role,
        "products": products.table, "p_id": products.id, "p_name": products.name,
        "p_description": products.description, "p_price": products.price, "p_category": products.category,
        "p_image": products.image, "p_stock": products.stock,
        "orders": orders.table, "o_id": orders.id, "o_user": orders.user_id, "o_created": orders.created_at,
    }  # fmt: skip
    return {alias: quote(name) for alias, name in plain.items()}


def _second(us: int) -> int:
    return us // 1_000_000


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return "" if value is None else str(value).strip()


def _money(value: Any, product_id: Any) -> Decimal:
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite() or not 0 <= money < HIGHEST_PRICE:
        raise ValueError(f"product {product_id} has no usable price ({value!r})")
    return money.quantize(Decimal("0.01")) if money == money.quantize(Decimal("0.01")) else money


def _product(row: tuple[Any, ...]) -> CatalogueRow:
    product_id, name, description, price, category, image, stock = row
    try:
        money = _money(price, product_id)
    except ValueError:
        money = Decimal(0)
    return CatalogueRow(
        id=product_id,
        name=_text(name),
        description=_text(description),
        price=money,
        category=_text(category),
        image=_text(image) or None,
        stock=None if stock is None else int(stock),
    )
