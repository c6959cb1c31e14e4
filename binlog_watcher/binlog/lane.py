"""The fast lane: ordinary transactions are gone over whole, without an object for each event.

Nearly all that a busy shop's server sends has one shape: GTID, BEGIN, then table maps and rows of tables that
nobody watches, XID. ``Lane`` goes over such groups in the receive buffer, unpacks one header an event, and decodes
rows of watched tables only. Anything else, and whatever is only half there, it leaves where it is: the decoder
reads it event by event, and says what is wrong with it. So the lane changes how fast something is read, and never
what is made of it (the tests compare both).

Checksums are looked at where content is used: GTID and XID events and watched rows. A table map counts as known
only when it equals, byte for byte, one that was checked.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from binlog_watcher.binlog.effects import Effects
from binlog_watcher.binlog.tables import Tables
from binlog_watcher.binlog.wire import CHECKSUM_SIZE, HEADER, DecodeError, Kind

if TYPE_CHECKING:
    from binlog_watcher.binlog.gtid import Source
    from binlog_watcher.events import Event

# Packet length and number in one word, the OK byte, then of the event's header: type, size, end position; then
# the first six bytes of the body: the table id of maps and rows, and within any body long enough to be ours.
_EVENT = struct.Struct("<IB4xB4xII2xIH")
# The same header, then of the GTID event: UUID, number, type of the logical timestamps, time of the commit.
_GTID = struct.Struct("<IB4xB4xI6xx16sQB16xQ")
# Of a QUERY event: length of the schema's name, length of the status variables.
_QUERY = struct.Struct("<B2xH")
_QUERY_AT, _QUERY_HEAD = 32, 37

_LENGTH = 0xFFFFFF
_LEAST = _GTID.size  # no whole group is shorter
_GTID_SIZE = HEADER.size + 49
_LOGICAL_TIMESTAMPS = 2
_MICROSECONDS = (1 << 55) - 1
_INTACT = 0x2144DF1C
"""The CRC32 of anything that is followed by its own CRC32."""

_GTIDS = frozenset({int(Kind.GTID), int(Kind.ANONYMOUS_GTID)})
_ROWS = frozenset({int(Kind.WRITE_ROWS), int(Kind.UPDATE_ROWS), int(Kind.DELETE_ROWS)})
_QUERY_KIND, _XID, _TABLE_MAP = int(Kind.QUERY), int(Kind.XID), int(Kind.TABLE_MAP)
_UNKNOWN = object()


class _Group(NamedTuple):
    behind: int
    packets: int
    end_position: int
    identifier: bytes
    number: int
    committed_us: int
    effects: Effects | None
    rows: int


@dataclass(slots=True)
class Skimmed:
    """What was gone over: up to offset ``at`` of the buffer. ``gtids``: source, first and last number."""

    at: int
    packets: int = 0
    groups: int = 0
    rows: int = 0
    wraps: int = 0
    end_position: int = 0
    committed_us: int = 0
    gtids: list[tuple["Source", int, int]] = field(default_factory=list)
    events: list["Event"] = field(default_factory=list)


class Lane:
    """Goes over whole groups. ``checksums``: events end in a CRC32."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.checksums = False

    def skim(self, buffer: bytearray, at: int, end: int, sequence: int, end_position: int) -> Skimmed:
        """Go over the groups that lie whole in ``buffer[at:end]``.

        ``sequence``: number of the packet at ``at``; ``end_position``: that of the event before.
        """
        result = Skimmed(at, end_position=end_position)
        end = min(end, at + _LENGTH)  # so that no packet is met that goes on in the next
        identifier, first, last = b"", 0, 0
        while group := self._group(buffer, result.at, end, sequence + result.packets):
            result.at, packets, position, source, number, committed_us, effects, rows = group
            result.packets += packets
            result.groups += 1
            result.wraps += position < result.end_position
            result.end_position, result.committed_us = position, committed_us
            if number == last + 1 and source == identifier:
                last = number
            else:
                if last:
                    result.gtids.append(((identifier, ""), first, last))
                identifier, first, last = source, number, number
            if effects is not None:
                result.events += effects.events(committed_us)
                result.rows += rows
        if last:
            result.gtids.append(((identifier, ""), first, last))
        return result

    def _group(self, buffer: bytearray, at: int, end: int, sequence: int) -> _Group | None:
        """The group that begins at ``at``; None when it is not whole, or not of the ordinary shape."""
        if end - at < _LEAST:
            return None
        word, ok, kind, size, identifier, number, logical, committed = _GTID.unpack_from(buffer, at)
        behind = at + 5 + size
        if (
            kind not in _GTIDS
            or word != (size + 1 | (sequence & 0xFF) << 24)
            or ok
            or behind > end
            or size < _GTID_SIZE
            or logical != _LOGICAL_TIMESTAMPS
            or not self._is_intact(buffer, at, behind)
        ):
            return None
        committed &= _MICROSECONDS
        if not committed or (kind == Kind.GTID) != (number > 0):
            return None
        return self._body(buffer, behind, end, sequence + 1, identifier, number, committed)

    def _body(
        self,
        buffer: bytearray,
        at: int,
        end: int,
        sequence: int,
        identifier: bytes,
        number: int,
        committed: int,
    ) -> _Group | None:
        """What follows the GTID event, up to XID."""
        at = self._behind_begin(buffer, at, end)
        ids, maps, trailer = self._tables.ids, self._tables.maps, CHECKSUM_SIZE * self.checksums
        unpack, packets, rows = _EVENT.unpack_from, 2, 0
        effects: Effects | None = None
        while at and end - at > _EVENT.size:
            word, ok, kind, size, position, table_id, high = unpack(buffer, at)
            behind = at + 5 + size
            if word & _LENGTH != size + 1 or ok or behind > end:
                return None
            packets += 1
            if kind in _ROWS:
                if high:
                    return None
                if ids.get(table_id, _UNKNOWN) is not None:
                    if effects is None:
                        effects = Effects()
                    try:
                        rows += self._rows(buffer, at, behind, kind, effects)
                    except DecodeError:
                        return None  # the decoder will meet it, too
            elif kind == _TABLE_MAP:
                if high or maps.get(table_id) != buffer[at + 32 : behind - trailer]:
                    return None
            elif kind == _XID:
                last = (sequence + packets - 2) & 0xFF
                if word >> 24 != last or not position or not self._is_intact(buffer, at, behind):
                    return None
                return _Group(behind, packets, position, identifier, number, committed, effects, rows)
            else:
                return None
            at = behind
        return None

    def _behind_begin(self, buffer: bytearray, at: int, end: int) -> int:
        """The offset behind the statement BEGIN; 0 when something else is at ``at``."""
        if end - at < _QUERY_HEAD:
            return 0
        word, ok, kind, size, *_ = _EVENT.unpack_from(buffer, at)
        schema, variables = _QUERY.unpack_from(buffer, at + _QUERY_AT)
        behind: int = at + 5 + size
        text = at + _QUERY_HEAD + variables + schema + 1
        bare = behind - CHECKSUM_SIZE * self.checksums
        if (
            kind != _QUERY_KIND
            or word & _LENGTH != size + 1
            or ok
            or behind > end
            or buffer[text:bare] != b"BEGIN"
        ):
            return 0
        return behind

    def _rows(self, buffer: bytearray, at: int, behind: int, kind: int, effects: Effects) -> int:
        if not self._is_intact(buffer, at, behind):
            raise DecodeError
        body = bytes(buffer[at + 24 : behind - CHECKSUM_SIZE * self.checksums])
        return self._tables.apply(kind, body, effects)

    def _is_intact(self, buffer: bytearray, at: int, behind: int) -> bool:
        """Whether the checksum of the event in the packet at ``at`` is right, if it has one."""
        return not self.checksums or zlib.crc32(buffer[at + 5 : behind]) == _INTACT
