"""Table ids, and what the rows of the watched tables do to their keys."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.collations import BINARY
from binlog_watcher.binlog.decoding.table_map import Column, TableMap, parse_table_map, table_name
from binlog_watcher.binlog.decoding.values import ABSENT, INTEGERS, Absent
from binlog_watcher.binlog.meaning.action import Action
from binlog_watcher.binlog.meaning.cascades import Parent, TableName
from binlog_watcher.binlog.meaning.created_at import CreatedAtCheck
from binlog_watcher.binlog.meaning.effects import NOBODY, Effects, Role, Watched, known
from binlog_watcher.binlog.meaning.layout import Layout, layout_of
from binlog_watcher.binlog.meaning.row_keys import RowKeys, nothing_found
from binlog_watcher.binlog.protocol.payload import uncompress_mariadb
from binlog_watcher.binlog.protocol.wire import DecodeError, Kind, lenenc, piece
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.events import CartKey

Describe = Callable[[TableMap], tuple[Column, ...]]
"""Fills in the names and signs that the binlog lacks, from the server's dictionary. May raise DecodeError."""

Parents = Callable[[], Mapping[TableName, Parent]]
"""The tables whose changed rows change those of watched tables unseen."""

_POST_HEADER = 8  # table id, flags
_UPDATE_ROWS = int(Kind.UPDATE_ROWS)
_KEY_AND_ID = 2
"""Values of a row of which nothing is asked."""

_LONE = _POST_HEADER + 2  # behind the length of extra data, if there are none
_MAX_LAYOUTS = 10_000
_UUID_SIZE = 16
_NO_PARENT = Parent()
_DUMMY_TABLE_ID = 0x00FFFFFF
"""MySQL ends a statement that touched no row with a rows event of this id."""


@dataclass(frozen=True, slots=True)
class _Shape:
    action: Action
    second_version: bool = True
    partial: bool = False
    compressed: bool = False


