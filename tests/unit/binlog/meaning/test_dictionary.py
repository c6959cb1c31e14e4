"""What the server's dictionary adds to a table map, and when it can't be that table any more."""

from dataclasses import replace

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.meaning.dictionary import Hidden, described
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
    ("note", "varchar", "varchar(10)", "utf8mb4"),
    ("state", "ENUM", "enum('open','it''s paid')", "utf8mb4"),
    ("number", "bigint", "bigint unsigned", None),
]


def test_names_signs_collations_and_labels() -> None:
    number, note, state, known = described(CART, ROWS)
    assert (number.name, number.unsigned) == ("id", True)
    assert (note.name, note.charset) == ("note", "utf8mb4")
    assert state.labels == ("open", "it's paid")
    assert known.unsigned is False, "what the binlog tells is right"


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:-1],
        [*ROWS, ("more", "int", "int", None)],
        [("id", "varchar", "varchar(9)", "utf8mb4"), *ROWS[1:]],
    ],
)
def test_a_table_that_looks_different_now(rows: list[tuple[object, ...]]) -> None:
    with pytest.raises(DecodeError, match="binlog_row_metadata=FULL"):
        described(CART, rows)


def test_columns_that_mariadb_lists_nowhere_stand_behind_the_others() -> None:
    moment, digest = Column(FIELD_TYPE.TIMESTAMP2, b"\x06"), Column(FIELD_TYPE.LONGLONG, b"")
    longer = TableMap("shop", "cart", (*CART.columns, moment, moment, digest))
    names = [column.name for column in described(longer, ROWS, Hidden(versioned=True, hashed=1))]
    assert names == ["id", "note", "state", "number", "row_start", "row_end", "DB_ROW_HASH_1"]


def test_bytes_and_uuids_that_the_dictionary_gives_no_character_set() -> None:
    token, small = Column(FIELD_TYPE.STRING, b"\xfe\x10"), Column(FIELD_TYPE.VARCHAR, b"\x40\x00")
    rows = [
        ("id", "uuid", "uuid", None),
        ("token", "binary", "binary(16)", None),
        ("short", "varbinary", "varbinary(64)", None),
        ("name", "varchar", "varchar(16)", "latin1"),
    ]
    columns = described(TableMap("shop", "cart", (token, token, small, small)), rows)
    assert [(column.charset, column.uuid) for column in columns] == [
        ("binary", True), ("binary", False), ("binary", False), ("latin1", False),
    ]  # fmt: skip
    with pytest.raises(DecodeError, match="id is uuid now and was another type"):
        described(TableMap("shop", "cart", (small, token, small, small)), rows)


def test_of_a_table_that_tells_all_else_only_uuids_are_asked_by_name() -> None:
    columns = (
        Column(FIELD_TYPE.LONG, b"", "number", unsigned=False),
        Column(FIELD_TYPE.STRING, b"\xfe\x10", "id", charset="binary"),
        Column(FIELD_TYPE.STRING, b"\xfe\x10", "token", charset="binary"),
    )
    rows = [  # it has another column by now
        ("id", "uuid", "uuid", None),
        ("token", "binary", "binary(16)", None),
        ("number", "bigint", "bigint unsigned", None),
        ("added", "int", "int", None),
    ]
    found = described(TableMap("shop", "cart", columns), rows)
    assert found == (columns[0], replace(columns[1], uuid=True), columns[2])


@pytest.mark.parametrize("hidden", [Hidden(), Hidden(versioned=True), Hidden(hashed=2)])
def test_more_columns_than_are_hidden_are_another_table(hidden: Hidden) -> None:
    longer = TableMap("shop", "cart", (*CART.columns, Column(FIELD_TYPE.LONGLONG, b"")))
    with pytest.raises(DecodeError, match="binlog_row_metadata=FULL"):
        described(longer, ROWS, hidden)


def test_a_column_that_was_dropped_is_not_taken_for_a_hidden_one() -> None:
    longer = TableMap("shop", "cart", (Column(FIELD_TYPE.LONGLONG, b""), *CART.columns))
    with pytest.raises(DecodeError, match="binlog_row_metadata=FULL"):
        described(longer, ROWS, Hidden(hashed=1))
