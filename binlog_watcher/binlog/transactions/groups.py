"""Groups: what events mean for the transaction that they belong to.

A *group* is what GTIDs count: a transaction, a DDL statement, an XA PREPARE or its end. The position moves at a
group's end only, so that a broken connection drops a half-read group and gets all of it again. Rows of an XA
transaction come with its PREPARE, and wait for the COMMIT of the same xid.
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
from binlog_watcher.binlog.protocol.wire import (
    HARMLESS,
    HEADER,
    IGNORABLE_FLAG,
    DecodeError,
    Event,
    Kind,
    piece,
)
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.reached import Reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from binlog_watcher.core.events import Event as ShopEvent

NO_GROUP = headers.Group(None, 0, None)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the watched tables that the rows did not tell, at a ``place`` of the binlog.

    ``reason`` is one word, for counting.
    """

    reason: str
    detail: str
    place: str


class Groups:
    """Takes events without checksums; ``events`` and ``troubles`` are those of whole groups.

    ``head``: how the group in hand began, NO_GROUP between groups; ``opened``: it is a transaction whose end is
    still to come; ``effects``: of its rows so far.
    """

    def __init__(self, tables: Tables, statements: StatementReader, stats: Stats, reached: Reached) -> None:
        self._tables = tables
        self._statements = statements
        self._stats = stats
        self._reached = reached
        self._prepared: dict[bytes, Effects] = {}
        self.events: list[ShopEvent] = []
        self.troubles: list[Trouble] = []
        self._handlers: dict[int, Callable[[Event], None]] = {
            Kind.QUERY: self._on_query,
            Kind.EXECUTE_LOAD_QUERY: self._on_query,
            Kind.MARIADB_QUERY_COMPRESSED: self._on_query,
            Kind.ROTATE: self._on_rotate,
            Kind.XID: self._on_xid,
            Kind.XA_PREPARE: self._on_xa_prepare,
            Kind.GTID: self._on_gtid,
            Kind.ANONYMOUS_GTID: self._on_gtid,
            Kind.GTID_TAGGED: self._on_tagged_gtid,
            Kind.MARIADB_GTID: self._on_mariadb_gtid,
            Kind.TRANSACTION_PAYLOAD: self._on_payload,
            Kind.HEARTBEAT: self._on_heartbeat,
            Kind.HEARTBEAT_V2: self._on_heartbeat,
            Kind.INCIDENT: self._on_incident,
            Kind.TABLE_MAP: self._on_table_map,
            **dict.fromkeys(ROW_KINDS, self._on_rows),
        }
        self.begin(NO_GROUP)

    def begin(self, head: headers.Group) -> None:
        """A group begins; what was in hand is dropped."""
        self.head = head
        self.opened = head.opens_transaction
        self.effects = Effects()
        self._group_troubles: list[Trouble] = []

    def take(self, event: Event, flags: int) -> None:
        """Take one event. What it means for us is noted in ``troubles``, and nothing raised."""
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

    def _end(self, event: Event, effects: Effects | None) -> None:
        """The group is complete: its effects (None: it has none) are the shop's history from now on."""
        reached = self._reached
        at_us = self.head.committed_us or event.seconds * 1_000_000
        if effects:
            self.events += effects.events(at_us)
        self.troubles += self._group_troubles
        reached.end_group(self.head, at_us)
        self._stats.transactions += 1
        self.begin(NO_GROUP)
        if not reached.caught_up:
            reached.look_for_end(reached.file, reached.offset)

    def _trouble(self, reason: str, detail: str) -> None:
        """Note it for the end of the group: before, a new anchor would lie in front of the same trouble."""
        self._group_troubles.append(Trouble(reason, detail, f"{self._reached.file}:{self._reached.offset}"))
        if self.head.committed_us is None and not self.opened and self.head.mariadb is None:
            self.troubles += self._group_troubles
            self._group_troubles = []

    def _on_gtid(self, event: Event) -> None:
        self._open(headers.gtid_event(event.body))

    def _on_tagged_gtid(self, event: Event) -> None:
        self._open(headers.tagged_gtid_event(event.body))

    def _on_mariadb_gtid(self, event: Event) -> None:
        self._open(headers.mariadb_gtid_event(event))

    def _open(self, head: headers.Group) -> None:
        if self.effects:
            self._trouble("decode", "a transaction has no end")
        self.troubles += self._group_troubles
        self.begin(head)

    def _on_query(self, event: Event) -> None:
        body = event.body
        statement = parse_query(body, load=event.kind == Kind.EXECUTE_LOAD_QUERY)
        if event.kind == Kind.MARIADB_QUERY_COMPRESSED:
            statement = Statement(statement.schema, uncompress_mariadb(statement.text))
        meaning = self._statements.read(statement)
        match meaning:
            case Meaning.BEGIN | Meaning.XA_START:
                self.opened = True
                return
            case Meaning.COMMIT:
                self._end(event, self.effects)
                return
            case Meaning.ROLLBACK:
                # Rolled back, yet in the binlog: tables without transactions were changed, too.
                if self.effects:
                    self._trouble("rollback", "a transaction was rolled back in part")
                self._end(event, None)
                return
            case Meaning.XA_COMMIT | Meaning.XA_ROLLBACK:
                self._end(event, self._settle(statement.text, commit=meaning is Meaning.XA_COMMIT))
                return
            case Meaning.NEW_LAYOUT:
                self._tables.forget_layouts()
            case Meaning.UNSEEN_CHANGE:
                self._tables.forget_layouts()
                text = statement.text[:80].decode("utf-8", "replace")
                self._trouble("statement", repr(text))
        if not self.opened:
            self._end(event, None)

    def _settle(self, text: bytes, *, commit: bool) -> Effects | None:
        """The held effects of an XA transaction that ends now."""
        if self.effects:  # one phase: never prepared
            return self.effects if commit else None
        held = self._prepared.pop(xid_of(text), None)
        if held is None and commit:
            self._trouble("xa", "an XA transaction was committed that was prepared before we began to read")
        return held if commit else None

    def _on_xid(self, event: Event) -> None:
        self._end(event, self.effects)

    def _on_xa_prepare(self, event: Event) -> None:
        body = event.body
        one_phase = bool(piece(body, 0, 1)[0])
        format_id, branch, qualifier = (int.from_bytes(piece(body, at, 4), "little") for at in (1, 5, 9))
        # Trouble with its rows is also due when they are committed: an xid that is not held is trouble.
        if not one_phase and not self._group_troubles:
            xid = xid_from(format_id, piece(body, 13, branch), piece(body, 13 + branch, qualifier))
            self._prepared[xid] = self.effects
        self._end(event, self.effects if one_phase else None)

    def _on_table_map(self, event: Event) -> None:
        self._tables.map(int.from_bytes(piece(event.body, 0, 6), "little"), event.body[8:])

    def _on_rows(self, event: Event) -> None:
        self._stats.rows += self._tables.apply(event.kind, event.body, self.effects)

    def _on_payload(self, event: Event) -> None:
        try:
            for inner in payload_events(event.body):
                seconds, kind, server_id, size, _, flags = HEADER.unpack_from(inner)
                body = inner[HEADER.size : size]
                self.take(Event(kind, seconds, server_id, event.end_position, body), flags)
        except DecodeError as error:
            # What can't be read now can't be read later: the position moves on, the tables are read anew.
            self._trouble("decode", str(error))
            self._end(event, None)

    def _on_rotate(self, event: Event) -> None:
        reached = self._reached
        file, offset = headers.parse_rotate(event.body)
        reached.rotate(file, offset)
        if event.seconds:  # a real one; those at the start of a stream are made up
            reached.position.file, reached.position.offset = file, offset
        reached.look_for_end(file, offset)

    def _on_heartbeat(self, event: Event) -> None:
        reached = self._reached
        file, offset = headers.heartbeat_end(event, second_version=event.kind == Kind.HEARTBEAT_V2)
        reached.idle = True
        if file == reached.file:  # the header's 32 bits, where the first version carries no more
            offset = max(offset, reached.offset)
        reached.look_for_end(file, offset)

    def _on_incident(self, event: Event) -> None:
        self._trouble("incident", "the server says that events are missing from its binlog")
        if not self.opened:  # behind its GTID it is a group of its own
            self._end(event, None)
