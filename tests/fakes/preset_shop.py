"""A shop of another make on a real server, and Cartwake on it by a preset: its settings, its parts, its stream."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fakes.binlog_follower import Follower, follow
from fakes.mail_server import MailServer
from fakes.recovering import settings_of

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Decision, decide
from binlog_watcher.core.events import CartKey, Event, ProductChanged
from binlog_watcher.core.source import Batch
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.demo.server import Server
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.service.wiring import untold
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.fence import fence
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced

NOBODY_LISTENS = MailServer(port=25)
MINUTE = 60_000_000


class PresetShop:
    """One database. ``run`` is a session of the shop's, in UTC.

    ``mark``: a statement that changes a product which nothing else does, and its id.
    """

    def __init__(
        self, server: Server, name: str, preset: str, mark: tuple[str, CartKey], **settings: str
    ) -> None:
        self.server = server
        self.name = name
        self.preset = preset
        self.mark = mark
        self.more = settings
        self._connection = server.connect(database=name, autocommit=True)
        self.run("SET time_zone = '+00:00'")
        self.clock = ServerClock()
        self._resources: Resources | None = None

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def settings(self, smtp: MailServer = NOBODY_LISTENS, **settings: str) -> Settings:
        return settings_of(self, smtp, **({"SHOP_SCHEMA": self.preset} | self.more | settings))

    @property
    def resources(self) -> Resources:
        """Cartwake's parts, with its tables, as if it had been there for weeks."""
        if self._resources is None:
            resources = open_resources(self.settings(), write=True)
            long_ago = resources.clock.now_us() - 1000 * 60 * MINUTE
            self.run(
                "UPDATE cart_abandonment_meta SET value = %s WHERE name = 'activated_at'", (str(long_ago),)
            )
            resources.close()
            self._resources = open_resources(self.settings(), write=True)
            self.clock = self._resources.clock
        return self._resources

    def load(self, *keys: CartKey) -> dict[CartKey, Cart]:
        loaded = self.resources.loader.load(list(keys))
        assert loaded.unreadable == {}
        return loaded.carts

    def rows_read(self, *keys: CartKey) -> int:
        """How many rows the server goes over, in whatever table, to load these carts."""
        counters = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_rnd_next')"
        self.load(*keys)
        before = sum(int(value) for _, value in self.run(counters))
        self.load(*keys)
        return sum(int(value) for _, value in self.run(counters)) - before

    def decide(self, key: CartKey, *, minutes_later: float = 0, known_us: int | None = None) -> Decision:
        now_us = self.resources.clock.now_us() + int(minutes_later * MINUTE)
        cart = replace(self.load(key)[key], lacking_since_us=None)  # what it lacks is found just then
        return decide(cart, known_us, now_us, self.resources.policy)

    def log(self) -> list[dict[str, Any]]:
        columns = ("cart_key", "user_id", "cart_version", "status", "reason", "cart_total", "currency",
                   "discount_percent", "email_sent")  # fmt: skip
        rows = self.run(f"SELECT {', '.join(columns)} FROM cart_abandonment_log ORDER BY id")
        return [dict(zip(columns, row, strict=True)) for row in rows]

    @contextlib.asynccontextmanager
    async def stream(self, *, writes: bool = True) -> AsyncIterator["Stream"]:
        """Follow the shop's binlog into a tracker, as the service does; ``writes``: not in a dry run."""
        if not writes:
            with contextlib.closing(open_resources(self.settings(), write=False)) as dry:
                async with self._following(dry) as stream:
                    yield stream
            return
        async with self._following(self.resources) as stream:
            yield stream

    @contextlib.asynccontextmanager
    async def _following(self, resources: Resources) -> AsyncIterator["Stream"]:
        hydrator = Hydrator(
            database=resources.database, scan=resources.scan, episodes=resources.episodes, notes=resources.notes,
            policy=resources.policy, clock=resources.clock, with_log=resources.with_log,
        )  # fmt: skip
        settings = self.settings().connection
        async with follow(settings, schema=resources.schema, hydrate=hydrator) as follower:
            yield Stream(self, follower, resources)

    def changes_at_once(self, fenced: Fenced, *statements: str) -> None:
        """Hold the fence's statement open in a transaction: what the shop does meanwhile waits for no lock of ours."""
        episodes = self.resources.episodes
        with self.resources.database.session() as session:
            session.run("START TRANSACTION")
            assert fence(session, episodes.owner, self.resources.shop.queries, [fenced], lease_us=MINUTE) == {
                fenced.log_id
            }
            self.run("SET SESSION innodb_lock_wait_timeout = 1")
            for statement in statements:
                self.run(statement)
            session.run("ROLLBACK")

    def claimed(self, key: CartKey, *, fence: bool = True) -> Fenced:
        """A cart whose mail is claimed, and has passed the fence; `cartwake explain` saw before that it would."""
        episodes, cart = self.resources.episodes, self.load(key)[key]
        episode = Episode(cart, cart.version or 0, cart.newest_row_us, "USD", Decimal(0))
        now_us = self.resources.clock.now_us()
        _, changed = episodes.look_ahead(cart, cooldown_us=0, now_us=now_us)
        assert changed == []
        (log_id,) = episodes.claim([episode], lease_us=MINUTE, cooldown_us=0, now_us=now_us).ids.values()
        fenced = Fenced(log_id, cart)
        assert not fence or episodes.fence([fenced], lease_us=MINUTE) == {log_id}
        return fenced

    def fence_again(self, fenced: Fenced) -> bool:
        """As right before DATA."""
        return self.resources.episodes.fence_again(fenced, lease_us=MINUTE)

    def close(self) -> None:
        if self._resources is not None:
            self._resources.close()
        if self._connection.open:
            self._connection.close()


class Stream:
    """What the stream said, and a tracker that took it in."""

    def __init__(self, shop: PresetShop, follower: Follower, resources: Resources) -> None:
        self._shop = shop
        self._follower = follower
        self.resources = resources
        self.tracker = Tracker(resources.policy.threshold_us, untold=untold(resources.schema))
        self._applied = 0

    async def settle(self) -> list[Event]:
        """The events since the last time, once all that the shop has done is read; products' are left out."""
        statement, _ = self._shop.mark
        seen = self._marks()
        self._shop.run(statement)
        await self._follower.until(lambda: self._marks() > seen)
        new, self._applied = self._follower.events[self._applied :], len(self._follower.events)
        self.tracker.apply(Batch("binlog", tuple(new), self._follower.progress[-1]))
        return [event for event in new if not isinstance(event, ProductChanged)]

    def _marks(self) -> int:
        _, product = self._shop.mark
        return sum(
            isinstance(event, ProductChanged) and event.product_id == product
            for event in self._follower.events
        )


@contextlib.contextmanager
def preset_shop(
    server: Server, name: str, preset: str, mark: tuple[str, CartKey], **settings: str
) -> Iterator[PresetShop]:
    shop = PresetShop(server, name, preset, mark, **settings)
    try:
        yield shop
    finally:
        shop.close()
