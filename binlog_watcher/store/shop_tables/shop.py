"""Reads of the shop's tables for carts that are due, with all that ``decide`` wants to know, and of the catalogue.

*Counted rows* (design §2) are defined here once: a cart row counts when it was created after the customer's newest
order, or that of its cart (same second = bought), its quantity is above 0 and its product exists. A NULL or 0
customer is a guest.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from binlog_watcher.core.cart import Cart, Customer, Line, LoggedEpisode, Recipient
from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import EMPTY_FINGERPRINT, Queries
from binlog_watcher.store.times import TimeColumn, shop_zone, to_us

HIGHEST_PRICE = Decimal(10) ** 12
"""What the log's cart_total can hold; also keeps arithmetic exact where the shop has prices as DOUBLE."""

FOREVER_US = 2**62
"""When an order counts that has no readable time: nothing of that cart is mailed any more."""

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


@dataclass(frozen=True, slots=True)
class Loaded:
    """Carts by key, and for rows that can't be read a reason by key."""

    carts: dict[CartKey, Cart]
    unreadable: dict[CartKey, str]


@dataclass(slots=True)
class _Found:
    """What the statements say of one key. ``prints``: parts of the fingerprint, see ``Queries.fence``.

    ``created_us`` and ``version``: of the header. ``contact``: whom the header itself says to write to.
    """

    key: CartKey
    customer_id: int | str | None = None
    exists: bool = True
    closed: bool = False
    currency: str | None = None
    rate: Decimal | None = None
    created_us: int | None = None
    version: int | None = None
    activity_us: int | None = None
    order_us: int | None = None
    contact: Customer | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    prints: dict[str, str] = field(default_factory=dict)


