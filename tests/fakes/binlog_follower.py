"""Follows a real server's binlog in a test: the shop's tables, and what the source delivered."""

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pymysql
from pymysql.constants import ER, SERVER_STATUS

from binlog_watcher.binlog import BinlogSource, SourceOptions, Tuning
from binlog_watcher.core.events import CartRead, Event, ProductChanged, Revoked
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.demo.server import Server
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.shop.presets import SAMPLE

DEADLINE_S = 20.0

TABLES = (
    """CREATE TABLE cart (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, product_id INT, quantity INT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (created_at), KEY (user_id))""",
    """CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), email VARCHAR(100),
    role VARCHAR(20), KEY (email))""",
    """CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, total_amount DECIMAL(10,2),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (user_id))""",
    """CREATE TABLE products (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200), description TEXT,
    price DECIMAL(10,2), category VARCHAR(50), image VARCHAR(200), stock INT)""",
)


def now_us() -> int:
    return time.time_ns() // 1000


class Shop:
    """The shop's side: statements on a session of its own."""

    def __init__(self, server: Server, database: str) -> None:
        self.server = server
        self.database = database
        self._connection: Any = server.connect(database=database)  # its server_status is missing in the stubs
        self._marks = itertools.count(1_000_000)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Execute statements; a single one outside of a transaction again after a deadlock, as shops do."""
        alone = (
            len(statements) == 1 and not self._connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS
        )
        for _ in range(5 if alone else 0):
            try:
                return self._run(*statements)
            except pymysql.err.OperationalError as error:
                if error.args[0] != ER.LOCK_DEADLOCK:
                    raise
        return self._run(*statements)

    def _run(self, *statements: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows

    def create_tables(self) -> None:
        self.run(*TABLES)

    def mark(self) -> int:
        """Write a product whose event says that all before has been read."""
        number = next(self._marks)
        self.run(f"INSERT INTO products (id, name) VALUES ({number}, 'mark')")
        return number

    def reconnect(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()
        self._connection = self.server.connect(database=self.database)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()


@contextlib.contextmanager
def open_shop(server: Server, database: str) -> Iterator[Shop]:
    shop = Shop(server, database)
    try:
        shop.create_tables()
        yield shop
    finally:
        shop.close()


def settings_for(server: Server, database: str, **changes: Any) -> ConnectionSettings:
    defaults: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "database": database,
        "tls": Tls.OFF,
    }
    return ConnectionSettings(**(defaults | changes))


class Follower:
    """A running source and what it delivered. ``gate``: cleared, it makes the consumer stand still.

    Made in the event loop; the source's thread delivers.
    """

    def __init__(self, source: BinlogSource) -> None:
        self._loop = asyncio.get_running_loop()
        self.source = source
        self.events: list[Event] = []
        self.progress: list[Progress] = []
        self.gate = threading.Event()
        self.gate.set()
        self._arrived = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def deliver(self, batch: Batch) -> None:
        self.gate.wait()
        self.events += batch.events
        self.progress.append(batch.progress)
        with contextlib.suppress(RuntimeError):  # a test that ended without waiting for the thread
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def until(self, condition: Callable[..., bool], seconds: float = DEADLINE_S) -> None:
        """Wait for a condition, which is asked without arguments (a loop binds its variable by a default)."""
        async with asyncio.timeout(seconds):
            while not condition():
                if self.task is not None and self.task.done():
                    await self.task
                    raise AssertionError("the source ended")
                self._arrived.clear()
                # Not wait_for: Python 3.11's swallows the end of our own time when news comes in that moment.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._arrived.wait()

    async def caught_up(self) -> None:
        await self.until(lambda: bool(self.progress) and self.progress[-1].caught_up)

    async def settle(self, shop: Shop) -> None:
        """Wait until everything that the shop has done so far was delivered."""
        number = shop.mark()
        await self.until(
            lambda: any(isinstance(e, ProductChanged) and e.product_id == number for e in self.events)
        )

    async def changes(self, shop: Shop, *statements: str, by: Shop | None = None) -> list[Event]:
        """Run the statements, on the session ``by`` if given; the events that came of them, without their times."""
        before = len(self.events)
        (by or shop).run(*statements)
        await self.settle(shop)
        return [event for event in self.events[before:] if not _is_mark(event)]

    @property
    def resets(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Revoked)]


def _is_mark(event: Event) -> bool:
    return (
        isinstance(event, ProductChanged)
        and isinstance(event.product_id, int)
        and event.product_id >= 1_000_000
    )


def carts(settings: ConnectionSettings) -> Callable[[], Iterator[list[CartRead]]]:
    """Hydrates from the cart table in the plainest way: due is the newest row's time."""

    def hydrate() -> Iterator[list[CartRead]]:
        with (
            contextlib.closing(settings.connect(autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT user_id, UNIX_TIMESTAMP(MAX(created_at)) FROM cart WHERE user_id <> 0 GROUP BY user_id"
            )
            yield [CartRead(key, int(at) * 1_000_000, int(at) * 1_000_000) for key, at in cursor.fetchall()]

    return hydrate


def nothing() -> Iterator[list[CartRead]]:
    """A shop without carts, or whose cart table is no cart table any more."""
    return iter([])


def source_of(settings: ConnectionSettings, **options: Any) -> BinlogSource:
    """A source with ``options`` of SourceOptions and Tuning. Resets are not put off, so that each is seen."""
    tuning = {name: options.pop(name) for name in Tuning.__dataclass_fields__ if name in options}
    defaults: dict[str, Any] = {"schema": SAMPLE, "hydrate": carts(settings), "now_us": now_us}
    return BinlogSource(
        SourceOptions(settings, **(defaults | options), tuning=Tuning(**({"reset_interval_s": 0.0} | tuning)))
    )


@contextlib.asynccontextmanager
async def follow(settings: ConnectionSettings, **options: Any) -> AsyncIterator[Follower]:
    """A source that has caught up; stopped afterwards."""
    source = source_of(settings, **options)
    follower = Follower(source)
    follower.task = asyncio.create_task(source.run(follower.deliver))
    try:
        await follower.caught_up()
        yield follower
    finally:
        source.stop()
        follower.gate.set()
        with contextlib.suppress(asyncio.CancelledError):
            await follower.task
