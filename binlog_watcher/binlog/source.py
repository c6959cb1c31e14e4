"""The shop's binlog as an event source."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from binlog_watcher.binlog.anchor import Marker
from binlog_watcher.binlog.created_at import ToUs
from binlog_watcher.binlog.handover import Handover
from binlog_watcher.binlog.reader import Reader, ReaderOptions
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.connection import ConnectionSettings
from binlog_watcher.schema import Schema
from binlog_watcher.source import Deliver, Hydrate

_GRACE_S = 0.4
"""How long a batch in hand may take, and then the thread, once ``stop`` was called."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class BinlogSource:
    """Follows the binlog of one MySQL or MariaDB: one partition, named ``partition``.

    ``hydrate`` is called in the reader's thread, after the anchor was taken. ``now_us`` is MySQL's clock in epoch
    microseconds. ``server_id`` must be no replica's; None: a random one. ``marker`` commits a row in a table of
    our own and is needed on a MySQL without GTIDs only. ``queue_size``: events that may wait for the consumer.
    ``created_at_us`` reads the cart's ``created_at``: with it, a wrong time zone is noticed and warned of.
    """

    connection: ConnectionSettings
    schema: Schema
    hydrate: Hydrate
    now_us: Callable[[], int]
    server_id: int | None = None
    marker: Marker | None = None
    heartbeat_s: float = 1.0
    queue_size: int = 10_000
    reset_interval_s: float = 60.0
    partition: str = "binlog"
    created_at_us: ToUs | None = None
    stats: Stats = field(default_factory=Stats, init=False)
    _reader: Reader | None = field(default=None, init=False, repr=False)
    _scope: asyncio.Timeout | None = field(default=None, init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _stopped: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    async def run(self, deliver: Deliver) -> None:
        """Deliver ordered batches until ``stop``; see EventSource. Raises ConfigError."""
        self._loop = asyncio.get_running_loop()
        handover = Handover(self._loop, self.queue_size)
        self._reader = Reader(self._options(), handover, self.stats)
        ended = asyncio.Event()
        thread = threading.Thread(
            target=self._read, args=(self._reader, ended), name="binlog-reader", daemon=True
        )
        thread.start()
        try:
            async with asyncio.timeout(None) as self._scope:
                if self._stopped.is_set():
                    return
                while (batch := await handover.take()) is not None:
                    await deliver(batch)
        except TimeoutError:
            if not self._stopped.is_set():
                raise  # the consumer's own
        finally:
            self._reader.stop()
            await self._wait_for(ended)

    def stop(self) -> None:
        """Ask ``run`` to end within a second; callable from any thread, more than once."""
        self._stopped.set()
        if self._reader is not None:
            self._reader.stop()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._limit_consumer)

    def request_reset(self, reason: str) -> None:
        """Read everything anew; coalesced: at most once in ``reset_interval_s``. Any thread."""
        if self._reader is not None:
            self._reader.want_reset(reason)

    def _options(self) -> ReaderOptions:
        return ReaderOptions(
            self.connection,
            self.schema,
            self.hydrate,
            self.now_us,
            self.server_id,
            self.marker,
            self.heartbeat_s,
            self.reset_interval_s,
            self.partition,
            self.created_at_us,
        )

    def _read(self, reader: Reader, ended: asyncio.Event) -> None:
        reader.run()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(ended.set)

    def _limit_consumer(self) -> None:
        scope = self._scope
        if scope is not None and scope.when() is None and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                scope.reschedule(self._loop.time() + _GRACE_S)

    async def _wait_for(self, ended: asyncio.Event) -> None:
        """A thread that hangs in a connect can't be woken; as a daemon it does not keep the process."""
        try:
            await asyncio.wait_for(ended.wait(), _GRACE_S)
        except TimeoutError:
            log.info("binlog.thread_left", reason="it waits for the server")
