"""The records of one partition as the shop's changes: a transaction at a time, and never a silent gap. Pure.

The rows that a transaction has in this partition follow each other, since the connector writes in the binlog's order;
its effects are complete when a record of another one comes, or when the partition's end was reached (``flush``). A
transaction that is cut in two by that tells the same carts twice, which moves no timer.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from binlog_watcher.binlog.decoding.statement import Meaning, StatementReader
from binlog_watcher.binlog.decoding.statement import Statement as SqlStatement
from binlog_watcher.binlog.meaning.effects import Effects
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.core.events import CartChanged, CartKey, Change
from binlog_watcher.kafka import marks
from binlog_watcher.kafka.envelope import (
    Headers,
    Heartbeat,
    Op,
    Other,
    RowChange,
    Statement,
    has_moved,
    ordinary,
    parse,
)
from binlog_watcher.kafka.plain import CHANGES, PlainRows
from binlog_watcher.kafka.tables import Tables

if TYPE_CHECKING:
    from binlog_watcher.core.events import Event

_WRITTEN = frozenset({Op.CREATED, Op.UPDATED})
"""What a mark is written by; one that a snapshot reads tells nothing."""


class Place(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the watched tables that the records did not tell: the tables must be read for it.

    ``reason`` is one word, for counting; ``place``: of the first record of the kind.
    """

    reason: str
    detail: str
    place: Place


@dataclass(slots=True)
class Counts:
    """Records since the start: ``rows`` of watched tables, and ``troubles`` by reason, each of them."""

    records: int = 0
    rows: int = 0
    transactions: int = 0
    others: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)


class PartitionReader:
    """Takes records in the order of their offsets.

    ``events`` and ``troubles``: of what is complete; whoever has dealt with them clears them. Of troubles with the
    same reason the first is kept, and all are counted. ``committed_us``: the latest commit of which a record was
    taken; ``mark_us``: the commit of the newest mark; ``heartbeat_us``: see ``Heartbeat``.
    """

    def __init__(self, tables: Tables, statements: StatementReader, counts: Counts | None = None) -> None:
        self._tables = tables
        self._statements = statements
        self.counts = counts or Counts()
        self.events: list[Event] = []
        self.troubles: list[Trouble] = []
        self.committed_us: int | None = None
        self.mark_us: int | None = None
        self.heartbeat_us: int | None = None
        self._effects = Effects()
        self._plain: tuple[PlainRows, CartKey, Change] | None = None  # all that the transaction had so far
        self._transaction: str | None = None
        self._at_us = 0

    def take_plain(self, value: bytes | None, headers: Callable[[], Headers | None]) -> bool:
        """Take a record that is a plain row's change, the first of its transaction; False: not taken."""
        found = ordinary(value)
        if found is None:
            return False
        source, transaction = found.source, found.named
        if transaction is not None and transaction == self._transaction:
            return False
        try:
            layout = self._tables.layout(source.db, source.table)
        except DecodeError:
            return False
        if layout is None or (rows := layout.plain) is None or (key := rows.key_of(found)) is None:
            return False
        at_us = source.ts_us
        if found.op == "c":
            if has_moved(headers()):
                return False
            self._tables.compare_created(layout, found.after or {}, at_us)
        self._complete()
        self._plain = rows, key, CHANGES[found.op]
        self._transaction, self._at_us = transaction, at_us
        if self.committed_us is None or at_us > self.committed_us:
            self.committed_us = at_us
        counts = self.counts
        counts.records += 1
        counts.rows += 1
        return True

    def take(self, place: Place, value: bytes | None, headers: Headers | None = None) -> None:
        """Take one record. What can't be understood is noted in ``troubles``, and nothing raised."""
        self.counts.records += 1
        try:
            record = parse(value, headers)
            if isinstance(record, RowChange):
                self._row(record)
            elif isinstance(record, Statement):
                self._statement(record)
            elif isinstance(record, Heartbeat):
                self.heartbeat_us = max(self.heartbeat_us or 0, record.at_us)
            elif isinstance(record, Other):
                self.counts.others[record.value] += 1
        except DecodeError as error:
            self._trouble(error.reason, str(error), place)

    def flush(self) -> None:
        """No more records are there for now: what was taken is complete, as far as anybody knows."""
        self._complete()
        self._tables.compare_next()

    def _complete(self) -> None:
        if self._plain is not None:
            _, key, what = self._plain
            self.events.append(CartChanged(key, what, self._at_us))
            self.counts.transactions += 1
            self._plain = None
        elif self._effects:
            self.events += self._effects.events(self._at_us)
            self.counts.transactions += 1
            self._effects = Effects()
        self._transaction = None

    def _row(self, change: RowChange) -> None:
        if change.transaction is None or change.transaction != self._transaction:
            self._complete()
            self._transaction = change.transaction
        elif self._plain is not None:
            rows, key, what = self._plain
            rows.add(self._effects, key, what)
            self._plain = None
        self._at_us = change.committed_us
        if self.committed_us is None or change.committed_us > self.committed_us:
            self.committed_us = change.committed_us
        if self._tables.apply(change, self._effects):
            self.counts.rows += 1
        elif change.op in _WRITTEN and self._tables.are(marks.TABLE, change):
            self.mark_us = max(self.mark_us or 0, change.committed_us)

    def _statement(self, statement: Statement) -> None:
        if statement.snapshot:  # what the tables look like at the start: their rows come, too
            return
        self._complete()
        text = statement.text.encode("utf-8", "replace")
        meaning = self._statements.read(SqlStatement(statement.schema, text))
        if meaning in {Meaning.NEW_LAYOUT, Meaning.UNSEEN_CHANGE}:
            self._tables.forget_layouts()
        if meaning is Meaning.UNSEEN_CHANGE:
            raise _UnseenStatementError(repr(statement.text[:80]))

    def _trouble(self, reason: str, detail: str, place: Place) -> None:
        self.counts.troubles[reason] += 1
        if all(known.reason != reason for known in self.troubles):
            self.troubles.append(Trouble(reason, detail, place))


class _UnseenStatementError(DecodeError):
    """A statement that changes rows unseen."""

    reason = "statement"
