"""Kafka's partitions as an event source: as many instances as wanted share them. See docs/kafka.md."""

import asyncio
import contextlib
import threading

import structlog

from binlog_watcher.core.source import Deliver
from binlog_watcher.kafka.options import KafkaOptions
from binlog_watcher.kafka.stats import KafkaStats
from binlog_watcher.kafka.worker import Worker

LEAVING_S = 10.0
"""How long it may take to commit and to leave the group, once ``stop`` was called."""

log = structlog.get_logger(__name__)


class KafkaSource:
    """A member of a consumer group. ``stats``: what it did so far."""

    def __init__(self, options: KafkaOptions) -> None:
        self.stats = KafkaStats()
        self._options = options
        self._worker: Worker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._error: BaseException | None = None
        self._stopped = threading.Event()

    async def run(self, deliver: Deliver) -> None:
        """Deliver ordered batches until ``stop``; see EventSource. Raises ConfigError and what ``deliver`` raises."""
        self._loop = asyncio.get_running_loop()
        worker = self._worker = Worker(self._options, deliver, self.stats)
        if self._stopped.is_set():
            return
        # A daemon: one that waits for a broker does not keep the process.
        threading.Thread(target=self._read, args=(worker,), name="kafka-worker", daemon=True).start()
        try:
            await self._ended.wait()
        finally:
            worker.stop()
            await self._wait_for_thread()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Ask ``run`` to end when the positions are committed and the group is left; any thread, more than once."""
        self._stopped.set()
        if self._worker is not None:
            self._worker.stop()

    def request_reset(self, reason: str) -> None:
        """Nothing is read anew: what the records missed is for the reconciliation to find."""
        log.info("kafka.no_reset", reason=reason)

    def _read(self, worker: Worker) -> None:
        try:
            worker.run()
        except BaseException as error:  # noqa: BLE001  # whatever it is, ``run`` must raise it
            self._error = error
        with contextlib.suppress(RuntimeError):  # the loop was closed under us: nobody waits any more
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ended.set)

    async def _wait_for_thread(self) -> None:
        try:
            async with asyncio.timeout(LEAVING_S):
                await self._ended.wait()
        except TimeoutError:
            log.warning("kafka.thread_left", hint="the others wait for it as long as a session lasts")
