"""The shop's binlog as an event source."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from binlog_watcher.binlog.connection.anchor import Marker
from binlog_watcher.binlog.meaning.created_at import ToUs
from binlog_watcher.binlog.reader import Reader, ReaderOptions
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.source import Deliver, Hydrate
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.schema import Schema

_GRACE_S = 0.4
"""How long the thread may take to end, once ``stop`` was called."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class BinlogSource:
    """Follows the binlog of one MySQL or MariaDB: one partition, named ``partition``.

    ``hydrate`` is called in the reader's thread, after the anchor was taken. ``now_us`` is MySQL's clock in epoch
    microseconds. ``server_id`` must be no replica's; None: a random one. ``marker`` commits a row in a table of
    our own and is needed on a MySQL without GTIDs only.
    ``created_at_us`` reads the cart's ``created_at``: with it, a wrong time zone is noticed and warned of.
    """

    connection: ConnectionSettings
    schema: Schema
    hydrate: Hydrate
    now_us: Callable[[], int]
    server_id: int | None = None
    marker: Marker | None = None
    heartbeat_s: float = 1.0
    reset_interval_s: float = 60.0
    partition: str = "binlog"
    created_at_us: ToUs | None = None
    stats: Stats = field(default_factory=Stats, init=False)
    _reader: Reader | None = field(default=None, init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _ending: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)
    _ended: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)
    _error: BaseException | None = field(default=None, init=False, repr=False)
    _stopped: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    async def run(self, deliver: Deliver) -> None:
        """Deliver ordered batches until ``stop``; see EventSource. Raises ConfigError and what ``deliver`` raises."""
        self._loop = asyncio.get_running_loop()
        reader = self._reader = Reader(self._options(), deliver, self.stats)
        if self._stopped.is_set():
            return
        # A daemon: one that hangs in a connect can't be woken, and does not keep the process.
        threading.Thread(target=self._read, args=(reader,), name="binlog-reader", daemon=True).start()
        try:
            await self._ending.wait()
        finally:
            reader.stop()
            await self._wait_for_thread()
            self.stats.connected = False
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Ask ``run`` to end within a second; callable from any thread, more than once."""
        self._stopped.set()
        if self._reader is not None:
            self._reader.stop()
        self._tell(self._ending)

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

    def _read(self, reader: Reader) -> None:
        try:
            reader.run()
        except BaseException as error:  # noqa: BLE001  # whatever it is, ``run`` must raise it
            self._error = error
        self._tell(self._ended, self._ending)

    def _tell(self, *flags: asyncio.Event) -> None:
        """Set flags of the event loop from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop was closed under us: nobody waits any more
            if self._loop is not None:
                for flag in flags:
                    self._loop.call_soon_threadsafe(flag.set)

    async def _wait_for_thread(self) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), _GRACE_S)
        except TimeoutError:
            log.info("binlog.thread_left", reason="it waits for the server")
