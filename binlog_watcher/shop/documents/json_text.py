"""Reads JSON (RFC 8259): what is wanted of it. Python's own parser does the work, once it is known to be harmless."""

import json
import re
from typing import Any

from binlog_watcher.shop.documents.bounds import MAX_DEPTH
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.wanted import CONTAINER, Pass, Record, Wanted, nothing_in

_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[\]{},]', re.DOTALL)
"""Strings, which end at the latest where the text does, and what containers are made of. Takes linear time."""

_BETWEEN_LOOKS = 512
_LONGEST_INTEGER = 20  # a sign and 19 digits
_INT64 = range(-(2**63), 2**63)


class JsonReader:
    """The JSON text in ``data`` from byte ``start`` to ``end``.

    Byte offsets of errors are those of syntax; of anything else, where the text begins.
    """

    __slots__ = ("_end", "_pass", "_start", "_text")

    def __init__(self, over: Pass, data: bytes, start: int, end: int) -> None:
        self._pass = over
        self._text = data[start:end]
        self._start = start
        self._end = end

    def read(self, wanted: Wanted, record: Record, depth: int) -> None:
        """Take what is wanted. Raises DocumentError."""
        self._measure(depth)
        value = self._parsed()
        self._pass.budget.look(self._start)  # the parser asks for no time
        self._walk(value, wanted, record, depth)

    def _measure(self, depth: int) -> None:
        """Refuse what is nested too deeply or has too many values, before it is parsed."""
        values = 1
        for number, found in enumerate(_MARKS.finditer(self._text)):
            mark = self._text[found.start()]
            if mark in b"[{":
                depth += 1
                values += 1
            elif mark in b"]}":
                depth -= 1
            elif mark == 0x2C:  # ,
                values += 1
            if depth > MAX_DEPTH:
                raise DocumentError("depth", self._start + found.start())
            if number % _BETWEEN_LOOKS == 0:
                self._pass.budget.look(self._start + found.start())
        self._pass.budget.spend(values, self._start)

    def _parsed(self) -> Any:
        try:
            text = self._text.decode()
        except UnicodeDecodeError as error:
            raise DocumentError("encoding", self._start + error.start) from None
        try:
            return json.loads(
                text,
                object_pairs_hook=self._object,
                parse_int=self._integer,
                parse_constant=self._refuse,
            )
        except json.JSONDecodeError as error:
            at = len(text[: error.pos].encode())
            cut_off = not text[error.pos :].strip() or error.msg.startswith("Unterminated")
            raise DocumentError("truncated" if cut_off else "syntax", self._start + at) from None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DocumentError("duplicate_key", self._start)
        return found

    def _integer(self, digits: str) -> int:
        number = int(digits) if len(digits) <= _LONGEST_INTEGER else _INT64.stop
        if number not in _INT64:
            raise DocumentError("integer", self._start)
        return number

    def _refuse(self, _: str) -> float:
        """NaN, Infinity: Python reads them, JSON has them not."""
        raise DocumentError("syntax", self._start)

    def _walk(self, value: Any, wanted: Wanted, record: Record, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise DocumentError("depth", self._start)
        self._pass.budget.spend(1, self._start)
        if isinstance(value, str):
            encoded = self._encoded(value)
            self._pass.text(encoded, 0, len(encoded), wanted, record, depth)
            return
        container = isinstance(value, dict | list)
        for place in wanted.places:
            record[place] = CONTAINER if container else value
        for step, sub in wanted.decoded.items():
            if step.optional:
                self._walk(value, sub, record, depth + 1)
            elif container:
                raise DocumentError("shape", self._start, f"|{step.codec}")
            else:
                nothing_in(value, self._start)
        if not wanted.of_elements:
            return
        if container:
            self._elements(value, wanted, record, depth)
        else:
            nothing_in(value, self._start)

    def _elements(
        self, value: dict[str, Any] | list[Any], wanted: Wanted, record: Record, depth: int
    ) -> None:
        named = value.items() if isinstance(value, dict) else ((str(n), one) for n, one in enumerate(value))
        for number, (key, element) in enumerate(named):
            if number % _BETWEEN_LOOKS == 0:
                self._pass.budget.look(self._start)
            name = self._encoded(key)
            sub, each = wanted.keys.get(name), wanted.each
            if sub is not None:
                self._walk(element, sub, record, depth + 1)
            if each is not None:
                into = self._pass.begin_line(each, name, self._start) if each.line else record
                self._walk(element, each, into, depth + 1)

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, by \ud800
            raise DocumentError("encoding", self._start) from None