class Shop:
    """The shop's own tables. One instance reads the columns' types once.

    ``queries`` has its statements, ``columns`` the types. Raises ConfigError for what is missing.
    """

    def __init__(self, database: Database, schema: Schema, *, timezone: str | None = None) -> None:
        self.schema = schema
        self.database = database
        rows, orders = schema.rows, schema.orders
        with database.session() as session:
            zone = shop_zone(session, timezone or schema.timezone)
            self.columns = ShopColumns(session, schema, zone)
        self.queries = Queries(schema, self.columns)
        table, created = (
            (rows.table, rows.created) if rows.created else (schema.cart.table, schema.cart.created)
        )
        self.cart_time = self.columns.time(table, created or "")
        self.order_time = self.columns.time(orders.table, orders.bought_at)
        self._row_updates = [self.columns.time(rows.table, name) for name in rows.updated]
        header = schema.header
        self._header_updates = (
            [] if header is None else [self.columns.time(header.table, n) for n in header.updated]
        )
        self._header_created = (
            self.columns.time(header.table, header.created) if header and header.created else None
        )
        self._parts = [part for part, _ in self.queries.fence("log", "NULL")]

    @property
    def update_columns(self) -> list[TimeColumn]:
        """How the update columns are read: those of the rows, then those of the header."""
        return [*self._row_updates, *self._header_updates]

    def key(self, text: str) -> CartKey | None:
        """A cart key from its text in our log; None for a row that was there before Cartwake."""
        return self.queries.key.key(text)

    def parameters(self, **values: Any) -> dict[str, Any]:
        """Named parameters of a statement."""
        return {**self.queries.constants, **values}

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
        with self.database.session() as session:
            found = self._headers(session, keys)
            self._read_orders(session, found)
            self._read_row_prints(session, found)
            self._read_rows(session, found)
            customers = self._customers(session, found, hash_address)
            bought = self._bought(session, found)
            episodes = logged(session, keys)
            hashes = [c.address_hash for c in customers.values() if c.address_hash is not None]
            known = recipients(session, hashes) if hashes else {}
        for key in keys:
            of_key, customer = found[self.fold(key)], customers.get(self.fold(key))
            try:
                lines, created_us, version = self._counted(of_key)
            except ValueError as error:
                unreadable[key] = str(error)
                continue
            address_hash = customer.address_hash if customer else None
            carts[key] = Cart(
                key=key,
                customer=customer,
                lines=lines,
                version=version,
                newest_order_us=of_key.order_us,
                logged=episodes.get(key),
                recipient=known.get(address_hash, Recipient()) if address_hash else Recipient(),
                fingerprint="/".join(of_key.prints.get(part, EMPTY_FINGERPRINT) for part in self._parts),
                customer_id=of_key.customer_id,
                created_us=created_us,
                activity_us=of_key.activity_us,
                closed=of_key.closed,
                currency=of_key.currency or self.schema.currency,
                rate=of_key.rate,
                bought=frozenset(bought.get(self.fold_customer(of_key.customer_id), ())),
            )
        return Loaded(carts, unreadable)

    def fold(self, key: object) -> str:
        """One form for a cart key, as whichever of the shop's tables has it."""
        return self.queries.key.fold(key)

    def fold_customer(self, customer: object) -> str:
        """One form for a customer's id, likewise."""
        column = self.queries.customer
        return str(customer) if column is None else column.fold(customer)

    def _headers(self, session: Session, keys: Sequence[CartKey]) -> dict[str, _Found]:
        """What is known of each key; of a flat cart that it is the customer."""
        if self.queries.headers is None:
            return {self.fold(key): _Found(key, customer_id=key) for key in keys}
        found = {self.fold(key): _Found(key, exists=False) for key in keys}
        nobody = {None, *self.nobody}
        for row in session.records(self.queries.headers, self.parameters(keys=tuple(keys))):
            one = found.get(self.fold(row["key"]))
            if one is None:
                continue
            one.exists, one.closed = True, not row["open"]
            one.customer_id = None if row["customer"] in nobody else row["customer"]
            one.currency, one.rate = _code(row["currency"]), _rate(row["rate"])
            one.created_us = self._header_created.to_us(row["created"]) if self._header_created else None
            one.version = _version(row["version"])
            one.activity_us = _newest(
                (column, row[f"updated_{nth}"]) for nth, column in enumerate(self._header_updates)
            )
            one.contact = Customer(
                None,
                text(row["name"]) or None,
                text(row["email"]) or None,
                None,
                None,
                text(row["language"]) or None,
            )
            one.prints["header"] = str(row["fingerprint"])
        return found

    @property
    def nobody(self) -> tuple[int | str, ...]:
        """Values of the customer's column that mean nobody, besides NULL."""
        column = self.queries.customer
        return () if column is None else column.nobody(self.schema.guests)

    def _read_orders(self, session: Session, found: dict[str, _Found]) -> None:
        orders = self.schema.orders
        if orders.cart is not None:
            carts = {key: [one] for key, one in found.items()}
            self._read_orders_by(session, "cart_orders", orders.cart, self.fold, carts)
        if orders.customer is not None:
            of_customer: dict[str, list[_Found]] = defaultdict(list)
            for one in found.values():
                if one.customer_id is not None:
                    of_customer[self.fold_customer(one.customer_id)].append(one)
            if of_customer:
                self._read_orders_by(
                    session, "customer_orders", orders.customer, self.fold_customer, of_customer
                )

    def _read_orders_by(
        self,
        session: Session,
        part: str,
        column: str,
        fold: Callable[[object], str],
        whose: dict[str, list[_Found]],
    ) -> None:
        asked = self.columns.get(self.schema.orders.table, column)
        carts = [one for several in whose.values() for one in several]
        ids = {asked.key(str(one.key if part == "cart_orders" else one.customer_id)) for one in carts} - {
            None
        }
        for owner, newest, mark in session.rows(
            self.queries.orders_of(column), self.parameters(keys=tuple(ids) or (None,))
        ):
            newest_us = self.order_time.to_us(newest)
            for one in whose.get(fold(owner), ()):
                # Bought at a time that nobody can read is bought all the same.
                one.order_us = max(one.order_us or 0, FOREVER_US if newest_us is None else newest_us)
                one.prints[part] = str(mark)

    def _read_row_prints(self, session: Session, found: dict[str, _Found]) -> None:
        keys = tuple(one.key for one in found.values())
        for key, mark, *updates in session.rows(self.queries.row_fingerprints, self.parameters(keys=keys)):
            one = found.get(self.fold(key))
            if one is not None:
                one.prints["rows"] = str(mark)
                newest = _newest(zip(self._row_updates, updates, strict=True))
                one.activity_us = max(one.activity_us or 0, newest or 0) or None

    def _read_rows(self, session: Session, found: dict[str, _Found]) -> None:
        keys = tuple(one.key for one in found.values())
        for row in session.records(self.queries.lines, self.parameters(keys=keys)):
            one = found.get(self.fold(row["cart"]))
            if one is not None:
                one.rows.append(row)

    def _counted(self, found: _Found) -> tuple[tuple[Line, ...], int | None, int | None]:
        """The counted rows as lines, the creation of the newest, the cart's version. ValueError: one can't be read."""
        lines: list[Line] = []
        newest: int | None = None
        version: int | None = None
        for row in found.rows if found.exists else ():
            created_us = self.cart_time.to_us(row.get("created"))
            created_us = found.created_us if created_us is None else created_us
            if created_us is None or (
                found.order_us is not None and second(created_us) <= second(found.order_us)
            ):
                continue
            line = _line(row)
            if line is None:
                continue
            found.currency = _code(row.get("currency")) or found.currency
            lines.append(line)
            newest = created_us if newest is None else max(newest, created_us)
            own = _version(row.get("version"))
            version = version if own is None else max(version or own, own)
        if self.schema.version is not None and not self.schema.version[0] and lines:
            version = found.version
        # Without a version of its own the creation of the newest row is one; so, too, where it is NULL.
        return tuple(lines), newest, newest if version is None else version

    def _customers(
        self,
        session: Session,
        found: dict[str, _Found],
        hash_address: Callable[[str | None], bytes | None],
    ) -> dict[str, Customer]:
        by_cart = self.schema.customers.select is not None
        asks_consent = self.schema.customers.consent is not None
        if by_cart:
            wanted: set[CartKey] = {one.key for one in found.values()}
        else:
            wanted = {one.customer_id for one in found.values() if one.customer_id is not None}
        rows: dict[str, dict[str, Any]] = {}
        if wanted:
            records = session.records(self.queries.customers, self.parameters(keys=tuple(wanted)))
            asks_consent = asks_consent or "consent" in session.columns
            fold, name = (self.fold, "cart") if by_cart else (self.fold_customer, "id")
            rows = {fold(row[name]): row for row in records}
        customers: dict[str, Customer] = {}
        for key, one in found.items():
            row = rows.get(key if by_cart else self.fold_customer(one.customer_id), {})
            one.currency = _code(row.get("currency")) or one.currency
            one.rate = _rate(row.get("rate")) or one.rate
            if row or one.contact is not None:
                # Who is asked for consent and has no row that tells has given none.
                consent = _yes(row.get("consent")) if asks_consent else True
                customers[key] = _customer(row, one, hash_address, consent=consent)
        return customers

    def _bought(self, session: Session, found: dict[str, _Found]) -> dict[str, set[int | str]]:
        """Customer → what they have bought."""
        customers = {one.customer_id for one in found.values() if one.customer_id is not None}
        bought: dict[str, set[int | str]] = defaultdict(set)
        if self.queries.bought_products is not None and customers:
            for customer, product in session.rows(
                self.queries.bought_products, self.parameters(keys=tuple(customers))
            ):
                bought[self.fold_customer(customer)].add(product)
        return bought

    def carts_of(self, customers: Sequence[int | str]) -> list[CartKey]:
        """The keys of these customers' carts, the newest first."""
        header = self.schema.header
        if header is None or header.customer is None:
            return list(customers)
        with self.database.session() as session:
            return [
                row[0]
                for row in session.rows(
                    self.queries.carts_of_customers, self.parameters(keys=tuple(customers))
                )
            ]

    # --- the catalogue --------------------------------------------------------------------------------------

    def catalogue(self, ids: Sequence[int | str] | None = None) -> Iterator[list[CatalogueRow]]:
        """Pages of products: all of them, or those of ``ids`` that exist."""
        last: Any = None
        by_select = self.schema.products.select is not None
        while True:
            wanted: Sequence[Any] | None = ids
            with self.database.session() as session:
                if by_select and ids is None:
                    beyond = "last" if last is not None else ""
                    wanted = [
                        row[0]
                        for row in session.rows(
                            self.queries.product_ids(beyond),
                            self.parameters(last=last, page=PRODUCT_PAGE_SIZE),
                        )
                    ]
                where = "keys" if wanted is not None else "last" if last is not None else ""
                rows = (
                    session.records(
                        self.queries.products(where),
                        self.parameters(keys=tuple(wanted or (None,)), last=last, page=PRODUCT_PAGE_SIZE),
                    )
                    if wanted is None or wanted
                    else []
                )
            yield [_product(row) for row in rows]
            read = rows if wanted is None else wanted
            if len(read) < PRODUCT_PAGE_SIZE or ids is not None:
                return
            last = rows[-1]["id"] if wanted is None else wanted[-1]


