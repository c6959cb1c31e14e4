"""Row images: a plan per table and set of columns, which decodes the wanted columns and steps over the others.

Format: MySQL internals documentation, ROWS_EVENT; sizes of the types: ``sql/log_event.cc``
(``log_event_print_value``) and ``sql/rpl_utility.cc`` (``calc_field_size``).
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from pymysqlreplication.constants import CHARSET, FIELD_TYPE

from binlog_watcher.binlog.decoding.table_map import (
    COMPRESSED_BLOB,
    COMPRESSED_VARCHAR,
    TYPED_ARRAY,
    VECTOR,
    Column,
)
from binlog_watcher.binlog.protocol.wire import DecodeError, lenenc, piece


class Absent(Enum):
    """Instead of a value; neither is the same as NULL."""

    ABSENT = "absent"
    OPAQUE = "opaque"


ABSENT: Final = Absent.ABSENT
"""The image does not hold the column (``binlog_row_image`` MINIMAL)."""
OPAQUE: Final = Absent.OPAQUE
"""The column has a value, of a type that is not decoded."""
Value = int | str | Absent | None
Row = tuple[Value, ...]

INTEGERS = {
    FIELD_TYPE.TINY: 1,
    FIELD_TYPE.SHORT: 2,
    FIELD_TYPE.INT24: 3,
    FIELD_TYPE.LONG: 4,
    FIELD_TYPE.LONGLONG: 8,
}
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
_WITH_FRACTION = {FIELD_TYPE.TIMESTAMP2: 4, FIELD_TYPE.DATETIME2: 5, FIELD_TYPE.TIME2: 3}
TIMES = frozenset({FIELD_TYPE.TIMESTAMP2, FIELD_TYPE.DATETIME2})
_PREFIXED_BLOBS = frozenset(
    {
        FIELD_TYPE.TINY_BLOB, FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.BLOB,
        FIELD_TYPE.JSON, FIELD_TYPE.GEOMETRY, VECTOR, COMPRESSED_BLOB,
    }
)  # fmt: skip
_VARCHARS = frozenset({FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, COMPRESSED_VARCHAR})
STRINGS = frozenset({FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING})
_DECIMAL_DIGITS_TO_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
_BINARY_COLLATION = 63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRUCT_CODES = {1: "bB", 2: "hH", 4: "iI", 8: "qQ"}


class Step:
    """How to step over one column: a fixed size, or else the size of the length before the value."""

    __slots__ = ("column", "fixed", "prefix")

    def __init__(self, column: Column) -> None:
        self.column = column
        self.fixed, self.prefix = _extent(column)

    def decode(self, raw: bytes) -> Value:
        """The value of a wanted column. Raises DecodeError."""
        column = self.column
        if column.type in INTEGERS:
            if column.unsigned is None:
                raise DecodeError(f"nothing tells whether column {column.name} is signed")
            return int.from_bytes(raw, "little", signed=not column.unsigned)
        if column.type in STRINGS:
            try:
                return raw.decode(_codec(column.collation))
            except (UnicodeDecodeError, LookupError) as error:
                raise DecodeError(f"column {column.name} does not decode: {error}") from error
        if column.type in TIMES:
            return _microseconds(column, raw)
        raise DecodeError(f"column {column.name} has type {column.type}, which can't be a key")

    def state(self, raw: bytes) -> Value:
        """The value of a condition's column, which may be of any type; OPAQUE for one that is not decoded."""
        column = self.column
        if column.type == FIELD_TYPE.BIT:
            return int.from_bytes(raw, "big")
        if column.type == FIELD_TYPE.ENUM:
            number = int.from_bytes(
                raw, "little"
            )  # from 1 on; 0 is the empty text of a value that was no member
            return column.labels[number - 1] if 0 < number <= len(column.labels) else OPAQUE
        try:
            return self.decode(raw) if column.type in INTEGERS or column.type in STRINGS else OPAQUE
        except DecodeError:
            return OPAQUE


