"""What is known of each cart key, and what an event makes of it. Pure.

States of a key: *idle* → armed (activity) → in hand (its timer fired) → idle, or armed again (told to wait, or new
activity). A key can be in hand and armed at once: then it was *touched*, and the recovery in hand must not mail.

    event          idle    armed     in hand
    INSERT/UPDATE  arm     move      arm, touched
    DELETE         -       move      arm, touched     (clearing the cart after an order stays quiet)
    order, closed  -       cancel    touched
    order changed  arm     -         arm, touched     (it may be none any more; idle: after the threshold)

An idle key that no new row armed, or one in a crowd of new rows, is *woken*: its timer goes behind those of the
others. A customer who comes back adds a row; a statement over the whole table changes the carts of years.

That an order followed a cart's last activity is remembered (``told_orders``), also when all is read anew.
"""

from collections.abc import Collection, Iterable

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.contents import Contents
from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartClosed,
    CartKey,
    CartRead,
    Change,
    CustomerOrdered,
    CustomerOrdersChanged,
    Event,
    Hydrated,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
    Revoked,
)
from binlog_watcher.core.in_hand import InHand
from binlog_watcher.core.partition import Partition
from binlog_watcher.core.timer_wheel import TimerWheel
from binlog_watcher.core.told_orders import SECOND_US, ToldOrders


