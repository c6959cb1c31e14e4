"""How long the event loop stands still while a million timers are armed, moved, and armed anew after a reset.

The way is the service's: a thread applies pages of hydration and batches of live events to the tracker. A coroutine
in the event loop, which does no more than to ask the tracker every millisecond what is due next, measures the gaps.
"""

import asyncio
import gc
import random
import threading
import time
from collections.abc import Callable, Iterator

from binlog_watcher.binlog.delivery import in_pieces
from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Change, Event, Hydrated, Revoked
from binlog_watcher.core.source import Progress
from binlog_watcher.core.tracker import Tracker

_CART_PAGE_SIZE = 5_000  # carts a page, as in store/shop_tables/open_carts.py
_LIVE = 1_000  # events of one read of the socket when much is going on
_TICK_S = 0.001
_THRESHOLD_US = 1_800_000_000
_NOW_US = 1_700_000_000_000_000
_NAME = "binlog"

Events = Iterator[tuple[Event, ...]]


def longest_pauses(timers: int) -> dict[str, float]:
    """The longest pause of each phase in real time, and of all in processor time (``cpu``); milliseconds."""
    return asyncio.run(_Loop(timers).run())


class _Loop:
    def __init__(self, timers: int) -> None:
        self._timers = timers
        self._keys = list(range(20_000_000, 20_000_000 + timers))
        self._random = random.Random(7)
        self._tracker = Tracker(_THRESHOLD_US, lock=threading.RLock())
        self._longest_s = self._longest_cpu_s = 0.0

    async def run(self) -> dict[str, float]:
        ticking = asyncio.create_task(self._tick())
        found = {}
        phases: dict[str, Callable[[], Events]] = {
            "hydrate": self._hydrate, "live": self._live, "reset": self._reset,
        }  # fmt: skip
        for name, events in phases.items():
            await asyncio.sleep(0.01)
            self._longest_s = 0.0
            await asyncio.to_thread(self._deliver, events())
            await asyncio.sleep(0.01)
            found[name] = self._longest_s * 1000
            assert self._tracker.armed == self._timers, f"{self._tracker.armed} timers after {name}"
        ticking.cancel()
        return found | {"cpu": self._longest_cpu_s * 1000}

    async def _tick(self) -> None:
        """Note by how much a short sleep overslept, and how long all threads computed meanwhile.

        Only one thread of Python computes at a time, so the latter is what a machine without other work would see.
        """
        last, last_cpu = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(_TICK_S)
            self._tracker.next_due()
            now, cpu = time.perf_counter(), time.process_time()
            self._longest_s = max(self._longest_s, now - last - _TICK_S)
            self._longest_cpu_s = max(self._longest_cpu_s, cpu - last_cpu)
            last, last_cpu = now, cpu

    def _deliver(self, events: Events) -> None:
        """In the source's thread: apply, and freeze what hydration made, as the service does."""
        progress = Progress("", _NOW_US, caught_up=True, lag_us=0, received_us=_NOW_US)
        for some in events:
            for batch in in_pieces(_NAME, some, progress):
                self._tracker.apply(batch)
                if isinstance(batch.events[-1], Assigned | CartRead | Hydrated):
                    gc.freeze()

    def _hydrate(self) -> Events:
        """All carts in the order of their keys, their times at random."""
        yield (Assigned(_NAME),)
        for start in range(0, self._timers, _CART_PAGE_SIZE):
            times = [_NOW_US - int(self._random.random() * _THRESHOLD_US) for _ in range(_CART_PAGE_SIZE)]
            yield tuple(
                CartRead(key, at, at + _THRESHOLD_US)
                for key, at in zip(self._keys[start : start + _CART_PAGE_SIZE], times, strict=False)
            )
        yield (Hydrated(_NAME),)

    def _live(self) -> Events:
        """Half of the customers change their carts, in any order."""
        keys = self._random.sample(self._keys, self._timers // 2)
        gc.freeze()  # this list is ours alone
        for start in range(0, len(keys), _LIVE):
            chunk = keys[start : start + _LIVE]
            yield tuple(
                CartChanged(key, Change.INSERT, _NOW_US + start * 10 + at) for at, key in enumerate(chunk)
            )

    def _reset(self) -> Events:
        yield (Revoked(_NAME, "bench"),)
        yield from self._hydrate()
