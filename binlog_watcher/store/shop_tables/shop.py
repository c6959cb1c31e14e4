"""The shop's own tables, as the rest of the program reads them: carts that are due, and the catalogue.

What is read of a cart has a module each: ``headers``, ``orders``, ``lines``, ``customers``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from binlog_watcher.core.cart import Cart, LoggedEpisode, Recipient
from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.customers import HashAddress, read_customers
from binlog_watcher.store.shop_tables.fingerprints import EMPTY_FINGERPRINT
from binlog_watcher.store.shop_tables.headers import read_headers
from binlog_watcher.store.shop_tables.lines import counted, read_row_prints, read_rows
from binlog_watcher.store.shop_tables.orders import read_bought_products, read_orders
from binlog_watcher.store.shop_tables.products import CatalogueRow, read_catalogue
from binlog_watcher.store.times import shop_zone


@dataclass(frozen=True, slots=True)
class Loaded:
    """Carts by key, and for rows that can't be read a reason by key."""

    carts: dict[CartKey, Cart]
    unreadable: dict[CartKey, str]


class Shop(ShopTables):
    """One instance reads the columns' types once. Raises ConfigError for what is missing."""

    def __init__(self, database: Database, schema: Schema, *, timezone: str | None = None) -> None:
        self.database = database
        with database.session() as session:
            zone = shop_zone(session, timezone or schema.timezone)
            columns = ShopColumns(session, schema, zone)
        super().__init__(schema, columns)
        self._parts = [part for part, _ in self.queries.fence("log", "NULL")]

    def load(
        self,
        keys: Sequence[CartKey],
        *,
        hash_address: HashAddress,
        logged: Callable[[Session, Sequence[CartKey]], dict[CartKey, LoggedEpisode]],
        recipients: Callable[[Session, Sequence[bytes]], dict[bytes, Recipient]],
    ) -> Loaded:
        """Read carts with all that ``decide`` wants to know: a constant number of statements for any batch.

        Fingerprints are read first: whatever changes after them is seen by the fence.
        """
        with self.database.session() as session:
            found = read_headers(session, self, keys)
            read_orders(session, self, found)
            read_row_prints(session, self, found)
            read_rows(session, self, found)
            customers = read_customers(session, self, found, hash_address)
            bought = read_bought_products(session, self, found)
            episodes = logged(session, keys)
            hashes = [c.address_hash for c in customers.values() if c.address_hash is not None]
            known = recipients(session, hashes) if hashes else {}
        carts: dict[CartKey, Cart] = {}
        unreadable: dict[CartKey, str] = {}
        for key in keys:
            of_key, customer = found[self.fold(key)], customers.get(self.fold(key))
            try:
                lines, created_us, version, currency = counted(self, of_key)
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
                currency=currency or self.schema.currency,
                rate=of_key.rate,
                bought=frozenset(bought.get(self.fold_customer(of_key.customer_id), ())),
            )
        return Loaded(carts, unreadable)

    def carts_of(self, customers: Sequence[int | str]) -> list[CartKey]:
        """The keys of these customers' carts, the newest first."""
        header = self.schema.header
        if header is None or header.customer is None:
            return list(customers)
        with self.database.session() as session:
            rows = session.rows(self.queries.carts_of_customers, self.parameters(keys=tuple(customers)))
        return [row[0] for row in rows]

    def catalogue(self, ids: Sequence[int | str] | None = None) -> Iterator[list[CatalogueRow]]:
        """Pages of products: all of them, or those of ``ids`` that exist."""
        return read_catalogue(self.database, self, ids)
