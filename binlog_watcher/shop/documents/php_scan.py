"""Going over a value of PHP's ``serialize`` without taking it. Its format: ``php_tokens``."""

import re

from binlog_watcher.shop.documents.bounds import MAX_DEPTH, MAX_VALUES, Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.php_runs import SMALL_DEPTH, run_past, small_array_element, string_element
from binlog_watcher.shop.documents.php_tokens import ARRAY, ENUM, KEY, OBJECT, SMALLEST_ELEMENT, STRING, VALUE

_NUMBER_AND_BRACE = re.compile(rb'":(\d{1,8}):\{')
_LONGEST_BEGINNING = 32  # of a token that is cut off
_BETWEEN_LOOKS = 512


class Scanner:
    """Goes over serialised values in ``data``, before byte ``end``."""

    __slots__ = ("budget", "data", "end", "opaque_from")

    def __init__(self, data: bytes, end: int, budget: Budget) -> None:
        self.data = data
        self.end = end
        self.budget = budget
        self.opaque_from: int | None = None

    def skip(  # noqa: C901, PLR0912 -- the hot loop: a call costs as much as a token
        self, at: int, depth: int, slots: list[int] | None = None
    ) -> int:
        """The offset behind the value at ``at``. Raises DocumentError.

        ``slots``: gets the offset of each numbered value; then nothing is taken off the budget but time.
        """
        data, end, match, match_key = self.data, self.end, VALUE.match, KEY.match
        deepest = MAX_DEPTH - SMALL_DEPTH - depth if slots is None else -1
        outer: list[int] = []
        left = spent = 0
        while True:
            found = match(data, at, end)
            if found is None:
                raise self.unreadable(at)
            kind = found.lastindex
            if slots is not None and data[at] != 0x52:  # R
                slots.append(at)
            if kind is None:
                at = found.end()
            elif kind == STRING:
                at = self.string(found)[1] + 2
            elif kind >= ENUM:
                at = self._skip_opaque(found, slots)
            else:
                count, at = self.opened(found)
                outer.append(left)
                left = count
                if len(outer) + depth > MAX_DEPTH:
                    raise DocumentError("depth", at)
            spent += 1
            if left and len(outer) <= deepest:
                over, at = self._past_short(at, left)
                left -= over
                spent += over
            if spent >= _BETWEEN_LOOKS:
                self._account(spent, at, slots)
                spent = 0
            while not left:
                if not outer:
                    self._account(spent, at, slots)
                    return at
                at = self.closed(at)
                left = outer.pop()
            left -= 1
            found = match_key(data, at, end)
            if found is None:
                raise self.unreadable(at)
            at = found.end() if found.lastindex is None else self.string(found)[1] + 2

    def _past_short(self, at: int, most: int) -> tuple[int, int]:
        """(how many elements at ``at`` are strings, or short; the offset behind them)."""
        data, end, past = self.data, self.end, run_past()
        left = most
        while left and most - left < _BETWEEN_LOOKS:
            run = past(data, at, end)
            over = run.lastindex
            if over is None:
                if (text := string_element().match(data, at, end)) is not None:
                    at = self.string(text)[1] + 2
                elif (array := small_array_element().match(data, at, end)) is not None:
                    at = array.end()
                else:
                    break
                over = 1
            elif over > left:
                break  # more than there should be: the error is behind the last of them
            else:
                at = run.end()
            left -= over
        return most - left, at

    def opened(self, found: re.Match[bytes]) -> tuple[int, int]:
        """(how many elements, offset of the first) of an array or object that begins with ``found``."""
        if found.lastindex == ARRAY:
            count, at = int(found[ARRAY]), found.end()
        else:
            count, at = self._behind_class(found)
        if count * SMALLEST_ELEMENT > self.end - at:
            raise DocumentError("count", at)
        return count, at

    def closed(self, at: int) -> int:
        """The offset behind the brace that ends an array or object."""
        if at >= self.end:
            raise DocumentError("truncated", at)
        if self.data[at] != 0x7D:  # }
            raise DocumentError("syntax", at)
        return at + 1

    def string(self, found: re.Match[bytes]) -> tuple[int, int]:
        """Where the bytes of a string, or of a key that is one, begin and end."""
        start = found.end()
        return start, self.string_end(start, int(found[1]))

    def string_end(self, start: int, length: int) -> int:
        """Where a string ends that begins at ``start`` and has so many bytes."""
        stop = start + length
        if stop + 2 > self.end or not self.data.startswith(b'";', stop):
            raise self.bad_string(stop)
        return stop

    def class_name(self, found: re.Match[bytes]) -> bytes:
        """The class of an object that begins with ``found``."""
        return self.data[found.end() : found.end() + int(found[OBJECT])]

    def unreadable(self, at: int) -> DocumentError:
        """That there is no token at ``at``."""
        rest = self.data[at : min(self.end, at + _LONGEST_BEGINNING)]
        cut_off = at + len(rest) >= self.end and not any(mark in rest for mark in b';{"}')
        return DocumentError("truncated" if cut_off else "syntax", at)

    def bad_string(self, stop: int) -> DocumentError:
        """That a string does not end at ``stop``."""
        if stop + 2 > self.end:
            return DocumentError("truncated", self.end)
        return DocumentError("length", stop)

    def _behind_class(self, found: re.Match[bytes]) -> tuple[int, int]:
        """(the number behind a class's name, the offset behind the brace after it)."""
        stop = found.end() + int(found[found.lastindex or 0])
        number = _NUMBER_AND_BRACE.match(self.data, stop, self.end) if stop < self.end else None
        if number is None:
            raise self.unreadable(min(stop, self.end))
        return int(number[1]), number.end()

    def _skip_opaque(self, found: re.Match[bytes], slots: list[int] | None) -> int:
        """The offset behind a case of an enum, or an object that writes itself."""
        if found.lastindex == ENUM:
            stop = found.end() + int(found[ENUM])
            if stop + 2 > self.end or not self.data.startswith(b'";', stop):
                raise self.bad_string(stop)
            return stop + 2
        length, at = self._behind_class(found)
        if slots is not None and self.opaque_from is None:
            self.opaque_from = len(slots)
        if at + length >= self.end:
            raise DocumentError("truncated", self.end)
        return self.closed(at + length)

    def _account(self, spent: int, at: int, slots: list[int] | None) -> None:
        if slots is None:
            self.budget.spend(spent, at)
            return
        if len(slots) > MAX_VALUES:
            raise DocumentError("too_many_values", at)
        self.budget.look(at)