class Image:
    """Reads row images that hold the same columns. ``wanted`` are indices into the table's columns.

    ``states``: those of them whose columns may be of any type. ``fast``: how to unpack rows of fixed size behind
    ``no_nulls``, and their order; None: they have none.
    """

    def __init__(
        self,
        columns: tuple[Column, ...],
        present: bytes,
        wanted: tuple[int, ...],
        states: frozenset[int] = frozenset(),
    ) -> None:
        held = [at for at in range(len(columns)) if present[at // 8] >> at % 8 & 1]
        self._slots = {at: slot for slot, at in enumerate(wanted)}
        self._nothing: list[Value] = [ABSENT] * len(wanted)
        self._steps = [(self._slots.get(at, -1), Step(columns[at])) for at in held]
        self._states = frozenset(slot for at, slot in self._slots.items() if at in states)
        self._null_size = (len(held) + 7) // 8
        self.no_nulls = bytes(self._null_size)
        self._json = [order for order, at in enumerate(held) if columns[at].type == FIELD_TYPE.JSON]
        self.fast = self._compile(wanted)

    def read(self, data: bytes, at: int) -> tuple[Row, int]:
        """Decode the image at offset ``at``; returns the wanted values and the offset behind the image.

        Raises DecodeError.
        """
        behind = at + self._null_size
        if self.fast is not None and data[at:behind] == self.no_nulls:
            layout, order = self.fast
            try:
                values = layout.unpack_from(data, behind)
            except struct.error:
                raise DecodeError("a row is cut off") from None
            return (
                values if order is None else tuple([values[slot] for slot in order])
            ), behind + layout.size
        return self._walk(data, behind, piece(data, at, self._null_size))

    def _walk(self, data: bytes, at: int, nulls: bytes) -> tuple[Row, int]:
        found = self._nothing.copy()
        for order, (slot, step) in enumerate(self._steps):
            if nulls[order // 8] >> order % 8 & 1:
                if slot >= 0:
                    found[slot] = None
                continue
            if step.prefix:
                size = int.from_bytes(piece(data, at, step.prefix), "little")
                at += step.prefix
            else:
                size = step.fixed
            if at + size > len(data):
                raise DecodeError("a row is cut off")
            if slot >= 0:
                decode = step.state if slot in self._states else step.decode
                found[slot] = decode(data[at : at + size])
            at += size
        return tuple(found), at

    def _compile(self, wanted: tuple[int, ...]) -> tuple[struct.Struct, tuple[int, ...] | None] | None:
        """One ``struct`` for rows of fixed size without NULLs, which is what most carts are made of."""
        layout, slots = "<", []
        for slot, step in self._steps:
            if step.prefix:
                return None
            if slot < 0:
                layout += f"{step.fixed}x"
                continue
            code = _STRUCT_CODES.get(INTEGERS.get(step.column.type, 0))
            if code is None or step.column.unsigned is None:
                return None
            layout += code[step.column.unsigned]
            slots.append(slot)
        if len(slots) != len(wanted):
            return None
        in_order = slots == sorted(slots)
        return struct.Struct(layout), None if in_order else tuple(slots.index(s) for s in range(len(slots)))


class RowPlan:
    """Decodes the rows of one table for the wanted columns; for ``states`` see ``Image``."""

    def __init__(
        self, columns: tuple[Column, ...], wanted: tuple[int, ...], states: frozenset[int] = frozenset()
    ) -> None:
        self._columns = columns
        self._wanted = wanted
        self._states = states
        self._heads: dict[bytes, list[Image]] = {}
        self._lone: tuple[bytes, struct.Struct, tuple[int, ...] | None] | None = None
        self._head_size = 1 if len(columns) < 251 else 3
        self._bitmap_size = (len(columns) + 7) // 8
        self._json_columns = sum(column.type == FIELD_TYPE.JSON for column in columns)

    def single(self, data: bytes, at: int) -> Iterator[Row]:
        """The rows of a WRITE or DELETE event; ``at`` is the offset of the number of columns."""
        (image,), at = self._head(data, at, 1)
        while at < len(data):
            row, behind = image.read(data, at)
            at = _ahead(at, behind)
            yield row

    def lone(self, data: bytes, at: int) -> Row | None:
        """The row, if there is but one, of fixed size and without a NULL; else, or at the first such, None."""
        if self._lone is None:
            return None
        prefix, layout, order = self._lone
        if len(data) != at + len(prefix) + layout.size or not data.startswith(prefix, at):
            return None
        values = layout.unpack_from(data, at + len(prefix))
        return values if order is None else tuple([values[slot] for slot in order])

    def pairs(self, data: bytes, at: int, *, partial: bool = False) -> Iterator[tuple[Row, Row]]:
        """The (before, after) rows of an UPDATE event; ``partial``: of PARTIAL_UPDATE_ROWS."""
        (before_image, after_image), at = self._head(data, at, 2)
        while at < len(data):
            before, behind = before_image.read(data, at)
            if partial:
                behind = self._behind_partial_bits(data, behind)
            after, behind = after_image.read(data, behind)
            at = _ahead(at, behind)
            yield before, after

    def _head(self, data: bytes, at: int, images: int) -> tuple[list[Image], int]:
        """What the number of columns and the bitmaps of those present call for: nearly always the same."""
        behind = at + self._head_size + images * self._bitmap_size
        head = data[at:behind]
        found = self._heads.get(head)
        # The rest of an event that was cut off may look like the head of one with fewer images.
        if found is None or len(found) != images:
            found = self._heads[head] = self._images_of(head, images)
        return found, behind

    def _images_of(self, head: bytes, images: int) -> list[Image]:
        count, at = lenenc(head, 0)
        if count != len(self._columns):
            raise DecodeError(f"rows of {count} columns for a table of {len(self._columns)}")
        found = []
        for _ in range(images):
            found.append(Image(self._columns, piece(head, at, self._bitmap_size), self._wanted, self._states))
            at += self._bitmap_size
        if images == 1 and found[0].fast is not None:
            self._lone = (head + found[0].no_nulls, *found[0].fast)
        return found

    def _behind_partial_bits(self, data: bytes, at: int) -> int:
        """Partial JSON values have the same length before them as whole ones: only the bitmap is new."""
        options, at = lenenc(data, at)
        return at + (self._json_columns + 7) // 8 if options & 1 else at


def _ahead(at: int, behind: int) -> int:
    """Garbled bitmaps may tell of rows without a byte, of which there would be no end."""
    if behind <= at:
        raise DecodeError("a row of no bytes")
    return behind


def _extent(column: Column) -> tuple[int, int]:
    """(fixed size, 0) or (0, size of the length prefix)."""
    kind, metadata = column.type, column.metadata
    if kind in _FIXED:
        return _FIXED[kind], 0
    if kind in _WITH_FRACTION:
        return _WITH_FRACTION[kind] + (metadata[0] + 1) // 2, 0
    if kind in (FIELD_TYPE.ENUM, FIELD_TYPE.SET):
        return metadata[1], 0
    if kind == FIELD_TYPE.NEWDECIMAL:
        whole, digits = metadata[0] - metadata[1], metadata[1]
        if whole < 0:
            raise DecodeError(f"a DECIMAL of {metadata[0]} digits, {digits} of them fractional")
        return sum(part // 9 * 4 + _DECIMAL_DIGITS_TO_BYTES[part % 9] for part in (whole, digits)), 0
    if kind == FIELD_TYPE.BIT:
        return (metadata[0] + metadata[1] * 8 + 7) // 8, 0
    if kind in _VARCHARS:
        return 0, 2 if int.from_bytes(metadata, "little") > 255 else 1
    if kind == FIELD_TYPE.STRING:
        # The two high bits of the length hide, inverted, in the type's byte: CHAR may be 1,020 bytes long.
        length = ((metadata[0] << 4 & 0x300) ^ 0x300) + metadata[1]
        return 0, 2 if length > 255 else 1
    if kind in _PREFIXED_BLOBS:
        return 0, metadata[0]
    if kind == TYPED_ARRAY:
        return 0, 4  # stored as JSON
    raise DecodeError(f"column {column.name} has the unknown type {kind}")


def _microseconds(column: Column, raw: bytes) -> int | None:
    """Microseconds since 1970: in UTC of a TIMESTAMP, on the shop's own clock of a DATETIME; None: no real date.

    Format: ``my_datetime_packed_from_binary`` and ``my_timestamp_from_binary`` of MySQL (``mysys/my_time.cc``).
    """
    size = _WITH_FRACTION[column.type]
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


def _codec(collation: int | None) -> str:
    """Python's codec for a collation; UTF-8 where the binlog tells none, and for binary columns."""
    if collation is None or collation == _BINARY_COLLATION:
        return "utf-8"
    charset = CHARSET.charset_by_id(str(collation), "mysql")
    return "utf-8" if charset is None else str(charset.encoding)
