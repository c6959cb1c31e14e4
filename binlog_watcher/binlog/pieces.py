"""A long batch in pieces, so that thousands of events at a time don't keep the timers from firing meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from binlog_watcher.events import Event
from binlog_watcher.source import Batch, Progress

PIECE = 500
"""Events that are handed over at a time: some milliseconds of work."""


def in_pieces(partition: str, events: Sequence[Event], progress: Progress, before: str) -> Iterator[Batch]:
    """Cut ``events`` into batches. ``progress``: after all of them; ``before``: the position before them.

    Up to the last, nothing is known to be complete: no timer may fire.
    """
    end = max(0, len(events) - 1) // PIECE * PIECE  # where the last piece begins
    if end:
        unfinished = replace(progress, position=before, committed_us=None, caught_up=False)
        for at in range(0, end, PIECE):
            yield Batch(partition, tuple(events[at : at + PIECE]), unfinished)
    yield Batch(partition, tuple(events[end:]), progress)