_SHAPES: dict[int, _Shape] = {
    Kind.WRITE_ROWS_V1: _Shape(Action.WRITE, second_version=False),
    Kind.UPDATE_ROWS_V1: _Shape(Action.UPDATE, second_version=False),
    Kind.DELETE_ROWS_V1: _Shape(Action.DELETE, second_version=False),
    Kind.WRITE_ROWS: _Shape(Action.WRITE),
    Kind.UPDATE_ROWS: _Shape(Action.UPDATE),
    Kind.DELETE_ROWS: _Shape(Action.DELETE),
    Kind.PARTIAL_UPDATE_ROWS: _Shape(Action.UPDATE, partial=True),
    Kind.MARIADB_WRITE_ROWS_COMPRESSED_V1: _Shape(Action.WRITE, second_version=False, compressed=True),
    Kind.MARIADB_UPDATE_ROWS_COMPRESSED_V1: _Shape(Action.UPDATE, second_version=False, compressed=True),
    Kind.MARIADB_DELETE_ROWS_COMPRESSED_V1: _Shape(Action.DELETE, second_version=False, compressed=True),
    Kind.MARIADB_WRITE_ROWS_COMPRESSED: _Shape(Action.WRITE, compressed=True),
    Kind.MARIADB_UPDATE_ROWS_COMPRESSED: _Shape(Action.UPDATE, compressed=True),
    Kind.MARIADB_DELETE_ROWS_COMPRESSED: _Shape(Action.DELETE, compressed=True),
}
ROW_KINDS = frozenset(int(kind) for kind in _SHAPES)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server's binlog does not say of it.

    ``fold_case``: it compares table names without case (``lower_case_table_names`` is not 0). ``mariadb``: it has a
    type UUID.
    """

    fold_case: bool = False
    mariadb: bool = False


MYSQL = Dialect()


class Tables:
    """What the table ids of the stream stand for.

    ``dialect``: what else is to be known of the server. ``ids``: how to read the rows of each table id, None where
    nobody watches; ``maps``: the table map that said so. ``parents`` is asked once a server, and again when a watched
    table was altered. ``clock``: in nanoseconds, bounds the time that one document may take.
    """

    def __init__(
        self,
        schema: str,
        watched: Mapping[str, tuple[Watched, ...]],
        describe: Describe,
        *,
        parents: Parents = dict,
        keys: RowKeys | None = None,
        created_at: CreatedAtCheck | None = None,
        dialect: Dialect = MYSQL,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._fold = str.casefold if dialect.fold_case else str
        self._schema = self._fold(schema)
        self._mariadb = dialect.mariadb
        self._watched = {self._fold(name): roles for name, roles in watched.items()}
        cart = [role for roles in watched.values() for role in roles if role.role is Role.CART]
        self._nobody = cart[0].nobody if cart else NOBODY
        self._describe = describe
        self._clock = clock
        self._ask_for_parents = parents
        self._parents: dict[TableName, Parent] | None = None
        self._keys = RowKeys(nothing_found, Stats()) if keys is None else keys  # it may be empty, and false
        self._created_at = created_at or CreatedAtCheck(None)
        self._layouts: dict[bytes, Layout | None] = {}
        self._unreadable: dict[bytes, str] = {}
        self.ids: dict[int, Layout | None] = {}
        self.maps: dict[int, bytes | bytearray] = {}
        self.forget_ids()

    def forget_ids(self) -> None:
        """A new connection: a server that was restarted gives the ids to other tables."""
        self.ids = {_DUMMY_TABLE_ID: None}
        self.maps = {}
        self._unreadable.clear()
        for layout in self._layouts.values():
            if layout is not None:
                layout.forget_documents()

    def forget_layouts(self) -> None:
        """A watched table was altered: the dictionary must be asked again."""
        self._layouts.clear()
        self._unreadable.clear()
        self.maps.clear()
        self._parents = None

    def map_known(self, table_id: int, payload: bytes) -> bool:
        """``map`` for a table that was seen before, which nearly all were; False if it was not."""
        try:
            self.ids[table_id] = self._layouts[payload]
        except KeyError:
            return False
        self.maps[table_id] = payload
        return True

    def map(self, table_id: int, payload: bytes) -> None:
        """Take note of a TABLE_MAP (``payload``: behind id and flags).

        Raises DecodeError; the table's rows then do, too, until the next table map.
        """
        if self.map_known(table_id, payload):
            return
        self.ids.pop(table_id, None)
        self.maps.pop(table_id, None)
        if payload in self._unreadable:
            raise DecodeError(self._unreadable[payload])
        if len(self._layouts) >= _MAX_LAYOUTS:  # a server that creates tables all day
            self._layouts.clear()
        try:
            self.ids[table_id] = self._layouts[payload] = self._layout(payload)
        except DecodeError as error:
            self._unreadable[payload] = str(error)  # the dictionary is not asked about each row
            raise
        self.maps[table_id] = payload

    def watches(self, table_id: int) -> bool:
        """Whether rows of the table id must be decoded; also when no table map told what it is."""
        return self.ids.get(table_id, self) is not None

    def apply(self, kind: int, body: bytes, effects: Effects) -> int:
        """Decode a rows event into ``effects``; returns the number of rows. Raises DecodeError."""
        shape = _SHAPES[kind]
        table_id = int.from_bytes(body[:6], "little")
        if table_id not in self.ids:
            raise DecodeError(f"rows of table id {table_id}, which no table map explained")
        layout = self.ids[table_id]
        if layout is None:
            return 0
        at = _POST_HEADER
        if shape.second_version:
            at += int.from_bytes(piece(body, at, 2), "little")  # extra data; the length counts itself
        if shape.compressed:
            body = _inflated(body, at, 2 if shape.action is Action.UPDATE else 1)
        if layout.sieve is not None and not shape.partial:
            count = layout.sieve.left_out(body, at, 2 if shape.action is Action.UPDATE else 1)
            if count:
                return count
        if shape.action is Action.WRITE:
            self._created_at.keep(layout.created, body, at)
        return layout.apply(shape.action, body, at, effects, self._keys, partial=shape.partial)

    def left_out(self, kind: int, body: bytes) -> int:
        """How many rows a version 2 event of a watched table has, if a filter leaves out all of them; else 0.

        What ``apply`` would find, without anything that belongs to rows that are meant.
        """
        layout = self.ids[int.from_bytes(body[:6], "little")]
        if layout is None or layout.sieve is None:
            return 0
        at = _POST_HEADER + int.from_bytes(body[_POST_HEADER : _POST_HEADER + 2], "little")
        return layout.sieve.left_out(body, at, 2 if kind == _UPDATE_ROWS else 1)

    def lone_insert(self, body: bytes) -> CartKey | Literal[Absent.ABSENT] | None:
        """The cart key (None: nobody's) of a WRITE_ROWS event with one cart row; ABSENT: ``apply`` must look.

        What ``apply`` does, in a fraction of the time, for what a customer waits for most.
        """
        layout = self.ids[int.from_bytes(body[:6], "little")]
        if layout is None or layout.lone is None:
            return ABSENT
        row = layout.lone.lone(body, _LONE)
        if row is None:
            return ABSENT
        if len(row) > _KEY_AND_ID and layout.parts[0].watched.is_no_row(row[_KEY_AND_ID:]):
            return None
        self._created_at.keep(layout.created, body, _LONE)
        key = known(row[0], self._nobody)
        self._keys.note(Role.CART, row[1], key)
        return key

    def _layout(self, payload: bytes) -> Layout | None:
        schema, table, _ = table_name(payload)
        place = (self._fold(schema), self._fold(table))
        roles = self._watched.get(place[1], ()) if place[0] == self._schema else ()
        parent = self._known_parents().get(place, _NO_PARENT)
        if not roles and parent == _NO_PARENT:
            return None
        table_map = parse_table_map(payload, mariadb=self._mariadb)
        wanted = set(parent.updates).union(*(watched.columns() for watched in roles))
        columns = table_map.columns
        if wanted and (any(column.name is None for column in columns) or self._unclear(columns, wanted)):
            columns = self._describe(table_map)
        return layout_of(f"{schema}.{table}", columns, roles, parent, self._clock)

    def _unclear(self, columns: tuple[Column, ...], wanted: Collection[str]) -> bool:
        """Whether a wanted column may be signed or not, or a UUID or not."""
        return any(
            column.unsigned is None if column.type in INTEGERS else self._mariadb and _may_be_uuid(column)
            for column in columns
            if column.name is not None and column.name.casefold() in wanted
        )

    def _known_parents(self) -> Mapping[TableName, Parent]:
        if self._parents is None:
            found = self._ask_for_parents()
            self._parents = {(self._fold(at[0]), self._fold(at[1])): parent for at, parent in found.items()}
        return self._parents


def _may_be_uuid(column: Column) -> bool:
    """Whether nothing in the binlog tells it from BINARY(16)."""
    return column.type == FIELD_TYPE.STRING and column.charset == BINARY and column.string_size == _UUID_SIZE


def _inflated(body: bytes, at: int, images: int) -> bytes:
    """MariaDB compresses what follows the bitmaps of the columns."""
    count, behind = lenenc(body, at)
    behind += images * ((count + 7) // 8)
    return body[:behind] + uncompress_mariadb(body[behind:])
