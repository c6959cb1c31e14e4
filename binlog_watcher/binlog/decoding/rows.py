"""The rows of an event: a plan per table, which knows what the bitmaps before the rows call for.

Format: MySQL internals documentation, ROWS_EVENT.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.row_image import Image, Row
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.protocol.wire import DecodeError, lenenc, piece


class _LoneRow(NamedTuple):
    """An event that inserts one row of fixed size without a NULL: all before its values is ``prefix``."""

    prefix: bytes
    layout: struct.Struct
    order: tuple[int, ...] | None


class RowPlan:
    """Decodes the rows of one table for the wanted columns; for ``states`` and ``raw`` see ``Image``."""

    def __init__(
        self,
        columns: tuple[Column, ...],
        wanted: tuple[int, ...],
        states: frozenset[int] = frozenset(),
        *,
        raw: frozenset[int] = frozenset(),
    ) -> None:
        self._columns = columns
        self.wanted = wanted
        self.states = states
        self._raw = raw
        self._heads: dict[bytes, list[Image]] = {}
        self._lone: _LoneRow | None = None
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
            present = piece(head, at, self._bitmap_size)
            found.append(Image(self._columns, present, self.wanted, self.states, raw=self._raw))
            at += self._bitmap_size
        if images == 1 and found[0].fast is not None:
            self._lone = _LoneRow(head + found[0].no_nulls, *found[0].fast)
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
