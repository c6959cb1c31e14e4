"""A timer wheel without slots: ticks sorted in time, each with the set of keys due at it. Pure.

Theory of operation: a due time is rounded *up* to a tick, so no timer fires early. All keys of a tick share one
bucket, and a key remembers its bucket, so arming, moving and cancelling cost one dict look-up each, and the memory of
a timer is a dict entry and a set entry. ``asyncio.call_later`` keeps a heap of handles instead: four times the
memory, and cancelled handles stay in the heap. Time is an argument; nothing here reads a clock.
"""

from collections.abc import Iterator

from sortedcontainers import SortedDict

from binlog_watcher.events import CartKey


class _Bucket(set[CartKey]):
    """The keys due at one tick; knows its tick so that a key need not store it."""

    __slots__ = ("tick",)

    def __init__(self, tick: int) -> None:
        super().__init__()
        self.tick = tick


class TimerWheel:
    """Timers by key: one per key, times in epoch microseconds, resolution ``tick_us``."""

    def __init__(self, tick_us: int = 10_000) -> None:
        if tick_us <= 0:
            raise ValueError(f"tick_us must be above 0, not {tick_us}")
        self._tick_us = tick_us
        self._ticks: SortedDict = SortedDict()  # tick → _Bucket
        self._bucket_of: dict[CartKey, _Bucket] = {}

    def __len__(self) -> int:
        return len(self._bucket_of)

    def __contains__(self, key: object) -> bool:
        return key in self._bucket_of

    def arm(self, key: CartKey, due_us: int) -> None:
        """Set the key's timer, moving it if it was armed."""
        tick = -(-due_us // self._tick_us)
        old = self._bucket_of.get(key)
        if old is not None:
            if old.tick == tick:
                return
            self._leave(old, key)
        bucket = self._ticks.get(tick)
        if bucket is None:
            bucket = self._ticks[tick] = _Bucket(tick)
        bucket.add(key)
        self._bucket_of[key] = bucket

    def cancel(self, key: CartKey) -> bool:
        """Drop the key's timer; False if there was none."""
        bucket = self._bucket_of.pop(key, None)
        if bucket is None:
            return False
        self._leave(bucket, key)
        return True

    def due_of(self, key: CartKey) -> int | None:
        """The key's due time rounded up to its tick, in epoch microseconds; None if not armed."""
        bucket = self._bucket_of.get(key)
        return None if bucket is None else bucket.tick * self._tick_us

    def next_due(self) -> int | None:
        """The earliest due time, or None when nothing is armed."""
        return self._ticks.peekitem(0)[0] * self._tick_us if self._ticks else None

    def advance(self, now_us: int, limit: int) -> list[tuple[CartKey, int]]:
        """Take out up to ``limit`` timers with ``due <= now_us``, earliest first, as (key, due)."""
        last_tick = now_us // self._tick_us
        due: list[tuple[CartKey, int]] = []
        while self._ticks and len(due) < limit:
            tick, bucket = self._ticks.peekitem(0)
            if tick > last_tick:
                break
            while bucket and len(due) < limit:
                key = bucket.pop()
                del self._bucket_of[key]
                due.append((key, tick * self._tick_us))
            if not bucket:
                del self._ticks[tick]
        return due

    def __iter__(self) -> Iterator[CartKey]:
        """All armed keys, in no order."""
        return iter(self._bucket_of)

    def _leave(self, bucket: _Bucket, key: CartKey) -> None:
        bucket.discard(key)
        if not bucket:
            del self._ticks[bucket.tick]
