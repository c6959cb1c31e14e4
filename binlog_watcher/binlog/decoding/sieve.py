"""Rows that a filter leaves out, told from their bytes: nothing is made of them, so that they cost next to nothing.

A wishlist may be most of a table of carts. A row's columns are stepped over, and only the bytes of those that the
filter asks about are looked at; what bytes mean is found out once. What is not plain, the sieve leaves to the decoder.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from binlog_watcher.binlog.decoding.column_size import size_of
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import Value, decode_state
from binlog_watcher.binlog.protocol.wire import DecodeError

Fails = Callable[[Value], bool]
"""Whether a column's value surely leaves its row out."""

_ANSWERS = 1000
_PATTERNS = 200
"""Of NULLs in a table's rows, and of columns in their images; the memory for each is bounded."""


class _Known(dict[bytes, bool]):
    """A column's bytes → whether they leave the row out. ``null``: whether NULL does."""

    def __init__(self, column: Column, fails: Fails) -> None:
        self._column = column
        self._fails = fails
        self.null = fails(None)

    def __missing__(self, raw: bytes) -> bool:
        if len(self) >= _ANSWERS:
            self.clear()
        self[raw] = self._fails(decode_state(self._column, raw))
        return self[raw]


class _Step(NamedTuple):
    """``size``: bytes to step over, or else ``prefix``: bytes of the length before them. ``known``: what they mean."""

    size: int
    prefix: int
    known: _Known | None


_NOTHING = _Step(0, 0, None)


class _Image:
    """Row images that hold the same columns; ``asked``: what the bytes of some of them mean."""

    def __init__(self, columns: tuple[Column, ...], held: list[int], asked: Mapping[int, _Known]) -> None:
        self._steps = [_Step(*size_of(columns[at]), asked.get(at)) for at in held]
        self._null_size = (len(held) + 7) // 8
        self._patterns: dict[bytes, tuple[bool, list[_Step]]] = {}

    def behind(self, data: bytes, at: int) -> int:
        """The offset behind a row that is left out; -1: it may not be."""
        nulls = data[at : at + self._null_size]
        out, steps = self._patterns.get(nulls) or self._pattern(nulls)
        at += self._null_size
        for size, prefix, known in steps:
            if prefix:
                size = data[at] if prefix == 1 else int.from_bytes(data[at : at + prefix], "little")  # noqa: PLW2901  # that of this value
                at += prefix
            if known is not None and known[data[at : at + size]]:
                out = True
            at += size
        return at if out else -1

    def _pattern(self, nulls: bytes) -> tuple[bool, list[_Step]]:
        """Whether a NULL leaves such rows out, and the steps over what is there, as few as possible."""
        bits = int.from_bytes(nulls, "little")
        out, steps = False, [_NOTHING]
        for nth, step in enumerate(self._steps):
            if bits >> nth & 1:
                out = out or (step.known is not None and step.known.null)
            elif step.known is None and not step.prefix and steps[-1].known is None and not steps[-1].prefix:
                steps[-1] = _Step(steps[-1].size + step.size, 0, None)
            else:
                steps.append(step)
        if len(self._patterns) >= _PATTERNS:
            self._patterns.clear()
        found = self._patterns[nulls] = (out, steps)
        return found


class Sieve:
    """Of one table. ``asked``: index of a column → whether its value leaves a row out."""

    def __init__(self, columns: tuple[Column, ...], asked: Mapping[int, Fails]) -> None:
        self._columns = columns
        self._asked = {at: _Known(columns[at], fails) for at, fails in asked.items()}
        self._bitmap_size = (len(columns) + 7) // 8
        self._number = (
            len(columns).to_bytes(1) if len(columns) < 251 else b"\xfc" + len(columns).to_bytes(2, "little")
        )
        self._heads: dict[bytes, list[_Image]] = {}

    def left_out(self, data: bytes, at: int, images: int) -> int:
        """How many rows there are behind offset ``at`` (of the number of columns), if all of them are left out; else 0.

        ``images``: of each row, 2 in an UPDATE event: of those both must be. 0 also for what is not whole, and for
        images that do not hold all columns that are asked about.
        """
        behind = at + len(self._number) + images * self._bitmap_size
        head = data[at:behind]
        found = self._heads.get(head)
        if found is None:
            found = self._images(head)
        if len(found) != images:
            return 0
        count, end = 0, len(data)
        try:
            while 0 <= behind < end:
                for image in found:
                    behind = image.behind(data, behind)
                    if behind < 0:
                        return 0
                count += 1
        except IndexError:
            return 0
        return count if behind == end else 0

    def _images(self, head: bytes) -> list[_Image]:
        """What the bitmaps of the columns call for; nothing where they are not plain."""
        found = []
        if head.startswith(self._number):
            size = self._bitmap_size
            for start in range(len(self._number), len(head), size):
                bits = int.from_bytes(head[start : start + size], "little")
                held = [at for at in range(len(self._columns)) if bits >> at & 1]
                if self._asked.keys() <= set(held):
                    with contextlib.suppress(DecodeError):  # an unknown type: the decoder says so
                        found.append(_Image(self._columns, held, self._asked))
        if len(self._heads) >= _PATTERNS:
            self._heads.clear()
        self._heads[head] = found
        return found
