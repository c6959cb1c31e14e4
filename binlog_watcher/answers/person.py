"""Who is meant by an address or a customer's id, and what our tables hold about them. Reads only."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from binlog_watcher.answers.cart_seeking import CartSeeker
from binlog_watcher.core.batches import in_batches
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.core.events import CartKey
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.service.resources import Resources
from binlog_watcher.store.own_tables import personal
from binlog_watcher.store.own_tables.personal import OwnRow, Person, as_users
from binlog_watcher.store.shop_tables.cart_search import CartSearch

CARTS_AT_ONCE = 200
NEVER_RAN = "Cartwake never ran on this database: it holds nothing about anybody"


@dataclass(frozen=True, slots=True)
class Whom:
    """One of ``address`` and ``customer``; ``store``: only what is of that storefront."""

    address: str | None = None
    customer: str | None = None
    store: str | None = None

    def __post_init__(self) -> None:
        if (self.address is None) == (self.customer is None):
            raise ConfigError("give one of --address and --customer")

    @property
    def words(self) -> str:
        """Who it is, without the address."""
        return "this address" if self.customer is None else f"customer {self.customer}"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held about a person. ``carts``: theirs that stand in the shop; ``noted``: keys whose notes are theirs.

    ``stores``: the store of each cart, by its key as text, where the shop says so. ``untold``: so many rows are left
    out since nobody can tell which store they are of.
    """

    person: Person
    rows: Sequence[OwnRow]
    carts: Sequence[Cart]
    noted: Sequence[str]
    stores: dict[str, str]
    untold: int = 0


class PersonSeeker:
    """Looks in the shop's tables and in the log. Blocking.

    An account is one person whatever address it had; all accounts with one address are one person.
    """

    def __init__(self, resources: Resources) -> None:
        if not resources.with_log:
            raise CartwakeError(NEVER_RAN)
        self._resources = resources
        self._search = CartSearch(resources.shop)
        self._flat = resources.schema.header is None

    def __call__(self, whom: Whom) -> Holdings:
        """Raises ConfigError, InvalidAddressError."""
        if whom.store is not None and not self._resources.shop.tells_store:
            raise ConfigError(
                f"--store: {self._resources.schema.origin} does not say which store a cart is of"
            )
        found = self.holdings(self.person(whom))
        return found if whom.store is None else _of_store(found, whom.store.strip().casefold())

    def person(self, whom: Whom) -> Person:
        """How the person is known, by the shop and by the log."""
        if whom.customer is not None:
            return self._customer(whom.customer)
        return self._address(whom.address or "")

    def _customer(self, text: str) -> Person:
        column = self._resources.shop.queries.customer
        key = None if column is None else column.key(text.strip())
        if key is None or not self._resources.shop.is_somebody(key):
            raise ConfigError(f"--customer {text}: no customer's id in this shop; try --address")
        keys = {*self._search.carts_of([key]), *([key] if self._flat else [])}
        addresses = self._search.addresses_of([key])
        person = Person(
            hashes=self._hashes(addresses, keys),
            users=as_users([key]),
            keys=_texts(keys),
            mailed_keys=_texts(one for address in addresses for one in self._carts_with(address)),
        )
        # Addresses that the account had before.
        account = replace(person, hashes=frozenset(), mailed_keys=frozenset())
        logged = {row.address_hash for row in self._rows(account) if row.address_hash is not None}
        return replace(person, hashes=person.hashes | logged)

    def _address(self, address: str) -> Person:
        customers = self._search.customers_with(address)
        digest = self._resources.hasher(address)
        if digest is None:
            raise ConfigError("--address: no valid e-mail address")
        users = as_users(customers) | {
            row.user_id for row in self._rows(Person(frozenset([digest]))) if row.user_id
        }
        customers = list(dict.fromkeys([*customers, *sorted(users)]))
        keys = {*self._search.carts_of(customers), *(customers if self._flat else [])}
        return Person(
            hashes=frozenset([digest]),
            users=users,
            keys=_texts(keys),
            mailed_keys=_texts({*self._carts_with(address), *self._open_with(digest)}) - _texts(keys),
        )

    def _hashes(self, addresses: Collection[str], carts: Collection[CartKey]) -> frozenset[bytes]:
        """Of the addresses that the shop has of a customer; where only a SELECT tells, by their carts."""
        found = {self._resources.hasher(address) for address in addresses}
        if self._resources.schema.customers.select is not None:
            found |= {cart.customer.address_hash for cart in self._load(carts) if cart.customer is not None}
        return frozenset(digest for digest in found if digest is not None)

    def _carts_with(self, address: str) -> list[CartKey]:
        return self._search.carts_with(address) if self._resources.hasher(address) is not None else []

    def _open_with(self, digest: bytes) -> list[CartKey]:
        """The carts whose address no column tells."""
        schema = self._resources.schema
        if schema.document is None and schema.customers.select is None:
            return []
        return list(CartSeeker(self._resources).open_with(digest))

    def _rows(self, person: Person) -> list[OwnRow]:
        episodes = self._resources.episodes
        with self._resources.database.session() as session:
            return personal.rows_about(session, person, episodes.erased, episodes.shop_id)

    def holdings(self, person: Person) -> Holdings:
        """What our tables hold about a person just now."""
        rows = self._rows(person)
        with self._resources.database.session() as session:
            alone = personal.theirs_alone(session, rows)
        noted = sorted(person.carts | alone)
        keys = person.carts | {row.cart_key for row in rows if not is_erased(row.cart_key)}
        loaded = {str(cart.key): cart for cart in self._load(keys)}
        return Holdings(
            person=person,
            rows=rows,
            carts=[loaded[key] for key in sorted(person.carts) if key in loaded],
            noted=noted,
            stores={key: cart.store for key, cart in loaded.items() if cart.store is not None},
        )

    def _load(self, keys: Iterable[CartKey]) -> list[Cart]:
        """Of these carts those that the shop has."""
        known = [
            key for text in sorted(map(str, keys)) if (key := self._resources.shop.key(text)) is not None
        ]
        found: list[Cart] = []
        for some in in_batches(known, CARTS_AT_ONCE):
            found += [
                cart
                for cart in self._resources.loader.load(some).carts.values()
                if self._search.is_there(cart)
            ]
        return found


def _of_store(found: Holdings, store: str) -> Holdings:
    """What is of one storefront; an address is known to all of them."""
    rows = [row for row in found.rows if found.stores.get(row.cart_key) == store]
    return Holdings(
        person=found.person,
        rows=rows,
        carts=[cart for cart in found.carts if cart.store == store],
        noted=[key for key in found.noted if found.stores.get(key) == store],
        stores=found.stores,
        untold=sum(row.cart_key not in found.stores and not is_erased(row.cart_key) for row in found.rows),
    )


def _texts(keys: Iterable[CartKey]) -> frozenset[str]:
    """Keys as our tables have them."""
    return frozenset(str(key).rstrip(" ") for key in keys)
