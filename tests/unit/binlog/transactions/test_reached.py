"""How far the stream was read, apart from what was in it."""

import pytest

from binlog_watcher.binlog.protocol.headers import Group
from binlog_watcher.binlog.protocol.mariadb_gtid import MariadbGtid
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.binlog.transactions.reached import Reached

T = 1_700_000_000_000_000


def at(file: str = "binlog.000001", offset: int = 4) -> Reached:
    reached = Reached()
    reached.restart(Position(file, offset, "me"), ("binlog.000002", 500))
    return reached


def test_a_group_of_mariadb_moves_its_domain_only() -> None:
    reached = at()
    reached.low = 700
    reached.end_group(Group(None, 0, None, mariadb=MariadbGtid(1, 2, 7)), T)
    reached.end_group(Group(None, 0, None, mariadb=MariadbGtid(0, 2, 3)), T)
    assert reached.position.domains == {1: MariadbGtid(1, 2, 7), 0: MariadbGtid(0, 2, 3)}
    assert (reached.position.file, reached.position.offset) == ("binlog.000001", 700)


def test_a_time_in_whole_seconds_may_be_any_moment_of_that_second() -> None:
    reached = at()
    reached.end_group(Group(None, 0, None), T)
    assert reached.lag_us(T + 900_000, None) == 0
    assert reached.lag_us(T + 1_900_000, None) == 900_000
    assert reached.lag_us(T + 1_900_000, T + 1_800_000) == 100_000, "one is still arriving"


def test_a_time_from_the_future_hides_no_lag() -> None:
    """A session's SET timestamp, on MariaDB."""
    reached = at()
    reached.end_group(Group(None, 0, None), T)
    assert reached.lag_us(T + 5_000_000, None) == 4_000_000
    reached.end_group(Group(None, 0, None), T + 3_600_000_000)
    assert reached.lag_us(T + 6_000_000, None) == 5_000_000
    assert reached.committed_us == T, "no timer fires by a time that has not come"


def test_nothing_was_read_yet() -> None:
    assert at().lag_us(T, None) == 0


def test_a_new_anchor_has_not_caught_up() -> None:
    reached = at()
    reached.look_for_end("binlog.000002", 500)
    reached.end_group(Group(None, 0, T), T)
    assert reached.caught_up
    reached.anchor(Position("binlog.000003", 4, "me"))
    assert (reached.position.file, reached.committed_us, reached.caught_up) == ("binlog.000003", None, False)


def test_a_rotation_into_a_file_beyond_32_bits() -> None:
    reached = at()
    reached.rotate("binlog.000002", (1 << 32) + 700)
    assert (reached.high, reached.low, reached.offset) == (1 << 32, 700, (1 << 32) + 700)


def test_an_end_in_a_file_with_a_strange_name() -> None:
    with pytest.raises(DecodeError, match="no name of a binlog file"):
        Reached().restart(Position("binlog.000001", 4, "me"), ("binlog", 4))
