"""Events in, timers armed or cancelled out; hands due carts on and watches them while they are in hand. Pure.

States of a key: *idle* → armed (activity) → in hand (its timer fired) → idle, or armed again (told to wait, or new
activity). A key can be in hand and armed at once: then it was *touched*, and the recovery in hand must not mail.

    event          idle    armed     in hand
    INSERT/UPDATE  arm     move      arm, touched
    DELETE         -       move      arm, touched     (clearing the cart after an order stays quiet)
    order, closed  -       cancel    touched
    order changed  arm     -         arm, touched     (it may be no order any more; idle: after the threshold, since
                                                      the activity before the order is forgotten)
"""

import functools
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartClosed,
    CartKey,
    CartRead,
    Change,
    CustomerOrdersChanged,
    Event,
    Hydrated,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
    Revoked,
)
from binlog_watcher.core.partition import Partition
from binlog_watcher.core.source import Batch
from binlog_watcher.core.timer_wheel import TimerWheel


@dataclass(frozen=True, slots=True)
class DueCart:
    """A cart whose timer fired.

    ``activity_us`` is the last activity known from the source (None: known from the tables only).
    """

    key: CartKey
    partition: str
    due_us: int
    activity_us: int | None


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _alone(method: Callable[Concatenate["Tracker", _P], _R]) -> Callable[Concatenate["Tracker", _P], _R]:
    """One at a time: a source's thread applies, event by event, while the event loop takes what is due."""

    @functools.wraps(method)
    def locked(self: "Tracker", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


class Tracker:
    """All partitions' timers. Times are epoch microseconds of MySQL's clock.

    ``lock``: held while a method works, so that a source's thread may apply while the event loop takes what is due;
    one that a thread may take twice.
    """

    def __init__(
        self, threshold_us: int, *, tick_us: int = 10_000, lock: AbstractContextManager[object] | None = None
    ) -> None:
        self._lock = lock or nullcontext()
        self._threshold_us = threshold_us
        self._tick_us = tick_us
        self._partitions: dict[str, Partition] = {}
        self._in_hand: dict[CartKey, bool] = {}  # key → touched
        # Keys whose due time is not "activity + threshold" (cool-down, retry) and the activity they had.
        self._held: dict[CartKey, int | None] = {}

    @property
    @_alone
    def armed(self) -> int:
        """How many timers are armed."""
        return sum(len(p.wheel) for p in self._partitions.values())

    @property
    @_alone
    def in_hand(self) -> int:
        """How many carts have fired and are not finished."""
        return len(self._in_hand)

    def apply(self, batch: Batch) -> list[ProductChanged | CustomerOrdersChanged]:
        """Apply a batch; the answer holds what is not the timers' business, or not yet."""
        others: list[ProductChanged | CustomerOrdersChanged] = []
        for event in batch.events:
            if isinstance(event, ProductChanged | CustomerOrdersChanged):
                others.append(event)
            else:
                self._apply(batch.partition, event)
        self._observe(batch)
        return others

    @_alone
    def _observe(self, batch: Batch) -> None:
        partition = self._partitions.get(batch.partition)
        if partition is not None and partition.open:
            partition.clock.observe(batch.progress)

    @_alone
    def _apply(self, name: str, event: Event) -> None:
        match event:
            case CartChanged(key, change, at_us):
                self._activity(self._partition(name), key, change, at_us)
            case OrderPlaced(key) | CartClosed(key):
                self._partition(name).cancel(key)
                self._held.pop(key, None)
                self._touch(key)
            case OrderChanged(key, at_us):
                self._order_changed(self._partition(name).wheel, key, at_us)
            case CartRead(key, activity_us, due_us):
                self._read(self._partition(name), key, activity_us, due_us)
            case Assigned(partition):
                self._assign(partition)
            case Hydrated(partition):
                self._hydrated(self._partition(partition))
            case Revoked(partition):
                self._revoke(partition)
            case ProductChanged() | CustomerOrdersChanged():
                pass

    def _activity(self, partition: Partition, key: CartKey, change: Change, at_us: int) -> None:
        in_hand = key in self._in_hand
        if change is Change.DELETE and not in_hand and key not in partition.wheel:
            return
        due_us = at_us + self._threshold_us
        armed_due = partition.wheel.due_of(key)
        if armed_due is not None and armed_due > due_us:
            # Held back further (cool-down), or an event seen before (replayed after a reconnect).
            if key in self._held:
                self._held[key] = max(self._held[key] or 0, at_us)
        else:
            partition.wheel.arm(key, due_us)
            self._held.pop(key, None)
        self._touch(key)

    def _order_changed(self, wheel: TimerWheel, key: CartKey, at_us: int) -> None:
        in_hand = key in self._in_hand
        if key not in wheel:
            # No activity of the customer's: held, so that it makes no old cart young.
            wheel.arm(key, at_us if in_hand else at_us + self._threshold_us)
            self._held[key] = None
        self._touch(key)

    def _read(self, partition: Partition, key: CartKey, activity_us: int, due_us: int) -> None:
        # UPDATE activity is known from the stream only, and a cart in hand may have been told to wait while the
        # tables were read: the later due time counts.
        wheels = (*partition.previous, partition.wheel)
        known = [due for wheel in wheels if (due := wheel.due_of(key)) is not None]
        for wheel in partition.previous:
            wheel.cancel(key)
        if known and max(known) >= due_us:
            partition.wheel.arm(key, max(known))
            return
        partition.wheel.arm(key, due_us)
        if due_us == activity_us + self._threshold_us:
            self._held.pop(key, None)
        else:
            seen_us = max(known, default=0) - self._threshold_us
            self._held[key] = max(activity_us, self._held.get(key, seen_us) or 0)

    def _hydrated(self, partition: Partition) -> None:
        partition.previous = []
        partition.hydrated = True
        for key in [key for key in self._held if self.due_of(key) is None]:
            del self._held[key]  # not read again: bought, emptied or handled meanwhile

    def _assign(self, name: str) -> None:
        old = self._partitions.get(name)
        fresh = Partition(TimerWheel(self._tick_us))
        if old is not None:
            fresh.previous = [wheel for wheel in (old.wheel, *old.previous) if wheel]
        self._partitions[name] = fresh

    def _revoke(self, name: str) -> None:
        partition = self._partitions.get(name)
        if partition is not None:
            partition.open = False
            partition.clock.reset()

    def _partition(self, name: str) -> Partition:
        partition = self._partitions.get(name)
        if partition is None:
            partition = self._partitions[name] = Partition(TimerWheel(self._tick_us))
        return partition

    def _touch(self, key: CartKey) -> None:
        if key in self._in_hand:
            self._in_hand[key] = True

    @_alone
    def take_due(self, now_us: int, limit: int) -> list[DueCart]:
        """Take up to ``limit`` carts with ``due <= min(now, partition clock)`` in hand, earliest first."""
        taken: list[DueCart] = []
        for name, partition in self._partitions.items():
            until = min(now_us, partition.clock.read(now_us))
            for key, due_us in partition.wheel.advance(until, limit - len(taken)):
                if key in self._in_hand:
                    # Still being finished: look again shortly after, one recovery a key at a time.
                    partition.wheel.arm(key, now_us + 100_000)
                    self._held.setdefault(key, due_us - self._threshold_us)
                    continue
                activity = self._held.pop(key, None) if key in self._held else due_us - self._threshold_us
                self._in_hand[key] = False
                taken.append(DueCart(key, name, due_us, activity))
        return taken

    @_alone
    def take(
        self, keys: Iterable[CartKey], now_us: int, partition: str, *, overdue: bool = False
    ) -> list[DueCart]:
        """Take carts in hand that no timer fired for (reconcile, retry); leaves out what is armed or in hand.

        ``overdue``: takes armed carts too whose time has come, whatever their partition's clock says.
        """
        taken = []
        for key in keys:
            if key in self._in_hand:
                continue
            due_us, activity = now_us, None
            armed_us = self.due_of(key)
            if armed_us is not None:
                if not overdue or armed_us > now_us:
                    continue
                for one in self._partitions.values():
                    one.cancel(key)
                activity = self._held.pop(key, None) if key in self._held else armed_us - self._threshold_us
                due_us = armed_us
            self._in_hand[key] = False
            taken.append(DueCart(key, partition, due_us, activity))
        return taken

    @_alone
    def look_again(self, keys: Iterable[CartKey], at_us: int, partition: str) -> None:
        """Orders of these carts' customer changed at ``at_us``: they may count again."""
        for key in keys:
            self._order_changed(self._partition(partition).wheel, key, at_us)

    @_alone
    def hasten(self, key: CartKey, now_us: int) -> None:
        """Look now at a cart that waits for a retry or a cool-down; one that waits for quiet is left alone."""
        if key in self._held:
            for partition in self._partitions.values():
                if key in partition.wheel:
                    partition.wheel.arm(key, now_us)

    @_alone
    def knows(self, key: CartKey) -> bool:
        """Whether the key is armed or in hand."""
        return key in self._in_hand or self.due_of(key) is not None

    @_alone
    def touched(self, key: CartKey) -> bool:
        """Whether there was activity or an order since the key was taken in hand."""
        return self._in_hand.get(key, True)

    @_alone
    def finish(self, key: CartKey) -> None:
        """The recovery in hand is over."""
        self._in_hand.pop(key, None)

    @_alone
    def wait(self, cart: DueCart, until_us: int) -> None:
        """The recovery in hand is over for now: look again at ``until_us``, unless activity armed it later."""
        self.finish(cart.key)
        wheel = self._partition(cart.partition).wheel
        armed_due = wheel.due_of(cart.key)
        if armed_due is None or armed_due < until_us:
            if armed_due is not None and cart.key not in self._held:
                activity: int | None = armed_due - self._threshold_us
            else:
                activity = self._held.get(cart.key, cart.activity_us)
            wheel.arm(cart.key, until_us)
            self._held[cart.key] = activity

    @_alone
    def next_due(self) -> int | None:
        """When ``take_due`` may have something next; None when nothing is armed.

        A time in the past means that a partition's clock holds timers back.
        """
        dues = [due for p in self._partitions.values() if (due := p.wheel.next_due()) is not None]
        return min(dues, default=None)

    @_alone
    def due_of(self, key: CartKey) -> int | None:
        """The armed due time of a key in any partition."""
        for partition in self._partitions.values():
            due = partition.due_of(key)
            if due is not None:
                return due
        return None

    @_alone
    def keys(self) -> list[CartKey]:
        """All armed keys, in no order."""
        return [key for p in self._partitions.values() for key in p.wheel]

    @_alone
    def up_to_date(self, now_us: int) -> bool:
        """Whether the shop's history is known up to now: every partition is hydrated and its clock goes with ours."""
        return bool(self._partitions) and all(
            one.open and one.hydrated and one.clock.read(now_us) >= now_us
            for one in self._partitions.values()
        )

    @_alone
    def ready(self, now_us: int, max_silence_us: int) -> bool:
        """Whether every partition was heard of within ``max_silence_us`` and is hydrated."""
        if not self._partitions:
            return False
        for partition in self._partitions.values():
            silent = partition.clock.silent_for_us(now_us)
            if not partition.open or not partition.hydrated or silent is None or silent > max_silence_us:
                return False
        return True
