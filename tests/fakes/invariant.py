"""The one promise that every fault is held against.

Whatever the server does: once traffic stops and the source has caught up, the armed keys that have counted rows
are those of a fresh hydration, no due time is earlier than the hydrated one, and where only INSERTs happened the
two are the same. Reconciliation plays no part in it: nothing here reads the shop but the source's own hydration.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fakes.binlog_follower import DEADLINE_S, Follower, Shop, settings_for, source_of

from binlog_watcher.binlog import BinlogSource
from binlog_watcher.clock import ServerClock
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.events import Assigned, CartKey, Hydrated, ProductChanged, Revoked
from binlog_watcher.core.source import Batch
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.service.resources import refresh_clock
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Database
from binlog_watcher.store.locks.presence import new_owner
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.shop_tables.open_carts import CartScan
from binlog_watcher.store.shop_tables.shop import Shop as ShopTables

HOUR_US = 3_600_000_000
THRESHOLD_US = HOUR_US
"""Longer than any test: no timer fires."""

TICK_US = 10_000
_MARK_S = 2.0
"""After which a mark is taken for one that a reset has jumped over."""

COUNTED = """
SELECT DISTINCT c.user_id FROM cart c
WHERE c.user_id <> 0 AND c.quantity > 0 AND NOT EXISTS (
  SELECT 1 FROM orders o WHERE o.user_id = c.user_id
  AND FLOOR(UNIX_TIMESTAMP(o.created_at)) >= FLOOR(UNIX_TIMESTAMP(c.created_at)))
