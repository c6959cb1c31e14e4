"""The binlog as a state machine: events go in, the shop's changes come out at the end of each transaction.

Pure protocol: no socket, no clock. Theory of operation:

- A *group* is what GTIDs count: a transaction, a DDL statement, an XA PREPARE or its end. The position moves at a
  group's end only, so that a broken connection drops a half-read group and gets all of it again.
- TABLE_MAP events give table ids a meaning until the next connection; rows of tables that nobody watches are
  dropped by their id, unread.
- What can't be understood about the watched tables ends up in ``troubles``: never skipped in silence.
- Rows of an XA transaction come with its PREPARE, and wait for the COMMIT of the same xid.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from binlog_watcher.binlog.decoding.statement import (
    Meaning,
    Statement,
    StatementReader,
    parse_query,
    xid_from,
    xid_of,
)
from binlog_watcher.binlog.meaning.effects import Effects
from binlog_watcher.binlog.meaning.tables import ROW_KINDS, Tables
from binlog_watcher.binlog.protocol import headers
from binlog_watcher.binlog.protocol.payload import payload_events, uncompress_mariadb
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import (
    CHECKSUM_SIZE,
    HARMLESS,
    HEADER,
    IGNORABLE_FLAG,
    DecodeError,
    Event,
    Kind,
    has_checksum,
    piece,
)
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.fast_path import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from binlog_watcher.core.events import Event as ShopEvent

_MADE_UP = frozenset({Kind.ROTATE, Kind.HEARTBEAT, Kind.HEARTBEAT_V2})
"""Events that the server makes up: whether they end in a checksum must be found out."""

_MOST = ROW_KINDS | {int(Kind.TABLE_MAP)}
"""What a busy server sends most."""

_NO_GROUP = headers.Group(None, 0, None)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the watched tables that the rows did not tell. ``reason`` is one word, for counting."""

    reason: str
    detail: str


