"""The token bucket: never more than the shop allows, and a wait that is long enough but no longer."""

import heapq

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binlog_watcher.core.rate_limit import APART_US, LATE_US, TokenBucket

MINUTE = 60_000_000
START = 1_790_000_000 * 1_000_000


def test_no_limit_grants_everything_at_once() -> None:
    bucket = TokenBucket(None, START)
    assert bucket.take(10_000, START) == 10_000
    assert bucket.wait_us(9_999) == 0


@pytest.mark.parametrize(("per_minute", "at_once"), [(1, 1), (30, 1), (60, 1), (600, 10), (6_000, 100)])
def test_a_seconds_worth_is_saved_up_and_at_least_one(per_minute: int, at_once: int) -> None:
    bucket = TokenBucket(per_minute, START)
    assert bucket.take(1_000, START) == at_once
    assert bucket.take(1, START) == 0
    assert bucket.take(1_000, START + 10 * MINUTE) == at_once, "an idle time is not made up for"


def test_tokens_given_back_can_be_taken_again_but_not_hoarded() -> None:
    bucket = TokenBucket(60, START)
    assert bucket.take(1, START) == 1
    bucket.give_back(1)
    bucket.give_back(1)
    assert bucket.take(5, START) == 1


def test_a_burst_of_ones_own_is_what_is_saved_up() -> None:
    bucket = TokenBucket(600, START, burst=3)
    assert bucket.take(1_000, START) == 3
    assert bucket.take(1_000, START + 10 * MINUTE) == 3


def test_to_ask_earns_nothing() -> None:
    bucket = TokenBucket(6_000, START)
    bucket.take(1_000, START)
    assert sum(bucket.take(1, START) for _ in range(20_000)) == 0


def test_a_clock_that_steps_back_neither_mints_tokens_nor_stops_the_flow() -> None:
    bucket = TokenBucket(60, START)
    assert bucket.take(1, START) == 1
    assert bucket.take(1, START - 60 * MINUTE) == 0
    assert bucket.take(1, START - 60 * MINUTE + 1_000_000) == 1


def test_another_instances_clock_that_is_a_little_behind_earns_nothing_twice() -> None:
    bucket = TokenBucket(60, START)
    assert bucket.take(1, START) == 1
    assert bucket.take(1, START - APART_US) == 0
    assert bucket.take(1, START + 999_999) == 0, "from the first clock on, not from the other one's"
    assert bucket.take(1, START + 1_000_000) == 1
    assert bucket.take(1, START - 1) == 0  # further behind: it was set back, and goes on from here
    assert bucket.state == (0, START - 1)


def test_a_bucket_goes_on_from_what_another_instance_left() -> None:
    bucket, other = TokenBucket(60, START), TokenBucket(60, START)
    other.take(1, START + 5)
    bucket.resume(*other.state)
    assert bucket.state == (other.state[0], START + 5)
    bucket.resume(10**12, START + 7)
    assert bucket.take(5, START + 7) == 1, "no more than it holds"


@given(
    per_minute=st.integers(1, 10_000),
    steps=st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(0, 50)), min_size=1, max_size=60),
)
def test_no_span_of_time_grants_more_than_its_share_and_the_burst(
    per_minute: int, steps: list[tuple[int, int]]
) -> None:
    bucket, now = TokenBucket(per_minute, START), START
    grants: list[tuple[int, int]] = []
    for step, wanted in steps:
        now += step
        granted = bucket.take(wanted, now)
        assert 0 <= granted <= wanted
        grants.append((now, granted))
    burst = max(1 + per_minute * LATE_US / MINUTE, per_minute / 60)
    for first, (begin, _) in enumerate(grants):
        total = 0
        for end, granted in grants[first:]:
            total += granted
            assert total <= burst + (end - begin) * per_minute / MINUTE + 1e-6


@given(per_minute=st.integers(1, 10_000), before=st.lists(st.integers(0, 3_000_000), max_size=20))
def test_after_the_wait_there_is_a_token_and_just_before_there_is_none(
    per_minute: int, before: list[int]
) -> None:
    bucket, now = TokenBucket(per_minute, START), START
    for step in before:
        now += step
        bucket.take(3, now)
    bucket.take(1_000, now)
    wait = bucket.wait_us(0)
    assert bucket.take(1, now + max(0, wait - 2)) == 0
    assert bucket.take(1, now + wait) == 1


@given(per_minute=st.integers(1, 6_000), count=st.integers(1, 30), late_us=st.integers(0, 10_000))
def test_a_queue_that_waits_as_told_gets_through_at_the_full_rate(
    per_minute: int, count: int, late_us: int
) -> None:
    # Timers fire up to a tick late, and what a saved-up second can't hold is lost: some are told to wait again.
    bucket = TokenBucket(per_minute, START)
    bucket.take(1_000, START)
    queue = [START + bucket.wait_us(position) + late_us for position in range(count)]
    deadline = queue[-1] + (late_us + 10) * (count + 1)
    asked = 0
    while queue:
        now = heapq.heappop(queue)
        asked += 1
        assert now <= deadline
        if not bucket.take(1, now):
            heapq.heappush(queue, now + bucket.wait_us(0) + late_us)
    assert asked <= 3 * count + 1


@given(per_minute=st.integers(1, 6_000), lates_us=st.lists(st.integers(0, LATE_US), max_size=30))
@example(per_minute=7, lates_us=[LATE_US, 0])
def test_who_waits_for_one_token_is_told_one_moment_whenever_they_ask(
    per_minute: int, lates_us: list[int]
) -> None:
    bucket, now = TokenBucket(per_minute, START), START
    taken = bucket.take(1_000, now)
    told: dict[int, int] = {}
    for late_us in lates_us:
        for position in range(5):
            wait_us = bucket.wait_us(position)
            if wait_us:
                assert told.setdefault(taken + position, now + wait_us) == now + wait_us
        now += bucket.wait_us(0) + late_us
        taken += bucket.take(1, now)
