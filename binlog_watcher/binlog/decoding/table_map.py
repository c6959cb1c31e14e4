"""TABLE_MAP events: which table a table id stands for, and how its rows are laid out.

Format: MySQL internals documentation, TABLE_MAP_EVENT; optional metadata: ``Table_map_event`` of MySQL 9
(MariaDB 10.5+ writes the same fields).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.collations import charset_of
from binlog_watcher.binlog.protocol.wire import DecodeError, lenenc, piece

VECTOR = 242
TYPED_ARRAY = 20  # of a multi-valued index; from MySQL 8.0.17 until such columns were left out of the binlog
COMPRESSED_BLOB = 140  # MariaDB's COMPRESSED attribute
COMPRESSED_VARCHAR = 141

_ONE_BYTE_OF_METADATA = frozenset(
    {
        FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE, FIELD_TYPE.TIMESTAMP2, FIELD_TYPE.DATETIME2, FIELD_TYPE.TIME2,
        FIELD_TYPE.TINY_BLOB, FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.BLOB,
        FIELD_TYPE.JSON, FIELD_TYPE.GEOMETRY, VECTOR, COMPRESSED_BLOB,
    }
)  # fmt: skip
_TWO_BYTES_OF_METADATA = frozenset(
    {
        FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.BIT,
        FIELD_TYPE.ENUM, FIELD_TYPE.SET, COMPRESSED_VARCHAR,
    }
)  # fmt: skip
_SIGNED_OR_NOT = frozenset(
    {
        FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG,
        FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE, FIELD_TYPE.YEAR,
    }
)  # fmt: skip
_CHARACTERS = frozenset(
    {
        FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.BLOB,
        COMPRESSED_BLOB, COMPRESSED_VARCHAR,
    }
)  # fmt: skip


class _Field(IntEnum):
    SIGNEDNESS = 1
    DEFAULT_CHARSET = 2
    COLUMN_CHARSET = 3
    COLUMN_NAME = 4
    ENUM_STR_VALUE = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column's place in the row: type, metadata, and what the optional metadata tells.

    ``type`` is the real type (a STRING that is an ENUM has the type ENUM). ``name`` and ``unsigned`` are None
    where the server writes no such metadata. ``charset``: that of text, by MySQL's name. ``labels``: the members of an
    ENUM, if they are known. ``uuid``: the 16 bytes are MariaDB's type UUID, which only its dictionary tells.
    """

    type: int
    metadata: bytes
    name: str | None = None
    unsigned: bool | None = None
    charset: str | None = None
    labels: tuple[str, ...] = ()
    uuid: bool = False

    @property
    def string_size(self) -> int:
        """Most bytes of a STRING (CHAR, BINARY, UUID).

        The two high bits of the length hide, inverted, in the type's byte: CHAR may be 1,020 bytes long.
        """
        return ((self.metadata[0] << 4 & 0x300) ^ 0x300) + self.metadata[1]


@dataclass(frozen=True, slots=True)
class TableMap:
    """One table's definition as the server wrote it into the binlog."""

    schema: str
    table: str
    columns: tuple[Column, ...]


def table_name(data: bytes) -> tuple[str, str, int]:
    """Schema and table of a TABLE_MAP's payload (behind id and flags), and the offset behind them."""
    size = data[0] if data else 0
    schema = piece(data, 1, size)
    at = size + 2  # the name's trailing zero
    table_size = piece(data, at, 1)[0]
    table = piece(data, at + 1, table_size)
    try:
        return schema.decode(), table.decode(), at + table_size + 2
    except UnicodeDecodeError as error:
        raise DecodeError(f"a table's name is no UTF-8: {error}") from error


