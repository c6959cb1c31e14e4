"""How long the next hand-over may take."""

from binlog_watcher.recovery.send.pace import REMEMBERED, UNKNOWN_US, Pace


def test_the_longest_of_the_last_ones_counts() -> None:
    pace = Pace()
    assert pace.usual_us == UNKNOWN_US
    for duration_us in (40, 9_000, 70):
        pace.took(duration_us)
    assert pace.usual_us == 9_000
    for _ in range(REMEMBERED):
        pace.took(100)
    assert pace.usual_us == 100


def test_a_clock_that_was_set_back_makes_nothing_shorter_than_nought() -> None:
    pace = Pace()
    pace.took(-5)
    assert pace.usual_us == 0
