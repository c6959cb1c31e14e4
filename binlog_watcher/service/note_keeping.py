"""Writes down what the binlog told of carts and no table of the shop tells, so that the next start knows it."""

import asyncio

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.following import KeptClocks
from binlog_watcher.store.own_tables.cart_notes import CartNotes

log = structlog.get_logger(__name__)

INTERVAL_S = 2.0
"""How often notes are written: a crash forgets as much."""

LAST_TRIES_S = (0.0, 0.1, 1.0)
"""Before a stop: the pause before each try."""

PURGE_INTERVAL_US = 3_600_000_000


class NoteKeeping:
    """Keeps ``notes`` as ``tracker`` knows them. However much a cart changed meanwhile, it costs one row.

    ``keep_us``: how old a note may be; ``clocks``: written down when what came before them is.
    """

    def __init__(
        self,
        tracker: Tracker,
        notes: CartNotes,
        clock: ServerClock,
        *,
        keep_us: int,
        clocks: KeptClocks | None = None,
    ) -> None:
        self._tracker = tracker
        self._notes = notes
        self._clock = clock
        self._keep_us = keep_us
        self._clocks = clocks
        self._purged_us = 0

    async def run(self) -> None:
        """Write until cancelled; what can't be written now is tried again."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.write()

    async def finish(self) -> None:
        """Write what is left before a stop. A session may be broken, or a server taking over: it is tried again."""
        for pause_s in LAST_TRIES_S:
            await asyncio.sleep(pause_s)
            if await self.write():
                return

    async def write(self) -> bool:
        """Write what is not written yet, and say whether that is done. Raises nothing."""
        told = None if self._clocks is None else self._clocks.read()
        notes = self._tracker.take_unsaved()
        try:
            if notes:
                await asyncio.to_thread(self._notes.write, notes)
                self._tracker.saved(notes)
            if self._clocks is not None:
                await asyncio.to_thread(self._clocks.write, told)
            await self._purge()
        except Exception as error:
            self._tracker.keep_unsaved(note.key for note in notes)
            log.warning(
                "notes.not_written", error=str(error), carts=len(notes),
                exc_info=not isinstance(error, CartwakeError),
                hint="they are tried again; a restart before that takes these carts for touched just then",
            )  # fmt: skip
            return False
        return True

    async def _purge(self) -> None:
        """Forget carts that nobody is mailed for any more."""
        now_us = self._clock.now_us()
        if now_us - self._purged_us >= PURGE_INTERVAL_US:
            deleted = await asyncio.to_thread(self._notes.purge, now_us - self._keep_us)
            self._purged_us = now_us
            log.debug("notes.purged", carts=deleted)
