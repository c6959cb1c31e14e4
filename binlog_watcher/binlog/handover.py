"""From the reader's thread to the event loop: one slot in which waiting batches melt together.

Bounded by the number of events, so a consumer that is too slow makes the thread wait, and in the end the server
(which ``net_write_timeout`` keeps patient). Batches have no meaning of their own: the events of two are the
events of one, with the progress of the later. They come out in pieces, so that thousands of events at a time
don't hold the event loop up.
"""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

from binlog_watcher.events import Event
from binlog_watcher.source import Batch

_PIECE = 500
"""Events that are handed out at a time: some milliseconds of work."""


class HandoverClosedError(Exception):
    """The consumer is gone: the reader ends."""


class Handover:
    """Made in the event loop that consumes. ``size``: events that may wait; one batch may exceed it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        self._loop = loop
        self._size = size
        self._lock = threading.Condition()
        self._events: list[Event] = []
        self._last: Batch | None = None
        self._pieces: Iterator[Batch] = iter(())
        self._position = ""  # behind the last batch that was taken
        self._closed = False
        self._error: BaseException | None = None
        self._wake = asyncio.Event()

    def put(self, batch: Batch) -> None:
        """Hand a batch over; waits while too much is waiting. Raises HandoverClosedError."""
        with self._lock:
            self._lock.wait_for(lambda: self._closed or len(self._events) < self._size)
            if self._closed:
                raise HandoverClosedError
            self._events += batch.events
            waiting, self._last = self._last, batch
        if waiting is None:
            self._notify()

    def close(self, error: BaseException | None = None) -> None:
        """End it: ``take`` raises ``error`` or returns None. The first close counts. Any thread."""
        with self._lock:
            if self._closed:
                return
            self._closed, self._error = True, error
            self._lock.notify_all()
        self._notify()

    async def take(self) -> Batch | None:
        """What waits, at most a piece of it; None once closed."""
        while True:
            piece = next(self._pieces, None)
            if piece is None:
                await self._wake.wait()
            else:
                await asyncio.sleep(0)  # others have their turn between two pieces
            with self._lock:
                if self._closed:
                    if self._error is not None:
                        raise self._error
                    return None
                if piece is not None:
                    return piece
                self._wake.clear()
                last, events = self._last, self._events
                self._last, self._events = None, []
                self._lock.notify_all()
            if last is not None:
                self._pieces = _cut(last, events, self._position)
                self._position = last.progress.position
                return next(self._pieces)

    def _notify(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError:  # the loop was closed under us: nobody waits any more
            self._closed = True


def _cut(last: Batch, events: list[Event], position: str) -> Iterator[Batch]:
    """Cut ``events`` into batches. ``position``: before them.

    Up to the last, nothing is known to be complete: no timer may fire.
    """
    unfinished = replace(last.progress, position=position, committed_us=None, caught_up=False)
    end = max(0, len(events) - 1) // _PIECE * _PIECE  # where the last piece begins
    for at in range(0, end, _PIECE):
        yield Batch(last.partition, tuple(events[at : at + _PIECE]), unfinished)
    yield Batch(last.partition, tuple(events[end:]), last.progress)
