"""The value of one column, from its bytes in a row's image; and what stands in place of one."""

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.collations import BINARY
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.shop.charsets import codec_of


class Absent(Enum):
    """Instead of a value; neither is the same as NULL."""

    ABSENT = "absent"
    OPAQUE = "opaque"


ABSENT: Final = Absent.ABSENT
"""The image does not hold the column (``binlog_row_image`` MINIMAL)."""
OPAQUE: Final = Absent.OPAQUE
"""The column has a value, of a type that is not decoded."""
Value = int | str | bytes | Absent | None

INTEGERS = {
    FIELD_TYPE.TINY: 1,
    FIELD_TYPE.SHORT: 2,
    FIELD_TYPE.INT24: 3,
    FIELD_TYPE.LONG: 4,
    FIELD_TYPE.LONGLONG: 8,
}
"""Type → bytes."""

WITH_FRACTION = {FIELD_TYPE.TIMESTAMP2: 4, FIELD_TYPE.DATETIME2: 5, FIELD_TYPE.TIME2: 3}
"""Type → bytes before those of the fraction of a second."""

TIMES = frozenset({FIELD_TYPE.TIMESTAMP2, FIELD_TYPE.DATETIME2})
STRINGS = frozenset({FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode(column: Column, raw: bytes) -> Value:
    """The value of a wanted column. Raises DecodeError."""
    if column.type in INTEGERS:
        if column.unsigned is None:
            raise DecodeError(f"nothing tells whether column {column.name} is signed")
        return int.from_bytes(raw, "little", signed=not column.unsigned)
    if column.type in STRINGS:
        if column.charset == BINARY:
            return _bytes_as_text(column, raw)
        try:
            return raw.decode(_codec(column.charset))
        except (UnicodeDecodeError, LookupError) as error:
            raise DecodeError(f"column {column.name} does not decode: {error}") from error
    if column.type in TIMES:
        return _microseconds(column, raw)
    raise DecodeError(f"column {column.name} has type {column.type}, which can't be a key")


def decode_state(column: Column, raw: bytes) -> Value:
    """The value of a condition's column, which may be of any type; OPAQUE for one that is not decoded."""
    if column.type == FIELD_TYPE.BIT:
        return int.from_bytes(raw, "big")
    if column.type == FIELD_TYPE.ENUM:
        # From 1 on; 0 is the empty text of a value that was no member.
        number = int.from_bytes(raw, "little")
        return column.labels[number - 1] if 0 < number <= len(column.labels) else OPAQUE
    try:
        return decode(column, raw) if column.type in INTEGERS or column.type in STRINGS else OPAQUE
    except DecodeError:
        return OPAQUE


def _bytes_as_text(column: Column, raw: bytes) -> str:
    """Bytes as lower-case hex, a UUID in its usual form: the row's image has its bytes in the order of that.

    Zeros at the end of BINARY and UUID are left out of the image (``Field_string::pack``). For UUID see ``pack`` in
    ``plugin/type_uuid/sql_type_uuid.h`` of MariaDB: the order in which it is stored is another one.
    """
    if column.type == FIELD_TYPE.STRING:
        raw = raw.ljust(column.string_size, b"\0")
    return str(UUID(bytes=raw)) if column.uuid else raw.hex()


def _microseconds(column: Column, raw: bytes) -> int | None:
    """Microseconds since 1970: in UTC of a TIMESTAMP, on the shop's own clock of a DATETIME; None: no real date.

    Format: ``my_datetime_packed_from_binary`` and ``my_timestamp_from_binary`` of MySQL (``mysys/my_time.cc``).
    """
    size = WITH_FRACTION[column.type]
    whole, rest = int.from_bytes(raw[:size], "big"), raw[size:]
    fraction: int = int.from_bytes(rest, "big") * 100 ** (3 - len(rest))
    if column.type == FIELD_TYPE.TIMESTAMP2:
        return whole * 1_000_000 + fraction if whole else None
    year, month = divmod(whole >> 22 & 0x1FFFF, 13)
    try:
        day = datetime(
            year, month, whole >> 17 & 31, whole >> 12 & 31, whole >> 6 & 63, whole & 63, tzinfo=UTC
        )
    except ValueError:  # '0000-00-00' and its like
        return None
    return int((day - _EPOCH) / timedelta(seconds=1)) * 1_000_000 + fraction


def _codec(charset: str | None) -> str:
    """Python's codec for a character set; UTF-8 where nothing tells which it is."""
    if charset is None:
        return "utf-8"
    codec = codec_of(charset)
    if codec is None:
        raise LookupError(f"nobody here can read {charset}; convert the column to utf8mb4")
    return codec
