"""How to read the rows of one table, and what they do."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from binlog_watcher.binlog.decoding.collations import BINARY
from binlog_watcher.binlog.decoding.row_image import Row
from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.sieve import Sieve
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import ABSENT, INTEGERS, STRINGS, TIMES
from binlog_watcher.binlog.meaning.action import Action
from binlog_watcher.binlog.meaning.asked import fails
from binlog_watcher.binlog.meaning.cascades import Parent
from binlog_watcher.binlog.meaning.created_at import CreatedColumn
from binlog_watcher.binlog.meaning.document_rows import DocumentRows
from binlog_watcher.binlog.meaning.effects import Effects, Role, Watched
from binlog_watcher.binlog.meaning.row_keys import RowKeys
from binlog_watcher.binlog.protocol.wire import DecodeError, UnseenChangeError
from binlog_watcher.shop.charsets import codec_of
from binlog_watcher.shop.moments import Format, format_of

_NO_PARENT = Parent()
_NOWHERE = -1
"""The index of a column that no row holds."""


class Part(NamedTuple):
    """One role of a watched table. ``plan``: decodes key, id and state of its rows for it, and last the document.

    ``content``: reads what an update must have changed to count (None: any does). ``documents``: knows rows that hold
    a whole cart.
    """

    watched: Watched
    plan: RowPlan
    content: RowPlan | None
    documents: DocumentRows | None = None

    def apply(
        self, action: Action, body: bytes, at: int, effects: Effects, keys: RowKeys, *, partial: bool
    ) -> int:
        """Note what the rows do; returns their number."""
        if self.documents is not None:
            if action is Action.UPDATE:
                return self.documents.updated(self.plan.pairs(body, at, partial=partial), effects)
            tell = self.documents.inserted if action is Action.WRITE else self.documents.deleted
            return tell(self.plan.single(body, at), effects)
        if action is Action.UPDATE:
            count, pairs = self.pairs(body, at, partial=partial)
            keys.updated(self.watched, pairs, effects)
            return count
        note = keys.inserted if action is Action.WRITE else keys.deleted
        found = list(self.plan.single(body, at))
        note(self.watched, found, effects)
        return len(found)

    def pairs(self, body: bytes, at: int, *, partial: bool) -> tuple[int, list[tuple[Row, Row]]]:
        """How many rows an UPDATE event has, and (before, after) of those that count."""
        pairs = list(self.plan.pairs(body, at, partial=partial))
        if self.content is None:
            return len(pairs), pairs
        contents = self.content.pairs(body, at, partial=partial)
        return len(pairs), [pair for pair, content in zip(pairs, contents, strict=True) if _changed(*content)]


@dataclass(frozen=True, slots=True)
class Layout:
    """``parts``: each role of a watched table, with what reads its rows for it.

    ``parent``: what a change of its rows does to watched tables unseen; ``referenced`` decodes the columns that
    others refer to. ``created`` decodes when a row was written. ``lone``: decodes the rows of a table that holds
    the rows of carts and nothing else. ``sieve``: tells which rows a filter leaves out that nothing is to be known of.
    """

    name: str
    parts: tuple[Part, ...]
    parent: Parent
    referenced: RowPlan
    created: CreatedColumn | None
    lone: RowPlan | None
    sieve: Sieve | None

    def apply(
        self, action: Action, body: bytes, at: int, effects: Effects, keys: RowKeys, *, partial: bool
    ) -> int:
        """Decode the rows, whose columns' bitmaps begin behind ``at``; returns their number.

        Raises DecodeError; UnseenChangeError only behind the effects of what the rows do tell.
        """
        count = 0
        for part in self.parts:
            count = part.apply(action, body, at, effects, keys, partial=partial)
        if self._acts_elsewhere(action, body, at, partial=partial):
            raise UnseenChangeError("cascade", f"a foreign key's action on rows that refer to {self.name}")
        return count

    def forget_documents(self) -> None:
        """See ``DocumentRows.forget``."""
        for part in self.parts:
            if part.documents is not None:
                part.documents.forget()

    def _acts_elsewhere(self, action: Action, body: bytes, at: int, *, partial: bool) -> bool:
        if action is Action.DELETE:
            return self.parent.deletes
        if action is Action.WRITE or not self.parent.updates:
            return False
        return any(_changed(*pair) for pair in self.referenced.pairs(body, at, partial=partial))


def layout_of(
    name: str,
    columns: tuple[Column, ...],
    roles: tuple[Watched, ...],
    parent: Parent,
    clock: Callable[[], int] | None = None,
) -> Layout:
    """The layout of a table that is watched, or a parent. Raises DecodeError when a column is missing.

    ``clock``: bounds the time that one document may take.
    """
    names = {column.name.casefold(): at for at, column in enumerate(columns) if column.name is not None}
    referenced = RowPlan(
        columns, tuple(names[column] for column in sorted(parent.updates) if column in names)
    )
    parts = tuple(_part(name, columns, names, watched, clock) for watched in roles)
    created = next((_created(name, columns, names, role) for role in roles if role.created_column), None)
    alone = parts[0].plan if len(parts) == 1 and roles[0].role is Role.CART else None
    sieve = _sieve(columns, names, roles[0]) if len(roles) == 1 and parent == _NO_PARENT else None
    return Layout(name, parts, parent, referenced, created, alone, sieve)


def _created_types(held_as: Format | None) -> Collection[int]:
    """Types from which a moment is read. A day alone says too little to tell whether the zone is right."""
    if held_as is None:
        return TIMES
    if held_as is Format.DAY:
        return ()
    return INTEGERS if held_as in {Format.UNIX, Format.UNIX_MS} else STRINGS


def _sieve(columns: tuple[Column, ...], names: dict[str, int], watched: Watched) -> Sieve | None:
    """None without a filter, and for orders, which are remembered though they are none (``row_keys``)."""
    if not watched.only or watched.role in {Role.ORDERS, Role.CUSTOMERS}:
        return None
    asked = {condition.column.casefold() for condition in watched.only}
    return Sieve(columns, {names[column]: fails(column, watched.only) for column in asked})


def _created(
    name: str, columns: tuple[Column, ...], names: dict[str, int], watched: Watched
) -> CreatedColumn | None:
    """Decodes when a row was written, with what tells whether it is meant."""
    created_at = names.get((watched.created_column or "").casefold())
    states_at = _states_at(name, names, watched)
    held_as = format_of(watched.created_column or "")
    if (
        created_at is None
        or created_at in states_at
        or columns[created_at].type not in _created_types(held_as)
    ):
        return None
    states_at = _states_at(name, names, watched)
    plan = RowPlan(columns, (created_at, *states_at), frozenset(states_at))
    return CreatedColumn(plan, watched)


def _plan(name: str, columns: tuple[Column, ...], names: dict[str, int], watched: Watched) -> RowPlan:
    """Decodes key and id of the rows, and the columns that the preset asks about."""
    key_at = names.get(watched.key_column.casefold())
    if key_at is None:
        raise DecodeError(f"table {name} has no column {watched.key_column}")
    id_at = names.get((watched.id_column or "").casefold(), _NOWHERE)
    if id_at == key_at or not _can_be_an_id(columns[id_at]):
        id_at = _NOWHERE
    states_at = _states_at(name, names, watched)
    if id_at in states_at:
        id_at = _NOWHERE
    return RowPlan(columns, (key_at, id_at, *states_at), frozenset(states_at))


def _part(
    name: str,
    columns: tuple[Column, ...],
    names: dict[str, int],
    watched: Watched,
    clock: Callable[[], int] | None,
) -> Part:
    plan = _plan(name, columns, names, watched)
    if watched.document is None:
        return Part(watched, plan, _content(name, columns, names, watched))
    at = names.get(watched.document.column.casefold())
    if at is None:
        raise DecodeError(f"table {name} has no column {watched.document.column}")
    rows = RowPlan(columns, (*plan.wanted, at), plan.states, raw=frozenset({at}))
    documents = DocumentRows(watched, watched.document, _codec_of(columns[at]), clock)
    return Part(watched, rows, None, documents)


def _codec_of(column: Column) -> str | None:
    """What decodes the column's text; None: its bytes are as they were written."""
    if column.charset in (None, BINARY):
        return None
    codec = codec_of(column.charset)
    if codec is None:
        raise DecodeError(f"a document is text in {column.charset}, which can't be read")
    return None if codec == "utf_8" else codec


