"""The tracker's table, line by line, and what resets, lags and waits must not lose. Times in seconds, read as told."""

import pytest

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartRead,
    Change,
    CustomerOrdersChanged,
    Event,
    Hydrated,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
    Revoked,
    ShopChange,
)
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart, Tracker

SECOND = 1_000_000
THRESHOLD = 60 * SECOND
START = 1_790_000_000 * SECOND
SHOP = "binlog"


class Stream:
    """A source in miniature: time passes in seconds after START, events come with the progress of the reading."""

    def __init__(self, *, tick_us: int = 1) -> None:
        self.tracker = Tracker(THRESHOLD, tick_us=tick_us)
        self.now = START
        self.send(Assigned(SHOP), caught_up=False)
        self.send(Hydrated(SHOP), caught_up=False)
        self.send()

    def at(self, second: float) -> int:
        return START + int(second * SECOND)

    def send(self, *events: Event, caught_up: bool = True, partition: str = SHOP) -> list[ShopChange]:
        committed = self.now if caught_up else None
        progress = Progress("", committed, caught_up=caught_up, lag_us=0, received_us=self.now)
        return self.tracker.apply(Batch(partition, events, progress))

    def cart(self, change: Change, second: float, key: int = 1) -> None:
        self.send(CartChanged(key, change, self.at(second)))

    def order(self, second: float, key: int = 1) -> None:
        self.send(OrderPlaced(key, self.at(second)))

    def go_to(self, second: float) -> None:
        self.now = self.at(second)
        self.send()

    def fire(self, second: float) -> list[DueCart]:
        self.go_to(second)
        return self.tracker.take_due(self.now, 100) + self.tracker.take_woken(self.now, 100)

    def first(self, second: float) -> list[int | str]:
        """The carts that fire while the woken ones wait."""
        self.go_to(second)
        return [cart.key for cart in self.tracker.take_due(self.now, 1_000)]

    def due(self, key: int = 1) -> float | None:
        due_us = self.tracker.due_of(key)
        return None if due_us is None else (due_us - START) / SECOND

    def in_hand(self) -> DueCart:
        """A cart that fired at second 60 and is being recovered."""
        self.cart(Change.INSERT, 0)
        (cart,) = self.fire(60)
        return cart


@pytest.fixture
def stream() -> Stream:
    return Stream()


# --- idle -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [Change.INSERT, Change.UPDATE])
def test_activity_arms_an_idle_cart(stream: Stream, change: Change) -> None:
    stream.cart(change, 5)
    assert stream.due() == 65
    assert stream.fire(64.999) == []
    assert stream.fire(65) == [DueCart(1, SHOP, stream.at(65), stream.at(5))]
    assert stream.due() is None


def test_a_delete_arms_nothing(stream: Stream) -> None:
    stream.cart(Change.DELETE, 5)
    assert stream.due() is None


def test_an_order_of_an_idle_customer_is_nothing(stream: Stream) -> None:
    stream.order(5)
    assert not stream.tracker.knows(1)


def test_a_changed_order_is_looked_at_after_the_threshold_with_no_activity_of_its_own(stream: Stream) -> None:
    stream.send(OrderChanged(1, stream.at(5)))
    assert stream.fire(64.9) == []
    assert stream.fire(65) == [DueCart(1, SHOP, stream.at(65), None)]


def test_a_payment_that_fails_at_once_does_not_shorten_the_quiet_time(stream: Stream) -> None:
    # Rows from long ago, a change of quantity, an order, and the shop takes the order back: the binlog alone knew
    # of the change.
    stream.cart(Change.UPDATE, 0)
    stream.order(1)
    stream.send(OrderChanged(1, stream.at(2)))
    assert stream.fire(59) == []


# --- woken: behind the others -------------------------------------------------------------------------------------


def test_what_an_update_alone_woke_waits_until_no_other_is_due(stream: Stream) -> None:
    stream.send(*(CartChanged(key, Change.UPDATE, stream.at(0)) for key in range(100, 200)))
    stream.send(OrderChanged(200, stream.at(0)))
    stream.cart(Change.INSERT, 1)
    assert stream.first(61) == [1]
    assert len(stream.tracker.take_woken(stream.now, 60)) == 60
    assert {cart.key for cart in stream.tracker.take_woken(stream.now, 60)} <= set(range(100, 201))
    assert stream.tracker.armed == 0


@pytest.mark.parametrize("change", [Change.UPDATE, Change.DELETE])
def test_a_cart_whose_timer_runs_keeps_its_place_whatever_changes_it(stream: Stream, change: Change) -> None:
    stream.cart(Change.INSERT, 0)
    stream.cart(change, 1)
    assert stream.first(61) == [1]


def test_a_new_row_in_a_woken_cart_puts_it_among_the_others(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 0)
    stream.cart(Change.INSERT, 1)
    assert stream.tracker.armed == 1
    assert stream.first(61) == [1]


def test_an_older_row_that_is_told_again_makes_a_woken_cart_no_earlier(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 10)
    stream.cart(Change.INSERT, 0)
    assert stream.first(69) == []
    assert stream.first(70) == [1]


