"""The binlog as a state machine: events go in, the shop's changes come out at the end of each transaction.

Pure: no socket, no clock. Theory of operation:

- ``Decoder`` looks at headers and checksums, and lets ``FastPath`` go over what is ordinary; ``groups`` knows what
  the other events mean, ``reached`` how far all that was.
- TABLE_MAP events give table ids a meaning until the next connection; rows of tables that nobody watches are
  dropped by their id, unread.
- What can't be understood about the watched tables ends up in ``troubles``: never skipped in silence.
"""

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.meaning.tables import ROW_KINDS, Tables
from binlog_watcher.binlog.protocol import headers
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import (
    CHECKSUM_SIZE,
    HEADER,
    DecodeError,
    Event,
    Kind,
    has_checksum,
)
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.fast_path import FastPath
from binlog_watcher.binlog.transactions.groups import NO_GROUP, Groups, Trouble
from binlog_watcher.binlog.transactions.reached import Reached

_MADE_UP = frozenset({Kind.ROTATE, Kind.HEARTBEAT, Kind.HEARTBEAT_V2})
"""Events that the server makes up: whether they end in a checksum must be found out."""

_MOST = ROW_KINDS | {int(Kind.TABLE_MAP)}
"""What a busy server sends most."""


class Decoder:
    """Takes the events of one server after the other; keeps ``reached`` current.

    ``events`` and ``troubles``: of the transactions that are complete; whoever has dealt with them clears them.
    """

    def __init__(self, tables: Tables, statements: StatementReader, stats: Stats) -> None:
        self._tables = tables
        self._stats = stats
        self._checksum = False
        self._fast_path = FastPath(tables)
        self.reached = Reached()
        self._groups = Groups(tables, statements, stats, self.reached)
        self.events, self.troubles = self._groups.events, self._groups.troubles

    def restart(self, position: Position, end: tuple[str, int]) -> None:
        """A connection begins at ``position``; ``end`` is the end of the server's binlog just before.

        Raises DecodeError when that is in a file with a strange name.
        """
        self.reached.restart(position, end)
        self._tables.forget_ids()
        self._checksum = False
        self._groups.begin(NO_GROUP)

    def forget_layouts(self) -> None:
        """Another server: what its dictionary says may differ."""
        self._tables.forget_layouts()

    def lag_us(self, now_us: int) -> int:
        """Age of the newest transaction, also of one that is still arriving; 0 when there is nothing to read."""
        return self.reached.lag_us(now_us, self._groups.head.committed_us)

    def feed(self, data: bytes | bytearray, start: int, end: int) -> None:
        """Take the event that lies at ``data[start:end]``.

        Raises DecodeError when the bytes are no event; what the event means for us is noted in ``troubles``.
        """
        if end - start < HEADER.size:
            raise DecodeError(f"an event of {end - start} bytes")
        seconds, kind, server_id, size, end_position, flags = HEADER.unpack_from(data, start)
        if size != end - start:
            raise DecodeError(f"an event of type {kind} is {end - start} bytes long and says {size}")
        self._stats.events += 1
        reached = self.reached
        reached.idle = False
        if end_position:
            if end_position < reached.low:  # 32 bits in files that may be larger
                reached.high += 1 << 32
            reached.low = end_position
        body = start + HEADER.size
        if kind in _MOST and self._is_of_no_interest(kind, data, body, end):
            return
        if kind == Kind.FORMAT_DESCRIPTION:
            self._checksum = headers.has_checksums(bytes(data[body:end]))
            return
        whole = self._checked(kind, bytes(data[start:end]))
        self._groups.take(Event(kind, seconds, server_id, end_position, whole[HEADER.size :]), flags)

    def skim(self, buffer: bytearray, start: int, end: int, sequence: int) -> tuple[int, int]:
        """Go over the packets in ``buffer[start:end]`` as far as the fast path gets.

        ``sequence``: the first packet's number. Returns the offset of what is left for ``feed``, and the number of
        packets before it.
        """
        groups, reached = self._groups, self.reached
        if groups.head is not NO_GROUP or groups.opened or groups.effects:
            return start, 0
        self._fast_path.checksums = self._checksum
        found = self._fast_path.skim(buffer, start, end, sequence, reached.low)
        if not found.groups:
            return start, 0
        stats = self._stats
        stats.events += found.packets
        stats.transactions += found.groups
        stats.rows += found.rows
        self.events += found.events
        if found.troubles:
            self.troubles += [
                Trouble(error.reason, str(error), f"{reached.file}:{reached.high + place}")
                for error, place in found.troubles
            ]
        reached.pass_over(found)
        return found.at, found.packets

    def _is_of_no_interest(self, kind: int, data: bytes | bytearray, body: int, end: int) -> bool:
        """Rows that nobody watches, and table maps that say what is known: done with uncopied."""
        table_id = int.from_bytes(data[body : body + 6], "little")
        if kind != Kind.TABLE_MAP:
            return not self._tables.watches(table_id)
        return self._tables.map_known(
            table_id, bytes(data[body + 8 : end - CHECKSUM_SIZE if self._checksum else end])
        )

    def _checked(self, kind: int, whole: bytes) -> bytes:
        """The event without its checksum. Raises DecodeError where that is wrong."""
        if kind in _MADE_UP:
            return whole[:-CHECKSUM_SIZE] if has_checksum(whole) else whole
        if not self._checksum:
            return whole
        if not has_checksum(whole):
            raise DecodeError(f"the checksum of an event of type {kind} is wrong")
        return whole[:-CHECKSUM_SIZE]
