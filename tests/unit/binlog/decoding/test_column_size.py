"""How many bytes a column takes, and how long the length before it is."""

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.column_size import size_of
from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import (
    COMPRESSED_BLOB,
    COMPRESSED_VARCHAR,
    TYPED_ARRAY,
    VECTOR,
    Column,
)
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
    ("kind", "metadata", "size"),
    [
        (FIELD_TYPE.TINY, b"", 1), (FIELD_TYPE.SHORT, b"", 2), (FIELD_TYPE.INT24, b"", 3),
        (FIELD_TYPE.LONG, b"", 4), (FIELD_TYPE.LONGLONG, b"", 8), (FIELD_TYPE.FLOAT, b"\4", 4),
        (FIELD_TYPE.DOUBLE, b"\x08", 8), (FIELD_TYPE.YEAR, b"", 1), (FIELD_TYPE.DATE, b"", 3),
        (FIELD_TYPE.TIME, b"", 3), (FIELD_TYPE.DATETIME, b"", 8), (FIELD_TYPE.TIMESTAMP, b"", 4),
        (FIELD_TYPE.ENUM, b"\xf7\1", 1), (FIELD_TYPE.ENUM, b"\xf7\2", 2), (FIELD_TYPE.SET, b"\xf8\x08", 8),
        (FIELD_TYPE.BIT, b"\1\0", 1), (FIELD_TYPE.BIT, b"\0\1", 1), (FIELD_TYPE.BIT, b"\1\1", 2),
        (FIELD_TYPE.BIT, b"\0\x08", 8), (FIELD_TYPE.NULL, b"", 0), (FIELD_TYPE.NEWDATE, b"", 3),
    ],
)  # fmt: skip
def test_types_of_a_fixed_size(kind: int, metadata: bytes, size: int) -> None:
    assert size_of(Column(kind, metadata)) == (size, 0)


@pytest.mark.parametrize(("digits", "more"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)])
def test_fractions_of_a_second(digits: int, more: int) -> None:
    whole = {FIELD_TYPE.TIMESTAMP2: 4, FIELD_TYPE.DATETIME2: 5, FIELD_TYPE.TIME2: 3}
    for kind, size in whole.items():
        assert size_of(Column(kind, bytes([digits]))) == (size + more, 0)


@pytest.mark.parametrize(
    "kind",
    [
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.JSON,
        FIELD_TYPE.GEOMETRY,
        VECTOR,
        COMPRESSED_BLOB,
    ],
)
def test_the_length_before_a_blob_is_told_by_its_metadata(kind: int) -> None:
    assert [size_of(Column(kind, bytes([prefix]))) for prefix in (1, 2, 3, 4)] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 4),
    ]


def test_a_typed_array_is_stored_as_json() -> None:
    assert size_of(Column(TYPED_ARRAY, bytes([FIELD_TYPE.LONGLONG]))) == (0, 4)


@pytest.mark.parametrize(
    ("digits", "fractional", "size"),
    [
        (1, 0, 1),
        (9, 0, 4),
        (10, 2, 5),
        (14, 4, 7),
        (2, 2, 1),
        (65, 30, 30),
        (12, 9, 6),
        (13, 4, 6),
        (18, 9, 8),
    ],
)
def test_decimals(digits: int, fractional: int, size: int) -> None:
    assert size_of(Column(FIELD_TYPE.NEWDECIMAL, bytes([digits, fractional]))) == (size, 0)


def test_what_can_not_be_a_column() -> None:
    with pytest.raises(DecodeError, match=r"^a DECIMAL of 2 digits, 3 of them fractional$"):
        size_of(Column(FIELD_TYPE.NEWDECIMAL, b"\2\3"))
    with pytest.raises(DecodeError, match=r"^column odd has the unknown type 99$"):
        size_of(Column(99, b"", "odd"))
