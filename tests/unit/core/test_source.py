"""The partition's clock: now while the source is heard of, else the last commit."""

from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Change, Event, Hydrated, Revoked
from binlog_watcher.core.source import HEARTBEAT_US, MAX_LAG_US, Batch, PartitionClock, Progress, Pulse

NOW = 1_700_000_000_000_000


def clock(**changes: object) -> PartitionClock:
    facts = {"committed_us": NOW - 5, "caught_up": True, "lag_us": 0, "received_us": NOW}
    result = PartitionClock()
    result.observe(Progress("p", **(facts | changes)))  # type: ignore[arg-type]
    return result


def test_nothing_known() -> None:
    assert PartitionClock().read(NOW) == 0
    assert PartitionClock().silent_for_us(NOW) is None


def test_now_while_all_is_well() -> None:
    assert clock().read(NOW) == NOW
    assert clock(committed_us=None).read(NOW) == NOW
    assert clock().read(NOW + 2 * HEARTBEAT_US) == NOW + 2 * HEARTBEAT_US


def test_the_last_commit_when_silent_lagging_or_behind() -> None:
    assert clock().read(NOW + 2 * HEARTBEAT_US + 1) == NOW - 5
    assert clock(lag_us=MAX_LAG_US).read(NOW) == NOW - 5
    assert clock(caught_up=False).read(NOW) == NOW - 5
    assert clock(caught_up=False, committed_us=None).read(NOW) == 0


def test_a_reset_forgets() -> None:
    reset = clock()
    reset.reset()
    assert reset.read(NOW) == 0


def test_what_is_always_behind_goes_by_what_was_read_and_stands_when_that_is_too_old() -> None:
    marked = clock(caught_up=False, committed_us=NOW - 3, behind_us=10)
    assert (marked.read(NOW), marked.goes_with(NOW), marked.stands(NOW)) == (NOW - 3, True, False)
    assert (marked.read(NOW + 7), marked.goes_with(NOW + 7)) == (NOW - 3, True)
    assert (marked.read(NOW + 8), marked.goes_with(NOW + 8), marked.stands(NOW + 8)) == (0, False, True)
    unmarked = clock(caught_up=False, committed_us=None, behind_us=10)
    assert (unmarked.read(NOW), unmarked.goes_with(NOW), unmarked.stands(NOW)) == (0, False, True)
    ahead = clock(caught_up=False, committed_us=NOW + 3, behind_us=10)
    assert (ahead.read(NOW), ahead.goes_with(NOW)) == (NOW, True)


def test_any_other_goes_with_now_or_does_not() -> None:
    assert clock().goes_with(NOW)
    assert not clock(caught_up=False).goes_with(NOW)
    assert not clock(caught_up=False).stands(NOW)
    assert not PartitionClock().goes_with(NOW)
    assert not PartitionClock().stands(NOW)


def test_silence_is_measured() -> None:
    assert clock().silent_for_us(NOW + 7) == 7


@given(
    committed=st.none() | st.integers(0, 2 * NOW), caught_up=st.booleans(),
    lag=st.integers(0, 3_000_000), later=st.integers(0, 10_000_000),
)  # fmt: skip
def test_never_ahead_of_now(committed: int | None, caught_up: bool, lag: int, later: int) -> None:
    found = clock(committed_us=committed, caught_up=caught_up, lag_us=lag).read(NOW + later)
    assert 0 <= found <= NOW + later


def test_a_long_hydration_is_a_sign_of_life_and_one_after_the_other_are_not() -> None:
    pulse, now = Pulse(NOW), NOW

    def silent(*events: Event) -> int:
        nonlocal now
        now += 100
        pulse.observe(Batch("p", events, Progress("", None, False, 0, now)), now)
        return pulse.silent_for_us(now)

    for _ in range(3):
        assert silent(Assigned("p")) == silent(CartRead(1, 2, 3)) == silent(Hydrated("p")) == 0
        assert silent() == 0, "a heartbeat"
    assert silent(Assigned("p")) == silent(CartRead(1, 2, 3)) == silent(Hydrated("p")) == 0
    assert silent(Revoked("p", "purged")) == 0
    assert [silent(Assigned("p")), silent(CartRead(1, 2, 3)), silent(Hydrated("p"))] == [100, 200, 300]
    assert silent(CartChanged(1, Change.INSERT, NOW)) == 0


def test_a_hydration_that_comes_further_than_the_one_that_broke_off_is_a_sign_of_life() -> None:
    pulse = Pulse(NOW)
    page, beat = (CartRead(1, 2, 3), CartRead(4, 5, 6)), Progress("", None, False, 0, NOW)
    silent = []
    batches: list[tuple[Event, ...]] = [
        (Assigned("p"),), page, (Revoked("p", "lost"),), (Assigned("p"),), page, page, (Hydrated("p"),)
    ]  # fmt: skip
    for at, events in enumerate(batches):
        pulse.observe(Batch("p", events, beat), NOW + at)
        silent.append(pulse.silent_for_us(NOW + at))
    assert silent == [0, 0, 0, 1, 2, 0, 0]


def test_the_pulse_counts_from_its_start() -> None:
    assert Pulse(NOW).silent_for_us(NOW + 5) == 5


def test_the_first_cart_after_a_hydration_that_found_none_is_a_sign_of_life() -> None:
    pulse, beat = Pulse(NOW), Progress("", None, False, 0, NOW)
    batches: list[tuple[Event, ...]] = [
        (Assigned("p"),), (Revoked("p", "lost"),), (Assigned("p"),), (CartRead(1, 2, 3),)
    ]  # fmt: skip
    silent = []
    for at, events in enumerate(batches):
        pulse.observe(Batch("p", events, beat), NOW + at)
        silent.append(pulse.silent_for_us(NOW + at))
    assert silent == [0, 0, 1, 0]
