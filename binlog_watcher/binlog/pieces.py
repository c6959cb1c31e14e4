"""A long batch in pieces, so that thousands of events at a time don't keep the timers from firing meanwhile."""

from dataclasses import replace

from binlog_watcher.events import Event
from binlog_watcher.source import Batch, Progress

PIECE = 500
"""Events that are handed over at a time: some milliseconds of work."""


def in_pieces(partition: str, events: tuple[Event, ...], progress: Progress) -> list[Batch]:
    """Cut ``events`` into batches. ``progress``: after all of them.

    Up to the last, nothing is known to be complete: no timer may fire.
    """
    if len(events) <= PIECE:
        return [Batch(partition, events, progress)]
    unfinished = replace(progress, committed_us=None, caught_up=False)
    pieces = [Batch(partition, events[at : at + PIECE], unfinished) for at in range(0, len(events), PIECE)]
    return [*pieces[:-1], replace(pieces[-1], progress=progress)]
