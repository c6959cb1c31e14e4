"""Resets come at most once in so many seconds, and one that does not help is noticed."""

import threading

import pytest
import structlog

from binlog_watcher.binlog import resets as resets_module
from binlog_watcher.binlog.resets import START, Cause, Relapses, Resets
from binlog_watcher.binlog.stats import Stats

INTERVAL_S = 60.0
HOUR_S = 3_600.0
UNREADABLE = Cause("decode", "shop.cart has 5 columns now and 7 in the binlog")
TRUNCATED = Cause("statement", "'TRUNCATE cart'")


class Clock:
    """Stands in for the module ``time``, and for the event that a waiting reader is woken by."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(resets_module, "time", clock)
    return clock


def resets_of(clock: Clock, stats: Stats) -> Resets:
    return Resets(INTERVAL_S, stats, begin=True, wait=clock.wait)


def reset(resets: Resets, cause: Cause) -> None:
    resets.want(cause.reason, cause.detail)
    resets.done(resets.begin())


# --- what comes back ------------------------------------------------------------------------------------------------


def test_what_nobody_can_read_is_counted_however_seldom_it_comes() -> None:
    relapses = Relapses(INTERVAL_S)
    assert [relapses.note(UNREADABLE, nth * HOUR_S) for nth in range(4)] == [1, 2, 3, 4]
    assert relapses.note(UNREADABLE, 100 * HOUR_S) == 1


def test_numbers_make_no_other_cause() -> None:
    relapses = Relapses(INTERVAL_S)
    assert relapses.note(Cause("decode", "byte 0xff in position 3"), 0) == 1
    assert relapses.note(Cause("decode", "byte 0x81 in position 17"), 1) == 2
    assert relapses.note(Cause("decode", "table shop.cart has no column user_id"), 2) == 1


def test_what_a_reset_cures_is_back_only_when_it_comes_at_once() -> None:
    relapses = Relapses(INTERVAL_S)
    nightly = [relapses.note(TRUNCATED, nth * 24 * HOUR_S) for nth in range(4)]
    quarterly = [relapses.note(TRUNCATED, 500 * HOUR_S + nth * HOUR_S / 4) for nth in range(4)]
    assert nightly + quarterly == [1] * 8
    assert relapses.note(TRUNCATED, 500 * HOUR_S + HOUR_S * 3 / 4 + 3 * INTERVAL_S) == 2


def test_the_third_in_a_row_means_stuck_until_it_has_stayed_away() -> None:
    relapses = Relapses(INTERVAL_S)
    for nth in range(3):
        assert relapses.stuck(nth * INTERVAL_S) is None
        relapses.note(TRUNCATED, nth * INTERVAL_S)
    assert relapses.stuck(2 * INTERVAL_S) == TRUNCATED
    assert relapses.stuck(5 * INTERVAL_S) == TRUNCATED
    assert relapses.stuck(5 * INTERVAL_S + 1) is None


def test_what_comes_once_an_hour_has_not_gone_after_an_hour() -> None:
    relapses = Relapses(INTERVAL_S)
    for nth in range(3):
        relapses.note(UNREADABLE, nth * HOUR_S)
    assert relapses.stuck(4 * HOUR_S) == UNREADABLE
    assert relapses.stuck(4 * HOUR_S + 1) is None


# --- when, and what is said -----------------------------------------------------------------------------------------


def test_the_first_begins_at_once_and_is_no_reset(clock: Clock) -> None:
    stats = Stats()
    resets = resets_of(clock, stats)
    assert resets.are_due(wait=False)
    cause = resets.begin()
    assert cause.reason == START
    resets.done(cause)
    assert not resets.are_due(wait=True)
    assert stats.resets == {}


def test_one_in_so_many_seconds_and_the_first_of_several_causes(clock: Clock) -> None:
    stats = Stats()
    resets = resets_of(clock, stats)
    resets.done(resets.begin())
    reset(resets, TRUNCATED)
    resets.want("cascade")
    resets.want("rollback")
    assert resets.wanted
    assert not resets.are_due(wait=False)
    clock.now_s += INTERVAL_S
    assert resets.are_due(wait=False)
    resets.done(resets.begin())
    assert stats.resets == {"statement": 1, "cascade": 1}


def test_with_nothing_else_to_do_it_waits(clock: Clock) -> None:
    resets = resets_of(clock, Stats())
    resets.done(resets.begin())
    reset(resets, TRUNCATED)
    resets.want("purged")
    before_s = clock.now_s
    assert resets.are_due(wait=True)
    assert clock.now_s == before_s + INTERVAL_S


def test_one_that_could_not_be_done_is_wanted_again_and_counted_once(clock: Clock) -> None:
    stats = Stats()
    resets = resets_of(clock, stats)
    resets.done(resets.begin())
    for _ in range(2):
        resets.want(UNREADABLE.reason, UNREADABLE.detail)
        for _ in range(3):
            resets.failed(resets.begin())
        resets.done(resets.begin())
    assert stats.resets == {"decode": 2}
    assert stats.relapses == {"decode": 1}


def test_what_comes_back_is_an_error_and_after_the_third_the_binlog_is_not_followed(clock: Clock) -> None:
    stats = Stats()
    resets = resets_of(clock, stats)
    resets.done(resets.begin())
    stuck = []
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            reset(resets, UNREADABLE)
            stuck.append(stats.stuck)
            clock.now_s += INTERVAL_S
    assert [(entry["event"], entry["log_level"], entry.get("times")) for entry in logs] == [
        ("binlog.reset", "warning", None),
        ("binlog.reset_again", "error", 2),
        ("binlog.reset_again", "error", 3),
    ]
    assert stuck == [None, None, f"decode: {UNREADABLE.detail}"]
    assert stats.relapses == {"decode": 2}
    clock.now_s += 3 * INTERVAL_S
    resets.look()
    assert stats.stuck is None


def test_any_thread_may_want_one(clock: Clock) -> None:
    resets = resets_of(clock, Stats())
    resets.done(resets.begin())
    threads = [threading.Thread(target=resets.want, args=(f"reason {nth}",)) for nth in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert resets.begin().reason.startswith("reason")
    assert not resets.wanted
