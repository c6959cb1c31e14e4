"""The value of one column, from its bytes."""

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.collations import charset_of
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import OPAQUE, Value, decode, decode_state
from binlog_watcher.binlog.protocol.wire import DecodeError

UTF8MB4, LATIN1, GBK, BINARY = 255, 8, 28, 63
UTF16 = 54


def number(kind: int, *, unsigned: bool) -> Column:
    return Column(kind, b"", "n", unsigned=unsigned)


def text(collation: int | None, kind: int = FIELD_TYPE.VARCHAR) -> Column:
    charset = None if collation is None else charset_of(collation)
    return Column(kind, b"\x28\x00", "t", charset=charset)


@pytest.mark.parametrize(
    ("kind", "raw", "signed", "unsigned"),
    [
        (FIELD_TYPE.TINY, b"\xfe", -2, 0xFE),
        (FIELD_TYPE.SHORT, b"\xfe\xff", -2, 0xFFFE),
        (FIELD_TYPE.INT24, b"\xfe\xff\xff", -2, 0xFFFFFE),
        (FIELD_TYPE.LONG, b"\x01\x02\x00\x80", 0x80000201 - (1 << 32), 0x80000201),
        (FIELD_TYPE.LONGLONG, b"\x01\x00\x00\x00\x00\x00\x00\x80", 1 - (1 << 63), (1 << 63) + 1),
    ],
)
def test_integers(kind: int, raw: bytes, signed: int, unsigned: int) -> None:
    assert decode(number(kind, unsigned=False), raw) == signed
    assert decode(number(kind, unsigned=True), raw) == unsigned


@pytest.mark.parametrize("kind", [FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING])
@pytest.mark.parametrize(
    ("collation", "raw", "expected"),
    [
        (UTF8MB4, "Zoë €".encode(), "Zoë €"),
        (LATIN1, b"Zo\xeb \x80", "Zoë €"),  # MySQL's latin1 is cp1252
        (LATIN1, b"\x81\x8d\x8f\x90\x9d \xeb", "\x81\x8d\x8f\x90\x9d ë"),  # which cp1252 does not have
        (GBK, b"\xc4\xe3", "你"),
        (None, "Zoë".encode(), "Zoë"),
        (9_999, "Zoë".encode(), "Zoë"),  # of a server newer than what we know of collations
    ],
)
def test_texts(kind: int, collation: int | None, raw: bytes, expected: str) -> None:
    assert decode(text(collation, kind), raw) == expected


ZEROS = "00" * 15
UUID = "123e4567-e89b-12d3-a456-426614170000"


@pytest.mark.parametrize(
    ("kind", "metadata", "raw", "expected"),
    [
        (FIELD_TYPE.STRING, b"\xfe\x10", b"\xab", f"ab{ZEROS}"),  # zeros at the end are left out of BINARY
        (FIELD_TYPE.STRING, b"\xfe\x10", b"", f"00{ZEROS}"),
        (FIELD_TYPE.STRING, b"\xfe\x10", bytes(range(16)), bytes(range(16)).hex()),
        (FIELD_TYPE.STRING, b"\xfe\x10", b" \xff ", f"20ff20{ZEROS[4:]}"),
        (FIELD_TYPE.VARCHAR, b"\x40\x00", b"\xab\x00", "ab00"),
        (FIELD_TYPE.VARCHAR, b"\x40\x00", b"", ""),
    ],
)
def test_bytes_are_hex(kind: int, metadata: bytes, raw: bytes, expected: str) -> None:
    column = Column(kind, metadata, "k", charset="binary")
    assert decode(column, raw) == decode_state(column, raw) == expected


def test_a_uuid_is_in_its_usual_form() -> None:
    column = Column(FIELD_TYPE.STRING, b"\xfe\x10", "k", charset="binary", uuid=True)
    raw = bytes.fromhex(UUID.replace("-", ""))
    assert decode(column, raw[:14]) == decode(column, raw) == UUID


@pytest.mark.parametrize(
    ("column", "raw", "words"),
    [
        (Column(FIELD_TYPE.LONG, b"", "n"), b"\0\0\0\0", "nothing tells whether column n is signed"),
        (
            Column(FIELD_TYPE.VARCHAR, b"\x28\x00", "t", charset="armscii8"),
            b"x",
            "column t does not decode: nobody here can read armscii8; convert the column to utf8mb4",
        ),
        (text(UTF8MB4), b"\xff", "column t does not decode: 'utf-?8' codec"),
        (text(UTF16), b"\xd8\x00", "column t does not decode: 'utf-16"),
        (Column(FIELD_TYPE.JSON, b"\4", "j"), b"", "column j has type 245, which can't be a key"),
    ],
)
def test_what_is_no_key(column: Column, raw: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=f"^{words}"):
        decode(column, raw)
    assert decode_state(column, raw) is OPAQUE


@pytest.mark.parametrize(
    ("metadata", "raw", "expected"),
    [
        (b"\0", b"\x00\x00\x00\x01", 1_000_000),
        (b"\0", b"\x80\x00\x00\x00", (1 << 31) * 1_000_000),
        (b"\2", b"\x00\x00\x00\x01\x63", 1_990_000),
        (b"\4", b"\x00\x00\x00\x01\x27\x0f", 1_999_900),
        (b"\6", b"\x00\x00\x00\x01\x0f\x42\x3f", 1_999_999),
        (b"\6", b"\x00\x00\x00\x00\x00\x00\x00", None),  # '0000-00-00'
    ],
)
def test_timestamps(metadata: bytes, raw: bytes, expected: int | None) -> None:
    assert decode(Column(FIELD_TYPE.TIMESTAMP2, metadata, "t"), raw) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(0, OPAQUE), (1, "open"), (2, "paid"), (3, OPAQUE), (258, OPAQUE)]
)
def test_members_of_an_enum(number: int, expected: Value) -> None:
    column = Column(FIELD_TYPE.ENUM, b"\xf7\x02", "e", labels=("open", "paid"))
    assert decode_state(column, number.to_bytes(2, "little")) == expected


def test_a_time_is_no_state() -> None:
    assert decode_state(Column(FIELD_TYPE.TIMESTAMP2, b"\0", "t"), b"\x00\x00\x00\x01") is OPAQUE
