"""What the server's dictionary adds to a table map, and when it can't be that table any more."""

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.meaning.dictionary import described
from binlog_watcher.binlog.protocol.wire import DecodeError

CART = TableMap(
    "shop",
    "cart",
    (
        Column(FIELD_TYPE.LONG, b""),
        Column(FIELD_TYPE.VARCHAR, b"\x28\x00"),
        Column(FIELD_TYPE.ENUM, b"\xf7\x01"),
        Column(FIELD_TYPE.LONGLONG, b"", unsigned=False),
    ),
)
ROWS = [
    ("id", "int", "int unsigned", None),
    ("note", "varchar", "varchar(10)", 255),
    ("state", "ENUM", "enum('open','it''s paid')", 255),
    ("number", "bigint", "bigint unsigned", None),
]


def test_names_signs_collations_and_labels() -> None:
    number, note, state, known = described(CART, ROWS)
    assert (number.name, number.unsigned) == ("id", True)
    assert (note.name, note.collation) == ("note", 255)
    assert state.labels == ("open", "it's paid")
    assert known.unsigned is False, "what the binlog tells is right"


@pytest.mark.parametrize(
    "rows",
    [ROWS[:-1], [*ROWS, ("more", "int", "int", None)], [("id", "varchar", "varchar(9)", 255), *ROWS[1:]]],
)
def test_a_table_that_looks_different_now(rows: list[tuple[object, ...]]) -> None:
    with pytest.raises(DecodeError, match="binlog_row_metadata=FULL"):
        described(CART, rows)
