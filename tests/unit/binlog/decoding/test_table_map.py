"""What a table's definition tells of its columns, byte by byte."""

import pytest
from fakes.binlog_events import lenenc
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.table_map import (
    COMPRESSED_BLOB,
    COMPRESSED_VARCHAR,
    TYPED_ARRAY,
    VECTOR,
    Column,
    parse_table_map,
    table_name,
)
from binlog_watcher.binlog.protocol.wire import DecodeError

SIGNEDNESS, DEFAULT_CHARSET, COLUMN_CHARSET, COLUMN_NAME, SET_VALUES, ENUM_VALUES = 1, 2, 3, 4, 5, 6
UTF8MB4, LATIN1 = 255, 8
VARCHAR_50 = b"\x32\x00"


def text(value: str) -> bytes:
    return lenenc(len(value.encode())) + value.encode()


def field(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + lenenc(len(value)) + value


def table_map(
    columns: list[tuple[int, bytes]], *fields: bytes, schema: bytes = b"shop", table: bytes = b"cart"
) -> bytes:
    """The payload of a TABLE_MAP behind id and flags; ``columns``: type and metadata."""
    metadata = b"".join(data for _, data in columns)
    return (
        bytes([len(schema)]) + schema + b"\0" + bytes([len(table)]) + table + b"\0"
        + lenenc(len(columns)) + bytes(kind for kind, _ in columns)
        + lenenc(len(metadata)) + metadata
        + b"\xff" * ((len(columns) + 7) // 8) + b"".join(fields)
    )  # fmt: skip


def columns_of(columns: list[tuple[int, bytes]], *fields: bytes) -> tuple[Column, ...]:
    return parse_table_map(table_map(columns, *fields)).columns


# --- names ------------------------------------------------------------------------------------------------------


def test_the_name_of_a_table_and_what_is_behind_it() -> None:
    payload = table_map([(FIELD_TYPE.LONG, b"")], schema=b"laden", table="körbe".encode())
    assert table_name(payload) == ("laden", "körbe", 15)
    found = parse_table_map(payload)
    assert (found.schema, found.table) == ("laden", "körbe")
    assert found.columns == (Column(FIELD_TYPE.LONG, b""),)


@pytest.mark.parametrize("size", range(11))
def test_a_name_that_is_cut_off(size: int) -> None:
    with pytest.raises(DecodeError, match="expected at offset"):
        parse_table_map(b"\4shop\0\4cart\0"[:size])


def test_names_that_are_no_utf8() -> None:
    with pytest.raises(DecodeError, match=r"^a table's name is no UTF-8: 'utf-8' codec"):
        table_name(table_map([], table=b"k\xf6rbe"))
    with pytest.raises(DecodeError, match=r"^a column's name is no UTF-8: 'utf-8' codec"):
        columns_of([(FIELD_TYPE.LONG, b"")], field(COLUMN_NAME, b"\1\xf6"))


# --- types and their metadata -----------------------------------------------------------------------------------


def test_every_type_takes_its_own_metadata() -> None:
    types = [
        (FIELD_TYPE.LONG, b""),
        (FIELD_TYPE.DATETIME2, b"\6"),
        (FIELD_TYPE.VARCHAR, VARCHAR_50),
        (FIELD_TYPE.DATE, b""),
        (VECTOR, b"\4"),
        (FIELD_TYPE.NEWDECIMAL, b"\x0a\x02"),
        (TYPED_ARRAY, bytes([FIELD_TYPE.LONGLONG])),
        (TYPED_ARRAY, bytes([FIELD_TYPE.VARCHAR, 1, 2, 3])),
        (TYPED_ARRAY, bytes([FIELD_TYPE.DATETIME2, 6])),
        (TYPED_ARRAY, bytes([FIELD_TYPE.NEWDECIMAL, 10, 2])),
        (FIELD_TYPE.BLOB, b"\2"),
    ]
    assert [(column.type, column.metadata) for column in columns_of(types)] == types


@pytest.mark.parametrize(
    ("size", "kinds"),
    [
        (0, {FIELD_TYPE.TINY, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR, FIELD_TYPE.DATE, FIELD_TYPE.TIME,
             FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.NULL}),
        (1, {FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE, FIELD_TYPE.TIMESTAMP2, FIELD_TYPE.DATETIME2, FIELD_TYPE.TIME2,
             FIELD_TYPE.TINY_BLOB, FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.BLOB,
             FIELD_TYPE.JSON, FIELD_TYPE.GEOMETRY, VECTOR, COMPRESSED_BLOB}),
        (2, {FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.NEWDECIMAL,
             FIELD_TYPE.BIT, FIELD_TYPE.ENUM, FIELD_TYPE.SET, COMPRESSED_VARCHAR}),
    ],
)  # fmt: skip
def test_how_much_metadata_a_type_has(size: int, kinds: set[int]) -> None:
    for kind in sorted(kinds):
        metadata = b"\1\2"[:size]
        first, second = columns_of([(kind, metadata), (FIELD_TYPE.DATETIME2, b"\6")])
        assert (first.type, first.metadata, second.metadata) == (kind, metadata, b"\6")


def test_enum_and_set_hide_behind_the_type_of_a_string() -> None:
    as_string = [
        (FIELD_TYPE.STRING, bytes([FIELD_TYPE.ENUM, 1])),
        (FIELD_TYPE.STRING, bytes([FIELD_TYPE.SET, 2])),
        (FIELD_TYPE.STRING, bytes([FIELD_TYPE.STRING, 40])),
    ]
    found = columns_of(as_string)
    assert [column.type for column in found] == [FIELD_TYPE.ENUM, FIELD_TYPE.SET, FIELD_TYPE.STRING]
    assert [column.metadata for column in found] == [metadata for _, metadata in as_string]


def test_metadata_that_is_cut_off() -> None:
    payload = b"\4shop\0\4cart\0" + bytes([1, FIELD_TYPE.VARCHAR]) + b"\1\x32" + b"\xff"
    with pytest.raises(DecodeError, match="2 bytes expected at offset 0 of 1"):
        parse_table_map(payload)
    payload = b"\4shop\0\4cart\0" + bytes([2, FIELD_TYPE.LONG, TYPED_ARRAY]) + b"\0" + b"\xff"
    with pytest.raises(DecodeError, match="1 bytes expected at offset 0 of 0"):
        parse_table_map(payload)


def test_a_table_of_so_many_columns_that_their_number_takes_three_bytes() -> None:
    found = columns_of([(FIELD_TYPE.VARCHAR, VARCHAR_50)] * 300, field(DEFAULT_CHARSET, bytes([LATIN1])))
    assert found == (Column(FIELD_TYPE.VARCHAR, VARCHAR_50, charset="latin1"),) * 300


# --- signs ------------------------------------------------------------------------------------------------------


def test_signs_are_told_of_numbers_only_from_the_highest_bit_on() -> None:
    kinds: list[tuple[int, bytes]] = [
        (FIELD_TYPE.TINY, b""), (FIELD_TYPE.VARCHAR, VARCHAR_50), (FIELD_TYPE.SHORT, b""),
        (FIELD_TYPE.INT24, b""), (FIELD_TYPE.LONG, b""), (FIELD_TYPE.LONGLONG, b""),
        (FIELD_TYPE.NEWDECIMAL, b"\x0a\x02"), (FIELD_TYPE.DATE, b""), (FIELD_TYPE.FLOAT, b"\4"),
        (FIELD_TYPE.DOUBLE, b"\x08"), (FIELD_TYPE.YEAR, b""), (FIELD_TYPE.LONG, b""),
    ]  # fmt: skip
    found = columns_of(kinds, field(SIGNEDNESS, bytes([0b10010001, 0b01000000])))
    assert [column.unsigned for column in found] == [
        True, None, False, False, True, False, False, None, False, True, False, True,
    ]  # fmt: skip


def test_eight_numbers_need_one_byte_of_signs_and_nine_need_two() -> None:
    found = columns_of([(FIELD_TYPE.LONG, b"")] * 8, field(SIGNEDNESS, b"\x01"))
    assert [column.unsigned for column in found] == [False] * 7 + [True]
    with pytest.raises(DecodeError, match=r"^1 bytes of signs for 9 numeric columns$"):
        columns_of([(FIELD_TYPE.LONG, b"")] * 9, field(SIGNEDNESS, b"\x01"))


# --- collations -------------------------------------------------------------------------------------------------

TEXTS: list[tuple[int, bytes]] = [
    (FIELD_TYPE.VARCHAR, VARCHAR_50),
    (FIELD_TYPE.LONG, b""),
    (FIELD_TYPE.STRING, bytes([FIELD_TYPE.STRING, 40])),
    (FIELD_TYPE.BLOB, b"\2"),
    (FIELD_TYPE.VAR_STRING, VARCHAR_50),
]


def test_a_default_collation_and_its_exceptions() -> None:
    value = lenenc(UTF8MB4) + lenenc(1) + lenenc(LATIN1) + lenenc(3) + lenenc(300)
    found = columns_of(TEXTS, field(DEFAULT_CHARSET, value))
    assert [column.charset for column in found] == ["utf8mb4", None, "latin1", "utf8mb4", "utf8mb4"]


def test_compressed_texts_have_a_collation_too() -> None:
    found = columns_of(
        [(COMPRESSED_VARCHAR, VARCHAR_50), (COMPRESSED_BLOB, b"\2"), (FIELD_TYPE.JSON, b"\4")],
        field(DEFAULT_CHARSET, lenenc(UTF8MB4)),
    )
    assert [column.charset for column in found] == ["utf8mb4", "utf8mb4", None]


def test_collations_column_by_column() -> None:
    value = lenenc(UTF8MB4) + lenenc(LATIN1) + lenenc(300) + lenenc(9)
    found = columns_of(TEXTS, field(COLUMN_CHARSET, value))
    assert [column.charset for column in found] == ["utf8mb4", None, "latin1", "utf8mb4", "latin2"]
    found = columns_of(TEXTS, field(COLUMN_CHARSET, lenenc(UTF8MB4) + lenenc(LATIN1)))
    assert [column.charset for column in found] == ["utf8mb4", None, "latin1", None, None]


# --- names and members ------------------------------------------------------------------------------------------


def test_names_of_columns() -> None:
    found = columns_of(
        [(FIELD_TYPE.LONG, b""), (FIELD_TYPE.LONG, b"")],
        field(COLUMN_NAME, text("größe") + text("user_id")),
    )
    assert [column.name for column in found] == ["größe", "user_id"]
    with pytest.raises(DecodeError):
        columns_of([(FIELD_TYPE.LONG, b"")] * 2, field(COLUMN_NAME, text("only")))


ENUM = (FIELD_TYPE.STRING, bytes([FIELD_TYPE.ENUM, 1]))


def test_members_of_the_enums() -> None:
    first = lenenc(2) + text("offen") + text("bezahlt")
    second = lenenc(1) + text("für")
    found = columns_of([ENUM, (FIELD_TYPE.LONG, b""), ENUM, ENUM], field(ENUM_VALUES, first + second))
    assert [column.labels for column in found] == [("offen", "bezahlt"), (), ("für",), ()]


def test_a_member_that_is_no_utf8_keeps_its_place() -> None:
    (found,) = columns_of([ENUM], field(ENUM_VALUES, lenenc(2) + b"\2f\xfc" + text("b")))
    assert found.labels == ("f\ufffd", "b")


def test_fields_come_in_any_order_and_unheard_of_ones_are_stepped_over() -> None:
    found = columns_of(
        [(FIELD_TYPE.LONG, b""), ENUM],
        field(99, b"x" * 300),
        field(COLUMN_NAME, text("id") + text("state")),
        field(SET_VALUES, b"\1\1a"),
        field(ENUM_VALUES, lenenc(1) + text("open")),
        field(SIGNEDNESS, b"\x80"),
    )
    assert found == (
        Column(FIELD_TYPE.LONG, b"", "id", unsigned=True),
        Column(FIELD_TYPE.ENUM, ENUM[1], "state", labels=("open",)),
    )
    with pytest.raises(DecodeError):
        parse_table_map(table_map([ENUM], field(99, b"abc"))[:-1])


@pytest.mark.parametrize(
    ("mariadb", "listed"),
    [
        # A default with its exceptions, or all of them one by one.
        (False, field(DEFAULT_CHARSET, bytes([LATIN1, 1]) + lenenc(UTF8MB4))),
        (False, field(COLUMN_CHARSET, bytes([LATIN1]) + lenenc(UTF8MB4))),
        (True, field(DEFAULT_CHARSET, bytes([63, 0, LATIN1, 2]) + lenenc(UTF8MB4))),
        (True, field(COLUMN_CHARSET, bytes([LATIN1, 63]) + lenenc(UTF8MB4))),
    ],
)
def test_mariadb_lists_a_character_set_of_geometry_too(mariadb: bool, listed: bytes) -> None:
    types = [
        (FIELD_TYPE.VARCHAR, VARCHAR_50),
        (FIELD_TYPE.GEOMETRY, b"\x04"),
        (FIELD_TYPE.VARCHAR, VARCHAR_50),
    ]
    first, _, last = parse_table_map(table_map(types, listed), mariadb=mariadb).columns
    assert (first.charset, last.charset) == ("latin1", "utf8mb4")
