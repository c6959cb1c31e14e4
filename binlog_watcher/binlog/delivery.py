"""Handing over what was read, with how far that is: the last steps between a commit and its timer.

A long batch goes out in pieces, so that thousands of events at a time don't keep the timers from firing meanwhile.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.core.events import Assigned, CartRead, Event, Hydrated, Revoked
from binlog_watcher.core.source import Batch, Deliver, Progress

EVENTS_BATCH_SIZE = 500
"""Events that are handed over at a time: some milliseconds of work."""

_PROGRESS_INTERVAL_US = 100_000
"""How often progress without events is handed over while other tables are busy."""

_BUSY_INTERVAL_US = 10_000
"""How often events are handed over while still more are waiting to be received."""

_POSITION_INTERVAL_US = 100_000
"""How old the position may be that goes with a batch."""


class StoppedError(Exception):
    """Nobody wants to hear more: the reader ends."""


class Delivery:
    """Gives batches of ``partition`` to ``deliver``. ``now_us``: MySQL's clock, in epoch microseconds.

    Raises StoppedError once ``stopping`` is set.
    """

    def __init__(
        self,
        partition: str,
        deliver: Deliver,
        now_us: Callable[[], int],
        stats: Stats,
        stopping: threading.Event,
    ) -> None:
        self._partition = partition
        self._deliver = deliver
        self._now_us = now_us
        self._stats = stats
        self._stopping = stopping
        self._delivered_us = 0
        self._written_us = 0  # when the position was written down

    def what_has_come(self, decoder: Decoder, *, more: bool) -> None:
        """Hand the decoder's events over; while ``more`` is waiting, not each little piece of them."""
        now_us = self._now_us()
        if more or not decoder.events:
            interval_us = _BUSY_INTERVAL_US if decoder.events else _PROGRESS_INTERVAL_US
            # A clock that was set back is no reason to wait.
            if 0 <= now_us - self._delivered_us < interval_us and not decoder.reached.idle:
                return
        self._delivered_us = now_us
        events = tuple(decoder.events)
        decoder.events.clear()
        if not decoder.reached.exact:
            events = tuple(by_now(event, now_us) for event in events)
        self._put(decoder, events, now_us)

    def put(self, decoder: Decoder | None, events: tuple[Event, ...]) -> None:
        """Hand ``events`` over. ``decoder``: None before anything was read."""
        self._put(decoder, events, self._now_us())

    def _put(self, decoder: Decoder | None, events: tuple[Event, ...], now_us: int) -> None:
        if decoder is None:
            progress = Progress("", None, False, 0, now_us)
        else:
            reached = decoder.reached
            self._stats.lag_us = lag_us = decoder.lag_us(now_us)
            if reached.idle or abs(now_us - self._written_us) >= _POSITION_INTERVAL_US:
                # Not each time: to write a GTID set down takes as long as to decode an event.
                self._stats.position, self._written_us = str(reached.position), now_us
            progress = Progress(self._stats.position, reached.committed_us, reached.caught_up, lag_us, now_us)
        for piece in in_pieces(self._partition, events, progress):
            if self._stopping.is_set():
                raise StoppedError
            self._deliver(piece)


def by_now(event: Event, now_us: int) -> Event:
    """An event has happened when it comes. MariaDB gives it the session's time, which SET timestamp may set."""
    if isinstance(event, Assigned | Hydrated | Revoked | CartRead) or event.at_us <= now_us:
        return event
    return replace(event, at_us=now_us)


def in_pieces(partition: str, events: tuple[Event, ...], progress: Progress) -> list[Batch]:
    """Cut ``events`` into batches. ``progress``: after all of them.

    Up to the last, nothing is known to be complete: no timer may fire.
    """
    if len(events) <= EVENTS_BATCH_SIZE:
        return [Batch(partition, events, progress)]
    unfinished = progress._replace(committed_us=None, caught_up=False)
    pieces = [
        Batch(partition, events[at : at + EVENTS_BATCH_SIZE], unfinished)
        for at in range(0, len(events), EVENTS_BATCH_SIZE)
    ]
    return [*pieces[:-1], pieces[-1]._replace(progress=progress)]
