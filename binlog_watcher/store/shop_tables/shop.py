"""The shop's own tables, as the rest of the program reads them: carts that are due, and the catalogue.

What is read of a cart has a module each: ``headers``, ``orders``, ``lines``, ``customers``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from binlog_watcher.core.cart import Cart, LoggedEpisode, Recipient
from binlog_watcher.core.events import CartKey
from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.keys import as_key
from binlog_watcher.shop.placeholders import KEYS
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.shop_tables.checks import parts
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.customers import HashAddress, read_customers
from binlog_watcher.store.shop_tables.documents import read_documents
from binlog_watcher.store.shop_tables.fingerprints import EMPTY_FINGERPRINT
from binlog_watcher.store.shop_tables.found import FoundCarts
from binlog_watcher.store.shop_tables.headers import read_headers
from binlog_watcher.store.shop_tables.lines import counted, read_row_prints, read_rows
from binlog_watcher.store.shop_tables.order_items import OrderedTogether, read_ordered
from binlog_watcher.store.shop_tables.orders import (
    read_bought_products,
    read_orders,
    read_orders_of_addresses,
)
from binlog_watcher.store.shop_tables.products import CatalogueRow, read_catalogue
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.shop_tables.unpaid_orders import read_unpaid
from binlog_watcher.store.zones import ask_server, shop_zone
from mailer import minor_digits

log = structlog.get_logger(__name__)

_NAME_IT = "set SHOP_TIMEZONE to the zone in which the shop writes, such as Europe/Berlin or UTC"


ReadLog = Callable[[Session, Sequence[CartKey]], dict[CartKey, LoggedEpisode]]
"""The newest episode that is logged by each of these keys."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Carts by key, and for rows that can't be read a reason by key."""

    carts: dict[CartKey, Cart]
    unreadable: dict[CartKey, str]


