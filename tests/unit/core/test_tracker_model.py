"""The tracker against an oracle that keeps one record a timer: when it is due, and which activity is known.

Two partitions live through events, replays, lags, resets (also ones that break off half-way), retries and reconcile.
"""

from dataclasses import dataclass, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartRead,
    Change,
    Event,
    Hydrated,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
    Revoked,
)
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart, Tracker

THRESHOLD = 1_000_000
LOOK_AGAIN = 100_000
TWO_HEARTBEATS = 2_000_000
PARTITIONS = ("even", "odd")

KEYS = st.integers(0, 3)
AGO = st.sampled_from([0, 1, 5, 1_000, 400_000, THRESHOLD, 2_500_000])
AHEAD = st.sampled_from([1, 5, 100_000, 700_000, THRESHOLD, 5_000_000])


@dataclass
class Timer:
    """What the oracle knows of an armed key."""

    due: int
    known: int | None
    woken: bool = False


class TrackerModel(RuleBasedStateMachine):
    """Live partitions get events, hydrating ones get reads; carts in hand may end at any time."""

    @initialize()
    def start(self) -> None:
        self.tracker = Tracker(THRESHOLD, tick_us=1)
        self.now = 100_000_000
        self.hand: dict[int, bool] = {}
        self.carts: dict[int, DueCart] = {}
        self.timers: dict[str, dict[int, Timer]] = {name: {} for name in PARTITIONS}
        self.before: dict[str, dict[int, Timer]] = {name: {} for name in PARTITIONS}
        self.phase = dict.fromkeys(PARTITIONS, "revoked")
        self.heard: dict[str, tuple[bool, int] | None] = dict.fromkeys(PARTITIONS)
        # Keys that were in hand and armed over a reset: of them the due time is certain, the activity is not.
        self.clouded: set[int] = set()
        for name in PARTITIONS:
            self.assign(name)
            self.hydrated(name)

    def deliver(self, name: str, *events: Event, caught_up: bool = True) -> None:
        committed = self.now if caught_up else None  # before the first transaction there is no commit time
        progress = Progress("", committed, caught_up=caught_up, lag_us=0, received_us=self.now)
        self.tracker.apply(Batch(name, events, progress))
        self.heard[name] = (caught_up, self.now)

    def clock(self, name: str) -> int:
        if self.phase[name] == "revoked" or self.heard[name] is None:
            return 0
        caught_up, heard = self.heard[name] or (False, 0)
        return self.now if caught_up and self.now - heard <= TWO_HEARTBEATS else heard

    def place(self, key: int) -> str:
        return PARTITIONS[key % 2]

    def touch(self, key: int) -> None:
        if key in self.hand:
            self.hand[key] = True

    # --- time and live events -----------------------------------------------------------------------------------

    @rule(step=st.sampled_from([1, 5, 50_000, 500_000, THRESHOLD, 3_000_000]))
    def time_passes(self, step: int) -> None:
        self.now += step

    @rule(name=st.sampled_from(PARTITIONS))
    def heartbeat(self, name: str) -> None:
        if self.phase[name] == "live":
            self.deliver(name, ProductChanged(1, self.now))

    @rule(name=st.sampled_from(PARTITIONS), behind=AGO)
    def lag(self, name: str, behind: int) -> None:
        if self.phase[name] == "live":
            committed = self.now - behind
            progress = Progress("", committed, caught_up=False, lag_us=behind, received_us=self.now)
            self.tracker.apply(Batch(name, (), progress))
            self.heard[name] = (False, committed)

    @rule(key=KEYS, change=st.sampled_from(Change), ago=AGO)
    def cart_changes(self, key: int, change: Change, ago: int) -> None:
        name, at = self.place(key), self.now - ago
        if self.phase[name] != "live":
            return
        self.deliver(name, CartChanged(key, change, at))
        timer = self.timers[name].get(key)
        if timer is not None:
            timer.due = max(timer.due, at + THRESHOLD)
            timer.known = max(timer.known or 0, at)
            timer.woken = timer.woken and change is not Change.INSERT
        elif change is not Change.DELETE or key in self.hand:
            woken = change is not Change.INSERT and key not in self.hand
            self.timers[name][key] = Timer(at + THRESHOLD, at, woken)
        self.touch(key)

    @rule(key=KEYS, ago=AGO)
    def order_placed(self, key: int, ago: int) -> None:
        name = self.place(key)
        if self.phase[name] == "live":
            self.deliver(name, OrderPlaced(key, self.now - ago))
            self.timers[name].pop(key, None)
            self.touch(key)

    @rule(key=KEYS, ago=AGO)
    def order_changed(self, key: int, ago: int) -> None:
        name, at = self.place(key), self.now - ago
        if self.phase[name] == "live":
            self.deliver(name, OrderChanged(key, at))
            due = at if key in self.hand else at + THRESHOLD
            self.timers[name].setdefault(key, Timer(due, None, key not in self.hand))
            self.touch(key)

    # --- firing, and what becomes of carts in hand --------------------------------------------------------------

    @rule(woken=st.booleans())
    def fire(self, woken: bool) -> None:
        expected: dict[int, DueCart] = {}
        for name, timers in self.timers.items():
            for key, timer in list(timers.items()):
                if timer.woken is not woken or timer.due > min(self.now, self.clock(name)):
                    continue
                if key in self.hand:
                    timer.due = self.now + LOOK_AGAIN
                    continue
                del timers[key]
                expected[key] = DueCart(key, name, timer.due, timer.known)
        take = self.tracker.take_woken if woken else self.tracker.take_due
        taken = take(self.now, 1_000)
        for name in PARTITIONS:
            dues = [cart.due_us for cart in taken if cart.partition == name]
            assert dues == sorted(dues), "earliest first"
        self.took(taken, expected)

    @rule(keys=st.lists(KEYS, min_size=1, max_size=4), overdue=st.booleans())
    def reconcile(self, keys: list[int], overdue: bool) -> None:
        expected: dict[int, DueCart] = {}
        for key in keys:
            name = self.place(key)
            timer = self.timers[name].get(key) or self.before[name].get(key)
            if key in self.hand or key in expected:
                continue
            if timer is None:
                expected[key] = DueCart(key, "even", self.now, None)
            elif overdue and timer.due <= self.now:
                self.timers[name].pop(key, None)
                self.before[name].pop(key, None)
                expected[key] = DueCart(key, "even", timer.due, timer.known)
        taken = self.tracker.take(keys, self.now, "even", overdue=overdue)
        self.took(taken, expected)
        # The model keeps each key in its partition; reconcile names the one it works for.
        for key in expected:
            self.carts[key] = replace(self.carts[key], partition=self.place(key))

    def took(self, taken: list[DueCart], expected: dict[int, DueCart]) -> None:
        assert len(taken) == len({cart.key for cart in taken}), "one recovery a key"
        by_key = {cart.key: cart for cart in taken}
        for key in self.clouded & by_key.keys() & expected.keys():
            expected[key] = replace(expected[key], activity_us=by_key[key].activity_us)
        assert by_key == expected
        for cart in taken:
            assert cart.due_us <= self.now, "never early"
            self.hand[int(cart.key)], self.carts[int(cart.key)] = False, cart
        self.clouded -= by_key.keys()

    @precondition(lambda self: self.hand)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.hand)))
        self.tracker.finish(key)
        del self.hand[key]

    @precondition(lambda self: self.hand)
    @rule(data=st.data(), ahead=AHEAD)
    def wait(self, data: st.DataObject, ahead: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.hand)))
        self.waits(self.carts[key], self.now + ahead)

    @precondition(lambda self: self.hand)
    @rule(data=st.data(), young=st.booleans())
    def sift(self, data: st.DataObject, young: bool) -> None:
        cart = self.carts[data.draw(st.sampled_from(sorted(self.hand)))]
        key, touched = int(cart.key), self.hand[int(cart.key)]
        self.tracker.sifted([cart], {key} if young else set(), self.now)
        if young and not touched:
            self.waits(cart, self.now)
        else:
            del self.hand[key]

    def waits(self, cart: DueCart, until: int) -> None:
        key = int(cart.key)
        self.tracker.wait(cart, until)  # once more, if it was sifted: nothing changes
        del self.hand[key]
        timer = self.timers[cart.partition].setdefault(key, Timer(until, cart.activity_us))
        timer.due = max(timer.due, until)
        if key in self.before[cart.partition]:
            self.clouded.add(key)

    @precondition(lambda self: self.hand)
    @rule(data=st.data(), ahead=AHEAD)
    def sift_again(self, data: st.DataObject, ahead: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.hand)))
        cart, until = self.carts[key], self.now + ahead
        self.tracker.sift_again([cart], until)
        if not self.hand.pop(key) and key not in self.timers[cart.partition]:
            self.timers[cart.partition][key] = Timer(until, cart.activity_us, woken=True)
            if key in self.before[cart.partition]:
                self.clouded.add(key)

    @rule(key=KEYS)
    def hasten(self, key: int) -> None:
        timer = self.timers[self.place(key)].get(key)
        self.tracker.hasten(key, self.now)
        if timer is not None and (timer.known is None or timer.known + THRESHOLD != timer.due):
            timer.due, timer.woken = min(timer.due, self.now), False

    # --- resets -------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(PARTITIONS))
    def revoke(self, name: str) -> None:
        self.deliver(name, Revoked(name, "test"))
        self.phase[name], self.heard[name] = "revoked", None

    @rule(name=st.sampled_from(PARTITIONS))
    def assign(self, name: str) -> None:
        self.deliver(name, Assigned(name), caught_up=False)
        self.heard[name] = (False, 0)
        self.before[name] |= self.timers[name]
        self.timers[name] = {}
        self.phase[name] = "hydrating"

    @rule(key=KEYS, ago=AGO, hold=st.sampled_from([0, 0, 300_000, 4_000_000]))
    def cart_read(self, key: int, ago: int, hold: int) -> None:
        name, activity = self.place(key), self.now - ago
        if self.phase[name] != "hydrating":
            return
        due = activity + THRESHOLD + hold
        self.deliver(name, CartRead(key, activity, due), caught_up=False)
        self.heard[name] = (False, 0)
        known = [timers[key] for timers in (self.before[name], self.timers[name]) if key in timers]
        self.before[name].pop(key, None)  # read twice, it is known from the first time
        latest = max(known, key=lambda timer: timer.due, default=None)
        if latest is not None and latest.due >= due:
            self.timers[name][key] = Timer(latest.due, latest.known)
        else:
            seen = max((timer.known or 0 for timer in known), default=0) if hold else 0
            self.timers[name][key] = Timer(due, max(activity, seen))

    @rule(name=st.sampled_from(PARTITIONS))
    def hydrated(self, name: str) -> None:
        if self.phase[name] == "hydrating":
            self.deliver(name, Hydrated(name))
            self.before[name] = {}
            self.phase[name] = "live"

    # --- what must always hold ----------------------------------------------------------------------------------

    @invariant()
    def same_picture(self) -> None:
        tracker = self.tracker
        assert tracker.armed == sum(map(len, self.timers.values())) == len(tracker.keys())
        assert tracker.in_hand == len(self.hand)
        dues = [timer.due for timers in self.timers.values() for timer in timers.values()]
        assert tracker.next_due() == min(dues, default=None)
        for key in range(4):
            name = self.place(key)
            timer = self.timers[name].get(key) or self.before[name].get(key)
            assert tracker.due_of(key) == (timer.due if timer else None)
            assert tracker.knows(key) is (key in self.hand or timer is not None)
            assert tracker.touched(key) is self.hand.get(key, True)

    @invariant()
    def ready_when_all_are_hydrated_and_heard_of(self) -> None:
        silence = 2 * TWO_HEARTBEATS
        alive = all(
            self.phase[name] == "live" and (heard := self.heard[name]) is not None and self.now >= heard[1]
            for name in PARTITIONS
        )
        if not alive:
            assert not self.tracker.ready(self.now, silence)

    @invariant()
    def nothing_is_remembered_of_keys_without_a_timer(self) -> None:
        armed = {key for place in (self.timers, self.before) for timers in place.values() for key in timers}
        if set(self.phase.values()) == {"live"}:
            assert set(self.tracker._states.held) <= armed


TestTrackerModel = pytest.mark.slow(TrackerModel.TestCase)
TestTrackerModel.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
