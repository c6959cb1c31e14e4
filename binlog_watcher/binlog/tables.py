"""Table ids, and what the rows of the watched tables do to their keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from binlog_watcher.binlog.effects import Effects, Role, Watched
from binlog_watcher.binlog.payload import uncompress_mariadb
from binlog_watcher.binlog.rows import RowPlan
from binlog_watcher.binlog.table_map import Column, TableMap, parse_table_map, table_name
from binlog_watcher.binlog.wire import DecodeError, Kind, lenenc, piece

Describe = Callable[[TableMap], tuple[Column, ...]]
"""Fills in the names and signs that the binlog lacks, from the server's dictionary. May raise DecodeError."""

_POST_HEADER = 8  # table id, flags
_MAX_LAYOUTS = 10_000
_DUMMY_TABLE_ID = 0x00FFFFFF
"""MySQL ends a statement that touched no row with a rows event of this id."""


class _Action(Enum):
    WRITE = auto()
    UPDATE = auto()
    DELETE = auto()


@dataclass(frozen=True, slots=True)
class _Shape:
    action: _Action
    second_version: bool = True
    partial: bool = False
    compressed: bool = False


_SHAPES = {
    Kind.WRITE_ROWS_V1: _Shape(_Action.WRITE, second_version=False),
    Kind.UPDATE_ROWS_V1: _Shape(_Action.UPDATE, second_version=False),
    Kind.DELETE_ROWS_V1: _Shape(_Action.DELETE, second_version=False),
    Kind.WRITE_ROWS: _Shape(_Action.WRITE),
    Kind.UPDATE_ROWS: _Shape(_Action.UPDATE),
    Kind.DELETE_ROWS: _Shape(_Action.DELETE),
    Kind.PARTIAL_UPDATE_ROWS: _Shape(_Action.UPDATE, partial=True),
    Kind.MARIADB_WRITE_ROWS_COMPRESSED_V1: _Shape(_Action.WRITE, second_version=False, compressed=True),
    Kind.MARIADB_UPDATE_ROWS_COMPRESSED_V1: _Shape(_Action.UPDATE, second_version=False, compressed=True),
    Kind.MARIADB_DELETE_ROWS_COMPRESSED_V1: _Shape(_Action.DELETE, second_version=False, compressed=True),
    Kind.MARIADB_WRITE_ROWS_COMPRESSED: _Shape(_Action.WRITE, compressed=True),
    Kind.MARIADB_UPDATE_ROWS_COMPRESSED: _Shape(_Action.UPDATE, compressed=True),
    Kind.MARIADB_DELETE_ROWS_COMPRESSED: _Shape(_Action.DELETE, compressed=True),
}
ROW_KINDS = frozenset(int(kind) for kind in _SHAPES)


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the rows of a watched table."""

    role: Role
    plan: RowPlan


class Tables:
    """What the table ids of the stream stand for.

    ``fold_case``: the server compares table names without case (``lower_case_table_names`` is not 0). ``ids``: how
    to read the rows of each table id, None where nobody watches; ``maps``: the table map that said so.
    """

    def __init__(
        self, schema: str, watched: Mapping[str, Watched], describe: Describe, *, fold_case: bool = False
    ) -> None:
        self._fold = str.casefold if fold_case else str
        self._schema = self._fold(schema)
        self._watched = {self._fold(name): table for name, table in watched.items()}
        self._describe = describe
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

    def forget_layouts(self) -> None:
        """A watched table was altered: the dictionary must be asked again."""
        self._layouts.clear()
        self._unreadable.clear()
        self.maps.clear()

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
        shape = _SHAPES[Kind(kind)]
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
            body = _inflated(body, at, 2 if shape.action is _Action.UPDATE else 1)
        return _apply(layout, shape, body, at, effects)

    def _layout(self, payload: bytes) -> Layout | None:
        schema, table, _ = table_name(payload)
        watched = self._watched.get(self._fold(table))
        if watched is None or self._fold(schema) != self._schema:
            return None
        table_map = parse_table_map(payload)
        wanted = watched.key_column.casefold()
        columns = table_map.columns
        if any(column.name is None for column in columns) or _sign_missing(columns, wanted):
            columns = self._describe(table_map)
        for at, column in enumerate(columns):
            if column.name is not None and column.name.casefold() == wanted:
                return Layout(watched.role, RowPlan(columns, (at,)))
        raise DecodeError(f"table {schema}.{table} has no column {watched.key_column}")


def _sign_missing(columns: tuple[Column, ...], wanted: str) -> bool:
    return any(
        column.unsigned is None and column.name is not None and column.name.casefold() == wanted
        for column in columns
        if column.type in (1, 2, 3, 8, 9)  # the integers
    )


def _apply(layout: Layout, shape: _Shape, body: bytes, at: int, effects: Effects) -> int:
    rows = 0
    if shape.action is _Action.UPDATE:
        for before, after in layout.plan.pairs(body, at, partial=shape.partial):
            effects.updated(layout.role, before[0], after[0])
            rows += 1
        return rows
    note = effects.inserted if shape.action is _Action.WRITE else effects.deleted
    for row in layout.plan.single(body, at):
        note(layout.role, row[0])
        rows += 1
    return rows


def _inflated(body: bytes, at: int, images: int) -> bytes:
    """MariaDB compresses what follows the bitmaps of the columns."""
    count, behind = lenenc(body, at)
    behind += images * ((count + 7) // 8)
    return body[:behind] + uncompress_mariadb(body[behind:])