class Shop(ShopTables):
    """One instance reads the columns' types once.

    Raises ConfigError for what is missing, and where a zone must be named.
    """

    def __init__(
        self,
        database: Database,
        schema: Schema,
        *,
        timezone: str | None = None,
        currency_of: Callable[[str | None], str | None] = lambda _store: None,
    ) -> None:
        """``currency_of``: of a store's prices, by its name, where neither cart nor preset says."""
        self.database = database
        self._currency_of = currency_of
        with database.session() as session:
            self._zone = shop_zone(session, timezone or schema.timezone)
            columns = ShopColumns(session, schema, self._zone.zone)
            given = _columns_given(session, Queries(schema, columns))
        super().__init__(schema, columns, given)
        self._told_of_zone = False
        self._parts = parts(self.queries)
        self._insist_on_exact_zone()

    def _insist_on_exact_zone(self) -> None:
        """Carts and orders that are not read in one way are compared by a zone that is sure, or not at all.

        Where both are DATETIME an error shifts both; and what the server says of its clock's changes is believed.
        """
        if self._zone.exact or not self.datetimes:
            return
        if self.mixed:
            raise ConfigError(
                f"{self.mixed}, and the server's time zone {self._zone.server!r} does not say for sure in which zone "
                f"the shop writes: an order could look older than its cart; {_NAME_IT}"
            )
        log.warning("time.zone_unnamed", server_zone=self._zone.server, hint=_NAME_IT)

    def zone_problem(self) -> str | None:
        """Look at the zone again: why it must not be trusted any more; None: all is well, or no matter.

        Raises DatabaseUnavailableError.
        """
        if self._zone.server is None or not self.datetimes:
            return None
        with self.database.session() as session:
            told = ask_server(session)
        if told.agrees(self._zone.zone):
            return None
        what = (
            f"the server's clock is {told.offset / timedelta(hours=1):+g} h from UTC now, which is not "
            f"what its time zone {self._zone.server!r} was when Cartwake started"
        )
        if self.mixed:
            return f"{what}; {self.mixed}: an order could look older than its cart; {_NAME_IT}"
        if not self._told_of_zone:
            log.warning("time.zone_changed", problem=what, hint=_NAME_IT)
        self._told_of_zone = True
        return None

    def load(
        self,
        keys: Sequence[CartKey],
        *,
        hash_address: HashAddress,
        logged: ReadLog,
        recipients: Callable[[Session, Sequence[bytes]], dict[bytes, Recipient]],
        filled_us: Mapping[CartKey, int] | None = None,
    ) -> Loaded:
        """Read carts with all that ``decide`` wants to know: a constant number of statements for any batch.

        Fingerprints are read first: whatever changes after them is seen by the fence. ``filled_us``: when something
        was last put into carts that are documents.
        """
        with self.database.session() as session:
            found = read_headers(session, self, keys)
            if self.schema.document is not None:
                read_documents(session, self, found, filled_us or {})
            read_unpaid(session, self, found)
            read_orders(session, self, found)
            customers = read_customers(session, self, found, hash_address)
            read_orders_of_addresses(session, self, found, customers)
            if self.schema.document is None:
                read_row_prints(session, self, found)
                read_rows(session, self, found)
            bought = read_bought_products(session, self, found)
            episodes = self._episodes(session, keys, found, logged)
            hashes = [c.address_hash for c in customers.values() if c.address_hash is not None]
            known = recipients(session, hashes) if hashes else {}
        carts: dict[CartKey, Cart] = {}
        unreadable: dict[CartKey, str] = {}
        for key in keys:
            of_key, customer = found[self.fold(key)], customers.get(self.fold(key))
            ordered = bought.get(self.fold_customer(of_key.customer_id), {})
            try:
                lines, created_us, version, currency, missing, store = counted(
                    self, of_key, ordered, self.schema.currency or self._currency_of(None)
                )
            except ValueError as error:
                unreadable[key] = str(error)
                continue
            if of_key.unreadable is not None:
                created_us = version = of_key.created_us
            address_hash = customer.address_hash if customer else None
            currency = currency or self.schema.currency
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
                currency=currency,
                rate=of_key.rate,
                bought=ordered,
                missing=missing,
                elsewhere=customer is None and self.schema.customers.select is not None,
                order_id=of_key.order_id,
                unpaid_order=of_key.unpaid,
                unreadable=of_key.unreadable,
                store=store,
                digits=minor_digits(currency or self._currency_of(store)),
            )
        return Loaded(carts, unreadable)

    def parts_of(self, cart: Cart) -> dict[str, str]:
        """The fingerprint of a cart as it was loaded, by its parts."""
        return dict(zip(self._parts, cart.fingerprint.split("/"), strict=True))

    def _episodes(
        self, session: Session, keys: Sequence[CartKey], found: FoundCarts, logged: ReadLog
    ) -> dict[CartKey, LoggedEpisode]:
        """The newest episode of each cart, by whatever spelling of its key it was logged."""
        if self.queries.key.kind != "text":
            return logged(session, keys)
        spellings = {key: {key, *found[self.fold(key)].spellings} for key in keys}
        episodes = logged(session, list(set().union(*spellings.values())))
        of_keys = {
            key: [episodes[one] for one in spelled if one in episodes] for key, spelled in spellings.items()
        }
        return {key: max(some, key=lambda one: one.version) for key, some in of_keys.items() if some}

    def young(self, keys: Sequence[CartKey], since_us: int) -> list[CartKey]:
        """The carts among these that may have a row created since then: one statement. The others have none."""
        if not self._cart_moments:
            return list(keys)
        parameters = self.parameters(keys=self.keys(keys), since=self.cart_time.from_us(since_us))
        with self.database.session() as session:
            found = {self.fold(key) for (key,) in session.rows(self.queries.young, parameters)}
        return [key for key in keys if self.fold(key) in found]

    def standing(self, keys: Sequence[str]) -> list[str]:
        """The carts among these, as our tables have their keys, that have a document; of other shapes none has."""
        asked = [key for text in keys if (key := self.key(text)) is not None]
        if self.schema.document is None or not asked:
            return []
        with self.database.session() as session:
            rows = session.rows(self.queries.standing, self.parameters(keys=tuple(asked)))
        found = {self.fold(key) for (key,) in rows}
        return [key for key in keys if self.fold(key) in found]

    def carts_of(self, customers: Sequence[int | str]) -> dict[CartKey, int | str]:
        """The keys of these customers' carts, and which of ``customers`` each is of; the newest first."""
        header = self.schema.header
        if header is None or header.customer is None:
            return {customer: customer for customer in customers}
        as_asked = {self.fold_customer(customer): customer for customer in customers}
        with self.database.session() as session:
            column = self.columns.get(header.table, header.customer)
            ids = (column.key(str(customer)) for customer in customers)
            asked = column.asked(one for one in ids if one is not None)
            rows = session.rows(self.queries.carts_of_customers, self.parameters(keys=asked))
        return {
            as_key(key): as_asked[self.fold_customer(whose)]
            for key, whose in rows
            if self.fold_customer(whose) in as_asked
        }

    def catalogue(self, ids: Sequence[int | str] | None = None) -> Iterator[list[CatalogueRow]]:
        """Pages of products: all of them, or those of ``ids`` that exist."""
        return read_catalogue(self.database, self, ids)

    def ordered(self, after: int | str | None = None) -> Iterator[list[OrderedTogether]]:
        """Pages of orders with their products, the highest ids first: all of them, or those with ids above."""
        return read_ordered(self.database, self, after)


def _columns_given(session: Session, queries: Queries) -> tuple[str, ...]:
    """The columns of the preset's SELECT of customers, none without one."""
    if queries.schema.customers.select is None:
        return ()
    session.rows(f"SELECT * FROM {queries.selected_customers} LIMIT 0", {**queries.constants, KEYS: (None,)})
    return session.columns
