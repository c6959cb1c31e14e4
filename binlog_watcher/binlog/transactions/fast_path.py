"""The fast path: ordinary transactions are gone over whole, without an object for each event.

Nearly all that a busy shop's server sends has one shape: GTID, BEGIN, then table maps and rows of tables that
nobody watches, XID. ``FastPath`` goes over such groups in the receive buffer, unpacks one header an event, and decodes
rows of watched tables only. Anything else, and whatever is only half there, it leaves where it is: the decoder
reads it event by event, and says what is wrong with it. So it changes how fast something is read, and never
what is made of it (the tests compare both).

Checksums are looked at where content is used: GTID and XID events and watched rows. A table map counts as known
only when it equals, byte for byte, one that was checked.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from binlog_watcher.binlog.decoding.values import ABSENT
from binlog_watcher.binlog.meaning.effects import Effects
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.wire import CHECKSUM_SIZE, HEADER, DecodeError, Kind
from binlog_watcher.core.events import CartChanged, Change, Event

if TYPE_CHECKING:
    from binlog_watcher.binlog.protocol.mysql_gtid import Source

# Packet length and number in one word, the OK byte, then of the event's header: type, size, end position; then
# the first six bytes of the body: the table id of maps and rows, and within any body long enough to be ours.
_EVENT = struct.Struct("<IB4xB4xII2xIH")
# The same up to the size, then of a GTID event: UUID, number, type of the logical timestamps, time of the commit.
_GTID = struct.Struct("<IB4xB4xI7x16sQB16xQ")
# The same up to the size, then of a QUERY event: length of the schema's name, length of the status variables.
_QUERY = struct.Struct("<IB4xB4xI14xB2xH")

_PACKET = 5  # bytes around an event: the packet's head and the OK byte
_BODY = _PACKET + HEADER.size
_LENGTH = 0xFFFFFF
_LEAST = _GTID.size + _QUERY.size  # no whole group is shorter
_GTID_SIZE = HEADER.size + 49
_BEGIN_SIZE = HEADER.size + 13 + len("\0BEGIN")
_LOGICAL_TIMESTAMPS = 2
_MICROSECONDS = (1 << 55) - 1
_INTACT = 0x2144DF1C
"""The CRC32 of anything that is followed by its own CRC32."""

# Plain integers: to look up a member of an enumeration costs more than the comparison.
_GTIDS = frozenset({int(Kind.GTID), int(Kind.ANONYMOUS_GTID)})
_ROWS = frozenset({int(Kind.WRITE_ROWS), int(Kind.UPDATE_ROWS), int(Kind.DELETE_ROWS)})
_WRITE_ROWS = int(Kind.WRITE_ROWS)
_STATEMENT, _XID, _TABLE_MAP = int(Kind.QUERY), int(Kind.XID), int(Kind.TABLE_MAP)
_UNKNOWN = object()


@dataclass(slots=True)
class Skimmed:
    """What was gone over: up to offset ``at`` of the buffer.

    ``gtids``: source, first and last number. ``troubles``: rows that did not decode, with their end positions.
    """

    at: int
    end_position: int
    packets: int = 0
    groups: int = 0
    rows: int = 0
    wraps: int = 0
    committed_us: int = 0
    gtids: list[tuple["Source", int, int]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    troubles: list[tuple[DecodeError, int]] = field(default_factory=list)


class FastPath:
    """Goes over whole groups. ``checksums``: events end in a CRC32."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.checksums = False

    def skim(self, buffer: bytearray, at: int, end: int, sequence: int, end_position: int) -> Skimmed:
        """Go over the groups that lie whole in ``buffer[at:end]``.

        ``sequence``: number of the packet at ``at``; ``end_position``: that of the event before.
        """
        with memoryview(buffer) as view:
            return self._skim(buffer, view, at, end, sequence, end_position)

    # One long function, because it is the hottest loop there is: to take out only what begins a group, one call in
    # five to seven events, costs 2 to 3 % of the speed (measured); a call for each event, several times that.
    def _skim(  # noqa: C901, PLR0912, PLR0915
        self, buffer: bytearray, view: memoryview, at: int, end: int, sequence: int, end_position: int
    ) -> Skimmed:
        """``view``: of the buffer, whose slices are no copies; events with documents are large."""
        result = Skimmed(at, end_position)
        ids, maps, checksums = self._tables.ids, self._tables.maps, self.checksums
        trailer = CHECKSUM_SIZE if checksums else 0
        unpack, crc32, left_out = _EVENT.unpack_from, zlib.crc32, self._tables.left_out
        run, first, last, committed_us = b"", 0, 0, 0
        end = min(end, at + _LENGTH)  # so that no packet is met that goes on in the next
        while end - at > _LEAST:
            word, ok, kind, size, identifier, number, logical, committed = _GTID.unpack_from(buffer, at)
            behind = at + _PACKET + size
            if (
                kind not in _GTIDS
                or word != (size + 1 | (sequence & 0xFF) << 24)
                or ok
                or end - behind < _QUERY.size
                or size < _GTID_SIZE
                or logical != _LOGICAL_TIMESTAMPS
                or (checksums and crc32(buffer[at + _PACKET : behind]) != _INTACT)
            ):
                break
            word, ok, kind, size, schema, variables = _QUERY.unpack_from(buffer, behind)
            at = behind + _PACKET + size
            if (
                kind != _STATEMENT
                or word & _LENGTH != size + 1
                or ok
                or at > end
                or size != _BEGIN_SIZE + schema + variables + trailer
                or buffer[at - trailer - 6 : at - trailer] != b"\0BEGIN"
            ):
                break
            packets, none_to_us, watched = 2, 0, []
            while end - at > _EVENT.size:
                word, ok, kind, size, position, table_id, high = unpack(buffer, at)
                behind = at + _PACKET + size
                if word & _LENGTH != size + 1 or ok or behind > end:
                    break
                packets += 1
                if kind in _ROWS:
                    if high or ids.get(table_id, _UNKNOWN) is not None:
                        if (
                            high
                            or table_id not in ids
                            or (checksums and crc32(view[at + _PACKET : behind]) != _INTACT)
                        ):
                            break
                        body = bytes(view[at + _BODY : behind - trailer])
                        if ids[table_id].sieve is not None and (count := left_out(kind, body)):  # type: ignore[union-attr]  # it is watched
                            none_to_us += count
                        else:
                            watched.append((kind, body, position or end_position))
                # The map's payload is behind the packet's head, the header, the table id and the flags: 32 bytes.
                elif kind != _TABLE_MAP or high or maps.get(table_id) != buffer[at + 32 : behind - trailer]:
                    break
                at = behind
            if (
                kind != _XID
                or word != (size + 1 | (sequence + packets - 1 & 0xFF) << 24)
                or ok
                or behind > end
                or not position
                or not committed & _MICROSECONDS
                or (checksums and crc32(buffer[at + _PACKET : behind]) != _INTACT)
            ):
                break
            # The group is whole and ordinary: from here on it is done with.
            at = result.at = behind
            sequence += packets
            result.packets += packets
            result.groups += 1
            if position < end_position:
                result.wraps += 1
            end_position, committed_us = position, committed & _MICROSECONDS
            if number != last + 1 or identifier != run:
                if last:
                    result.gtids.append(((run, ""), first, last))
                run, first = identifier, number
            last = number
            result.rows += none_to_us
            if watched:
                self._apply(watched, result, committed_us)
        if last:
            result.gtids.append(((run, ""), first, last))
        result.end_position, result.committed_us = end_position, committed_us
        return result

    def _apply(self, watched: list[tuple[int, bytes, int]], result: Skimmed, committed_us: int) -> None:
        """Decode the rows of a group, each once: what is remembered of them would not be the same again."""
        if len(watched) == 1 and watched[0][0] == _WRITE_ROWS:
            key = self._tables.lone_insert(watched[0][1])
            if key is not ABSENT:
                result.rows += 1
                if key is not None:
                    result.events.append(CartChanged(key, Change.INSERT, committed_us))
                return
        effects = Effects()
        for kind, body, position in watched:
            try:
                result.rows += self._tables.apply(kind, body, effects)
            except DecodeError as error:
                result.troubles.append((error, (result.wraps << 32) + position))
        result.events += effects.events(committed_us)
