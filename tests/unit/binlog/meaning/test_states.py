"""Columns that a condition asks for: of any type, decoded where that is possible, else known to be there."""

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import Column, parse_table_map
from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.binlog.meaning.cascades import Parent
from binlog_watcher.binlog.meaning.dictionary import _labels
from binlog_watcher.binlog.meaning.effects import Role, Watched
from binlog_watcher.binlog.meaning.layout import layout_of
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.shop.fields import Condition

KEY = Column(FIELD_TYPE.LONG, b"", "id", unsigned=True)


def read(column: Column, raw: bytes | None, *, held: bool = True) -> Value:
    """The state of one row: the key 7, then ``column`` with these bytes (None: NULL)."""
    plan = RowPlan((KEY, column), (0, 1), frozenset({1}))
    nulls = b"\x02" if raw is None and held else b"\x00"
    head = b"\x02" + (b"\x03" if held else b"\x01")
    (row,) = plan.single(head + nulls + (7).to_bytes(4, "little") + (raw or b"" if held else b""), 0)
    assert row[0] == 7
    return row[1]


@pytest.mark.parametrize(
    ("column", "raw", "expected"),
    [
        (Column(FIELD_TYPE.TINY, b"", "s", unsigned=False), b"\xff", -1),
        (Column(FIELD_TYPE.TINY, b"", "s", unsigned=None), b"\x01", OPAQUE),
        (Column(FIELD_TYPE.VARCHAR, b"\x28\x00", "s", charset="utf8mb4"), b"\x04paid", "paid"),
        (Column(FIELD_TYPE.VARCHAR, b"\x28\x00", "s", charset="utf8mb4"), b"\x02\xff\xfe", OPAQUE),
        (Column(FIELD_TYPE.BIT, b"\x01\x00", "s"), b"\x01", 1),
        (Column(FIELD_TYPE.BIT, b"\x02\x01", "s"), b"\x01\x02", 258),
        (Column(FIELD_TYPE.ENUM, b"\xf7\x01", "s", labels=("open", "paid")), b"\x02", "paid"),
        (Column(FIELD_TYPE.ENUM, b"\xf7\x01", "s", labels=("open", "paid")), b"\x00", OPAQUE),
        (Column(FIELD_TYPE.ENUM, b"\xf7\x01", "s"), b"\x02", OPAQUE),
        (Column(FIELD_TYPE.DATETIME2, b"\x00", "s"), b"\x99\xb6\x5e\x00\x00", OPAQUE),
        (Column(FIELD_TYPE.NEWDECIMAL, b"\x04\x02", "s"), b"\x80\x01\x00"[:2], OPAQUE),
        (Column(FIELD_TYPE.BLOB, b"\x02", "s"), b"\x01\x00x", OPAQUE),
        (Column(FIELD_TYPE.DATETIME2, b"\x00", "s"), None, None),
        (Column(FIELD_TYPE.ENUM, b"\xf7\x01", "s", labels=("open",)), None, None),
    ],
)
def test_states(column: Column, raw: bytes | None, expected: Value) -> None:
    assert read(column, raw) == expected


def test_a_column_that_the_image_does_not_hold() -> None:
    assert read(Column(FIELD_TYPE.DATETIME2, b"\x00", "s"), None, held=False) is ABSENT


def test_the_members_of_an_enum() -> None:
    # Schema a, table b, one ENUM column; its metadata; nullable; then the optional field 6: two members.
    data = b"\x01a\x00\x01b\x00" + b"\x01\xfe" + b"\x02\xf7\x01" + b"\x00" + b"\x06\x0b\x02\x04open\x04paid"
    assert parse_table_map(data).columns[0].labels == ("open", "paid")
    assert _labels("enum('open','it''s paid')") == ("open", "it's paid")


def test_a_condition_on_a_column_that_is_missing() -> None:
    watched = Watched(Role.ORDERS, "id", conditions=(Condition(column="state", not_in=("open",)),))
    with pytest.raises(DecodeError, match=r"shop\.orders has no column state"):
        layout_of("shop.orders", (KEY,), (watched,), Parent())