def parse_table_map(data: bytes, *, mariadb: bool = False) -> TableMap:
    """Decode the payload of a TABLE_MAP event (behind table id and flags). Raises DecodeError.

    ``mariadb``: whose it is; its list of character sets has one for each GEOMETRY, MySQL's has not.
    """
    characters = _CHARACTERS | {FIELD_TYPE.GEOMETRY} if mariadb else _CHARACTERS
    schema, table, at = table_name(data)
    count, at = lenenc(data, at)
    types = piece(data, at, count)
    size, at = lenenc(data, at + count)
    columns = list(_columns(types, piece(data, at, size)))
    at += size + (count + 7) // 8  # the bitmap of nullable columns says nothing that the rows do not
    while at < len(data):
        kind = data[at]
        size, at = lenenc(data, at + 1)
        value = piece(data, at, size)
        at += size
        if kind == _Field.SIGNEDNESS:
            columns = _with_signs(columns, value)
        elif kind == _Field.DEFAULT_CHARSET:
            columns = _with_default_collation(columns, value, characters)
        elif kind == _Field.COLUMN_CHARSET:
            columns = _with_collations(columns, value, characters)
        elif kind == _Field.COLUMN_NAME:
            columns = _with_names(columns, value)
        elif kind == _Field.ENUM_STR_VALUE:
            columns = _with_labels(columns, value)
    return TableMap(schema, table, tuple(columns))


def _columns(types: bytes, metadata: bytes) -> Iterable[Column]:
    at = 0
    for kind in types:
        if kind == TYPED_ARRAY:
            size = _array_metadata(piece(metadata, at, 1)[0])
            yield Column(kind, piece(metadata, at, size))
            at += size
            continue
        size = 1 if kind in _ONE_BYTE_OF_METADATA else 2 if kind in _TWO_BYTES_OF_METADATA else 0
        found = piece(metadata, at, size)
        at += size
        if kind == FIELD_TYPE.STRING and found[0] in (FIELD_TYPE.ENUM, FIELD_TYPE.SET):
            yield Column(found[0], found)
        else:
            yield Column(kind, found)


def _array_metadata(element: int) -> int:
    """An array's metadata: the type of its elements, then what goes with that; VARCHAR has a byte more here."""
    if element == FIELD_TYPE.VARCHAR:
        return 4
    return 1 + (1 if element in _ONE_BYTE_OF_METADATA else 2 if element in _TWO_BYTES_OF_METADATA else 0)


def _with_signs(columns: list[Column], bits: bytes) -> list[Column]:
    """One bit a numeric column, from the highest bit on; set: unsigned."""
    numeric = [at for at, column in enumerate(columns) if column.type in _SIGNED_OR_NOT]
    if len(bits) * 8 < len(numeric):
        raise DecodeError(f"{len(bits)} bytes of signs for {len(numeric)} numeric columns")
    result = list(columns)
    for order, at in enumerate(numeric):
        unsigned = bool(bits[order // 8] & (0x80 >> order % 8))
        result[at] = replace(columns[at], unsigned=unsigned)
    return result


def _with_default_collation(columns: list[Column], value: bytes, characters: frozenset[int]) -> list[Column]:
    """A default, then (index among the character columns, collation) for the exceptions."""
    default, at = lenenc(value, 0)
    exceptions: dict[int, int] = {}
    while at < len(value):
        order, at = lenenc(value, at)
        exceptions[order], at = lenenc(value, at)
    listed = [at for at, column in enumerate(columns) if column.type in characters]
    result = list(columns)
    for order, at in enumerate(listed):
        result[at] = replace(columns[at], charset=charset_of(exceptions.get(order, default)))
    return result


def _with_collations(columns: list[Column], value: bytes, characters: frozenset[int]) -> list[Column]:
    result, at = list(columns), 0
    for order, column in enumerate(columns):
        if column.type in characters and at < len(value):
            collation, at = lenenc(value, at)
            result[order] = replace(column, charset=charset_of(collation))
    return result


def _with_names(columns: list[Column], value: bytes) -> list[Column]:
    result, at = [], 0
    for column in columns:
        size, at = lenenc(value, at)
        try:
            name = piece(value, at, size).decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"a column's name is no UTF-8: {error}") from error
        result.append(replace(column, name=name))
        at += size
    return result


def _with_labels(columns: list[Column], value: bytes) -> list[Column]:
    """For each ENUM its members: their number, then each with its length."""
    result, at = list(columns), 0
    for order, column in enumerate(columns):
        if column.type == FIELD_TYPE.ENUM and at < len(value):
            count, at = lenenc(value, at)
            labels = []
            for _ in range(count):
                size, at = lenenc(value, at)
                labels.append(piece(value, at, size).decode("utf-8", "replace"))
                at += size
            result[order] = replace(column, labels=tuple(labels))
    return result
