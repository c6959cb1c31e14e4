"""Finds carts by customer or address, for a person who asks. Blocking; reads only.

Nothing of the service goes this way, so an index that is missing makes it slow and no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.keys import as_key
from binlog_watcher.store.shop_tables import search_queries
from binlog_watcher.store.shop_tables.customers import HashAddress, read_customers
from binlog_watcher.store.shop_tables.documents import read_documents
from binlog_watcher.store.shop_tables.fingerprints import EMPTY_FINGERPRINT
from binlog_watcher.store.shop_tables.headers import read_headers
from binlog_watcher.store.shop_tables.orders import NamedOrder, list_orders
from binlog_watcher.store.shop_tables.shop import Shop
from mailer import parse_address

MOST_ROWS = 1_000
"""Customers, or carts, that one question finds at most."""


@dataclass(slots=True)
class Sought:
    """``keys``: of the carts that were found, each once; ``places``: where was looked, as ``table.column``."""

    keys: dict[CartKey, None] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)

    def add(self, place: str, keys: Iterable[CartKey]) -> None:
        """What one place had."""
        self.places.append(place)
        self.keys |= dict.fromkeys(keys)


class CartSearch:
    """Looks in the tables that the preset names."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._schema = shop.schema

    def of_customer(self, customer: str) -> Sought:
        """The carts of a customer's id, as text."""
        sought = Sought()
        column = self._shop.queries.customer
        key = None if column is None else column.key(customer)
        self._of_customers([] if key is None else [key], sought)
        if not sought.places:
            sought.places.append(
                "no table of the shop, as the preset does not say whose a cart is (--address)"
            )
        return sought

    def of_address(self, address: str) -> Sought:
        """The carts of whoever has an address, and those that carry it. Raises InvalidAddressError.

        Not those whose address only a SELECT or their document tells: see ``with_address``.
        """
        spellings = _spellings(address)
        sought = Sought()
        customers, header = self._schema.customers, self._schema.cart
        if search_queries.customers_with_address(self._shop.queries) is not None:
            sought.places.append(f"{customers.table}.{customers.email}")
            self._of_customers(self.customers_with(address), sought)
        statement = search_queries.carts_with_address(self._shop.queries)
        if statement is not None:
            sought.add(f"{header.table}.{header.email}", self._all(statement, spellings))
        return sought

    def customers_with(self, address: str) -> list[CartKey]:
        """Ids of the customers who have an address. Raises InvalidAddressError."""
        statement = search_queries.customers_with_address(self._shop.queries)
        return [] if statement is None else self._all(statement, _spellings(address))

    def carts_with(self, address: str) -> list[CartKey]:
        """The carts that carry an address themselves. Raises InvalidAddressError."""
        statement = search_queries.carts_with_address(self._shop.queries)
        return [] if statement is None else self._all(statement, _spellings(address))

    def carts_of(self, customers: Sequence[CartKey]) -> list[CartKey]:
        """The carts of these customers."""
        sought = Sought()
        self._of_customers(customers, sought)
        return list(sought.keys)

    def addresses_of(self, customers: Sequence[CartKey]) -> list[str]:
        """The addresses that the shop has of these customers; none where only a SELECT tells."""
        table, queries = self._schema.customers, self._shop.queries
        statement = search_queries.addresses_of_customers(queries)
        if statement is None or not customers:
            return []
        column = self._shop.columns.get(table.table or "", table.id or "")
        ids = column.asked(key for one in customers if (key := column.key(str(one))) is not None)
        with self._shop.database.session() as session:
            rows = session.rows(statement, self._shop.parameters(customers=ids, most=MOST_ROWS))
        return [address for (address,) in rows if isinstance(address, str)]

    def _all(self, statement: str, spellings: Sequence[str]) -> list[CartKey]:
        found: list[CartKey] = []
        with self._shop.database.session() as session:
            for address in spellings:
                parameters = self._shop.parameters(address=address, most=MOST_ROWS)
                found += [as_key(row[0]) for row in session.rows(statement, parameters)]
        return list(dict.fromkeys(found))

    def _of_customers(self, customers: Sequence[CartKey], sought: Sought) -> None:
        """The carts of these; in the flat shape a customer's id is the key."""
        header, queries = self._schema.header, self._shop.queries
        if header is None:
            keys = (queries.key.key(str(one)) for one in customers)
            sought.add(".".join(self._schema.key_column), [key for key in keys if key is not None])
            return
        statement, column = search_queries.carts_of_customers(queries), queries.customer
        if statement is None or column is None:
            return
        ids = [key for one in customers if (key := column.key(str(one))) is not None]
        found: list[CartKey] = []
        if ids:
            parameters = self._shop.parameters(customers=column.asked(ids), most=MOST_ROWS)
            with self._shop.database.session() as session:
                found = [as_key(row[0]) for row in session.rows(statement, parameters)]
        sought.add(f"{header.table}.{header.customer}", found)

    def with_address(
        self, keys: Sequence[CartKey], hash_address: HashAddress, digest: bytes
    ) -> list[CartKey]:
        """The carts among these that have an address, read as the service reads it. ``digest``: its hash."""
        with self._shop.database.session() as session:
            found = read_headers(session, self._shop, keys)
            if self._schema.document is not None:
                read_documents(session, self._shop, found, {})
            customers = read_customers(session, self._shop, found, hash_address)
        return [found[key].key for key, customer in customers.items() if customer.address_hash == digest]

    def orders_of(self, cart: Cart, most: int) -> list[NamedOrder]:
        """The orders that count for a cart, newest first."""
        with self._shop.database.session() as session:
            return list_orders(session, self._shop, cart, most)

    def rows_of(self, cart: Cart) -> int:
        """How many rows the shop has for a cart as it was loaded, whether or not they count; a document is one."""
        prints = self._shop.parts_of(cart)
        mark = prints.get("rows", prints.get("header", EMPTY_FINGERPRINT))
        return int(mark.partition(":")[0])

    def is_there(self, cart: Cart) -> bool:
        """Whether the shop has anything of it: rows, or a header."""
        prints = self._shop.parts_of(cart)
        return any(prints.get(part, EMPTY_FINGERPRINT) != EMPTY_FINGERPRINT for part in ("rows", "header"))


def _spellings(address: str) -> list[str]:
    """How a shop may have an address. Raises InvalidAddressError."""
    parsed = parse_address(address, exact=True)
    return list(dict.fromkeys([address.strip(), parsed.mailbox, parsed.normalised]))