def _content(
    name: str, columns: tuple[Column, ...], names: dict[str, int], watched: Watched
) -> RowPlan | None:
    """Reads the columns that count, and those that tell whose the row is and whether it is one."""
    if not (watched.counts or watched.ignore):
        return None
    counted = [column.casefold() for column in watched.counts] or list(names.keys() - _folded(watched.ignore))
    missing = [column for column in counted if column not in names]
    if missing:
        raise DecodeError(f"table {name} has no column {missing[0]}")
    wanted = {names[column] for column in counted} | {names[watched.key_column.casefold()]}
    wanted |= set(_states_at(name, names, watched))
    return RowPlan(columns, tuple(sorted(wanted)), raw=frozenset(wanted))


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _states_at(name: str, names: dict[str, int], watched: Watched) -> tuple[int, ...]:
    missing = [column for column in watched.asked.columns if column not in names]
    if missing:
        raise DecodeError(f"table {name} has no column {missing[0]}")
    return tuple(names[column] for column in watched.asked.columns)


def _can_be_an_id(column: Column) -> bool:
    if column.type in INTEGERS:
        return column.unsigned is not None
    return column.type in STRINGS and column.charset is not None


def _changed(before: Row, after: Row) -> bool:
    """MINIMAL images hold, after the change, only what was changed."""
    return any(new is not ABSENT and old != new for old, new in zip(before, after, strict=True))