def test_a_deletion_moves_a_woken_cart_and_an_order_cancels_it(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 0)
    stream.cart(Change.DELETE, 5)
    assert stream.due() == 65
    stream.order(6)
    assert stream.fire(100) == []


def test_an_import_of_carts_waits_behind_the_others_too(stream: Stream) -> None:
    crowd = range(1_000, 2_000)
    stream.send(*(CartChanged(key, Change.INSERT, stream.at(0)) for key in crowd))
    stream.cart(Change.INSERT, 1)
    first = stream.first(61)
    assert 1 in first
    assert len(first) < 100
    assert len(stream.tracker.take_woken(stream.now, 1_000)) == 1_001 - len(first)


def test_a_woken_cart_that_hydration_reads_is_like_any_other(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 30)
    stream.send(Assigned(SHOP), caught_up=False)
    assert stream.due() == 90, "a timer that hydration has not come to yet still counts"
    stream.send(CartRead(1, stream.at(0), stream.at(60)), Hydrated(SHOP))
    assert stream.first(89) == []
    assert stream.first(90) == [1]


def test_of_the_woken_only_the_young_are_due_now(stream: Stream) -> None:
    stream.send(*(CartChanged(key, Change.UPDATE, stream.at(0)) for key in (1, 2, 3, 4)))
    woken = stream.fire(60)
    stream.order(61, key=3)
    stream.cart(Change.INSERT, 62, key=4)
    stream.go_to(63)
    stream.tracker.sifted(woken, {2, 3, 4}, stream.now)
    assert stream.tracker.in_hand == 0
    assert stream.tracker.take_due(stream.now, 10) == [DueCart(2, SHOP, stream.at(63), stream.at(0))]
    assert not stream.tracker.knows(1), "too old"
    assert not stream.tracker.knows(3), "bought meanwhile"
    assert stream.due(4) == 122, "busy again"


def test_woken_carts_of_which_nothing_could_be_found_out_stay_behind_the_others(stream: Stream) -> None:
    stream.send(*(CartChanged(key, Change.UPDATE, stream.at(0)) for key in (1, 2)))
    woken = stream.fire(60)
    stream.cart(Change.UPDATE, 61, key=2)
    stream.tracker.sift_again(woken, stream.at(62))
    assert stream.first(62) == []
    assert stream.fire(62) == [DueCart(1, SHOP, stream.at(62), stream.at(0))]
    assert stream.due(2) == 121


# --- armed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", list(Change))
def test_activity_moves_an_armed_timer_deletes_included(stream: Stream, change: Change) -> None:
    stream.cart(Change.INSERT, 0)
    stream.cart(change, 20)
    assert stream.due() == 80