def second(us: int) -> int:
    """A moment in whole seconds: orders and cart rows of one second can't be told apart in many shops."""
    return us // 1_000_000


def text(value: Any) -> str:
    """A text column's value; some drivers hand over TEXT in binary collations as bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return "" if value is None else str(value).strip()


def _customer(
    row: dict[str, Any],
    found: _Found,
    hash_address: Callable[[str | None], bytes | None],
    *,
    consent: bool,
) -> Customer:
    """The customer's own row, and what the header says where that is silent."""
    contact = found.contact or Customer(None, None, None, None, None)
    email = text(row.get("email")) or contact.email
    return replace(
        contact,
        id=found.customer_id,
        name=text(row.get("name")) or contact.name,
        email=email,
        role=text(row.get("role")) or None,
        language=text(row.get("language")) or contact.language,
        address_hash=hash_address(email),
        consent=consent,
    )


def _yes(value: Any) -> bool:
    """Whether a column says yes: a number other than 0, or a text that is no no."""
    if isinstance(value, bytes) and not value.strip(b"\0\x01"):  # BIT(1)
        return b"\x01" in value
    if isinstance(value, int | float | Decimal):
        return bool(value)
    return text(value).casefold() not in {"", "0", "n", "no", "false", "off", "none"}


def _line(row: dict[str, Any]) -> Line | None:
    """A line; None when nothing of the product is in the cart. ValueError: it can't be read."""
    product_id = row["product"]
    amount = _decimal(row["quantity"])
    if amount is None or amount <= 0:
        return None
    price = _money(row["price"], product_id)
    if amount != int(amount):  # sold by weight or length: half a metre is one piece at half the price
        amount, price = Decimal(1), price * amount
    return Line(
        product_id=product_id,
        name=text(row["name"]) or f"#{product_id}",
        category=text(row.get("category")),
        price=price,
        quantity=int(amount),
        image=text(row.get("image")) or None,
    )


