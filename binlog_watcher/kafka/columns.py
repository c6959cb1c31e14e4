"""Values of columns as Debezium writes them, turned into what the binlog's own decoding makes of them. Pure.

JSON does not tell a text from bytes in Base64, so the types come from the server's dictionary. The connector's
choices that a value shows are all taken: DATETIME as milli-, micro- or nanoseconds or ISO 8601
(``time.precision.mode``), BIGINT UNSIGNED that has turned negative or is ``precise``, bytes in either Base64. Decimals
are no key and no state, in whatever form they come.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.shop.keys import as_uuid

_INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_TEXTS = frozenset({"char", "varchar"})
_BYTES = frozenset({"binary", "varbinary"})
_LONG_TEXTS = frozenset({"tinytext", "text", "mediumtext", "longtext", "json"})
_LONG_BYTES = frozenset({"tinyblob", "blob", "mediumblob", "longblob"})
_TIMES = frozenset({"timestamp", "datetime"})

_UNAVAILABLE = "__debezium_unavailable_value"
UNAVAILABLES = frozenset({_UNAVAILABLE, base64.b64encode(_UNAVAILABLE.encode()).decode()})
_EITHER_BASE64 = str.maketrans("-_", "+/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LATEST_MS, _LATEST_US = 3 * 10**13, 3 * 10**16
"""Of the years 1971 to 2920 no two units overlap."""


@dataclass(frozen=True, slots=True)
class Column:
    """As information_schema describes it. ``type``: DATA_TYPE; ``full_type``: COLUMN_TYPE, such as ``int unsigned``."""

    name: str
    type: str
    full_type: str = ""

    @property
    def unsigned(self) -> bool:
        """Whether whole numbers have no sign."""
        return "unsigned" in self.full_type


def held(image: Any, name: str) -> Any:
    """What a row's image holds of a column; ABSENT where it does not, or the connector had no value."""
    value = image.get(name, ABSENT)
    return ABSENT if value.__class__ is str and value in UNAVAILABLES else value


def key_reader(column: Column) -> Callable[[Any], Value]:
    """Makes a key of a held value. Raises DecodeError, at once for types that can't be keys."""
    kind = column.type
    if kind in _INTEGERS:
        return lambda value: value if value.__class__ is int and value >= 0 else _integer(column, value)
    if kind in _TEXTS:
        return lambda value: value if value.__class__ is str else _nothing_or_refused(column, value)
    if kind in _BYTES:
        return lambda value: (
            _hex(column, value) if value.__class__ is str else _nothing_or_refused(column, value)
        )
    if kind == "uuid":
        return lambda value: as_uuid(value) if value.__class__ is str else _nothing_or_refused(column, value)
    raise DecodeError(f"column {column.name} has type {kind}, which can't be a key")


def taken_as_it_stands(column: Column) -> type | None:
    """The type of values that ``key_reader`` leaves as they are, but for numbers below 0; None: of none."""
    return int if column.type in _INTEGERS else str if column.type in _TEXTS else None


def can_be_a_key(column: Column) -> bool:
    """Whether ``key_reader`` takes its type."""
    return column.type in _INTEGERS | _TEXTS | _BYTES or column.type == "uuid"


def state(column: Column, value: Any) -> Value:
    """A value that a condition asks about; OPAQUE for one of a type that is not decoded."""
    if value is None or value is ABSENT:
        return value
    try:
        if column.type == "bit":
            return _bits(column, value)
        if column.type == "enum":
            return value if isinstance(value, str) and value else OPAQUE
        return key_reader(column)(value) if can_be_a_key(column) else OPAQUE
    except DecodeError:
        return OPAQUE


def document(column: Column, value: Any) -> Value:
    """A document's bytes as they stand in the column; text is in UTF-8, whatever the column's character set."""
    if not isinstance(value, str):
        return _nothing_or_refused(column, value)
    if column.type in _LONG_BYTES or column.type in _BYTES:
        return _decoded(column, value)
    if column.type in _LONG_TEXTS or column.type in _TEXTS:
        return value.encode("utf-8", "surrogatepass")
    raise DecodeError(f"column {column.name} has type {column.type}, which holds no document")


def moment(column: Column, value: Any) -> Value:
    """When a row was written, of a column of time: microseconds since 1970, on the shop's clock of a DATETIME.

    Of other types the value as it stands; None for what is no moment.
    """
    if column.type not in _TIMES:
        return value if isinstance(value, int | str) else None
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return (at - _EPOCH) // timedelta(microseconds=1)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if abs(value) < _LATEST_MS:
        return value * 1000
    return value if abs(value) < _LATEST_US else value // 1000


def _nothing_or_refused(column: Column, value: Any) -> Value:
    if value is None or value is ABSENT:
        return value
    raise DecodeError(f"column {column.name} of type {column.type} holds a {type(value).__name__}")


def _integer(column: Column, value: Any) -> Value:
    if isinstance(value, str):  # Connect's Decimal: big-endian, of two's complement
        return int.from_bytes(_decoded(column, value), "big", signed=True)
    if not isinstance(value, int):
        return _nothing_or_refused(column, value)
    number = int(value)  # true and false of a converter
    return number + (1 << 64) if number < 0 and column.unsigned else number


def _hex(column: Column, text: str) -> str:
    raw = _decoded(column, text)
    size = column.full_type[len("binary(") : -1] if column.full_type.startswith("binary(") else ""
    return raw.ljust(int(size) if size.isdigit() else 0, b"\0").hex()


def _bits(column: Column, value: Any) -> int:
    if isinstance(value, str):
        return int.from_bytes(_decoded(column, value), "little")
    if isinstance(value, int):
        return int(value)
    raise DecodeError(f"column {column.name} holds no bits")


def _decoded(column: Column, text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_EITHER_BASE64), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(
            f"column {column.name} of type {column.type} is not in Base64: is binary.handling.mode its default?"
        ) from error
