"""How many bytes a column takes in a row's image.

Sizes of the types: ``sql/log_event.cc`` (``log_event_print_value``) and ``sql/rpl_utility.cc``
(``calc_field_size``) of MySQL.
"""

from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.table_map import (
    COMPRESSED_BLOB,
    COMPRESSED_VARCHAR,
    TYPED_ARRAY,
    VECTOR,
    Column,
)
from binlog_watcher.binlog.decoding.values import INTEGERS, WITH_FRACTION
from binlog_watcher.binlog.protocol.wire import DecodeError

_FIXED = INTEGERS | {
    FIELD_TYPE.NULL: 0,
    FIELD_TYPE.FLOAT: 4,
    FIELD_TYPE.DOUBLE: 8,
    FIELD_TYPE.YEAR: 1,
    FIELD_TYPE.DATE: 3,
    FIELD_TYPE.NEWDATE: 3,
    FIELD_TYPE.TIME: 3,
    FIELD_TYPE.DATETIME: 8,
    FIELD_TYPE.TIMESTAMP: 4,
}
_PREFIXED_BLOBS = frozenset(
    {
        FIELD_TYPE.TINY_BLOB, FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.BLOB,
        FIELD_TYPE.JSON, FIELD_TYPE.GEOMETRY, VECTOR, COMPRESSED_BLOB,
    }
)  # fmt: skip
_VARCHARS = frozenset({FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, COMPRESSED_VARCHAR})
_DECIMAL_DIGITS_TO_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


def size_of(column: Column) -> tuple[int, int]:
    """(size, 0) if it is fixed, or (0, bytes of the length that stands before each value). Raises DecodeError."""
    kind, metadata = column.type, column.metadata
    if kind in _FIXED:
        return _FIXED[kind], 0
    if kind in WITH_FRACTION:
        return WITH_FRACTION[kind] + (metadata[0] + 1) // 2, 0
    if kind in (FIELD_TYPE.ENUM, FIELD_TYPE.SET):
        return metadata[1], 0
    if kind == FIELD_TYPE.NEWDECIMAL:
        return _decimal_size(*metadata), 0
    if kind == FIELD_TYPE.BIT:
        return (metadata[0] + metadata[1] * 8 + 7) // 8, 0
    if kind in _VARCHARS:
        return 0, 2 if int.from_bytes(metadata, "little") > 255 else 1
    if kind == FIELD_TYPE.STRING:
        return 0, 2 if column.string_size > 255 else 1
    if kind in _PREFIXED_BLOBS:
        return 0, metadata[0]
    if kind == TYPED_ARRAY:
        return 0, 4  # stored as JSON
    raise DecodeError(f"column {column.name} has the unknown type {kind}")


def _decimal_size(digits: int, fractional: int) -> int:
    whole = digits - fractional
    if whole < 0:
        raise DecodeError(f"a DECIMAL of {digits} digits, {fractional} of them fractional")
    return sum(part // 9 * 4 + _DECIMAL_DIGITS_TO_BYTES[part % 9] for part in (whole, fractional))