"""
"""docs/design.md, *What abandoned means*: carts with an episode, said once more and not as the store says it."""


def prepare(shop: Shop) -> None:
    """Make the tables of ``open_shop`` ready: five products, and on MySQL created_at to the microsecond.

    MariaDB's binlog tells the second of a commit only, so its created_at tells no more.
    """
    shop.run("INSERT INTO products (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')")
    if shop.server.flavor == "mysql":
        shop.run("ALTER TABLE cart MODIFY created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)")


class Watch(Follower):
    """A source and the timers that it sets, wired as `cartwake run` does, without anything that fires them.

    ``shop``: where the shop writes; another one after a failover.
    """

    def __init__(self, source: BinlogSource, hydrator: Hydrator, shop: Shop) -> None:
        super().__init__(source)
        self.tracker = Tracker(THRESHOLD_US, tick_us=TICK_US, lock=threading.RLock())
        self._hydrator = hydrator
        self.shop = shop

    def deliver(self, batch: Batch) -> None:
        self.tracker.apply(batch)
        super().deliver(batch)

    async def settled(self) -> None:
        """Wait until everything that the shop has done so far was applied, resets included.

        A mark tells that the stream is behind it, but a reset may be under way, or may jump over the mark. So two
        marks in a row must arrive with no hydration between them.
        """
        before = -1
        async with asyncio.timeout(3 * DEADLINE_S):
            while (now := await self._hydrations_at_mark()) != before:
                before = now

    async def holds(
        self,
        *,
        resets: Mapping[str, int],
        took_us: Mapping[int, int] | None = None,
        empty: bool | None = False,
    ) -> None:
        """Assert the invariant; the traffic has stopped.

        ``resets``: exactly those of the source, by reason. ``took_us``: of the keys that saw nothing but INSERTs,
        how long the slowest one took. ``empty``: whether no cart is left (None: who knows).
        """
        await self.settled()
        fresh = await asyncio.to_thread(self._fresh)
        with contextlib.closing(Shop(self.shop.server, self.shop.database)) as shop:
            counted = {row[0] for row in shop.run(COUNTED)}
        assert empty is None or (fresh == {}) is empty, f"carts: {len(fresh)}"
        assert fresh.keys() == counted, f"hydrated {sorted(fresh)}, counted {sorted(counted)}"
        keys = self.tracker.keys()
        armed = {key: self.tracker.due_of(key) or 0 for key in keys}
        lost = counted - armed.keys()
        assert not lost, f"lost: {lost}"
        early = {key: due - armed[key] for key, due in fresh.items() if armed[key] < due}
        assert not early, f"due too early, by microseconds: {early}"
        for key, took in (took_us or {}).items():
            assert (key in armed) is (key in fresh), f"{key} is armed for nothing"
            late_us = armed.get(key, 0) - fresh.get(key, 0) - self._allowed_us(took)
            assert late_us <= 0, f"{key} is due {late_us} us too late"
        stats = self.source.stats
        assert stats.resets == resets, f"resets {stats.resets}, expected {dict(resets)}; {stats.troubles}"
        assert stats.unknown_events == 0, f"unknown events: {stats.unknown_events}"

    def _allowed_us(self, took_us: int) -> int:
        return TICK_US + (took_us if self.shop.server.flavor == "mysql" else 1_000_000)

    def _fresh(self) -> dict[CartKey, int]:
        try:
            return self._hydrated()
        except DatabaseUnavailableError:
            # A spare session led to a server that is gone; the source asks again as well.
            return self._hydrated()

    def _hydrated(self) -> dict[CartKey, int]:
        return {read.key: read.due_us for page in self._hydrator() for read in page}

    async def _hydrations_at_mark(self) -> int:
        while True:
            with contextlib.closing(Shop(self.shop.server, self.shop.database)) as shop:
                shop.run("INSERT INTO products (name) VALUES ('mark')")
                ((mark,),) = shop.run("SELECT LAST_INSERT_ID()")
            with contextlib.suppress(TimeoutError):
                await self.until(lambda mark=mark: self._has_seen(mark), _MARK_S)
                brackets = [
                    event for event in self.events if isinstance(event, Assigned | Hydrated | Revoked)
                ]
                if isinstance(brackets[-1], Hydrated):
                    return len(brackets)

    def _has_seen(self, mark: int) -> bool:
        return any(isinstance(e, ProductChanged) and e.product_id == mark for e in reversed(self.events))


def _hydrator(database: Database, clock: ServerClock) -> tuple[Hydrator, EpisodeLog]:
    refresh_clock(clock, database)
    shop = ShopTables(database, SAMPLE)
    tables.migrate(database, shop)
    episodes = EpisodeLog(database, shop, new_owner(), erased=ErasedKeys("salt"))
    policy = Policy(
        threshold_us=THRESHOLD_US, cooldown_us=24 * HOUR_US, max_age_us=72 * HOUR_US,
        activated_us=clock.now_us() - 48 * HOUR_US,
    )  # fmt: skip
    hydrator = Hydrator(
        database=database,
        scan=CartScan(shop),
        episodes=episodes,
        notes=CartNotes(database, ""),
        policy=policy,
        clock=clock,
        with_log=True,
    )
    return hydrator, episodes


@contextlib.asynccontextmanager
async def watch(
    shop: Shop,
    *,
    reader: Mapping[str, Any] | None = None,
    address: ConnectionSettings | None = None,
    **options: Any,
) -> AsyncIterator[Watch]:
    """A watch that has caught up. ``reader``: changes to the connection settings of the dump (a proxy's port, TLS).

    ``address``: under which the program knows the server, for all that it does, if that is not the server's own.
    ``options`` are those of ``source_of``.
    """
    settings = address or settings_for(shop.server, shop.database)
    database, clock = Database(settings), ServerClock()
    try:
        hydrator, episodes = await asyncio.to_thread(_hydrator, database, clock)
        source = source_of(
            address or settings_for(shop.server, shop.database, **(reader or {})),
            **({"hydrate": hydrator, "now_us": clock.now_us, "marker": episodes.mark} | options),
        )
        watching = Watch(source, hydrator, shop)
        watching.task = asyncio.create_task(source.run(watching.deliver))
        try:
            await watching.caught_up()
            yield watching
        finally:
            source.stop()
            await watching.task
    finally:
        database.close()
