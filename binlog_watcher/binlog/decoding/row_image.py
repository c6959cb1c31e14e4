"""Row images: the wanted columns of a row are decoded, the others stepped over.

Format: MySQL internals documentation, ROWS_EVENT.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

from binlog_watcher.binlog.decoding.column_size import size_of
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import ABSENT, INTEGERS, Value, decode, decode_state
from binlog_watcher.binlog.protocol.wire import DecodeError, piece

Row = tuple[Value, ...]

_STRUCT_CODES = {1: "bB", 2: "hH", 4: "iI", 8: "qQ"}


def _as_it_is(_column: Column, data: bytes) -> bytes:
    """The bytes, as a value that only compares."""
    return data


class FixedRow(NamedTuple):
    """How to unpack rows of fixed size without NULLs; ``order`` of the values, None if they stand as wanted."""

    layout: struct.Struct
    order: tuple[int, ...] | None


class _Step(NamedTuple):
    """One column of the image: how to get over it, and where its value goes.

    ``slot``: the value's place in the row; -1: nobody wants it. ``size``: bytes of each value, or else ``prefix``:
    bytes of the length before it. ``decode``: what makes a value of the bytes.
    """

    slot: int
    size: int
    prefix: int
    column: Column
    decode: Callable[[Column, bytes], Value]


class Image:
    """Reads row images that hold the same columns. ``wanted`` are indices into the table's columns.

    ``states``: those of them whose columns may be of any type. ``raw``: those whose values are bytes, as they stand.
    ``fast``: how to unpack rows of fixed size behind ``no_nulls``; None: they have none.
    """

    def __init__(
        self,
        columns: tuple[Column, ...],
        present: bytes,
        wanted: tuple[int, ...],
        states: frozenset[int] = frozenset(),
        *,
        raw: frozenset[int] = frozenset(),
    ) -> None:
        held = [at for at in range(len(columns)) if present[at // 8] >> at % 8 & 1]
        slots = {at: slot for slot, at in enumerate(wanted)}
        self._nothing: list[Value] = [ABSENT] * len(wanted)
        self._steps = [
            _Step(
                slots.get(at, -1),
                *size_of(columns[at]),
                columns[at],
                _as_it_is if at in raw else decode_state if at in states else decode,
            )
            for at in held
        ]
        self._null_size = (len(held) + 7) // 8
        self.no_nulls = bytes(self._null_size)
        self.fast = None if raw else self._compile()

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
        found, end = self._nothing.copy(), len(data)
        bits = int.from_bytes(nulls, "little")
        for slot, size, prefix, column, decoded in self._steps:
            is_null = bits & 1
            bits >>= 1
            if is_null:
                if slot >= 0:
                    found[slot] = None
                continue
            if prefix:  # one that is cut off itself lies behind the end, too
                size = int.from_bytes(data[at : at + prefix], "little")  # noqa: PLW2901  # that of this value
                at += prefix
            behind = at + size
            if behind > end:
                raise DecodeError("a row is cut off")
            if slot >= 0:
                found[slot] = decoded(column, data[at:behind])
            at = behind
        return tuple(found), at

    def _compile(self) -> FixedRow | None:
        """One ``struct`` for rows of fixed size without NULLs, which is what most carts are made of."""
        layout, slots = "<", []
        for step in self._steps:
            if step.prefix:
                return None
            if step.slot < 0:
                layout += f"{step.size}x"
                continue
            code = _STRUCT_CODES.get(INTEGERS.get(step.column.type, 0))
            if code is None or step.column.unsigned is None:
                return None
            layout += code[step.column.unsigned]
            slots.append(step.slot)
        if len(slots) != len(self._nothing):
            return None
        in_order = slots == sorted(slots)
        return FixedRow(
            struct.Struct(layout), None if in_order else tuple(slots.index(s) for s in range(len(slots)))
        )
