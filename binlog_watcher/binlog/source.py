"""The shop's binlog as an event source."""

import asyncio
import contextlib
import threading

import structlog

from binlog_watcher.binlog.options import SourceOptions
from binlog_watcher.binlog.reader import Reader
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.source import Deliver

_GRACE_S = 0.4
"""How long the thread may take to end, once ``stop`` was called."""

log = structlog.get_logger(__name__)


class BinlogSource:
    """Follows the binlog of one MySQL or MariaDB. ``stats``: what it did so far."""

    def __init__(self, options: SourceOptions) -> None:
        self.stats = Stats()
        self._options = options
        self._reader: Reader | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()
        self._error: BaseException | None = None
        self._stopped = threading.Event()

    async def run(self, deliver: Deliver) -> None:
        """Deliver ordered batches until ``stop``; see EventSource. Raises ConfigError and what ``deliver`` raises."""
        self._loop = asyncio.get_running_loop()
        reader = self._reader = Reader(self._options, deliver, self.stats)
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
        """Read everything anew; coalesced: at most once in ``Tuning.reset_interval_s``. Any thread."""
        if self._reader is not None:
            self._reader.want_reset(reason)

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
            async with asyncio.timeout(_GRACE_S):
                await self._ended.wait()
        except TimeoutError:
            log.info("binlog.thread_left", reason="it waits for the server")
