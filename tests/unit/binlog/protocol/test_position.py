"""Which of two positions comes first, as far as that can be known."""

import pytest

from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position


def at(file: str, offset: int) -> Position:
    return Position(file, offset, "me")


def with_gtids(file: str, offset: int) -> Position:
    return Position(file, offset, "me", GtidSet())


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        (at("binlog.000009", 900), at("binlog.000010", 4), True),
        (at("binlog.000009", 900), at("binlog.000009", 900), True),
        (at("binlog.000009", 901), at("binlog.000009", 900), False),
        (at("binlog.999999", 4), at("binlog.1000000", 4), True),
        (at("", 0), at("binlog.000009", 900), False),
        (at("binlog.000009", 900), at("", 0), False),
        (with_gtids("binlog.000009", 900), with_gtids("", 0), True),
        (with_gtids("binlog.000009", 4), at("binlog.000009", 900), False),
        (at("binlog.000009", 4), with_gtids("binlog.000009", 900), False),
    ],
)
def test_what_lies_before(one: Position, other: Position, before: bool) -> None:
    assert one.lies_before(other) is before
