"""Reads what PHP's ``serialize`` or a PHP session wrote: what is wanted of it, by one pass. Nothing is instantiated."""

import re

from binlog_watcher.shop.documents.bounds import MAX_DEPTH
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.php_runs import (
    SMALL_DEPTH,
    array_element,
    named_string_element,
    small_array_element,
)
from binlog_watcher.shop.documents.php_scan import Scanner
from binlog_watcher.shop.documents.php_tokens import ENUM, KEY, OBJECT, SMALLEST_ELEMENT, STRING, VALUE
from binlog_watcher.shop.documents.scalars import Scalar, other_scalar, short_scalar
from binlog_watcher.shop.documents.wanted import CONTAINER, Pass, Record, Wanted, nothing_in

_INT64 = range(-(2**63), 2**63)
_QUICK_DEPTH = MAX_DEPTH - SMALL_DEPTH - 2
"""Up to here a line, and small arrays in it, are not too deep."""

_SESSION_KEY = re.compile(rb"[^|]{1,1024}\|")


class PhpReader:
    """The serialised document in ``data`` from byte ``start`` to ``end``, which may be a string inside of another.

    ``session``: it is a session (session.serialize_handler = php): NAME|VALUE, one behind the other, whose values are
    numbered through.
    """

    __slots__ = ("_data", "_end", "_pass", "_scanner", "_session", "_slots", "_start")

    def __init__(self, over: Pass, data: bytes, start: int, end: int, *, session: bool = False) -> None:
        self._pass = over
        self._data = data
        self._start = start
        self._end = end
        self._session = session
        self._scanner = Scanner(data, end, over.budget)
        self._slots: list[int] | None = None

    def read(self, wanted: Wanted, record: Record, depth: int) -> None:
        """Take what is wanted. Raises DocumentError."""
        if self._session:
            self._read_session(wanted, record, depth)
            return
        at = self._walk(self._start, wanted, record, depth)
        if at != self._end:
            raise DocumentError("trailing", at)

    def _read_session(self, wanted: Wanted, record: Record, depth: int) -> None:
        for place in wanted.places:
            record[place] = CONTAINER
        at, seen = self._start, set[bytes]()
        while at < self._end:
            name, at = self._session_name(at)
            at = self._element(at, name, wanted, record, depth + 1, seen)

    def _session_name(self, at: int) -> tuple[bytes, int]:
        found = _SESSION_KEY.match(self._data, at, self._end)
        if found is None:
            raise DocumentError("syntax", at)
        return found[0][:-1], found.end()

    def _walk(self, at: int, wanted: Wanted, record: Record, depth: int) -> int:
        """Take what is wanted of the value at ``at``; returns the offset behind it."""
        if depth > MAX_DEPTH:
            raise DocumentError("depth", at)
        self._pass.budget.spend(1, at)
        found = VALUE.match(self._data, at, self._end)
        if found is None:
            raise self._scanner.unreadable(at)
        kind = found.lastindex
        if kind == STRING:
            start, stop = self._scanner.string(found)
            self._pass.text(self._data, start, stop, wanted, record, depth)
            return stop + 2
        if kind is None:
            if found[0][0] in b"rR":
                self._walk(self._target(found, at), wanted, record, depth + 1)
            else:
                self._take_scalar(at, self._scalar(found), wanted, record, depth)
            return found.end()
        for place in wanted.places:
            record[place] = CONTAINER
        for step, sub in wanted.decoded.items():
            if not step.optional:
                raise DocumentError("shape", at, f"|{step.codec}")
            self._walk(at, sub, record, depth + 1)
        if not wanted.of_elements:
            return self._scanner.skip(at, depth)
        if kind >= ENUM:  # a path leads into what has no elements that can be read
            raise DocumentError("shape", at)
        return self._elements(found, wanted, record, depth)

    def _take_scalar(self, at: int, value: Scalar, wanted: Wanted, record: Record, depth: int) -> None:
        for place in wanted.places:
            record[place] = value
        for step, sub in wanted.decoded.items():
            if step.optional:
                self._walk(at, sub, record, depth + 1)
            else:
                nothing_in(value, at)
        if wanted.of_elements:
            nothing_in(value, at)

    def _scalar(self, found: re.Match[bytes]) -> Scalar:
        text = found[0]
        if text[:1] == b"i":
            number = int(text[2:-1])
            if number not in _INT64:
                raise DocumentError("integer", found.start())
            return number
        return other_scalar(text)

    def _elements(self, found: re.Match[bytes], wanted: Wanted, record: Record, depth: int) -> int:
        """Take what is wanted of an array's elements or an object's properties."""
        scanner = self._scanner
        count, at = scanner.opened(found)
        owner = scanner.class_name(found) if found.lastindex == OBJECT else None
        inherited: dict[bytes, int] = {}
        seen: set[bytes] = set()
        if owner is None and depth < _QUICK_DEPTH:
            quick = self._rows if wanted.rows else self._short_elements if wanted.elements else None
        else:
            quick = None
        while count:
            if quick is not None:
                over, at = quick(at, count, wanted, record, depth, seen)
                count -= over
                if not count:
                    break
            count -= 1
            name, at = self._name(at)
            if owner is not None and name.startswith(b"\0"):
                name, declared_in = _property(name)
                if declared_in not in (b"*", owner) and (name in wanted.keys or wanted.each is not None):
                    # Private to a class that this one extends; it may have one of that name itself, which counts.
                    if name in inherited:
                        raise DocumentError("duplicate_key", at)
                    inherited[name] = at
                    at = scanner.skip(at, depth)
                    continue
            at = self._element(at, name, wanted, record, depth + 1, seen)
        for name, where in inherited.items():
            if name not in seen:
                self._element(where, name, wanted, record, depth + 1, seen)
        return scanner.closed(at)

    def _name(self, at: int) -> tuple[bytes, int]:
        """(an element's name, the offset of its value)."""
        key = KEY.match(self._data, at, self._end)
        if key is None:
            raise self._scanner.unreadable(at)
        if key.lastindex is None:
            return key[0][2:-1], key.end()
        start, stop = self._scanner.string(key)
        return self._data[start:stop], stop + 2

    def _rows(
        self, at: int, count: int, wanted: Wanted, _: Record, depth: int, seen: set[bytes]
    ) -> tuple[int, int]:
        """Read lines as long as they are arrays with names of their own. Returns what ``_short_elements`` does."""
        data, end, match, line = self._data, self._end, array_element().match, wanted.each
        assert line is not None  # noqa: S101 -- it has rows
        left = count
        while left:
            found = match(data, at, end)
            if found is None or int(found[2]) * SMALLEST_ELEMENT > end - found.end():
                break
            key = found[1]
            name = key[key.index(b'"') + 1 : -2] if key.startswith(b"s") else key[2:-1]
            if name in seen:
                raise DocumentError("duplicate_key", found.end(1))
            seen.add(name)
            record = self._pass.begin_line(line, name, found.end(1))
            at = self._scanner.closed(self._row(found.end(), int(found[2]), line, record, depth))
            left -= 1
        self._pass.budget.spend(count - left, at)
        return count - left, at

    def _row(self, at: int, count: int, line: Wanted, record: Record, depth: int) -> int:
        """Take what is wanted of a line's ``count`` elements; returns the offset behind them."""
        shapes = line.shapes
        taken = shapes.take(self._data, at, self._end, count) if shapes is not None else None
        if taken is not None:
            for name, value in taken.values:
                for place in line.keys[name].places:
                    record[place] = value
            self._pass.budget.spend(count, at)
            return taken.behind
        begin, left, of_line = at, count, set[bytes]()
        while left:
            over, at = self._short_elements(at, left, line, record, depth, of_line)
            left -= over
            if left:
                left -= 1
                name, at = self._name(at)
                at = self._element(at, name, line, record, depth + 2, of_line)
        if shapes is not None:
            shapes.learn(self._data, begin, at, count)
        return at

    def _short_elements(
        self, at: int, count: int, wanted: Wanted, record: Record, _: int, seen: set[bytes]
    ) -> tuple[int, int]:
        """Take, or pass over, elements with short values as long as there are such.

        Returns how many of at most ``count``, and the offset behind them.
        """
        elements = wanted.elements
        assert elements is not None  # noqa: S101 -- it was made ready
        data, end, step, others = self._data, self._end, elements.step, elements.OTHERS
        small_array, string = small_array_element().match, named_string_element().match
        left = count
        while left:
            found = step(data, at, end)
            last = found.lastindex
            if last is None:
                if (text := string(data, at, end)) is not None and text[1] not in elements.all_keys:
                    at = self._scanner.string_end(text.end(), int(text[2])) + 2
                elif (array := small_array(data, at, end)) is not None and array[1] not in elements.all_keys:
                    at = array.end()
                else:
                    break
                left -= 1
                continue
            key, digits, scalar = found.group(1, 2, 3)
            over = last - others if last > others else 0
            if over + (key is not None) > left:
                break  # more than there should be: the error is behind the last of them
            at = found.end()
            left -= over
            if key is not None:
                left -= 1
                name = elements.keys[key]
                if name in seen:
                    raise DocumentError("duplicate_key", found.end(1))
                seen.add(name)
                value = int(digits) if digits is not None else short_scalar(scalar)
                for place in wanted.keys[name].places:
                    record[place] = value
        self._pass.budget.spend(count - left, at)
        return count - left, at

    def _element(
        self, at: int, name: bytes, wanted: Wanted, record: Record, depth: int, seen: set[bytes]
    ) -> int:
        """Take what is wanted of one element, whose value is at ``at``; returns the offset behind it."""
        sub, each = wanted.keys.get(name), wanted.each
        if sub is None and each is None:
            return self._pass_over(at, depth - 1)
        if name in seen:
            raise DocumentError("duplicate_key", at)
        seen.add(name)
        behind = at
        if sub is not None:
            behind = self._walk(at, sub, record, depth)
        if each is not None:
            into = self._pass.begin_line(each, name, at) if each.line else record
            behind = self._walk(at, each, into, depth)
        return behind

    def _pass_over(self, at: int, depth: int) -> int:
        """The offset behind a value that nobody wants. Most are short, and a scan of their own would cost more."""
        found = VALUE.match(self._data, at, self._end)
        if found is None:
            raise self._scanner.unreadable(at)
        if found.lastindex is None:
            at = found.end()
        elif found.lastindex == STRING:
            at = self._scanner.string(found)[1] + 2
        else:
            return self._scanner.skip(at, depth)
        self._pass.budget.spend(1, at)
        return at

    def _target(self, found: re.Match[bytes], at: int) -> int:
        """The offset of the value that a reference at ``at`` means; it has come before."""
        if self._slots is None:
            self._slots = self._number_values()
        number = int(found[0][2:-1])
        opaque_from = self._scanner.opaque_from
        if not 0 < number <= len(self._slots) or (opaque_from is not None and number > opaque_from):
            raise DocumentError("reference", at)
        target = self._slots[number - 1]
        if target >= at:
            raise DocumentError("reference", at)
        return target

    def _number_values(self) -> list[int]:
        """The offset of each numbered value of the document."""
        slots: list[int] = []
        at = self._start
        if not self._session:
            self._scanner.skip(at, 0, slots)
        while self._session and at < self._end:
            _, at = self._session_name(at)
            at = self._scanner.skip(at, 0, slots)
        return slots


def _property(name: bytes) -> tuple[bytes, bytes]:
    """(name, class that declares it or * for a protected one) of a property that is not public."""
    declared_in, _, plain = name[1:].partition(b"\0")
    return plain, declared_in