class Decoder:
    """Takes the events of one server after the other; keeps ``position`` current."""

    def __init__(self, tables: Tables, statements: StatementReader, stats: Stats) -> None:
        self._tables = tables
        self._lane = Lane(tables)
        self._statements = statements
        self._stats = stats
        self._prepared: dict[bytes, Effects] = {}
        self.position = Position("", 0, "")
        self.events: list[ShopEvent] = []
        self.troubles: list[Trouble] = []
        self.committed_us: int | None = None
        self.exact = True  # committed_us is to the microsecond; else it is the second's beginning
        self.idle = False  # the last event was a heartbeat at the end of the binlog
        self.caught_up = False
        self._end = (0, 0)
        self._file, self._low, self._high, self._checksum = "", 0, 0, False
        self._handlers: dict[int, Callable[[Event], None]] = {
            Kind.QUERY: self._on_query,
            Kind.EXECUTE_LOAD_QUERY: self._on_query,
            Kind.MARIADB_QUERY_COMPRESSED: self._on_query,
            Kind.ROTATE: self._on_rotate,
            Kind.XID: self._on_xid,
            Kind.XA_PREPARE: self._on_xa_prepare,
            Kind.GTID: self._on_gtid,
            Kind.ANONYMOUS_GTID: self._on_gtid,
            Kind.GTID_TAGGED: self._on_gtid,
            Kind.MARIADB_GTID: self._on_mariadb_gtid,
            Kind.TRANSACTION_PAYLOAD: self._on_payload,
            Kind.HEARTBEAT: self._on_heartbeat,
            Kind.HEARTBEAT_V2: self._on_heartbeat,
            Kind.INCIDENT: self._on_incident,
            Kind.TABLE_MAP: self._on_table_map,
            **dict.fromkeys(ROW_KINDS, self._on_rows),
        }
        self._begin_connection()

    def restart(self, position: Position, end: tuple[str, int]) -> None:
        """A connection begins at ``position``; ``end`` is the end of the server's binlog just before."""
        self.position = position
        self._end = (headers.file_number(end[0]), end[1])
        self._begin_connection()

    def forget_layouts(self) -> None:
        """Another server: what its dictionary says may differ."""
        self._tables.forget_layouts()

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
        self.idle = False
        if end_position:
            if end_position < self._low:  # 32 bits in files that may be larger
                self._high += 1 << 32
            self._low = end_position
        body = start + HEADER.size
        if kind in _MOST and self._is_of_no_interest(kind, data, body, end):
            return
        if kind == Kind.FORMAT_DESCRIPTION:
            self._checksum = headers.parse_format(bytes(data[body:end])).checksum
            return
        whole = self._checked(kind, bytes(data[start:end]))
        self._dispatch(Event(kind, seconds, server_id, end_position, whole[HEADER.size :]), flags)

    def skim(self, buffer: bytearray, start: int, end: int, sequence: int) -> tuple[int, int]:
        """Go over the packets in ``buffer[start:end]`` as far as the fast lane gets; ``sequence``: the first's number.

        Returns the offset of what is left for ``feed``, and the number of packets before it.
        """
        if self._group is not _NO_GROUP or self._open or self._effects:
            return start, 0
        self._lane.checksums = self._checksum
        found = self._lane.skim(buffer, start, end, sequence, self._low)
        if not found.groups:
            return start, 0
        stats, position = self._stats, self.position
        stats.events += found.packets
        stats.transactions += found.groups
        stats.rows += found.rows
        self.events += found.events
        if found.troubles:
            self.troubles += [
                Trouble(error.reason, f"{error} at {self._file}:{self._high + place}")
                for error, place in found.troubles
            ]
        if position.gtids is not None:
            for source, first, last in found.gtids:
                position.gtids.add(source, first, last)
        self._high += found.wraps << 32
        self._low = found.end_position
        position.file, position.offset = self._file, self._high + self._low
        self.committed_us, self.exact, self.idle = found.committed_us, True, False
        if not self.caught_up:
            self._look_for_end(position.file, position.offset)
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

    def _dispatch(self, event: Event, flags: int) -> None:
        handler = self._handlers.get(event.kind)
        if handler is None:
            if event.kind not in HARMLESS and not flags & IGNORABLE_FLAG:
                self._stats.unknown_events += 1
                self._trouble("unknown_event", f"event type {event.kind}")
            return
        try:
            handler(event)
        except DecodeError as error:
            self._trouble(error.reason, str(error))

    def _begin_connection(self) -> None:
        self._tables.forget_ids()
        self._checksum = False
        self._file = self.position.file
        self._low = self._high = 0
        self.caught_up = False
        self.idle = False
        self._begin_group(_NO_GROUP)

    def _begin_group(self, group: headers.Group) -> None:
        self._group = group
        self._open = group.opens_transaction
        self._effects = Effects()
        self._group_troubles: list[Trouble] = []

    def lag_us(self, now_us: int) -> int:
        """Age of the newest transaction, also of one that is still arriving; 0 when there is nothing to read."""
        if self.idle and self.caught_up:
            return 0
        if self._group.committed_us is not None:
            return max(0, now_us - self._group.committed_us)
        if self.committed_us is None:
            return 0
        # A time in whole seconds may mean any moment of that second: take the latest.
        return max(0, now_us - self.committed_us - (0 if self.exact else 1_000_000))

    def _end_group(self, event: Event, effects: Effects | None) -> None:
        """The group is complete: its effects (None: it has none) are the shop's history from now on."""
        at_us = self._group.committed_us or event.seconds * 1_000_000
        self.exact = self._group.committed_us is not None
        if effects:
            self.events += effects.events(at_us)
        self.troubles += self._group_troubles
        if self._group.source is not None and self.position.gtids is not None:
            self.position.gtids.add(self._group.source, self._group.number)
        if self._group.mariadb is not None:
            self.position.domains[self._group.mariadb.domain] = self._group.mariadb
        self.position.file, self.position.offset = self._file, self._offset
        self.committed_us = at_us
        self._stats.transactions += 1
        self._begin_group(_NO_GROUP)
        self._look_for_end(self._file, self._offset)

    @property
    def _offset(self) -> int:
        return self._high + self._low

    def _trouble(self, reason: str, detail: str) -> None:
        """Note it for the end of the group: before, a new anchor would lie in front of the same trouble."""
        self._group_troubles.append(Trouble(reason, f"{detail} at {self._file}:{self._offset}"))
        if self._group.committed_us is None and not self._open and self._group.mariadb is None:
            self.troubles += self._group_troubles
            self._group_troubles = []

    def _look_for_end(self, file: str, offset: int) -> None:
        if not self.caught_up and file:
            self.caught_up = (headers.file_number(file), offset) >= self._end

    def _on_gtid(self, event: Event) -> None:
        parse = headers.tagged_gtid_event if event.kind == Kind.GTID_TAGGED else headers.gtid_event
        self._open_group(parse(event.body))

    def _on_mariadb_gtid(self, event: Event) -> None:
        self._open_group(headers.mariadb_gtid_event(event))

    def _open_group(self, group: headers.Group) -> None:
        if self._effects:
            self._trouble("decode", "a transaction has no end")
        self.troubles += self._group_troubles
        self._begin_group(group)

    def _on_query(self, event: Event) -> None:
        body = event.body
        statement = parse_query(body, load=event.kind == Kind.EXECUTE_LOAD_QUERY)
        if event.kind == Kind.MARIADB_QUERY_COMPRESSED:
            statement = Statement(statement.schema, uncompress_mariadb(statement.text))
        meaning = self._statements.read(statement)
        match meaning:
            case Meaning.BEGIN | Meaning.XA_START:
                self._open = True
                return
            case Meaning.COMMIT:
                self._end_group(event, self._effects)
                return
            case Meaning.ROLLBACK:
                # Rolled back, yet in the binlog: tables without transactions were changed, too.
                if self._effects:
                    self._trouble("rollback", "a transaction was rolled back in part")
                self._end_group(event, None)
                return
            case Meaning.XA_COMMIT | Meaning.XA_ROLLBACK:
                self._end_group(event, self._settle(statement.text, commit=meaning is Meaning.XA_COMMIT))
                return
            case Meaning.NEW_LAYOUT:
                self._tables.forget_layouts()
            case Meaning.UNSEEN_CHANGE:
                self._tables.forget_layouts()
                text = statement.text[:80].decode("utf-8", "replace")
                self._trouble("statement", repr(text))
        if not self._open:
            self._end_group(event, None)

    def _settle(self, text: bytes, *, commit: bool) -> Effects | None:
        """The held effects of an XA transaction that ends now."""
        if self._effects:  # one phase: never prepared
            return self._effects if commit else None
        held = self._prepared.pop(xid_of(text), None)
        if held is None and commit:
            self._trouble("xa", "an XA transaction was committed that was prepared before we began to read")
        return held if commit else None

    def _on_xid(self, event: Event) -> None:
        self._end_group(event, self._effects)

    def _on_xa_prepare(self, event: Event) -> None:
        body = event.body
        one_phase = bool(piece(body, 0, 1)[0])
        format_id, branch, qualifier = (int.from_bytes(piece(body, at, 4), "little") for at in (1, 5, 9))
        # Trouble with its rows is also due when they are committed: an xid that is not held is trouble.
        if not one_phase and not self._group_troubles:
            xid = xid_from(format_id, piece(body, 13, branch), piece(body, 13 + branch, qualifier))
            self._prepared[xid] = self._effects
        self._end_group(event, self._effects if one_phase else None)

    def _on_table_map(self, event: Event) -> None:
        self._tables.map(int.from_bytes(piece(event.body, 0, 6), "little"), event.body[8:])

    def _on_rows(self, event: Event) -> None:
        self._stats.rows += self._tables.apply(event.kind, event.body, self._effects)

    def _on_payload(self, event: Event) -> None:
        try:
            for inner in payload_events(event.body):
                seconds, kind, server_id, size, _, flags = HEADER.unpack_from(inner)
                body = inner[HEADER.size : size]
                self._dispatch(Event(kind, seconds, server_id, event.end_position, body), flags)
        except DecodeError as error:
            # What can't be read now can't be read later: the position moves on, the tables are read anew.
            self._trouble("decode", str(error))
            self._end_group(event, None)

    def _on_rotate(self, event: Event) -> None:
        self._file, offset = headers.parse_rotate(event.body)
        self._high, self._low = divmod(offset, 1 << 32)
        self._high <<= 32
        if event.seconds:  # a real one; those at the start of a stream are made up
            self.position.file, self.position.offset = self._file, offset
        self._look_for_end(self._file, offset)

    def _on_heartbeat(self, event: Event) -> None:
        file, offset = headers.heartbeat_end(event, second_version=event.kind == Kind.HEARTBEAT_V2)
        self.idle = True
        if file == self._file:  # the header's 32 bits, where the first version carries no more
            offset = max(offset, self._offset)
        self._look_for_end(file, offset)

    def _on_incident(self, event: Event) -> None:
        self._trouble("incident", "the server says that events are missing from its binlog")
        if not self._open:  # behind its GTID it is a group of its own
            self._end_group(event, None)
