"""Which carts are meant by a customer, an address or a key, and where they were looked for. Reads only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from binlog_watcher.core.batches import in_batches
from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.core.events import CartKey
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.resources import Resources
from binlog_watcher.store.own_tables import history
from binlog_watcher.store.own_tables.tables import LOG
from binlog_watcher.store.shop_tables.cart_search import CartSearch, Sought

MOST_CARTS = 20
"""Carts that are told of, the newest."""

_BATCH_SIZE = 200
"""Open carts that are asked for their address at a time; documents may be a megabyte each."""


@dataclass(frozen=True, slots=True)
class Question:
    """One of ``customer``, ``address`` and ``cart``; ``store``: only carts of that one."""

    customer: str | None = None
    address: str | None = None
    cart: str | None = None
    store: str | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.customer, self.address, self.cart)) != 1:
            raise ConfigError("give one of --customer, --address and --cart")

    @property
    def whose(self) -> str:
        """What was asked for, in words."""
        if self.cart is not None:
            return f"cart {self.cart}"
        return (
            f"a cart of customer {self.customer}" if self.customer is not None else "a cart of this address"
        )


class CartSeeker:
    """Looks in the shop's tables and in the log, which may know carts that the shop has no more."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._search = CartSearch(resources.shop)

    def __call__(self, question: Question) -> Sought:
        """Keys of the carts that may be meant. Blocking. Raises ConfigError, InvalidAddressError."""
        if question.cart is not None:
            return self._sought_key(question.cart)
        if question.address is not None:
            return self._sought_address(question.address)
        customer = question.customer or ""
        sought = self._search.of_customer(customer)
        if self._resources.schema.header is None:  # the customer is the key
            sought.places.append(f"{LOG}.cart_key")
        elif self._resources.with_log:
            with self._resources.database.session() as session:
                logged = history.read_carts_of_user(session, customer, MOST_CARTS)
            sought.add(f"{LOG}.user_id", self._keys(logged))
        return sought

    def _sought_key(self, text: str) -> Sought:
        table, column = self._resources.schema.key_column
        key = self._resources.shop.key(text)
        if key is None:
            kind = self._resources.shop.queries.key.column_type
            raise ConfigError(f"--cart {text}: no key of a cart here: {table}.{column} is {kind}")
        sought = Sought()
        sought.add(f"{table}.{column}", [key])
        sought.places.append(f"{LOG}.cart_key")
        return sought

    def _sought_address(self, address: str) -> Sought:
        sought = self._search.of_address(address)
        digest = self._resources.hasher(address)
        if digest is None:
            return sought
        schema = self._resources.schema
        if schema.document is not None:
            place = f"the documents in {schema.cart.table}.{schema.document.column}"
            sought.add(place, self.open_with(digest))
        elif schema.customers.select is not None:
            sought.add("all open carts, by the preset's SELECT of customers", self.open_with(digest))
        if self._resources.with_log:
            with self._resources.database.session() as session:
                logged = history.read_carts_mailed_to(session, digest, MOST_CARTS)
            sought.add(f"{LOG}.address_hash", self._keys(logged))
        return sought

    def _keys(self, logged: Iterable[str]) -> list[CartKey]:
        named = (text for text in logged if not is_erased(text))
        return [key for text in named if (key := self._resources.shop.key(text)) is not None]

    def open_with(self, digest: bytes) -> Iterator[CartKey]:
        """Of all carts that a service would read at its start, those with an address."""
        resources, now_us = self._resources, self._resources.clock.now_us()
        for page in resources.scan.open_carts(now_us - resources.policy.max_age_us, now_us):
            for some in in_batches([cart.key for cart in page], _BATCH_SIZE):
                yield from self._search.with_address(some, resources.hasher, digest)


def nothing(question: Question, sought: Sought) -> str:
    """That no cart was found, and where it was looked for."""
    places = ", ".join(dict.fromkeys(sought.places))
    only = f" of the store {question.store}" if question.store is not None else ""
    return f"There is no {question.whose.removeprefix('a ')}{only}. Looked in: {places}."
