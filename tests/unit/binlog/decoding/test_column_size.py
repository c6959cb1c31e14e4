"""How many bytes a column takes, and how long the length before it is."""

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.column_size import size_of
from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import COMPRESSED_VARCHAR, Column
from binlog_watcher.binlog.protocol.wire import DecodeError


def char(size: int) -> Column:
    """CHAR of so many bytes, as a table map tells it: the two high bits of the size are hidden in the type."""
    return Column(FIELD_TYPE.STRING, bytes([FIELD_TYPE.STRING ^ (size >> 8) << 4, size & 0xFF]), "c")


@pytest.mark.parametrize(
    ("size", "prefix"),
    [(1, 1), (252, 1), (255, 1), (256, 2), (257, 2), (512, 2), (1020, 2)],  # CHAR(64) in utf8mb4: 256
)
def test_the_length_before_a_char(size: int, prefix: int) -> None:
    assert size_of(char(size)) == (0, prefix)


@pytest.mark.parametrize("kind", [FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, COMPRESSED_VARCHAR])
@pytest.mark.parametrize(("size", "prefix"), [(0, 1), (255, 1), (256, 2), (65_535, 2)])
def test_the_length_before_a_varchar(kind: int, size: int, prefix: int) -> None:
    assert size_of(Column(kind, size.to_bytes(2, "little"))) == (0, prefix)


def test_a_char_of_64_characters_of_utf8mb4_in_a_row() -> None:
    number = Column(FIELD_TYPE.LONG, b"", "n", unsigned=True)
    plan = RowPlan((char(256), number), (1, 0))
    image = b"\0" + b"\3\0" + b"abc" + (7).to_bytes(4, "little")
    assert list(plan.single(b"\2\3" + image, 0)) == [(7, "abc")]


@pytest.mark.parametrize(
    ("digits", "fractional", "size"), [(1, 0, 1), (9, 0, 4), (10, 2, 5), (14, 4, 7), (65, 30, 30)]
)
def test_decimals(digits: int, fractional: int, size: int) -> None:
    assert size_of(Column(FIELD_TYPE.NEWDECIMAL, bytes([digits, fractional]))) == (size, 0)


def test_what_can_not_be_a_column() -> None:
    with pytest.raises(DecodeError, match="fractional"):
        size_of(Column(FIELD_TYPE.NEWDECIMAL, b"\2\3"))
    with pytest.raises(DecodeError, match="unknown type 99"):
        size_of(Column(99, b""))
