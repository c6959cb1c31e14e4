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

from binlog_watcher.decision import Cart, Customer, Line, LoggedEpisode, Recipient
from binlog_watcher.events import CartKey
from binlog_watcher.schema import Schema
from binlog_watcher.store.columns import ShopColumns
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.queries import EMPTY_FINGERPRINT, Queries
from binlog_watcher.store.times import TimeColumn, shop_zone, to_us

HIGHEST_PRICE = Decimal(10) ** 12
"""What the log's cart_total can hold; also keeps arithmetic exact where the shop has prices as DOUBLE."""

FOREVER_US = 2**62
"""When an order counts that has no readable time: nothing of that cart is mailed any more."""

PAGE = 5_000
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
    """What the statements say of one key. ``prints``: parts of the fingerprint, see ``Queries.fence``."""

    customer_id: int | str | None = None
    exists: bool = True
    closed: bool = False
    currency: str | None = None
    rate: Decimal | None = None
    header_created_us: int | None = None
    header_version: int | None = None
    activity_us: int | None = None
    order_us: int | None = None
    contact: Customer | None = None  # what the header itself says of whom to write to
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
            rows: dict[CartKey, list[dict[str, Any]]] = defaultdict(list)
            for row in session.records(self.queries.lines, self.parameters(keys=tuple(keys))):
                rows[row["cart"]].append(row)
            customers = self._customers(session, found, hash_address)
            bought = self._bought(session, found)
            episodes = logged(session, keys)
            hashes = [c.address_hash for c in customers.values() if c.address_hash is not None]
            known = recipients(session, hashes) if hashes else {}
        for key in keys:
            of_key, customer = found[key], customers.get(key)
            try:
                lines, created_us, version = self._counted(rows.get(key, []), of_key)
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
                bought=frozenset(bought.get(str(of_key.customer_id), ())),
            )
        return Loaded(carts, unreadable)

    def _headers(self, session: Session, keys: Sequence[CartKey]) -> dict[CartKey, _Found]:
        """What is known of each key; of a flat cart that it is the customer."""
        if self.queries.headers is None:
            return {key: _Found(customer_id=key) for key in keys}
        found = {key: _Found(exists=False) for key in keys}
        for (
            key,
            customer,
            is_open,
            email,
            name,
            language,
            currency,
            rate,
            created,
            version,
            mark,
            *updates,
        ) in session.rows(self.queries.headers, self.parameters(keys=tuple(keys))):
            guest = customer in {None, *self.queries.constants.get("nobody", ())}  # type: ignore[misc]
            found[key] = _Found(
                customer_id=None if guest else customer,
                closed=not is_open,
                currency=_code(currency),
                rate=_rate(rate),
                header_created_us=self._header_created.to_us(created) if self._header_created else None,
                header_version=_version(version),
                activity_us=_newest(zip(self._header_updates, updates, strict=True)),
                contact=Customer(
                    None, text(name) or None, text(email) or None, None, None, text(language) or None
                ),
                prints={"header": str(mark)},
            )
        return found

    def _read_orders(self, session: Session, found: dict[CartKey, _Found]) -> None:
        orders, header = self.schema.orders, self.schema.header
        ways: list[tuple[str, str, dict[str, list[_Found]]]] = []
        if orders.cart is not None:
            ways.append(("cart_orders", orders.cart, {str(key): [one] for key, one in found.items()}))
        if orders.customer is not None:
            of_customer: dict[str, list[_Found]] = defaultdict(list)
            for key, one in found.items():
                customer = key if header is None else one.customer_id
                if customer is not None:
                    of_customer[str(customer)].append(one)
            ways.append(("customer_orders", orders.customer, of_customer))
        for part, column, whose_carts in ways:
            if not whose_carts:
                continue
            asked = self.columns.get(orders.table, column)
            ids = tuple(whose for known in whose_carts if (whose := asked.key(known)) is not None)
            for customer_or_cart, newest, mark in session.rows(
                self.queries.orders_of(column), self.parameters(keys=ids or (None,))
            ):
                newest_us = self.order_time.to_us(newest)
                for cart in whose_carts.get(str(customer_or_cart), ()):
                    # Bought at a time that nobody can read is bought all the same.
                    cart.order_us = max(cart.order_us or 0, FOREVER_US if newest_us is None else newest_us)
                    cart.prints[part] = str(mark)

    def _read_row_prints(self, session: Session, found: dict[CartKey, _Found]) -> None:
        for key, mark, *updates in session.rows(
            self.queries.row_fingerprints, self.parameters(keys=tuple(found))
        ):
            one = found.get(key)
            if one is not None:
                one.prints["rows"] = str(mark)
                newest = _newest(zip(self._row_updates, updates, strict=True))
                one.activity_us = max(one.activity_us or 0, newest or 0) or None

    def _counted(
        self, rows: list[dict[str, Any]], found: _Found
    ) -> tuple[tuple[Line, ...], int | None, int | None]:
        """The counted rows as lines, the creation of the newest, the cart's version. ValueError: one can't be read."""
        lines: list[Line] = []
        newest: int | None = None
        version: int | None = None
        for row in rows if found.exists else ():
            created_us = self.cart_time.to_us(row.get("created"))
            created_us = found.header_created_us if created_us is None else created_us
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
            if own is not None:
                version = own if version is None else max(version, own)
        if self.schema.version is None:
            version = newest
        elif not self.schema.version[0]:
            version = found.header_version if lines else None
        return tuple(lines), newest, version

    def _customers(
        self,
        session: Session,
        found: dict[CartKey, _Found],
        hash_address: Callable[[str | None], bytes | None],
    ) -> dict[CartKey, Customer]:
        by_cart = self.schema.customers.select is not None
        wanted = (
            list(found)
            if by_cart
            else list(dict.fromkeys(one.customer_id for one in found.values() if one.customer_id is not None))
        )
        rows: dict[str, dict[str, Any]] = {}
        if wanted:
            for row in session.records(self.queries.customers, self.parameters(keys=tuple(wanted))):
                rows[str(row["cart" if by_cart else "id"])] = row
        customers: dict[CartKey, Customer] = {}
        for key, one in found.items():
            row = rows.get(str(key if by_cart else one.customer_id), {})
            one.currency = _code(row.get("currency")) or one.currency
            one.rate = _rate(row.get("rate")) or one.rate
            if row or one.contact is not None:
                customers[key] = _customer(row, one, hash_address)
        return customers

    def _bought(self, session: Session, found: dict[CartKey, _Found]) -> dict[str, set[int | str]]:
        """Customer → what they have bought."""
        customers = {one.customer_id for one in found.values() if one.customer_id is not None}
        bought: dict[str, set[int | str]] = defaultdict(set)
        if self.queries.bought_products is not None and customers:
            for customer, product in session.rows(
                self.queries.bought_products, self.parameters(keys=tuple(customers))
            ):
                bought[str(customer)].add(product)
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
                            self.queries.product_ids(beyond), self.parameters(last=last, page=PAGE)
                        )
                    ]
                where = "keys" if wanted is not None else "last" if last is not None else ""
                rows = (
                    session.records(
                        self.queries.products(where),
                        self.parameters(keys=tuple(wanted or (None,)), last=last, page=PAGE),
                    )
                    if wanted is None or wanted
                    else []
                )
            yield [_product(row) for row in rows]
            read = rows if wanted is None else wanted
            if len(read) < PAGE or ids is not None:
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
    row: dict[str, Any], found: _Found, hash_address: Callable[[str | None], bytes | None]
) -> Customer:
    """The customer's own row, and what the header says where that is silent."""
    contact = found.contact or Customer(None, None, None, None, None)
    email = text(row.get("email")) or contact.email
    consent = row.get("consent", 1)
    return replace(
        contact,
        id=found.customer_id,
        name=text(row.get("name")) or contact.name,
        email=email,
        role=text(row.get("role")) or None,
        language=text(row.get("language")) or contact.language,
        address_hash=hash_address(email),
        consent=text(consent).casefold() not in {"", "0", "n", "no", "false"} and consent != b"\0",
    )


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


def _product(row: dict[str, Any]) -> CatalogueRow:
    try:
        money = _money(row["price"], row["id"])
    except ValueError:
        money = Decimal(0)
    stock = row.get("stock")
    return CatalogueRow(
        id=row["id"],
        name=text(row["name"]),
        description=text(row.get("description")),
        price=money,
        category=text(row.get("category")),
        image=text(row.get("image")) or None,
        stock=None if stock is None else int(stock),
    )
