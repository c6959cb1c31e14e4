"""Lines of one shop look alike: a shape that was seen twice becomes a pattern that goes over a whole line at once.

A shape is a line's keys, the kinds of its values, and how many elements its arrays have. Where strings end is not left
to the pattern: the length that PHP wrote is compared with what was found. So a line that matches is read as it would be
value by value, and any other is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from binlog_watcher.shop.documents.php_runs import INTEGER, OTHER_SCALAR, SMALL_DEPTH
from binlog_watcher.shop.documents.php_tokens import ARRAY, KEY, STRING, VALUE
from binlog_watcher.shop.documents.scalars import Scalar, short_scalar

_MOST_SHAPES = 4
"""Of lines with as many elements; each is tried in turn."""

_MOST_TRIES = 1000
"""So many lines are looked at for a shape: a shop whose lines are never alike gains nothing by more."""

_LONGEST_LINE = 8_000  # bytes
_LONGEST_TAKEN = 127  # bytes of a string that is wanted
_FIXED = frozenset({32, 36, 40, 64})
"""Lengths of digests and ids: other lines have the same. Such a string needs no look at its length."""

_CANONICAL = re.compile(rb"s:(?:0|[1-9]\d*):|i:(?:0|-?[1-9]\d*);")
"""A key as PHP writes it. Others name the same element, too."""


class _Shape(NamedTuple):
    pattern: re.Pattern[bytes]
    integers: Sequence[tuple[int, bytes]]
    scalars: Sequence[tuple[int, bytes]]
    lengths: Sequence[int]
    """Groups that hold a string's length; the next one holds its bytes."""


class Taken(NamedTuple):
    """What was wanted of a line, by name, and the offset behind its last element."""

    values: list[tuple[bytes, Scalar]]
    behind: int


class Shapes:
    """The shapes of lines of which ``keys`` (as they are written, with their names) are wanted, all of them scalars.

    ``containers``: keys of which something inside is wanted; a line that has one is left to whoever reads that.
    """

    __slots__ = ("_containers", "_keys", "_known", "_seen", "_tries")

    def __init__(self, keys: Mapping[bytes, bytes], containers: frozenset[bytes]) -> None:
        self._keys = keys
        self._containers = containers
        self._known: dict[int, list[_Shape]] = {}
        self._seen: set[bytes] = set()
        self._tries = _MOST_TRIES

    def take(self, data: bytes, at: int, end: int, count: int) -> Taken | None:
        """What is wanted of the ``count`` elements at ``at``; None: their shape is not known."""
        for shape in self._known.get(count, ()):
            found = shape.pattern.match(data, at, end)
            if found is None:
                continue
            group, span = found.group, found.span
            for length in shape.lengths:
                start, stop = span(length + 1)
                if stop - start != int(group(length)):
                    return None  # there is a quote in it
            values: list[tuple[bytes, Scalar]] = [
                (name, int(group(number))) for number, name in shape.integers
            ]
            values += [(name, short_scalar(group(number))) for number, name in shape.scalars]
            return Taken(values, found.end())
        return None

    def learn(self, data: bytes, at: int, behind: int, count: int) -> None:
        """Take note of the shape of a line that was read: of its ``count`` elements from ``at`` to ``behind``."""
        known = self._known.get(count, [])
        if self._tries <= 0 or behind - at > _LONGEST_LINE or len(known) >= _MOST_SHAPES:
            return
        self._tries -= 1
        draft = _Draft(data, self._keys, self._containers)
        if draft.elements(at, count, depth=0) != behind:
            return
        source = b"".join(draft.pattern)
        if source not in self._seen:  # once is no shape yet: to make a pattern takes a thousand lines' time
            self._seen.add(source)
            return
        pattern = re.compile(source, re.DOTALL)
        shape = _Shape(pattern, tuple(draft.integers), tuple(draft.scalars), tuple(draft.lengths))
        self._known[count] = [*known, shape]


class _Draft:
    """Writes a line's pattern."""

    def __init__(self, data: bytes, keys: Mapping[bytes, bytes], containers: frozenset[bytes]) -> None:
        self._data = data
        self._keys = keys
        self._containers = containers
        self._groups = 0
        self.pattern: list[bytes] = []
        self.integers: list[tuple[int, bytes]] = []
        self.scalars: list[tuple[int, bytes]] = []
        self.lengths: list[int] = []

    def elements(self, at: int, count: int, depth: int) -> int | None:
        """The offset behind ``count`` elements; None: they are no shape."""
        for _ in range(count):
            found = KEY.match(self._data, at)
            if found is None:
                return None
            behind = found.end() if found.lastindex is None else found.end() + int(found[1]) + 2
            key = self._data[at:behind]
            if key in self._containers or not _CANONICAL.match(key):
                return None
            self.pattern.append(re.escape(key))
            value = self._value(behind, self._keys.get(key) if depth == 0 else None, depth)
            if value is None:
                return None
            at = value
        return at

    def _value(self, at: int, name: bytes | None, depth: int) -> int | None:
        found = VALUE.match(self._data, at)
        if found is None or found[0][:1] in b"rR":
            return None
        if found.lastindex is None:
            self._scalar(found[0], name)
            return found.end()
        if found.lastindex == STRING:
            return self._string(found, name)
        if found.lastindex != ARRAY or depth >= SMALL_DEPTH or name is not None:
            return None
        self.pattern.append(re.escape(found[0]))
        behind = self.elements(found.end(), int(found[ARRAY]), depth + 1)
        if behind is None:
            return None
        self.pattern.append(rb"\}")
        return behind + 1

    def _scalar(self, text: bytes, name: bytes | None) -> None:
        is_integer = text.startswith(b"i")
        if name is None:
            self.pattern.append(INTEGER if is_integer else OTHER_SCALAR)
        elif is_integer:
            self.pattern.append(rb"i:([-+]?\d{1,18});")
            self.integers.append((self._group(), name))
        else:
            self.pattern.append(rb"(%s)" % OTHER_SCALAR)
            self.scalars.append((self._group(), name))

    def _string(self, found: re.Match[bytes], name: bytes | None) -> int | None:
        length = int(found[STRING])
        if name is None and length in _FIXED:
            self.pattern.append(rb's:%d:".{%d}";' % (length, length))
        elif name is None:
            self.pattern.append(rb's:(\d{1,8}):"([^"]*)";')
            self.lengths.append(self._group(2))
        elif length <= _LONGEST_TAKEN:
            self.pattern.append(rb'(s:(\d{1,2}|1[01]\d|12[0-7]):"([^"]*)";)')
            self.scalars.append((self._group(), name))
            self.lengths.append(self._group(2))
        else:
            return None
        return found.end() + length + 2

    def _group(self, many: int = 1) -> int:
        """The number of the next group, of so many."""
        number = self._groups + 1
        self._groups += many
        return number
