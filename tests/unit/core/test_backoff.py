"""Pauses between attempts: doubled each time, up to the longest, and no number that grows without end."""

import pytest

from binlog_watcher.core.backoff import pause


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 3), (1, 3), (2, 6), (3, 12), (5, 48), (6, 60), (7, 60)]
)
def test_each_failure_doubles_the_pause(failures: int, seconds: int) -> None:
    assert pause(3, 60, failures) == seconds


def test_in_seconds_with_a_fraction() -> None:
    assert [pause(0.5, 3.0, failures) for failures in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 3.0]


def test_a_thousand_failures_make_no_giant_of_a_number() -> None:
    assert pause(1, 1 << 900, 1_000) == pause(1, 1 << 900, 41) == 1 << 40
    assert pause(1, 1 << 900, 40) == 1 << 39
