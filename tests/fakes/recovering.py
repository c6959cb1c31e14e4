"""The recovery as `cartwake run` builds it, on a real shop and a real SMTP server, with its events made by the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import pytest
from fakes.mail_server import MailServer

from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartClosed,
    CartKey,
    Change,
    Event,
    Hydrated,
    OrderPlaced,
)
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.recovery.reconcile import Reconciler, Report
from binlog_watcher.recovery.timers import Timers
from binlog_watcher.service.catalogue import read_catalogue
from binlog_watcher.service.pipeline import Pipeline, build_pipeline
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

PARTITION = "binlog"


def settings_of(shop: Any, smtp: MailServer, **settings: str) -> Settings:
    """Settings for a shop and an SMTP server of the tests."""
    return load_settings(
        None,
        environ={
            "MYSQL_HOST": "127.0.0.1",
            "MYSQL_PORT": str(shop.server.port),
            "MYSQL_USER": shop.server.user,
            "MYSQL_PASSWORD": shop.server.password,
            "MYSQL_DATABASE": shop.name,
            "MYSQL_TLS": "off",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(smtp.port),
            "SMTP_TLS": "none",
            "SENDER_EMAIL": "hello@shop.example.com",
            "STORE_NAME": "The Sample Shop",
            "STORE_URL": "https://shop.example.com",
            "STORE_ADDRESS": "1 Market Street",
            "SUPPORT_EMAIL": "support@shop.example.com",
            "CART_URL": "https://shop.example.com/cart",
            "LOG_FILE": "",
        }
        | settings,
    )


class _FollowingReconciler(Reconciler):
    """Its stream is heard of during each pass, by ``heartbeats``, if there are any."""

    heartbeats: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def run_once(self, *, alone: bool = False) -> Report:
        stream = asyncio.create_task(self.heartbeats()) if self.heartbeats else None
        await asyncio.sleep(0)
        try:
            return await super().run_once(alone=alone)
        finally:
            if stream is not None:
                stream.cancel()


class Recovering:
    """One instance. Its carts are taken in hand with ``take``, or by their timers once ``follow`` was called."""

    def __init__(
        self,
        shop: Any,
        smtp: MailServer,
        *,
        active_hours: float | None = 1000,
        include_older_us: int = 0,
        **settings: str,
    ) -> None:
        """``active_hours``: how long ago Cartwake was activated in this shop; None: this is the first run."""
        self.shop = shop
        self.smtp = smtp
        if active_hours is not None:
            shop.run(
                "INSERT IGNORE INTO cart_abandonment_meta (name, value) VALUES ('activated_at', %s)",
                (str(shop.clock.now_us() - int(active_hours * 3_600_000_000)),),
            )
        self.settings = settings_of(shop, smtp, **settings)
        self.resources: Resources = open_resources(
            self.settings, write=not self.settings.dry_run, include_older_us=include_older_us
        )
        self.pipeline: Pipeline = build_pipeline(
            self.settings, self.resources, read_catalogue(self.resources.shop)
        )
        self.tracker = self.pipeline.tracker
        self.recovery = self.pipeline.recovery
        self._tasks: list[asyncio.Task[Any]] = []
        self.timers = Timers(self.pipeline.runtime, self.recovery)
        self.apply(Assigned(PARTITION), Hydrated(PARTITION))

    @property
    def mailing(self) -> Any:
        """What acts on decisions, for tests that look behind it."""
        return self.recovery._acting

    @property
    def composer(self) -> Any:
        """What builds the mails, for tests that break it."""
        pool: Any = self.pipeline.pool
        return pool._composer

    def now_us(self) -> int:
        return self.resources.clock.now_us()

    def apply(self, *events: Event) -> None:
        now_us = self.now_us()
        self.tracker.apply(Batch(PARTITION, events, Progress("test", now_us, True, 0, now_us)))
        self.timers.poke()

    def activity(self, key: CartKey, change: Change = Change.UPDATE) -> None:
        self.apply(CartChanged(key, change, self.now_us()))

    def order(self, key: CartKey) -> None:
        self.apply(OrderPlaced(key, self.now_us()))

    def drop_timer(self, key: CartKey) -> None:
        """So that the cart can be taken now."""
        self.apply(CartClosed(key, self.now_us()))

    def take(self, *keys: CartKey) -> list[DueCart]:
        return self.tracker.take(keys, self.now_us(), PARTITION)

    async def recover(self, *keys: CartKey) -> Any:
        """Take carts through to their outcome; what was decided."""
        handled = await self.recovery.process(self.take(*keys))
        await self.drained()
        return {entry.key: entry.decision for entry in handled}

    async def drained(self) -> None:
        async with asyncio.timeout(60):
            await self.pipeline.drained()

    def follow(self) -> None:
        """Let timers fire, with a source that is caught up and heard of all the time."""
        self._tasks += [asyncio.create_task(self.heartbeats()), asyncio.create_task(self.timers.run())]

    async def heartbeats(self) -> None:
        """A stream that is caught up and heard of all the time."""
        while True:
            self.apply()
            await asyncio.sleep(0.2)

    def hydrate(self) -> None:
        """Arm all open carts, as the source does when it starts."""
        resources = self.resources
        hydrator = Hydrator(
            database=resources.database,
            scan=resources.scan,
            episodes=resources.episodes,
            notes=resources.notes,
            policy=resources.policy,
            clock=resources.clock,
            with_log=resources.with_log,
        )
        for page in hydrator():
            self.apply(*page)

    def reconciler(self, *, since_us: int, silent: bool = False) -> Reconciler:
        """``silent``: nothing is heard of the stream but what the test applies."""
        reconciler = _FollowingReconciler(
            shop=self.resources.shop,
            scan=self.resources.scan,
            episodes=self.resources.episodes,
            recovery=self.recovery,
            runtime=self.pipeline.runtime,
            since_us=since_us,
            partition=PARTITION,
            with_log=not self.settings.dry_run,
        )
        reconciler.heartbeats = None if silent else self.heartbeats
        return reconciler

    def rows(self) -> list[tuple[Any, ...]]:
        """(cart key, status, reason, email_sent) of each row of the log."""
        return [(row["cart_key"], row["status"], row["reason"], row["email_sent"]) for row in self.shop.log()]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pipeline.close()
        self.resources.close()


@contextlib.asynccontextmanager
async def recovering(
    shop: Any,
    smtp: MailServer,
    *,
    active_hours: float | None = 1000,
    include_older_us: int = 0,
    **settings: str,
) -> AsyncIterator[Recovering]:
    """Open an instance whose outbox runs."""
    instance = Recovering(
        shop, smtp, active_hours=active_hours, include_older_us=include_older_us, **settings
    )
    instance._tasks.append(asyncio.create_task(instance.pipeline.send()))
    try:
        yield instance
    finally:
        await instance.close()


@contextlib.asynccontextmanager
async def meanwhile(
    monkeypatch: pytest.MonkeyPatch, cartwake: Recovering, stage: str, *keys: int
) -> AsyncIterator[None]:
    """The recovery of these carts stands still at a stage for the block, and has come to its end after it."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    match stage:
        case "compose":
            pool: Any = cartwake.pipeline.pool
            original = pool.compose

            async def compose(*arguments: Any) -> Any:
                reached.set()
                await go_on.wait()
                return await original(*arguments)

            monkeypatch.setattr(pool, "compose", compose)
        case "fence":
            episodes: Any = cartwake.resources.episodes
            fence = episodes.fence

            def fenced(*arguments: Any, **more: Any) -> Any:
                loop.call_soon_threadsafe(reached.set)
                asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)
                return fence(*arguments, **more)

            monkeypatch.setattr(episodes, "fence", fenced)

    recovery = asyncio.create_task(cartwake.recover(*keys))
    async with asyncio.timeout(30):
        await reached.wait()
    yield
    go_on.set()
    await recovery


def abandon(shop: Any, users: Iterable[int], *, minutes_ago: float = 60, product: int = 1) -> list[str]:
    """A cart of one product for each of these users; their addresses."""
    keys = list(users)
    addresses = [f"user{key}@example.com" for key in keys]
    shop.run(
        f"INSERT INTO users (id, name, email, role) VALUES {', '.join(['(%s, %s, %s, %s)'] * len(keys))}",
        [
            value
            for key, email in zip(keys, addresses, strict=True)
            for value in (key, "Jane Doe", email, "customer")
        ],
    )
    row = "(%s, %s, UTC_TIMESTAMP() - INTERVAL %s SECOND)"
    shop.run(
        f"INSERT INTO cart (user_id, product_id, created_at) VALUES {', '.join([row] * len(keys))}",
        [value for key in keys for value in (key, product, int(minutes_ago * 60))],
    )
    return addresses
