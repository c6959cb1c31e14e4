"""A timer wheel without slots: ticks sorted in time, each with the keys due at it. Pure.

Theory of operation: a due time is rounded *up* to a tick, so no timer fires early. All keys of a tick share one
bucket, and a key remembers its tick, so arming, moving and cancelling cost a few dict look-ups each.

A million timers must cost little memory and must not make the garbage collector pause. So a bucket of few keys is
a plain tuple (tick, key, key, …): a third of a set's memory, and the collector drops tuples and dicts of plain
numbers and strings from its books. The tick is in the bucket to be shared: all its keys refer to that one int.
And a dict that grows copies itself in one go, 30 ms for a million keys: so the keys are dealt out to several.
``asyncio.call_later`` keeps a heap of handles instead: several times the memory, all of it on the collector's
books, and cancelled handles stay in the heap. Time is an argument; nothing here reads a clock.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

from sortedcontainers import SortedDict

from binlog_watcher.core.events import CartKey

_FEW = 64
"""From here on a bucket is a set: searching and copying a longer tuple would cost more than it saves."""

_SHARDS = 16
"""Dicts that remember ticks; a power of two."""

_Few = tuple[Any, ...]  # tick, key, key, …


class _Many(set[CartKey]):
    """The keys of a crowded tick; ``tick`` is the number that they share."""

    __slots__ = ("tick",)

    def __init__(self, tick: int, keys: _Few) -> None:
        super().__init__(keys)
        self.tick = tick


class TimerWheel:
    """Timers by key: one per key, times in epoch microseconds, resolution ``tick_us``."""

    def __init__(self, tick_us: int = 10_000) -> None:
        if tick_us <= 0:
            raise ValueError(f"tick_us must be above 0, not {tick_us}")
        self._tick_us = tick_us
        self._buckets: SortedDict = SortedDict()  # tick → _Few | _Many
        # Exchanges the bucket of a tick that is there already: the order of the ticks stays as it is.
        self._replace = partial(dict.__setitem__, self._buckets)
        self._ticks: tuple[dict[CartKey, int], ...] = tuple({} for _ in range(_SHARDS))

    def __len__(self) -> int:
        return sum(map(len, self._ticks))

    def __contains__(self, key: object) -> bool:
        return key in self._ticks[hash(key) & _SHARDS - 1]

    def arm(self, key: CartKey, due_us: int) -> None:
        """Set the key's timer, moving it if it was armed."""
        tick = -(-due_us // self._tick_us)
        ticks = self._ticks[hash(key) & _SHARDS - 1]
        old = ticks.get(key)
        if old is not None:
            if old == tick:
                return
            self._leave(old, key)
        bucket = self._buckets.get(tick)
        if bucket is None:
            self._buckets[tick] = (tick, key)
        elif isinstance(bucket, _Many):
            tick = bucket.tick
            bucket.add(key)
        else:
            tick = bucket[0]
            longer = (*bucket, key)
            self._replace(tick, longer if len(bucket) <= _FEW else _Many(tick, longer[1:]))
        ticks[key] = tick

    def cancel(self, key: CartKey) -> bool:
        """Drop the key's timer; False if there was none."""
        tick = self._ticks[hash(key) & _SHARDS - 1].pop(key, None)
        if tick is None:
            return False
        self._leave(tick, key)
        return True

    def due_of(self, key: CartKey) -> int | None:
        """The key's due time rounded up to its tick, in epoch microseconds; None if not armed."""
        tick = self._ticks[hash(key) & _SHARDS - 1].get(key)
        return None if tick is None else tick * self._tick_us

    def next_due(self) -> int | None:
        """The earliest due time, or None when nothing is armed."""
        return self._buckets.peekitem(0)[0] * self._tick_us if self._buckets else None

    def first(self, limit: int) -> list[tuple[CartKey, int]]:
        """Up to ``limit`` timers, earliest first, as (key, due); they stay armed."""
        found: list[tuple[CartKey, int]] = []
        for tick in self._buckets:
            bucket = self._buckets[tick]
            keys = bucket if isinstance(bucket, _Many) else bucket[1:]
            found += ((key, tick * self._tick_us) for key in itertools.islice(keys, limit - len(found)))
            if len(found) >= limit:
                break
        return found[:limit]

    def is_crowded(self, due_us: int) -> bool:
        """Whether many timers are due at this tick already."""
        return isinstance(self._buckets.get(-(-due_us // self._tick_us)), _Many)

    def advance(self, now_us: int, limit: int) -> list[tuple[CartKey, int]]:
        """Take out up to ``limit`` timers with ``due <= now_us``, earliest first, as (key, due)."""
        last_tick = now_us // self._tick_us
        due: list[tuple[CartKey, int]] = []
        while self._buckets and len(due) < limit:
            tick, bucket = self._buckets.peekitem(0)
            if tick > last_tick:
                break
            due_us = tick * self._tick_us
            for key in self._take(tick, bucket, limit - len(due)):
                del self._ticks[hash(key) & _SHARDS - 1][key]
                due.append((key, due_us))
        return due

    def __iter__(self) -> Iterator[CartKey]:
        """All armed keys, in no order."""
        return itertools.chain.from_iterable(self._ticks)

    def _take(self, tick: int, bucket: _Few | _Many, count: int) -> _Few:
        """Take up to ``count`` keys out of a bucket."""
        if isinstance(bucket, _Many):
            keys: _Few = tuple(bucket.pop() for _ in range(min(count, len(bucket))))
            if not bucket:
                del self._buckets[tick]
            return keys
        if len(bucket) <= count + 1:
            del self._buckets[tick]
        else:
            self._replace(tick, (tick, *bucket[count + 1 :]))
        return bucket[1 : count + 1]

    def _leave(self, tick: int, key: CartKey) -> None:
        bucket = self._buckets[tick]
        if isinstance(bucket, _Many):
            bucket.discard(key)
            if not bucket:
                del self._buckets[tick]
        elif len(bucket) == 2:  # the tick and this key
            del self._buckets[tick]
        else:
            at = bucket.index(key, 1)
            self._replace(tick, bucket[:at] + bucket[at + 1 :])