def _newest(moments: Iterable[tuple[Any, Any]]) -> int | None:
    return max((us for column, value in moments if (us := column.to_us(value)) is not None), default=None)


def _version(value: Any) -> int | None:
    return value if isinstance(value, int) else to_us(value)


def _code(value: Any) -> str | None:
    code = text(value).upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _rate(value: Any) -> Decimal | None:
    rate = _decimal(value)
    return rate if rate is not None and 0 < rate < HIGHEST_PRICE else None


def _money(value: Any, product_id: Any) -> Decimal:
    money = _decimal(value)
    if money is None or not 0 <= money < HIGHEST_PRICE:
        raise ValueError(f"product {product_id} has no usable price ({value!r})")
    return money.quantize(Decimal("0.01")) if money == money.quantize(Decimal("0.01")) else money


def _stock(value: Any) -> int | None:
    """How many there are; None for what is no number: then the shop does not count them."""
    try:
        return None if value is None else int(Decimal(text(value)))
    except (ArithmeticError, ValueError):
        return None


def _product(row: dict[str, Any]) -> CatalogueRow:
    try:
        money = _money(row["price"], row["id"])
    except ValueError:
        money = Decimal(0)
    return CatalogueRow(
        id=row["id"],
        name=text(row["name"]),
        description=text(row.get("description")),
        price=money,
        category=text(row.get("category")),
        image=text(row.get("image")) or None,
        stock=_stock(row.get("stock")),
    )