class CartStates:
    """The states of all keys, by partition. Times are epoch microseconds of MySQL's clock. One thread at a time.

    ``held``: keys whose due time is not "activity + threshold" (cool-down, retry), and the activity they had. See
    ``Tracker`` for ``remember_us`` and ``untold``.
    """

    def __init__(
        self, threshold_us: int, tick_us: int, remember_us: int, untold: Collection[Change] = ()
    ) -> None:
        self.partitions: dict[str, Partition] = {}
        self.held: dict[CartKey, int | None] = {}
        self._threshold_us = threshold_us
        self._tick_us = tick_us
        self._orders = ToldOrders(remember_us)
        self.contents = Contents()
        self.in_hand = InHand()
        self._notes_inserts = Change.INSERT in untold
        self._notes_others = bool(untold)
        self._unsaved: set[CartKey] = set()  # of whom there is something to be noted
        self._left: set[str] = set()  # partitions that are another instance's by now

    # --- events -----------------------------------------------------------------------------------------------

    def apply(self, name: str, event: Event) -> None:
        """One event of the partition ``name``."""
        match event:
            case CartChanged(key, change, at_us, digest):
                self._activity(self._partition(name), key, change, at_us)
                if digest is not None:
                    self._filled(key, at_us if change is Change.INSERT else None, digest)
            case OrderPlaced(key) | CartClosed(key):
                if isinstance(event, OrderPlaced):
                    self._remember_order(key, event.at_us)
                self._partition(name).cancel(key)
                self.held.pop(key, None)
                self.in_hand.touch(key)
            case OrderChanged(key, at_us, counts):
                self.order_changed(name, key, at_us, counts=counts)
            case CartRead(key, activity_us, due_us, filled_us, digest):
                self._read(self._partition(name), key, activity_us, due_us)
                self._filled(key, filled_us, digest)
            case Assigned(partition):
                self._assign(partition)
            case Hydrated(partition):
                self._hydrated(self._partition(partition))
            case Revoked(partition, _, for_good):
                self._revoke(partition)
                if for_good:
                    self._leave(partition)
            case ProductChanged() | CustomerOrdered() | CustomerOrdersChanged():
                pass

    def customer_ordered(self, name: str, key: CartKey, at_us: int) -> None:
        """The customer whose cart this is placed an order at ``at_us``, which is told of later than it happened.

        No timer is cancelled: of a cart that was filled since then the order says nothing.
        """
        due_us = self._partition(name).due_of(key)
        known_us = self.held.get(key, None if due_us is None else due_us - self._threshold_us)
        if known_us is None or known_us // SECOND_US <= at_us // SECOND_US:
            self._remember_order(key, at_us)
            self.in_hand.touch(key)

    def order_changed(self, name: str, key: CartKey, at_us: int, *, counts: bool) -> None:
        """An order of the key changed at ``at_us``: it may count again. ``counts``: an order still does."""
        if not counts:
            self._orders.forget(key)
            self._unsaved.add(key)
        partition = self._partition(name)
        if key not in partition.wheel and key not in partition.woken:
            # No activity of the customer's: held, so that it makes no old cart young.
            if key in self.in_hand:
                partition.wheel.arm(key, at_us)
            else:
                partition.woken.arm(key, at_us + self._threshold_us)
            self.held[key] = None
        self.in_hand.touch(key)

    def _activity(self, partition: Partition, key: CartKey, change: Change, at_us: int) -> None:
        if change is not Change.DELETE:
            self._came_back(key, at_us)
        due_us = at_us + self._threshold_us
        wheel = partition.wheel
        armed_due = wheel.due_of(key)
        if armed_due is None and key not in self.in_hand:
            armed_due = partition.woken.due_of(key)
            if change is Change.DELETE and armed_due is None:
                return
            if change is not Change.INSERT or wheel.is_crowded(due_us):
                wheel = partition.woken
            elif armed_due is not None:
                partition.arm(key, armed_due)
        if armed_due is not None and armed_due > due_us:
            # Held back further (cool-down), or an event seen before (replayed after a reconnect).
            if key in self.held:
                self.held[key] = max(self.held[key] or 0, at_us)
        else:
            wheel.arm(key, due_us)
            self.held.pop(key, None)
        # Woken carts are old, and of a young one among them the last start said what there is to know.
        if (self._notes_inserts if change is Change.INSERT else self._notes_others) and (
            wheel is partition.wheel
        ):
            self._unsaved.add(key)
        self.in_hand.touch(key)

    def _read(self, partition: Partition, key: CartKey, activity_us: int, due_us: int) -> None:
        self._came_back(key, activity_us)
        # UPDATE activity is known from the stream only, and a cart in hand may have been told to wait while the
        # tables were read: the later due time counts.
        known = [due for wheel in partition.wheels if (due := wheel.due_of(key)) is not None]
        for wheel in (partition.woken, *partition.previous):
            wheel.cancel(key)
        if known and max(known) >= due_us:
            partition.wheel.arm(key, max(known))
            return
        partition.wheel.arm(key, due_us)
        if due_us == activity_us + self._threshold_us:
            self.held.pop(key, None)
        else:
            seen_us = max(known, default=0) - self._threshold_us
            self.held[key] = max(activity_us, self.held.get(key, seen_us) or 0)

    def _hydrated(self, partition: Partition) -> None:
        partition.previous = []
        partition.hydrated = True
        for key in [key for key in self.held if self.due_of(key) is None]:
            del self.held[key]  # not read again: bought, emptied or handled meanwhile

    def _assign(self, name: str) -> None:
        old = self.partitions.get(name)
        fresh = self._fresh()
        if old is not None:
            fresh.previous = [wheel for wheel in old.wheels if wheel]
        self.partitions[name] = fresh
        self._left.discard(name)

    def _revoke(self, name: str) -> None:
        partition = self.partitions.get(name)
        if partition is not None:
            partition.open = False
            partition.clock.reset()

    def _leave(self, name: str) -> None:
        """Another instance has it: it learns from the source what we know, and looks at what we have in hand."""
        self._left.add(name)
        self.in_hand.touch_all(name)
        partition = self.partitions.pop(name, None)
        gone = {key for wheel in (partition.wheels if partition else ()) for key in wheel}
        self._unsaved -= gone
        for key in gone & self.held.keys():
            del self.held[key]

    def _partition(self, name: str) -> Partition:
        partition = self.partitions.get(name)
        if partition is None:
            partition = self.partitions[name] = self._fresh()
        return partition

    def _fresh(self) -> Partition:
        return Partition(TimerWheel(self._tick_us), TimerWheel(self._tick_us))

    def _filled(self, key: CartKey, filled_us: int | None, digest: bytes | None) -> None:
        if self.contents.changed(key, filled_us, digest):
            self._unsaved.add(key)

    # --- orders -----------------------------------------------------------------------------------------------

    def ordered(self, key: CartKey) -> bool:
        """Whether the source told of an order after the key's last activity."""
        return self._orders.get(key) is not None

    def _remember_order(self, key: CartKey, at_us: int) -> None:
        self._orders.remember(key, at_us)
        self._unsaved.add(key)

    def _came_back(self, key: CartKey, at_us: int) -> None:
        if self._orders.came_back(key, at_us):
            self._unsaved.add(key)

    # --- notes ------------------------------------------------------------------------------------------------

    def take_unsaved(self) -> list[CartNote]:
        """What is known of the carts that something was to be noted of, since the last time."""
        unsaved, self._unsaved = self._unsaved, set()
        return [self.contents.note(key, self._activity_of(key), self._orders.get(key)) for key in unsaved]

    def keep_unsaved(self, keys: Iterable[CartKey]) -> None:
        """These could not be written down."""
        self._unsaved.update(keys)

    def _activity_of(self, key: CartKey) -> int | None:
        """The last activity of a key that has a timer, as far as it is known."""
        due_us = self.due_of(key)
        if due_us is None or not self._notes_others:
            return None
        return self.held[key] if key in self.held else due_us - self._threshold_us

    # --- in hand ----------------------------------------------------------------------------------------------

    def take(self, key: CartKey, partition: str, due_us: int, armed_us: int | None) -> int | None:
        """Put a key in hand whose timer, due at ``armed_us``, is armed no more (None: it had none).

        Its last activity, as far as the source told.
        """
        self.in_hand.take(key, partition, due_us)
        if armed_us is None:
            return None
        return self.held.pop(key) if key in self.held else armed_us - self._threshold_us

    # --- held back --------------------------------------------------------------------------------------------

    def fires_again(self, partition: Partition, key: CartKey, due_us: int, at_us: int) -> None:
        """A key whose timer fired at ``due_us`` while it was in hand: it fires again at ``at_us``."""
        partition.wheel.arm(key, at_us)
        self.held.setdefault(key, due_us - self._threshold_us)

    def hold(self, name: str, key: CartKey, activity_us: int | None, until_us: int) -> None:
        """Look at a key again at ``until_us``, unless activity armed it later. ``activity_us``: its last one."""
        if name in self._left:
            return
        partition = self._partition(name)
        armed_due = partition.wheel.due_of(key)
        if armed_due is None or armed_due < until_us:
            if armed_due is not None and key not in self.held:
                activity_us = armed_due - self._threshold_us
            else:
                activity_us = self.held.get(key, activity_us)
            partition.arm(key, until_us)
            self.held[key] = activity_us

    def sift_again(self, name: str, key: CartKey, activity_us: int | None, until_us: int) -> None:
        """A woken key that nothing could be found out about: it stays behind the others, until ``until_us``."""
        if name in self._left:
            return
        partition = self._partition(name)
        if key not in partition.wheel:  # else hydration has read it meanwhile
            partition.woken.arm(key, until_us)
            self.held[key] = activity_us

    # --- timers -----------------------------------------------------------------------------------------------

    def due_of(self, key: CartKey) -> int | None:
        """The armed due time of a key in any partition."""
        for partition in self.partitions.values():
            due = partition.due_of(key)
            if due is not None:
                return due
        return None

    def cancel(self, key: CartKey) -> None:
        """Drop the key's timers."""
        for partition in self.partitions.values():
            partition.cancel(key)
