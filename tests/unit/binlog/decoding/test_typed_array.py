"""Columns of multi-valued indexes, which older servers write: no server at hand does, so they are built by hand."""

import struct

from fakes.binlog_events import INT

from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import TYPED_ARRAY, parse_table_map

LONGLONG, VARCHAR, NEWDECIMAL, JSON = 8, 15, 246, 245


def test_a_table_with_typed_arrays() -> None:
    types = bytes([INT, TYPED_ARRAY, TYPED_ARRAY, TYPED_ARRAY, INT])
    metadata = bytes([LONGLONG]) + bytes([VARCHAR, 0x18, 1, 0]) + bytes([NEWDECIMAL, 10, 2])
    names = b"".join(bytes([len(name)]) + name for name in (b"id", b"a", b"b", b"c", b"user_id"))
    payload = (
        b"\4shop\0\4cart\0" + bytes([len(types)]) + types + bytes([len(metadata)]) + metadata + b"\x1f"
        + bytes([1, 1, 0]) + bytes([4, len(names)]) + names
    )  # fmt: skip
    table = parse_table_map(payload)
    assert [column.name for column in table.columns] == ["id", "a", "b", "c", "user_id"]
    assert [column.unsigned for column in table.columns] == [False, None, None, None, False]
    body = b"\5\x1f" + bytes([0b01000])  # the third array is NULL
    body += struct.pack("<i", 1) + struct.pack("<I", 3) + b"abc" + struct.pack("<I", 0) + struct.pack("<i", 7)
    assert list(RowPlan(table.columns, (4, 0)).single(body, 0)) == [(7, 1)]
