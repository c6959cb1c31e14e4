"""The partition's clock: now while the source is heard of, else the last commit."""

from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.source import HEARTBEAT_US, MAX_LAG_US, PartitionClock, Progress

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


def test_silence_is_measured() -> None:
    assert clock().silent_for_us(NOW + 7) == 7


@given(
    committed=st.none() | st.integers(0, 2 * NOW), caught_up=st.booleans(),
    lag=st.integers(0, 3_000_000), later=st.integers(0, 10_000_000),
)  # fmt: skip
def test_never_ahead_of_now(committed: int | None, caught_up: bool, lag: int, later: int) -> None:
    found = clock(committed_us=committed, caught_up=caught_up, lag_us=lag).read(NOW + later)
    assert 0 <= found <= NOW + later
