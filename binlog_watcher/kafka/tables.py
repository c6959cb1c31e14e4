"""What the changed rows of the watched tables do to their keys; pure.

The same as ``binlog/meaning/layout.py`` for rows that come as JSON: the roles, their filters, what counts and whose
a row is are those of ``binlog/meaning``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from binlog_watcher.binlog.decoding.row_image import Row
from binlog_watcher.binlog.decoding.values import ABSENT, Value
from binlog_watcher.binlog.meaning.cascades import Parent, TableName
from binlog_watcher.binlog.meaning.created_at import CreatedAtCheck
from binlog_watcher.binlog.meaning.document_rows import DocumentRows
from binlog_watcher.binlog.meaning.effects import Effects, Watched
from binlog_watcher.binlog.meaning.row_keys import RowKeys
from binlog_watcher.binlog.protocol.wire import DecodeError, UnseenChangeError
from binlog_watcher.kafka.columns import Column, can_be_a_key, document, held, key_reader, moment, state
from binlog_watcher.kafka.envelope import Image, Op, RowChange
from binlog_watcher.kafka.plain import PlainRows, plain_rows

Describe = Callable[[str, str], Collection[Column]]
"""The columns of a table (schema, name), as the dictionary has them now; none of a table that is not there."""

_NO_PARENT = Parent()


class Part(NamedTuple):
    """One role of a watched table. ``row_of``: key, id and states of an image, and last the document.

    ``counted``: the columns of which an update must have changed one to count (none: any does).
    """

    watched: Watched
    row_of: Callable[[Image], Row]
    counted: tuple[str, ...]
    documents: DocumentRows | None

    def apply(self, change: RowChange, effects: Effects, keys: RowKeys) -> None:
        """Note what the change of a row does."""
        if change.op is Op.UPDATED:
            self._update(change.before or {}, change.after or {}, effects, keys)
        elif change.op is Op.DELETED:
            rows = [self.row_of(change.before or {})]
            if self.documents is None:
                keys.deleted(self.watched, rows, effects)
            else:
                self.documents.deleted(rows, effects)
        else:
            self._insert(self.row_of(change.after or {}), effects, keys, moved=change.moved)

    def _update(self, before: Image, after: Image, effects: Effects, keys: RowKeys) -> None:
        if self.counted and not _changed(before, after, self.counted):
            return
        pairs = [(self.row_of(before), self.row_of(after))]
        if self.documents is None:
            keys.updated(self.watched, pairs, effects)
        else:
            self.documents.updated(pairs, effects)

    def _insert(self, row: Row, effects: Effects, keys: RowKeys, *, moved: bool) -> None:
        if self.documents is not None:
            self.documents.inserted([row], effects)
        elif moved:  # what it was before is told in the old key's partition
            keys.updated(self.watched, [(row, row)], effects)
        else:
            keys.inserted(self.watched, [row], effects)


class Layout(NamedTuple):
    """What is read of a table. ``parent``: see ``cascades``; ``created``: when its rows were written, if they say.

    ``plain``: of a table whose rows are told with less work.
    """

    name: str
    parts: tuple[Part, ...]
    parent: Parent
    referenced: tuple[str, ...]
    created: tuple[Watched, Column] | None
    plain: PlainRows | None


class Tables:
    """The watched tables of ``schema``. For ``parents``, ``keys`` and ``clock`` see ``binlog.meaning.tables.Tables``.

    ``fold_case``: the server compares table names without case.
    """

    def __init__(
        self,
        schema: str,
        watched: Mapping[str, tuple[Watched, ...]],
        describe: Describe,
        keys: RowKeys,
        *,
        parents: Callable[[], Mapping[TableName, Parent]] = dict,
        created_at: CreatedAtCheck | None = None,
        fold_case: bool = False,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._fold = str.casefold if fold_case else str
        self._schema = self._fold(schema)
        self._watched = {self._fold(name): roles for name, roles in watched.items()}
        self._describe = describe
        self._keys = keys
        self._ask_for_parents = parents
        self._parents: dict[TableName, Parent] | None = None
        self._created_at = created_at or CreatedAtCheck(None)
        self._compares = True
        self._clock = clock
        self._layouts: dict[tuple[str, str], Layout | None] = {}

    def forget_layouts(self) -> None:
        """A watched table was altered: the dictionary must be asked again."""
        self._layouts.clear()
        self._parents = None

    def forget_documents(self) -> None:
        """What was seen last may be told once more: a partition is read again from an earlier record."""
        for layout in self._layouts.values():
            for part in layout.parts if layout is not None else ():
                if part.documents is not None:
                    part.documents.forget()

    def apply(self, change: RowChange, effects: Effects) -> bool:
        """Note what a row's change does; whether anybody watches the table. Raises DecodeError.

        UnseenChangeError only behind the effects of what the row does tell.
        """
        layout = self.layout(change.schema, change.table)
        if layout is None:
            return False
        if change.op is Op.READ:
            raise UnseenChangeError(
                "snapshot", f"a snapshot of {layout.name}: when its rows were changed is not told"
            )
        if change.op is Op.TRUNCATED:
            raise UnseenChangeError("statement", f"TRUNCATE {layout.name}")
        for part in layout.parts:
            part.apply(change, effects, self._keys)
        if change.op is Op.CREATED and not change.moved:
            self.compare_created(layout, change.after or {}, change.committed_us)
        if _acts_elsewhere(layout, change):
            raise UnseenChangeError("cascade", f"a foreign key's action on rows that refer to {layout.name}")
        return True

    def layout(self, schema: str, table: str) -> Layout | None:
        """What is read of a table; None of one that nobody watches. Raises DecodeError."""
        try:
            return self._layouts[schema, table]
        except KeyError:
            found = self._layouts[schema, table] = self._layout(schema, table)
            return found

    def are(self, name: str, change: RowChange) -> bool:
        """Whether a row is one of the table ``name`` of the shop's schema."""
        return self._fold(change.schema) == self._schema and self._fold(change.table) == self._fold(name)

    def compare_next(self) -> None:
        """Hold the next new row's own time against that of its commit, and then none until this is called again."""
        self._compares = True

    def compare_created(self, layout: Layout, image: Image, committed_us: int) -> None:
        """A row was written: hold its time against that of its commit, now and then."""
        if self._compares and layout.created is not None:
            watched, column = layout.created
            if (value := held(image, column.name)) is not ABSENT:
                self._created_at.hold(watched, moment(column, value), committed_us)
                self._compares = False

    def _layout(self, schema: str, table: str) -> Layout | None:
        place = (self._fold(schema), self._fold(table))
        roles = self._watched.get(place[1], ()) if place[0] == self._schema else ()
        parent = self._known_parents().get(place, _NO_PARENT)
        if not roles and parent == _NO_PARENT:
            return None
        name = f"{schema}.{table}"
        columns = {column.name.casefold(): column for column in self._describe(schema, table)}
        parts = tuple(_part(name, columns, watched, self._clock) for watched in roles)
        referenced = tuple(columns[one].name for one in sorted(parent.updates) if one in columns)
        plain = None
        if parts:
            key = columns[roles[0].key_column.casefold()]
            plain = plain_rows(roles, key, parts[0].counted, referenced=parent != _NO_PARENT)
        return Layout(name, parts, parent, referenced, _created(columns, roles), plain)

    def _known_parents(self) -> Mapping[TableName, Parent]:
        if self._parents is None:
            found = self._ask_for_parents()
            self._parents = {(self._fold(at[0]), self._fold(at[1])): parent for at, parent in found.items()}
        return self._parents


