"""A sample shop on each real server, and the parts of Cartwake that work on it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fakes.mail_server import MailServer

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.events import CartKey
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server
from binlog_watcher.recovery.loading import CartLoader
from binlog_watcher.service.resources import refresh_clock
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Database
from binlog_watcher.store.locks.presence import Presence, new_owner
from binlog_watcher.store.own_tables import recipients, tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Claims, Episode
from binlog_watcher.store.shop_tables.open_carts import CartScan
from binlog_watcher.store.shop_tables.shop import Shop

HOUR = 3_600_000_000


@dataclass
class ShopUnderTest:
    """A sample shop with Cartwake's tables, and short ways to write to it as the shop would."""

    server: Server
    name: str
    settings: ConnectionSettings
    database: Database
    shop: Shop
    clock: ServerClock
    policy: Policy
    presences: list[Presence] = field(default_factory=list)

    def instance(self, shop: str | None = None) -> EpisodeLog:
        """Another Cartwake on the same shop, or on another one in this database."""
        return EpisodeLog(self.database, self.shop, new_owner(shop), erased=ErasedKeys("salt"))

    def alive(self, episodes: EpisodeLog) -> Presence:
        """Hold the lock that tells others that this instance lives."""
        presence = Presence(self.settings, episodes.owner)
        presence.ping()
        self.presences.append(presence)
        return presence

    def reopened(self) -> "ShopUnderTest":
        """Cartwake started anew on the same shop, which was altered."""
        return replace(self, shop=Shop(self.database, SAMPLE))

    @property
    def scan(self) -> CartScan:
        return CartScan(self.shop)

    @property
    def hasher(self) -> recipients.AddressHasher:
        return recipients.AddressHasher("salt")

    def loader(self, episodes: EpisodeLog) -> CartLoader:
        return CartLoader(
            self.shop, episodes, CartNotes(self.database, ""), self.hasher, now_us=self.clock.now_us
        )

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with (
            self.server.connect(database=self.name, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def user(
        self, user_id: int, email: str | None, *, name: str = "Jane Doe", role: str = "customer"
    ) -> None:
        self.run(
            "INSERT INTO users (id, name, email, role) VALUES (%s, %s, %s, %s)", (user_id, name, email, role)
        )

    def add(
        self, user_id: int | None, product_id: int, *, quantity: int = 1, minutes_ago: float = 60
    ) -> None:
        self.run(
            "INSERT INTO cart (user_id, product_id, quantity, created_at) "
            "VALUES (%s, %s, %s, UTC_TIMESTAMP() - INTERVAL %s SECOND)",
            (user_id, product_id, quantity, int(minutes_ago * 60)),
        )

    def order(self, user_id: int, *, minutes_ago: float = 0) -> None:
        self.run(
            "INSERT INTO orders (user_id, total_amount, created_at) "
            "VALUES (%s, 10, UTC_TIMESTAMP() - INTERVAL %s SECOND)",
            (user_id, int(minutes_ago * 60)),
        )

    def log(self) -> list[dict[str, Any]]:
        columns = ("id", "cart_key", "user_id", "cart_version", "status", "reason", "email_sent", "attempts", "error",
                   "cart_total", "owner", "next_attempt_at", "message_id", "discount_percent", "sent_at")  # fmt: skip
        rows = self.run(f"SELECT {', '.join(columns)} FROM cart_abandonment_log ORDER BY id")
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def claim(self, episodes: EpisodeLog, *keys: CartKey, cooldown_us: int = 24 * HOUR) -> Claims:
        carts = self.loader(episodes).load(list(keys)).carts
        return episodes.claim(
            [
                Episode(carts[key], carts[key].version or 0, carts[key].version or 0, "USD", Decimal(10))
                for key in keys
            ],
            lease_us=600_000_000,
            cooldown_us=cooldown_us,
            now_us=self.clock.now_us(),
        )


def connection_settings(server: Server, database: str) -> ConnectionSettings:
    return ConnectionSettings(
        host=server.host, port=server.port, user=server.user, password=server.password, database=database
    )


@contextlib.contextmanager
def sample_shops(server: Server, name: str) -> Iterator[Callable[[], ShopUnderTest]]:
    """Makes sample shops on which Cartwake never ran, in this database."""
    opened: list[ShopUnderTest] = []

    def make() -> ShopUnderTest:
        with server.connect() as connection:
            sample_shop.create(connection, name, users=())
        settings = connection_settings(server, name)
        database = Database(settings)
        clock = ServerClock()
        refresh_clock(clock, database)
        policy = Policy(
            threshold_us=30 * 60_000_000, cooldown_us=24 * HOUR, max_age_us=72 * HOUR,
            activated_us=clock.now_us() - 1000 * HOUR,
        )  # fmt: skip
        opened.append(ShopUnderTest(server, name, settings, database, Shop(database, SAMPLE), clock, policy))
        return opened[-1]

    yield make
    for shop in opened:
        for presence in shop.presences:
            presence.close()
        shop.database.close()


@pytest.fixture
def bare_shop(server: Server, fresh_database: str) -> Iterator[Callable[[], ShopUnderTest]]:
    """A sample shop on which Cartwake never ran; call it to get it."""
    with sample_shops(server, fresh_database) as make:
        yield make


@pytest.fixture
def shop(bare_shop: Callable[[], ShopUnderTest]) -> ShopUnderTest:
    """A sample shop with Cartwake's tables."""
    under_test = bare_shop()
    tables.migrate(under_test.database, under_test.shop)
    return under_test


@pytest.fixture(scope="module")
def shared_shop(server: Server, shared_database: str) -> Iterator[ShopUnderTest]:
    """The same, for all tests of a module, which change nothing in it."""
    with sample_shops(server, shared_database) as make:
        under_test = make()
        tables.migrate(under_test.database, under_test.shop)
        yield under_test


@pytest.fixture
async def smtp() -> AsyncIterator[MailServer]:
    """A real SMTP server that a test can make refuse or hang up."""
    async with MailServer().running() as running:
        yield running


def utc(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)


__all__ = ["HOUR", "ShopUnderTest", "connection_settings", "replace", "utc"]
