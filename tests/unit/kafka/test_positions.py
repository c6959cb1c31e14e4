"""The position that is committed: whoever begins there arms the same timers, and need not read much."""

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartClosed,
    Change,
    Event,
    OrderChanged,
    OrderPlaced,
)
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.kafka.positions import Commit, LookAgain, Positions

SECOND = 1_000_000
THRESHOLD = 100 * SECOND
START = 1_700_000_000 * SECOND
KEYS = (1, 2, 3)
PARTITION = "cartwake-0"


def tracker() -> Tracker:
    made = Tracker(THRESHOLD, tick_us=1)
    give(made, Assigned(PARTITION), at_us=START)
    return made


def give(to: Tracker, *events: Event, at_us: int) -> None:
    to.apply(Batch(PARTITION, events, Progress("", at_us, caught_up=False, lag_us=0, received_us=at_us)))


def event(what: str, key: int, at_us: int) -> Event:
    match what:
        case "ordered":
            return OrderPlaced(key, at_us)
        case "order changed":
            return OrderChanged(key, at_us)
        case "closed":
            return CartClosed(key, at_us)
        case _:
            return CartChanged(key, Change(what), at_us)


WHAT = st.sampled_from(
    ["insert", "insert", "update", "delete", "delete", "ordered", "order changed", "closed"]
)
STEPS = st.lists(st.tuples(WHAT, st.sampled_from(KEYS), st.integers(0, 60)), max_size=25)


@given(STEPS, st.integers(0, 120), st.booleans())
@example([("insert", 1, 0), ("delete", 1, 60), ("insert", 2, 30)], 60, True)
def test_the_next_owner_arms_what_was_armed(
    steps: Sequence[tuple[str, int, int]], until: int, keeps_up: bool
) -> None:
    """``keeps_up``: timers fire when they are due; else the owner was slow, and they are all still there."""
    first, positions, now_us = tracker(), Positions(0, THRESHOLD), START
    stream: list[Event] = []
    committed = Commit(0, 0)
    for what, key, seconds in steps:
        now_us += seconds * SECOND
        stream.append(event(what, key, now_us))
        give(first, stream[-1], at_us=now_us)
        positions.took(len(stream) - 1, now_us)
        if keeps_up:
            for cart in first.take_due(now_us, 10) + first.take_woken(now_us, 10):
                first.finish(cart.key)
        before, committed = committed, positions.needed(first.next_due())
        assert before.position <= committed.position <= committed.read_until == len(stream)
    now_us += until * SECOND
    told = {(what, key) for what, key, _ in steps}
    second, look_again = tracker(), LookAgain(committed.read_until)
    for offset, one in enumerate(stream[committed.position :], committed.position):
        give(second, *look_again.at([one], offset), at_us=now_us)
    for key in KEYS:
        due_us, again_us = first.due_of(key), second.due_of(key)
        if ("delete", key) in told and ("order changed", key) in told:  # then it is looked at the sooner
            assert due_us is None or (again_us is not None and again_us <= due_us)
        else:
            assert due_us is None or again_us == due_us


def test_nothing_armed_needs_nothing() -> None:
    positions = Positions(40, THRESHOLD)
    assert positions.needed(None) == Commit(40, 40)
    positions.took(40, START)
    positions.took(43, None)  # offsets have gaps
    assert positions.needed(None) == Commit(44, 44)


def test_a_cart_that_is_held_back_for_a_day_holds_back_no_position() -> None:
    positions = Positions(0, THRESHOLD)
    for offset in range(500):
        positions.took(offset, START + offset * SECOND)
    assert positions.needed(START + 86_400 * SECOND) == Commit(500, 500)
    assert positions.needed(START + 450 * SECOND + THRESHOLD) == Commit(500, 500)  # never back


def test_what_was_committed_out_of_order_is_read_again() -> None:
    positions = Positions(0, THRESHOLD)
    for offset, seconds in enumerate([0, 50, 49, 51]):
        positions.took(offset, START + seconds * SECOND)
    assert positions.needed(START + 49 * SECOND + THRESHOLD) == Commit(1, 4)


def test_few_places_are_remembered_and_little_is_read_twice() -> None:
    positions = Positions(0, THRESHOLD)
    per_second = 1000
    for offset in range(100 * per_second):
        positions.took(offset, START + offset * SECOND // per_second)
    assert len(positions._places) <= 1001
    position = positions.needed(START + 50 * SECOND + THRESHOLD).position
    assert 50 * per_second - 2 * per_second // 10 <= position <= 50 * per_second


def test_only_deletions_that_were_read_before_are_looked_at_again() -> None:
    look_again, deleted = LookAgain(7), CartChanged(1, Change.DELETE, START)
    assert look_again.at([], 6) == []
    assert look_again.at([deleted], 6) == [deleted, OrderChanged(1, START, counts=True)]
    assert look_again.at([deleted], 7) == [deleted]
    inserted = CartChanged(1, Change.INSERT, START)
    assert look_again.at([inserted], 6) == [inserted]


def test_what_is_committed_is_read_back() -> None:
    commit = Commit(5, 9)
    assert Commit.parse(5, commit.metadata) == commit
    for metadata in (None, "", "x", "read until 3", "read until 99999999999999999999"):
        assert Commit.parse(5, metadata) == Commit(5, 5)
