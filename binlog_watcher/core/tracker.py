"""Events in, timers armed or cancelled out; hands due carts on and watches them while they are in hand. Pure.

What an event makes of a cart stands in ``cart_states``.
"""

import functools
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from operator import itemgetter
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.cart_states import CartStates
from binlog_watcher.core.events import CartKey, Change, ShopChange
from binlog_watcher.core.partition import Partition
from binlog_watcher.core.source import Batch
from binlog_watcher.core.timer_wheel import TimerWheel

IN_HAND_PAUSE_US = 100_000
"""After what time a cart that fires while it is still in hand fires again."""

REMEMBER_ORDERS_US = 96 * 3_600_000_000
"""For how long it is remembered that an order followed a cart: longer than a cart may be mailed."""


@dataclass(frozen=True, slots=True)
class DueCart:
    """A cart whose timer fired.

    ``activity_us`` is the last activity known from the source (None: known from the tables only); ``filled_us``: when
    something was last put in, of a document of which that is not noted yet.
    """

    key: CartKey
    partition: str
    due_us: int
    activity_us: int | None
    filled_us: int | None = None


class PartitionStanding(NamedTuple):
    """``clock_us``: up to when its carts' history is known, in epoch microseconds; None: that is not clear.

    ``hydrated``: all that was there at its assignment is told; ``up_to_date``: its timers may fire, and mails leave.
    """

    partition: str
    armed: int
    clock_us: int | None
    hydrated: bool
    up_to_date: bool


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

    ``remember_us``: for how long it is remembered that an order followed a cart. ``untold``: activity that no table of
    the shop tells of, and is noted.
    ``lock``: held while a method works, so that a source's thread may apply while the event loop takes what is due;
    one that a thread may take twice.
    """

    def __init__(
        self,
        threshold_us: int,
        *,
        tick_us: int = 10_000,
        remember_us: int = REMEMBER_ORDERS_US,
        untold: Collection[Change] = (),
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._lock = lock or nullcontext()
        self._states = CartStates(threshold_us, tick_us, remember_us, untold)

    # --- events -----------------------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> list[ShopChange]:
        """Apply a batch; the answer holds what is not the timers' business, or not yet."""
        others: list[ShopChange] = []
        for event in batch.events:
            if isinstance(event, ShopChange):
                others.append(event)
            else:
                with self._lock:  # event by event: whoever waits for it waits for no more than one
                    self._states.apply(batch.partition, event)
        self._observe(batch)
        return others

    @_alone
    def _observe(self, batch: Batch) -> None:
        partition = self._states.partitions.get(batch.partition)
        if partition is not None and partition.open:
            partition.clock.observe(batch.progress)

    @_alone
    def customer_ordered(self, key: CartKey, at_us: int, partition: str) -> None:
        """The cart's customer placed an order at ``at_us``."""
        self._states.customer_ordered(partition, key, at_us)

    @_alone
    def customer_orders_changed(self, key: CartKey, at_us: int, partition: str, *, counts: bool) -> None:
        """An order of the cart's customer changed at ``at_us``: the cart may count again."""
        self._states.order_changed(partition, key, at_us, counts=counts)

    # --- carts in hand ----------------------------------------------------------------------------------------

    @_alone
    def take_due(self, now_us: int, limit: int) -> list[DueCart]:
        """Take up to ``limit`` carts with ``due <= min(now, partition clock)`` in hand, earliest first.

        Those that were woken are left to ``take_woken``.
        """
        return self._take_due(now_us, limit, lambda partition: partition.wheel)

    @_alone
    def take_woken(self, now_us: int, limit: int) -> list[DueCart]:
        """The same of carts that were woken: their turn comes when no other is due."""
        return self._take_due(now_us, limit, lambda partition: partition.woken)

    def _take_due(
        self, now_us: int, limit: int, wheel_of: Callable[[Partition], TimerWheel]
    ) -> list[DueCart]:
        taken: list[DueCart] = []
        for name, partition in self._states.partitions.items():
            until = min(now_us, partition.clock.read(now_us))
            for key, due_us in wheel_of(partition).advance(until, limit - len(taken)):
                if key in self._states.in_hand:  # one recovery a key at a time
                    self._states.fires_again(partition, key, due_us, now_us + IN_HAND_PAUSE_US)
                else:
                    taken.append(self._due(key, name, due_us, due_us))
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
            if key in self._states.in_hand:
                continue
            armed_us = self._states.due_of(key)
            if armed_us is not None:
                if not overdue or armed_us > now_us:
                    continue
                self._states.cancel(key)
            due_us = now_us if armed_us is None else armed_us
            taken.append(self._due(key, partition, due_us, armed_us))
        return taken

    def _due(self, key: CartKey, partition: str, due_us: int, armed_us: int | None) -> DueCart:
        filled_us = self._states.contents.filled_us(key)
        return DueCart(key, partition, due_us, self._states.take(key, partition, due_us, armed_us), filled_us)

    @_alone
    def touched(self, key: CartKey) -> bool:
        """Whether there was activity or an order since the key was taken in hand."""
        return self._states.in_hand.touched(key)

    @_alone
    def ordered(self, key: CartKey) -> bool:
        """Whether the source told of an order after the key's last activity, whatever the tables say."""
        return self._states.ordered(key)

    @_alone
    def finish(self, key: CartKey) -> None:
        """The recovery in hand is over."""
        self._states.in_hand.finish(key)

    @_alone
    def wait(self, cart: DueCart, until_us: int) -> None:
        """The recovery in hand is over for now: look again at ``until_us``, unless activity armed it later."""
        self._states.in_hand.finish(cart.key)
        self._states.hold(cart.partition, cart.key, cart.activity_us, until_us)

    @_alone
    def sifted(self, woken: Iterable[DueCart], young: Collection[CartKey], now_us: int) -> None:
        """Woken carts are in hand no more: the young are due now, like any other, the rest is forgotten."""
        for cart in woken:
            touched = self._states.in_hand.touched(
                cart.key
            )  # activity has armed it again, or an order ended it
            self._states.in_hand.finish(cart.key)
            if cart.key in young and not touched:
                self._states.hold(cart.partition, cart.key, cart.activity_us, now_us)

    @_alone
    def sift_again(self, woken: Iterable[DueCart], until_us: int) -> None:
        """The same, but nothing could be found out about them: they are woken again at ``until_us``."""
        for cart in woken:
            touched = self._states.in_hand.touched(cart.key)
            self._states.in_hand.finish(cart.key)
            if not touched:
                self._states.sift_again(cart.partition, cart.key, cart.activity_us, until_us)

    @_alone
    def hasten(self, key: CartKey, now_us: int) -> None:
        """Look now at a cart that waits for a retry or a cool-down; one that waits for quiet is left alone.

        One that is due already keeps its time: put off again and again, behind a clock that lags, it would never fire.
        """
        if key in self._states.held:
            for partition in self._states.partitions.values():
                if key in partition.wheel or key in partition.woken:
                    partition.arm(key, min(partition.due_of(key) or now_us, now_us))

    # --- notes ------------------------------------------------------------------------------------------------

    @_alone
    def take_unsaved(self) -> list[CartNote]:
        """What is to be written down since the last time: no table of the shop tells it."""
        return self._states.take_unsaved()

    @_alone
    def keep_unsaved(self, keys: Iterable[CartKey]) -> None:
        """Notes of these carts could not be written: they are taken again."""
        self._states.keep_unsaved(keys)

    @_alone
    def saved(self, notes: Iterable[CartNote]) -> None:
        """These notes were written down."""
        self._states.contents.saved(notes)

    # --- what is known ----------------------------------------------------------------------------------------

    @property
    @_alone
    def armed(self) -> int:
        """How many timers are armed."""
        return sum(len(wheel) for wheel in self._wheels(woken=True))

    @property
    @_alone
    def in_hand(self) -> int:
        """How many carts have fired and are not finished."""
        return len(self._states.in_hand)

    @_alone
    def knows(self, key: CartKey) -> bool:
        """Whether the key is armed or in hand."""
        return key in self._states.in_hand or self._states.due_of(key) is not None

    @_alone
    def next_due(self, *, woken: bool = True) -> int | None:
        """When something may be due next; None when nothing is armed. ``woken``: also of carts that were woken.

        A time in the past means that a partition's clock holds timers back.
        """
        dues = [due for wheel in self._wheels(woken=woken) if (due := wheel.next_due()) is not None]
        return min(dues, default=None)

    @_alone
    def needed_since(self, partition: str) -> int | None:
        """When the earliest of a partition's carts is due that is armed or in hand; None when none is."""
        found = [self._states.in_hand.earliest_due(partition)]
        if partition in self._states.partitions:
            found += [wheel.next_due() for wheel in self._states.partitions[partition].wheels]
        return min((due_us for due_us in found if due_us is not None), default=None)

    @_alone
    def upcoming(self, limit: int) -> list[tuple[CartKey, int]]:
        """Up to ``limit`` armed carts and when they are due, the earliest first; a copy, for whoever shows them."""
        found = [timer for wheel in self._wheels(woken=False) for timer in wheel.first(limit)]
        return sorted(found, key=itemgetter(1))[:limit]

    @_alone
    def due_of(self, key: CartKey) -> int | None:
        """The armed due time of a key in any partition."""
        return self._states.due_of(key)

    @_alone
    def keys(self) -> list[CartKey]:
        """All armed keys, those that were woken last."""
        return [key for wheel in self._wheels(woken=True) for key in wheel]

    def _wheels(self, *, woken: bool) -> list[TimerWheel]:
        partitions = self._states.partitions.values()
        return [one.wheel for one in partitions] + ([one.woken for one in partitions] if woken else [])

    @_alone
    def up_to_date(self, now_us: int, partition: str | None = None) -> bool:
        """Whether the shop's history is known up to now: a partition is hydrated and its clock goes with ours.

        ``partition``: of whose carts; None: of all partitions', and there is one.
        """
        found = self._states.partitions
        asked = (
            list(found.values()) if partition is None else [found[partition]] if partition in found else []
        )
        return bool(asked) and all(one.up_to_date(now_us) for one in asked)

    @_alone
    def standings(self, now_us: int) -> list[PartitionStanding]:
        """How each partition stands."""
        return [
            PartitionStanding(
                name,
                sum(map(len, one.wheels)),
                one.clock.read(now_us) or None,
                one.open and one.hydrated,
                one.up_to_date(now_us),
            )
            for name, one in self._states.partitions.items()
        ]

    @_alone
    def ready(self, now_us: int, max_silence_us: int) -> bool:
        """Whether every partition was heard of within ``max_silence_us`` and is hydrated."""
        return bool(self._states.partitions) and all(
            one.open
            and one.hydrated
            and (silent_us := one.clock.silent_for_us(now_us)) is not None
            and silent_us <= max_silence_us
            and not one.clock.stands(now_us)
            for one in self._states.partitions.values()
        )