def test_an_order_cancels(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.order(59.999)
    assert stream.due() is None
    assert stream.fire(1_000) == []


def test_clearing_the_cart_after_the_order_stays_quiet(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.order(10)
    stream.cart(Change.DELETE, 10)
    assert not stream.tracker.knows(1)


def test_a_changed_order_leaves_an_armed_timer_alone(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.send(OrderChanged(1, stream.at(30)))
    assert stream.due() == 60
    assert stream.fire(60)[0].activity_us == stream.at(0)


def test_a_new_row_after_the_order_counts_from_its_own_time(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.order(10)
    stream.cart(Change.INSERT, 30)
    assert stream.due() == 90


def test_orders_of_a_customer_that_changed_are_looked_at_with_each_of_their_carts(stream: Stream) -> None:
    stream.send(Assigned("other"), Hydrated("other"), partition="other")
    stream.cart(Change.INSERT, 0, key=1)
    for key in (1, 2):
        stream.tracker.customer_orders_changed(key, stream.at(5), "other", counts=False)
    assert (stream.due(1), stream.due(2)) == (60, 65)
    stream.now = stream.at(65)
    stream.send(partition="other")
    assert DueCart(2, "other", stream.at(65), None) in stream.fire(65)


# --- in hand ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", list(Change))
def test_activity_while_in_hand_stops_the_recovery_and_arms(stream: Stream, change: Change) -> None:
    stream.in_hand()
    assert not stream.tracker.touched(1)
    stream.cart(change, 61)
    assert stream.tracker.touched(1)
    assert stream.due() == 121


def test_an_order_while_in_hand_stops_the_recovery(stream: Stream) -> None:
    stream.in_hand()
    stream.order(61)
    assert stream.tracker.touched(1)
    assert stream.due() is None


def test_a_changed_order_while_in_hand_is_looked_at_again_at_once(stream: Stream) -> None:
    stream.in_hand()
    stream.send(OrderChanged(1, stream.at(61)))
    assert stream.tracker.touched(1)
    stream.tracker.finish(1)
    assert stream.fire(61) == [DueCart(1, SHOP, stream.at(61), None)]


def test_other_carts_and_products_touch_nothing(stream: Stream) -> None:
    stream.in_hand()
    stream.cart(Change.INSERT, 61, key=2)
    changes: list[Event] = [ProductChanged(9, stream.now), CustomerOrdersChanged("c-1", stream.now)]
    assert stream.send(*changes) == changes
    assert not stream.tracker.touched(1)


def test_a_cart_that_nobody_has_in_hand_counts_as_touched(stream: Stream) -> None:
    stream.tracker.finish(99)
    assert stream.tracker.touched(99), "whoever asks for a finished recovery must not mail"
    stream.in_hand()
    stream.tracker.finish(1)
    assert stream.tracker.touched(1)


def test_one_recovery_a_key_at_a_time(stream: Stream) -> None:
    stream.in_hand()
    stream.cart(Change.UPDATE, 61)
    assert stream.fire(125) == [], "due again, but still in hand"
    assert stream.due() == pytest.approx(125.1)
    stream.tracker.finish(1)
    (cart,) = stream.fire(126)
    assert cart.activity_us == stream.at(61), "the short wait is no activity"


# --- replays ----------------------------------------------------------------------------------------------------


def test_the_same_events_again_change_nothing(stream: Stream) -> None:
    story: list[Event] = [
        CartChanged(1, Change.INSERT, stream.at(0)),
        CartChanged(2, Change.INSERT, stream.at(1)),
        OrderPlaced(2, stream.at(2)),
        CartChanged(1, Change.DELETE, stream.at(3)),
        CartChanged(2, Change.INSERT, stream.at(4)),
    ]
    stream.send(*story)
    before = {key: stream.due(key) for key in (1, 2)}
    stream.send(*story)
    assert {key: stream.due(key) for key in (1, 2)} == before == {1: 63, 2: 64}


def test_an_old_event_never_moves_a_timer_back(stream: Stream) -> None:
    stream.cart(Change.INSERT, 50)
    stream.cart(Change.INSERT, 10)
    assert stream.due() == 110
    assert stream.fire(110)[0].activity_us == stream.at(50)


# --- told to wait -----------------------------------------------------------------------------------------------


def test_a_cart_held_back_by_the_cooldown_fires_at_its_end_with_the_activity_it_had(stream: Stream) -> None:
    cart = stream.in_hand()
    assert stream.tracker.knows(1), "in hand, and not armed"
    assert stream.tracker.next_due() is None
    stream.tracker.wait(cart, stream.at(3_600))
    assert stream.tracker.in_hand == 0
    assert stream.fire(3_599) == []
    assert stream.fire(3_600) == [DueCart(1, SHOP, stream.at(3_600), stream.at(0))]


def test_activity_during_the_cooldown_is_remembered_and_does_not_shorten_it(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    stream.cart(Change.UPDATE, 100)
    stream.cart(Change.UPDATE, 50)  # seen before
    assert stream.due() == 3_600
    assert stream.fire(3_600)[0].activity_us == stream.at(100)


def test_activity_at_the_end_of_the_cooldown_postpones_beyond_it(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    stream.cart(Change.UPDATE, 3_590)
    assert stream.due() == 3_650
    assert stream.fire(3_650)[0].activity_us == stream.at(3_590)


def test_activity_whose_quiet_time_ends_with_the_cooldown_is_waited_for_as_any(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(160))
    stream.cart(Change.UPDATE, 100)
    stream.tracker.hasten(1, stream.at(110))
    assert stream.fire(160) == [DueCart(1, SHOP, stream.at(160), stream.at(100))]


def test_an_order_ends_the_cooldown_too(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    stream.order(100)
    assert not stream.tracker.knows(1)
    assert not stream.tracker._states.held
    stream.cart(Change.INSERT, 200)
    assert stream.fire(260) == [DueCart(1, SHOP, stream.at(260), stream.at(200))]


def test_waiting_never_shortens_what_activity_armed_meanwhile(stream: Stream) -> None:
    cart = stream.in_hand()
    stream.cart(Change.UPDATE, 61)
    stream.tracker.wait(cart, stream.at(70))
    assert stream.due() == 121
    assert stream.fire(121)[0].activity_us == stream.at(61)


def test_told_to_wait_until_the_moment_that_activity_armed_it_waits_for_quiet(stream: Stream) -> None:
    cart = stream.in_hand()
    stream.cart(Change.UPDATE, 61)
    stream.tracker.wait(cart, stream.at(121))
    stream.tracker.hasten(1, stream.at(62))
    assert stream.due() == 121


def test_told_to_wait_after_it_fired_in_hand_it_keeps_the_activity_that_made_it_fire(stream: Stream) -> None:
    cart = stream.in_hand()
    stream.cart(Change.UPDATE, 61)
    assert stream.fire(125) == []
    stream.tracker.wait(cart, stream.at(500))
    assert stream.fire(500) == [DueCart(1, SHOP, stream.at(500), stream.at(61))]


def test_waiting_longer_than_what_activity_armed_keeps_that_activity(stream: Stream) -> None:
    cart = stream.in_hand()
    stream.cart(Change.UPDATE, 61)
    stream.tracker.wait(cart, stream.at(500))
    assert stream.fire(500) == [DueCart(1, SHOP, stream.at(500), stream.at(61))]


def test_hastening_moves_what_waits_for_a_retry_and_not_what_waits_for_quiet(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    stream.cart(Change.INSERT, 50, key=2)
    for key in (1, 2, 3):
        stream.tracker.hasten(key, stream.at(61))
    assert (stream.due(1), stream.due(2), stream.due(3)) == (61, 110, None)


def test_what_is_hastened_again_and_again_fires_behind_a_clock_that_lags(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    for second in range(61, 65):
        stream.now = stream.at(second)
        stream.tracker.hasten(1, stream.now)
        lagging = Progress(
            "", stream.at(second - 2), caught_up=False, lag_us=2 * SECOND, received_us=stream.now
        )
        stream.tracker.apply(Batch(SHOP, (), lagging))
    assert [cart.key for cart in stream.tracker.take_due(stream.now, 10)] == [1]


# --- the partition's clock --------------------------------------------------------------------------------------


def test_nothing_fires_beyond_what_is_known_of_the_shop(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.now = stream.at(100)
    stalled = Progress("", stream.at(59), caught_up=False, lag_us=41 * SECOND, received_us=stream.now)
    stream.tracker.apply(Batch(SHOP, (), stalled))
    assert stream.tracker.take_due(stream.now, 10) == []
    assert stream.tracker.next_due() == stream.at(60), "in the past: held back by the clock"
    # The order that was on its way arrives before the clock goes on.
    stream.order(58)
    assert stream.fire(101) == []


def test_a_silent_source_holds_back_its_own_partition_only(stream: Stream) -> None:
    stream.send(Assigned("other"), caught_up=False, partition="other")
    stream.send(Hydrated("other"), partition="other")
    stream.send(CartChanged(2, Change.INSERT, stream.at(0)), partition="other")
    stream.cart(Change.INSERT, 0)
    assert [cart.key for cart in stream.fire(63)] == [1], "the other one was heard of at 0"
    stream.send(partition="other")
    assert [cart.partition for cart in stream.tracker.take_due(stream.now, 10)] == ["other"]


def test_up_to_date_is_a_stream_that_is_hydrated_caught_up_and_heard_of(stream: Stream) -> None:
    tracker = stream.tracker
    assert tracker.up_to_date(stream.now)
    assert not tracker.up_to_date(stream.now + 3 * SECOND), "silent"
    stream.send(caught_up=False)
    assert not tracker.up_to_date(stream.now), "behind"
    stream.send()
    stream.send(Assigned("other"), partition="other")
    assert not tracker.up_to_date(stream.now), "the other one is not hydrated"
    stream.send(Hydrated("other"), partition="other")
    assert tracker.up_to_date(stream.now)
    stream.send(Revoked("other", "purged"), partition="other")
    assert not tracker.up_to_date(stream.now)
    assert not Tracker(THRESHOLD).up_to_date(stream.now), "nothing was heard of yet"


def test_a_limit_takes_the_earliest_and_leaves_the_rest(stream: Stream) -> None:
    for key in range(10):
        stream.cart(Change.INSERT, 10 - key, key=key)
    stream.go_to(200)
    first = stream.tracker.take_due(stream.now, 4)
    assert [cart.key for cart in first] == [9, 8, 7, 6]
    assert stream.tracker.take_due(stream.now, 0) == []
    assert len(stream.tracker.take_due(stream.now, 100)) == 6
    assert stream.tracker.in_hand == 10


def test_a_limit_counts_over_partitions(stream: Stream) -> None:
    stream.send(Assigned("other"), Hydrated("other"), partition="other")
    for key in range(6):
        name = ("other", SHOP)[key % 2]
        stream.send(CartChanged(key, Change.INSERT, stream.at(0)), partition=name)
    stream.go_to(60)
    stream.send(partition="other")
    assert len(stream.tracker.take_due(stream.now, 4)) == 4
    assert len(stream.tracker.take_due(stream.now, 4)) == 2


def test_rounding_to_ticks_is_late_never_early() -> None:
    stream = Stream(tick_us=10_000)
    stream.cart(Change.INSERT, 0.000_001)
    assert stream.fire(60.000_001) == []
    (cart,) = stream.fire(60.01)
    assert cart.due_us == stream.at(60.01)
    assert cart.activity_us is not None
    assert cart.activity_us + THRESHOLD <= stream.now, "or decide() would send it back to wait"


# --- resets -----------------------------------------------------------------------------------------------------


def reset(stream: Stream, *reads: CartRead) -> None:
    stream.send(Revoked(SHOP, "test"))
    stream.send(Assigned(SHOP), *reads, Hydrated(SHOP), caught_up=False)
    stream.send()


def read(stream: Stream, second: float, *, key: int = 1, due: float | None = None) -> CartRead:
    return CartRead(key, stream.at(second), stream.at(second + 60 if due is None else due))


def test_a_revoked_partition_fires_nothing_until_it_is_hydrated_and_caught_up(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.send(Revoked(SHOP, "test"))
    assert stream.fire(100) == []
    stream.send(Assigned(SHOP), caught_up=False)
    assert stream.tracker.take_due(stream.now, 10) == []
    stream.send(read(stream, 0), Hydrated(SHOP), caught_up=False)
    assert stream.tracker.take_due(stream.now, 10) == [], "what came after the anchor is not read yet"
    stream.send()
    assert len(stream.tracker.take_due(stream.now, 10)) == 1


def test_a_reset_keeps_the_later_due_time(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 40)  # known from the binlog only: no column tells
    stream.cart(Change.INSERT, 10, key=2)
    reset(stream, read(stream, 0), read(stream, 30, key=2))
    assert stream.due(1) == 100
    assert stream.due(2) == 90
    carts = {cart.key: cart for cart in stream.fire(100)}
    assert carts[1].activity_us == stream.at(40)
    assert carts[2].activity_us == stream.at(30)


def test_what_was_read_again_waits_for_quiet_and_for_nothing_else(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(100))
    reset(
        stream, read(stream, 100), read(stream, 90, key=2)
    )  # the first one's cool-down is over at its due time
    for key in (1, 2):
        stream.tracker.hasten(key, stream.at(101))
    assert (stream.due(1), stream.due(2)) == (160, 150)
    assert {cart.key: cart.activity_us for cart in stream.fire(160)} == {1: stream.at(100), 2: stream.at(90)}


def test_a_cart_that_is_read_moves_out_of_the_wheel_from_before(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    stream.cart(Change.INSERT, 0, key=2)
    stream.send(Revoked(SHOP, "test"))
    stream.send(Assigned(SHOP), read(stream, 0), caught_up=False)
    (before,) = stream.tracker._states.partitions[SHOP].previous
    assert list(before) == [2]


def test_carts_that_were_not_read_again_are_dropped(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    stream.cart(Change.INSERT, 50, key=2)
    reset(stream)
    assert stream.tracker.armed == 0
    assert not stream.tracker._states.held
    assert stream.fire(5_000) == []


def test_a_hydration_that_breaks_off_loses_nothing_known_before(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 40)
    stream.cart(Change.UPDATE, 40, key=2)
    stream.send(Revoked(SHOP, "purged"))
    stream.send(Assigned(SHOP), read(stream, 0), caught_up=False)  # the connection breaks before key 2
    stream.send(Revoked(SHOP, "hydration failed"))
    stream.send(Assigned(SHOP), read(stream, 0), read(stream, 0, key=2), Hydrated(SHOP), caught_up=False)
    assert (stream.due(1), stream.due(2)) == (100, 100)


def test_a_cooldown_found_by_hydration_is_kept_with_the_activity(stream: Stream) -> None:
    reset(stream, read(stream, 0, due=3_600))
    stream.cart(Change.UPDATE, 100)
    assert stream.fire(3_600) == [DueCart(1, SHOP, stream.at(3_600), stream.at(100))]


def test_a_cooldown_found_by_hydration_keeps_activity_that_only_the_stream_saw(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 100)
    reset(stream, read(stream, 0, due=3_600))
    assert stream.fire(3_600) == [DueCart(1, SHOP, stream.at(3_600), stream.at(100))]


def test_a_longer_cooldown_found_by_hydration_keeps_the_activity_seen_during_the_one_before(
    stream: Stream,
) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(3_600))
    stream.cart(Change.UPDATE, 100)
    reset(stream, read(stream, 0, due=4_000))
    assert stream.fire(4_000) == [DueCart(1, SHOP, stream.at(4_000), stream.at(100))]


def test_a_cart_in_hand_survives_a_reset_and_can_still_be_touched(stream: Stream) -> None:
    cart = stream.in_hand()
    reset(stream)
    assert stream.tracker.in_hand == 1
    assert not stream.tracker.touched(1)
    stream.order(70)
    assert stream.tracker.touched(1)
    stream.tracker.wait(cart, stream.at(90))
    assert stream.due() == 90, "told to wait in the partition that was opened anew"


def test_a_cart_told_to_wait_while_the_tables_are_read_is_not_looked_at_earlier(stream: Stream) -> None:
    cart = stream.in_hand()
    stream.send(Revoked(SHOP, "test"))
    stream.send(Assigned(SHOP), caught_up=False)
    stream.tracker.wait(cart, stream.at(3_600))
    stream.send(read(stream, 0), Hydrated(SHOP), caught_up=False)
    assert stream.due() == 3_600


def test_reconcile_leaves_carts_alone_that_hydration_has_not_come_to(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 40)
    stream.send(Revoked(SHOP, "test"))
    stream.send(Assigned(SHOP), caught_up=False)
    stream.now = stream.at(70)
    assert stream.tracker.take([1], stream.now, SHOP) == [], (
        "quiet for 30 seconds only, whatever created_at says"
    )
    assert stream.tracker.knows(1)


def test_ready_means_hydrated_and_heard_of() -> None:
    tracker = Tracker(THRESHOLD)
    progress = Progress("", None, caught_up=False, lag_us=0, received_us=START)
    assert not tracker.ready(START, 10 * SECOND), "nothing is assigned"
    tracker.apply(Batch(SHOP, (Assigned(SHOP),), progress))
    assert not tracker.ready(START, 10 * SECOND), "the first hydration is under way"
    tracker.apply(Batch(SHOP, (Hydrated(SHOP),), progress))
    assert tracker.ready(START + 10 * SECOND, 10 * SECOND)
    assert not tracker.ready(START + 10 * SECOND + 1, 10 * SECOND)
    tracker.apply(Batch(SHOP, (Revoked(SHOP, "test"),), progress))
    assert not tracker.ready(START, 10 * SECOND)


# --- taken without a timer --------------------------------------------------------------------------------------


def test_reconcile_takes_what_is_neither_armed_nor_in_hand(stream: Stream) -> None:
    stream.in_hand()
    stream.cart(Change.INSERT, 50, key=2)
    taken = stream.tracker.take([1, 2, 3, 3], stream.now, SHOP)
    assert taken == [DueCart(3, SHOP, stream.now, None)]
    assert stream.tracker.in_hand == 2


def test_alone_it_takes_overdue_timers_whatever_the_clock_says(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 0)
    stream.cart(Change.UPDATE, 50, key=2)
    stream.now = stream.at(90)  # nothing heard since 0
    assert stream.tracker.take_due(stream.now, 10) == []
    taken = stream.tracker.take([1, 2], stream.now, SHOP, overdue=True)
    assert taken == [DueCart(1, SHOP, stream.at(60), stream.at(0))]
    assert stream.due(1) is None
    assert stream.due(2) == 110
    assert stream.tracker.take([2], stream.at(110) - 1, SHOP, overdue=True) == []
    assert len(stream.tracker.take([2], stream.at(110), SHOP, overdue=True)) == 1, "at its very moment"


def test_a_cart_that_reconcile_took_before_the_source_began_can_wait() -> None:
    tracker = Tracker(THRESHOLD, tick_us=10)
    (cart,) = tracker.take([1], START, SHOP)
    tracker.wait(cart, START + 5)
    assert tracker.due_of(1) == START + 10


# --- orders that were told of -----------------------------------------------------------------------------------


def test_an_order_after_the_cart_is_remembered(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    assert not stream.tracker.ordered(1)
    stream.order(2)
    assert stream.tracker.ordered(1)
    assert not stream.tracker.ordered(2)
    stream.cart(Change.DELETE, 9)
    stream.cart(Change.UPDATE, 2.9)
    assert stream.tracker.ordered(1), "a cleared cart, or one that is touched in the second of its order"
    stream.cart(Change.INSERT, 3)
    assert not stream.tracker.ordered(1)


@pytest.mark.parametrize(("counts", "remembered"), [(True, True), (False, False)])
def test_an_order_that_does_not_count_any_more_is_forgotten(
    stream: Stream, counts: bool, remembered: bool
) -> None:
    stream.order(2)
    stream.send(OrderChanged(1, stream.at(3), counts=counts))
    assert stream.tracker.ordered(1) is remembered
    assert stream.due() == 63, "it is looked at again, whichever"


@pytest.mark.parametrize(("activity", "remembered"), [(0, True), (2.9, True), (3, False)])
def test_a_reset_forgets_an_order_only_where_the_tables_tell_of_later_activity(
    stream: Stream, activity: float, remembered: bool
) -> None:
    stream.order(2)
    read = CartRead(1, stream.at(activity), stream.at(activity) + THRESHOLD)
    stream.send(Revoked(SHOP, "purged"), Assigned(SHOP), read, Hydrated(SHOP))
    assert stream.tracker.ordered(1) is remembered


def test_an_order_of_the_customer_ends_the_carts_until_then(stream: Stream) -> None:
    """It is told of a little later than it happened; what was filled meanwhile is another cart."""
    stream.cart(Change.INSERT, 0, key=1)
    stream.cart(Change.INSERT, 4, key=2)
    for key in (1, 2, 3):
        stream.tracker.customer_ordered(key, stream.at(3), SHOP)
    assert [stream.tracker.ordered(key) for key in (1, 2, 3)] == [True, False, True]
    stream.cart(Change.UPDATE, 5, key=1)
    assert not stream.tracker.ordered(1)


def test_an_order_of_the_customer_stops_a_mail_in_hand(stream: Stream) -> None:
    stream.in_hand()
    stream.tracker.customer_ordered(1, stream.at(61), SHOP)
    assert stream.tracker.touched(1)
    assert stream.tracker.ordered(1)


@pytest.mark.parametrize("counts", [True, False])
def test_a_customers_order_that_does_not_count_any_more_is_forgotten(stream: Stream, counts: bool) -> None:
    stream.tracker.customer_ordered(1, stream.at(3), SHOP)
    stream.tracker.customer_orders_changed(1, stream.at(4), SHOP, counts=counts)
    assert stream.tracker.ordered(1) is counts


def test_orders_are_forgotten_when_no_cart_is_young_enough() -> None:
    stream = Stream()
    stream.tracker = Tracker(THRESHOLD, remember_us=100 * SECOND)
    for second, key in ((0, 1), (1, 2), (50, 1), (101, 3), (102, 4), (140, 5)):
        stream.order(second, key)
    assert [stream.tracker.ordered(key) for key in range(1, 6)] == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("at", "remembered"), [(3.0, True), (3.9, True), (2.9, False)], ids=["its second", "later", "before"]
)
def test_an_order_of_the_customer_counts_for_what_was_filled_in_its_second(
    at: float, remembered: bool
) -> None:
    stream = Stream()
    stream.cart(Change.INSERT, 3.5)
    stream.tracker.customer_ordered(1, stream.at(at), SHOP)
    assert stream.tracker.ordered(1) is remembered


def test_an_order_of_the_customer_goes_by_the_activity_of_a_cart_that_is_held_back(stream: Stream) -> None:
    stream.cart(Change.INSERT, 0)
    (cart,) = stream.fire(60)
    stream.tracker.wait(cart, stream.at(500))
    stream.tracker.customer_ordered(1, stream.at(10), SHOP)
    assert stream.tracker.ordered(1), "it is due long after the order, and was filled before"


def test_an_order_is_remembered_for_its_time_and_no_longer() -> None:
    stream = Stream()
    stream.tracker = Tracker(THRESHOLD, remember_us=100 * SECOND)
    stream.order(0, key=1)
    stream.order(100, key=2)
    assert stream.tracker.ordered(1)
    stream.order(100.1, key=3)
    assert not stream.tracker.ordered(1)


def test_woken_carts_are_counted_and_are_due_last(stream: Stream) -> None:
    stream.cart(Change.UPDATE, 0, key=5)
    assert (stream.tracker.armed, stream.tracker.keys()) == (1, [5])
    assert stream.tracker.next_due(woken=False) is None
    assert stream.tracker.next_due() == stream.at(60)


# --- notes for the next start -----------------------------------------------------------------------------------


def noting(*untold: Change) -> Stream:
    stream = Stream()
    stream.tracker = Tracker(THRESHOLD, untold=untold)
    stream.send(Assigned(SHOP), Hydrated(SHOP))
    return stream


def test_what_the_tables_tell_is_not_noted() -> None:
    stream = noting()
    stream.cart(Change.INSERT, 0)
    stream.cart(Change.UPDATE, 2)
    assert stream.tracker.take_unsaved() == []


@pytest.mark.parametrize("untold", [(Change.UPDATE, Change.DELETE), tuple(Change)])
def test_activity_that_no_table_tells_is_noted_once_with_its_last_moment(untold: tuple[Change, ...]) -> None:
    stream = noting(*untold)
    stream.cart(Change.INSERT, 0)
    first = [CartNote(1, stream.at(0))] if Change.INSERT in untold else []
    assert stream.tracker.take_unsaved() == first
    for second in (1, 2, 3):
        stream.cart(Change.UPDATE, second)
    assert stream.tracker.take_unsaved() == [CartNote(1, stream.at(3))]
    assert stream.tracker.take_unsaved() == []
    stream.tracker.keep_unsaved([1])
    stream.order(3, key=2)
    notes = sorted(stream.tracker.take_unsaved(), key=lambda note: note.key)
    assert notes == [CartNote(1, stream.at(3)), CartNote(2, None, stream.at(3))], "one could not be written"


def test_an_idle_cart_that_is_changed_is_not_noted() -> None:
    """A statement over the whole table changes the carts of years."""
    stream = noting(Change.UPDATE, Change.DELETE)
    stream.cart(Change.UPDATE, 0, key=5)
    stream.cart(Change.DELETE, 0, key=6)
    assert stream.tracker.take_unsaved() == []


def test_a_cart_that_is_held_back_is_noted_with_its_activity_and_not_with_its_due_time() -> None:
    stream = noting(Change.UPDATE, Change.DELETE)
    stream.cart(Change.INSERT, 0)
    (cart,) = stream.fire(60)
    stream.tracker.wait(cart, stream.at(500))
    stream.cart(Change.UPDATE, 70)
    assert stream.tracker.take_unsaved() == [CartNote(1, stream.at(70))]
    assert stream.due() == 500


def test_an_order_is_noted_and_what_ends_it_too() -> None:
    stream = noting()
    stream.cart(Change.INSERT, 0)
    stream.order(2)
    assert stream.tracker.take_unsaved() == [CartNote(1, None, stream.at(2))]
    stream.cart(Change.INSERT, 9)
    assert stream.tracker.take_unsaved() == [CartNote(1)]
    stream.tracker.customer_ordered(2, stream.at(10), SHOP)
    assert stream.tracker.take_unsaved() == [CartNote(2, None, stream.at(10))]
    stream.send(OrderChanged(2, stream.at(11)))
    assert stream.tracker.take_unsaved() == [CartNote(2)]
    stream.send(OrderChanged(3, stream.at(12)))
    assert stream.tracker.take_unsaved() == [CartNote(3)], (
        "the order may have been told before the last start"
    )


def test_what_is_in_a_document_is_noted_and_known_until_it_is_written_down() -> None:
    stream = noting(*Change)
    stream.send(CartChanged("a", Change.INSERT, stream.at(0), b"one"))
    stream.send(CartChanged("a", Change.UPDATE, stream.at(5), b"two"))
    notes = stream.tracker.take_unsaved()
    assert notes == [CartNote("a", stream.at(5), None, stream.at(0), b"two")]
    stream.tracker.keep_unsaved(["a"])  # it could not be written
    assert stream.tracker.take_unsaved() == notes
    (due,) = stream.fire(70)
    assert (due.activity_us, due.filled_us) == (stream.at(5), stream.at(0))
    stream.tracker.finish("a")
    stream.send(CartChanged("a", Change.INSERT, stream.at(80), b"three"))
    stream.tracker.saved(notes)  # what came meanwhile stays
    assert stream.tracker.take_unsaved() == [CartNote("a", stream.at(80), None, stream.at(80), b"three")]
    stream.tracker.saved([CartNote("a", stream.at(80), None, stream.at(80), b"three")])
    (due,) = stream.fire(200)
    assert due.filled_us is None, "the note has it"


def test_what_was_told_of_a_document_by_a_server_that_is_lost_is_not_noted() -> None:
    """After a failover the tables have it as it was noted; its last activity is known all the same."""
    stream = noting(*Change)
    stream.send(CartChanged(1, Change.INSERT, stream.at(5), b"lost"))
    stream.send(Assigned(SHOP), CartRead(1, stream.at(0), stream.at(60)), Hydrated(SHOP))
    assert stream.tracker.take_unsaved() == [CartNote(1, stream.at(5))]
    assert stream.tracker.due_of(1) == stream.at(65)


def test_a_document_that_hydration_found_changed_is_noted() -> None:
    stream = noting(*Change)
    stream.send(CartRead("a", stream.at(0), stream.at(60), stream.at(0), b"one"))
    stream.send(CartRead("b", stream.at(0), stream.at(60)))  # as noted
    assert stream.tracker.take_unsaved() == [CartNote("a", stream.at(0), None, stream.at(0), b"one")]


def test_what_is_due_first_can_be_looked_at_and_stays_armed() -> None:
    stream = Stream()
    assert stream.tracker.upcoming(2) == []
    for key, second in ((1, 3), (2, 1), (3, 2)):
        stream.send(CartChanged(key, Change.INSERT, stream.at(second)))
    due = [(2, stream.at(1) + THRESHOLD), (3, stream.at(2) + THRESHOLD), (1, stream.at(3) + THRESHOLD)]
    assert stream.tracker.upcoming(2) == due[:2]
    assert stream.tracker.upcoming(9) == due
    assert stream.tracker.armed == 3


def test_a_partition_that_another_instance_has_is_forgotten_with_its_timers() -> None:
    stream = noting(*Change)
    stream.send(
        Assigned("other"), CartChanged(2, Change.INSERT, stream.at(0)), Hydrated("other"), partition="other"
    )
    stream.cart(Change.INSERT, 0)
    stream.send(Revoked("other", "rebalance"), partition="other")
    assert stream.tracker.needed_since("other") == stream.at(60), "what it needs is known until it is left"
    assert not stream.tracker.up_to_date(stream.now)
    stream.send(Revoked("other", "rebalance", for_good=True), partition="other")
    assert stream.tracker.up_to_date(stream.now)
    assert stream.tracker.keys() == [1]
    assert stream.tracker.needed_since("other") is None
    assert [note.key for note in stream.tracker.take_unsaved()] == [1], "the other instance notes it"
    stream.send(Assigned("other"), Hydrated("other"), partition="other")
    stream.send(CartChanged(2, Change.INSERT, stream.at(5)), partition="other")
    assert stream.due(2) == 65


def test_what_is_in_hand_of_a_partition_that_went_is_neither_mailed_nor_armed_again(stream: Stream) -> None:
    cart = stream.in_hand()
    assert stream.tracker.needed_since(SHOP) == stream.at(60)
    assert not stream.tracker.touched(1)
    stream.send(Revoked(SHOP, "rebalance"), Revoked(SHOP, "rebalance", for_good=True))
    assert stream.tracker.touched(1), "nobody knows any more what happens in it"
    assert stream.tracker.needed_since(SHOP) == stream.at(60)
    stream.tracker.wait(cart, stream.at(99))
    stream.tracker.sift_again([cart], stream.at(99))
    assert stream.tracker.armed == 0
    assert stream.tracker.needed_since(SHOP) is None


def test_what_is_held_back_in_a_partition_that_went_is_forgotten(stream: Stream) -> None:
    stream.tracker.wait(stream.in_hand(), stream.at(500))
    stream.send(Revoked(SHOP, "rebalance", for_good=True), Assigned(SHOP), Hydrated(SHOP))
    stream.tracker.hasten(1, stream.now)
    assert stream.tracker.armed == 0


def test_the_oldest_that_is_needed_is_that_of_all_wheels_and_what_is_in_hand(stream: Stream) -> None:
    assert stream.tracker.needed_since(SHOP) is None
    stream.send(OrderChanged(9, stream.at(7)))  # woken
    assert stream.tracker.needed_since(SHOP) == stream.at(67)
    stream.cart(Change.INSERT, 3)
    assert stream.tracker.needed_since(SHOP) == stream.at(63)
    stream.send(Assigned(SHOP))  # what was armed before counts until all is read
    assert stream.tracker.needed_since(SHOP) == stream.at(63)


def test_a_source_whose_marks_do_not_come_is_not_ready(stream: Stream) -> None:
    def told(committed: int) -> None:
        progress = Progress(
            "", stream.at(committed), caught_up=False, lag_us=0, received_us=stream.now, behind_us=4 * SECOND
        )
        stream.tracker.apply(Batch(SHOP, (), progress))

    stream.cart(Change.INSERT, 0)
    stream.now = stream.at(63)
    told(59)
    assert stream.tracker.take_due(stream.now, 9) == []
    assert stream.tracker.up_to_date(stream.now)
    assert stream.tracker.ready(stream.now, 60 * SECOND)
    stream.now = stream.at(64)
    assert not stream.tracker.up_to_date(stream.now)
    assert not stream.tracker.ready(stream.now, 60 * SECOND)
    told(60)
    assert [cart.key for cart in stream.tracker.take_due(stream.now, 9)] == [1]