def _part(
    name: str, columns: Mapping[str, Column], watched: Watched, clock: Callable[[], int] | None
) -> Part:
    def column(wanted: str) -> Column:
        try:
            return columns[wanted.casefold()]
        except KeyError:
            raise DecodeError(f"table {name} has no column {wanted}") from None

    key = column(watched.key_column)
    row_id = columns.get((watched.id_column or "").casefold())
    states = tuple(column(one) for one in watched.asked.columns)
    if row_id is not None and (row_id == key or row_id in states or not can_be_a_key(row_id)):
        row_id = None
    if watched.document is None:
        counted = _counted(columns, watched, key, states, column)
        return Part(watched, _reader(key, row_id, states), counted, None)
    held_in = column(watched.document.column)
    documents = DocumentRows(watched, watched.document, clock=clock)
    return Part(watched, _reader(key, row_id, states, held_in), (), documents)


def _reader(
    key: Column, row_id: Column | None, states: tuple[Column, ...], held_in: Column | None = None
) -> Callable[[Image], Row]:
    """Reads an image's key, id (ABSENT: rows have none) and states, and the document."""
    key_name, read_key = key.name, key_reader(key)
    id_name, read_id = ("", None) if row_id is None else (row_id.name, key_reader(row_id))

    def read(image: Image) -> Row:
        key_held = held(image, key_name)
        if key_held is ABSENT:
            raise DecodeError(
                f"the row's image does not hold the key {key_name}: does the connector leave the column out, or is "
                "binlog_row_image not FULL?"
            )
        row: list[Value] = [
            read_key(key_held),
            ABSENT if read_id is None else read_id(held(image, id_name)),
        ]
        row += [state(one, held(image, one.name)) for one in states]
        if held_in is not None:
            row.append(document(held_in, held(image, held_in.name)))
        return tuple(row)

    return read


def _counted(
    columns: Mapping[str, Column],
    watched: Watched,
    key: Column,
    states: Iterable[Column],
    column: Callable[[str], Column],
) -> tuple[str, ...]:
    """The columns that count, and those that tell whose the row is and whether it is one."""
    if not (watched.counts or watched.ignore):
        return ()
    ignored = {name.casefold() for name in watched.ignore}
    counted = [column(name) for name in watched.counts] or [
        one for name, one in columns.items() if name not in ignored
    ]
    return tuple(dict.fromkeys(one.name for one in (*counted, key, *states)))


def _created(columns: Mapping[str, Column], roles: Iterable[Watched]) -> tuple[Watched, Column] | None:
    for watched in roles:
        found = columns.get((watched.created_column or "").casefold())
        if found is not None:
            return watched, found
    return None


def _changed(before: Image, after: Image, columns: Iterable[str]) -> bool:
    """An image that leaves a column out tells that it is as before."""
    for name in columns:
        new = held(after, name)
        if new is not ABSENT and new != held(before, name):
            return True
    return False


def _acts_elsewhere(layout: Layout, change: RowChange) -> bool:
    if change.op is Op.DELETED:
        return layout.parent.deletes
    if change.op is not Op.UPDATED or not layout.parent.updates:
        return False
    return _changed(change.before or {}, change.after or {}, layout.referenced)
