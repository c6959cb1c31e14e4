"""Ways to keep a timer a key, each as plain as its documentation has it."""

import asyncio
import heapq
import itertools
from typing import Any, Protocol

from binlog_watcher.core.timer_wheel import TimerWheel

_BATCH = 100
"""Timers that the service takes out at a time."""


class Contender(Protocol):
    """Timers by key; times in epoch microseconds."""

    def arm(self, key: int, due_us: int, /) -> object:
        """Set or move the key's timer."""

    def cancel(self, key: int, /) -> object:
        """Drop the key's timer, which is there."""

    def expire(self, now_us: int) -> int:
        """Fire what is due; how many."""


class Wheel:
    """Ours."""

    def __init__(self) -> None:
        self._wheel = TimerWheel()
        self.arm = self._wheel.arm
        self.cancel = self._wheel.cancel

    def expire(self, now_us: int) -> int:
        fired = 0
        while due := self._wheel.advance(now_us, _BATCH):
            fired += len(due)
        return fired


class Heap:
    """The priority queue of the documentation of heapq: entries are marked as removed and stay until due."""

    def __init__(self) -> None:
        self._heap: list[list[Any]] = []
        self._entries: dict[int, list[Any]] = {}
        self._counter = itertools.count()

    def arm(self, key: int, due_us: int) -> None:
        if key in self._entries:
            self.cancel(key)
        entry = [due_us, next(self._counter), key]
        self._entries[key] = entry
        heapq.heappush(self._heap, entry)

    def cancel(self, key: int) -> None:
        self._entries.pop(key)[-1] = None

    def expire(self, now_us: int) -> int:
        fired = 0
        while self._heap and self._heap[0][0] <= now_us:
            key = heapq.heappop(self._heap)[-1]
            if key is not None:
                del self._entries[key]
                fired += 1
        return fired


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose time stands where it is set."""

    now = 0.0

    def time(self) -> float:
        return self.now


class CallLater:
    """A handle of the event loop a key."""

    def __init__(self) -> None:
        self._loop = _Loop()
        self._handles: dict[int, asyncio.TimerHandle] = {}
        self._fired = 0

    def arm(self, key: int, due_us: int) -> None:
        old = self._handles.get(key)
        if old is not None:
            old.cancel()
        self._handles[key] = self._loop.call_at(due_us / 1e6, self._fire, key)

    def cancel(self, key: int) -> None:
        self._handles.pop(key).cancel()

    def expire(self, now_us: int) -> int:
        self._loop.now = now_us / 1e6
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()
        return self._fired

    def _fire(self, key: int) -> None:
        del self._handles[key]
        self._fired += 1


CONTENDERS: dict[str, type[Contender]] = {"wheel": Wheel, "heapq": Heap, "call_later": CallLater}
