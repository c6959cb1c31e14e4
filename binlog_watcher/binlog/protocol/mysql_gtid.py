"""GTID sets of MySQL, with tags: just enough arithmetic to keep a position current.

A set is written ``uuid:1-5:7:tag:1-3,uuid:…``; a *source* is a UUID with a tag (usually empty). Intervals are
kept sorted, closed and apart from each other. Text format: MySQL manual, "GTID Sets"; binary format:
``sql/rpl_gtid_set.cc`` (``encode_nsids_format``), tagged from MySQL 8.3 on.
"""

import re
import struct
import uuid
from bisect import bisect_right
from typing import Self

Source = tuple[bytes, str]
"""UUID as 16 bytes, and the tag in lower case."""

_INTERVAL = re.compile(r"(\d+)(?:-(\d+))?")
_TAG = re.compile(r"[a-z_][a-z0-9_]{0,31}")


class GtidSet:
    """A mutable set of transactions."""

    def __init__(self) -> None:
        self.intervals: dict[Source, list[tuple[int, int]]] = {}
        # A busy server has many sources of which one moves: only that one is formatted again.
        self._texts: dict[Source, str] = {}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what the server calls ``gtid_executed``. Raises ValueError."""
        result = cls()
        for member in text.split(","):
            parts = member.strip().lower().split(":")
            if parts == [""]:
                continue
            source = (uuid.UUID(parts[0]).bytes, "")
            for part in parts[1:]:
                if match := _INTERVAL.fullmatch(part):
                    first = int(match[1])
                    result.add(source, first, int(match[2] or first))
                elif _TAG.fullmatch(part):
                    source = (source[0], part)
                else:
                    raise ValueError(f"{part!r} is neither an interval nor a tag in the GTID set {text!r}")
        return result

    def add(self, source: Source, first: int, last: int | None = None) -> None:
        """Add the transactions ``first`` to ``last`` (default: just the one). Raises ValueError."""
        last = first if last is None else last
        if first < 1 or last < first:
            raise ValueError(f"{first}-{last} is no interval of transactions")
        self._texts.pop(source, None)
        intervals = self.intervals.setdefault(source, [])
        if intervals and intervals[-1][1] == first - 1:  # the next in line: nearly always
            intervals[-1] = (intervals[-1][0], last)
            return
        begin = bisect_right(intervals, (first, 0))
        if begin and intervals[begin - 1][1] >= first - 1:
            begin -= 1
        end = begin
        while end < len(intervals) and intervals[end][0] <= last + 1:
            first, last = min(first, intervals[end][0]), max(last, intervals[end][1])
            end += 1
        intervals[begin:end] = [(first, last)]

    def encode(self) -> bytes:
        """The set as COM_BINLOG_DUMP_GTID carries it. Tags need MySQL 8.3."""
        sources = sorted(self.intervals)
        tagged = any(tag for _, tag in sources)
        count = (1 << 56) | (len(sources) << 8) | 1 if tagged else len(sources)
        parts = [struct.pack("<Q", count)]
        for source in sources:
            identifier, tag = source
            parts.append(identifier)
            if tagged:
                parts.append(bytes([len(tag) << 1]) + tag.encode())
            intervals = self.intervals[source]
            parts.append(struct.pack("<Q", len(intervals)))
            parts += [struct.pack("<QQ", first, last + 1) for first, last in intervals]
        return b"".join(parts)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __str__(self) -> str:
        """As the server writes it: the tags of a UUID follow the UUID's own intervals."""
        members: dict[bytes, str] = {}
        for source in sorted(self.intervals):
            identifier, tag = source
            text = self._texts.get(source)
            if text is None:
                text = self._texts[source] = "".join(
                    f":{first}" if first == last else f":{first}-{last}"
                    for first, last in self.intervals[source]
                )
            head = members.get(identifier) or str(uuid.UUID(bytes=identifier))
            members[identifier] = head + (f":{tag}" if tag else "") + text
        return ",".join(members.values())

    def __repr__(self) -> str:
        return f"GtidSet({str(self)!r})"
