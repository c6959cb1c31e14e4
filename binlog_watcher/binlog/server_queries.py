"""What the reader asks the server beside the stream, each time on a short-lived session.

What the answers mean is said by the pure modules of ``meaning``: ``dictionary``, ``cascades``, ``row_keys``.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pymysql.err
import structlog

from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.decoding.values import Value
from binlog_watcher.binlog.meaning.cascades import Parent, TableName, parents_of
from binlog_watcher.binlog.meaning.dictionary import NOTHING_HIDDEN, Hidden, described
from binlog_watcher.binlog.meaning.effects import Role, Watched
from binlog_watcher.shop.keys import as_bytes, as_key
from binlog_watcher.shop.sql_text import quoted

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

    Session = Connection[Cursor]

_LOOK_UP_BATCH_SIZE = 1000
"""Row ids that one statement asks for."""

_NEWEST_ROWS = 20_000
_NO_SUCH_TABLE = frozenset({1146, 1054, 1347})
"""Table or column is missing: whoever reads the tables says so; there is nothing to find here."""

_NO_DEFINITION = frozenset({1146, 1142, 1109, 1347})
"""Gone, not ours to see, or a view: it has no foreign keys that could be known."""

_CASCADES_LOGGED_SINCE = (9, 6)
_COLUMNS = """
    SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION
"""
_DATA_TYPE = """
    SELECT DATA_TYPE FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND COLUMN_NAME = %s
"""
_NO_SUCH_VARIABLE = 1193
_LIST_GENERATED_KEYS = "SET SESSION show_gipk_in_create_table_and_information_schema = ON"
"""MySQL's generated invisible primary key is in the binlog, and in the dictionary for whoever asks for it."""

_VERSIONED = """
    SELECT 1 FROM information_schema.TABLES t
    WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND TABLE_TYPE = 'SYSTEM VERSIONED' AND NOT EXISTS (
      SELECT 1 FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA
      AND c.TABLE_NAME = t.TABLE_NAME AND c.GENERATION_EXPRESSION = 'ROW START')
"""
_HASHED = """
    SELECT COUNT(DISTINCT INDEX_NAME) FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND INDEX_TYPE = 'HASH' AND NON_UNIQUE = 0
"""

log = structlog.get_logger(__name__)


class ServerQueries:
    """``control`` opens a session whose default schema is the shop's; ``watched`` are its tables by name."""

    def __init__(
        self,
        control: Callable[[], AbstractContextManager["Session"]],
        schema: str,
        watched: Mapping[str, tuple[Watched, ...]],
    ) -> None:
        self._control = control
        self._schema = schema
        self._watched = watched

    def describe(self, table: TableMap) -> tuple[Column, ...]:
        """Names and signs from the dictionary. Raises DecodeError when the table looks different now."""
        with self._control() as session, session.cursor() as cursor:
            _list_generated_keys(cursor)
            cursor.execute(_COLUMNS, (table.schema, table.table))
            rows = cursor.fetchall()
            complete = len(rows) >= len(table.columns)
            return described(table, rows, NOTHING_HIDDEN if complete else _hidden(cursor, table))

    def parents(self) -> dict[TableName, Parent]:
        """Tables whose rows, changed, change those of the watched tables unseen."""
        with self._control() as session:
            if _cascades_are_logged(session):
                return {}
            return parents_of(self._schema, self._watched, lambda table: _definition(session, table))

    def find(self, role: Role, row_ids: Collection[Value]) -> dict[Value, Value]:
        """Row id → key of the rows that are in the role's table now."""
        found: dict[Value, Value] = {}
        wanted: list[Value | bytes] = list(row_ids)
        with self._control() as session:
            for statement, _, column in self._statements(role):
                asked = _as_bytes(wanted) if self._holds_bytes(session, column) else wanted
                for start in range(0, len(asked), _LOOK_UP_BATCH_SIZE):
                    some = asked[start : start + _LOOK_UP_BATCH_SIZE]
                    places = ", ".join(["%s"] * len(some))
                    found |= _pairs(session, f"{statement} IN ({places})", some)
        return found

    def newest(self) -> Iterator[tuple[Role, dict[Value, Value]]]:
        """Row id → key of the newest rows of each table, the oldest of them first.

        A server that does not answer in time costs the knowledge only.
        """
        try:
            with self._control() as session:
                for role in (Role.CART, Role.ORDERS, Role.CUSTOMERS):
                    for statement, row_id, _ in self._statements(role):
                        order = f"{statement} IS NOT NULL ORDER BY {row_id} DESC LIMIT {_NEWEST_ROWS}"
                        yield role, dict(reversed(_pairs(session, order, ()).items()))
        except pymysql.err.MySQLError as error:
            log.warning("binlog.rows_not_learnt", error=str(error))

    def _holds_bytes(self, session: "Session", column: tuple[str, str]) -> bool:
        """Whether the ids in a (table, column) are bytes, which everybody else knows by their hex."""
        with session.cursor() as cursor:
            cursor.execute(_DATA_TYPE, (self._schema, *column))
            row = cursor.fetchone()
            return row is not None and str(row[0]).lower() in {"binary", "varbinary"}

    def _statements(self, role: Role) -> Iterator[tuple[str, str, tuple[str, str]]]:
        """SELECT of id and key, to be continued; the id; table and column of it."""
        for table, watched in ((table, one) for table, roles in self._watched.items() for one in roles):
            if watched.role is role and watched.id_column is not None:
                row_id = quoted(watched.id_column)
                key = quoted(watched.key_column)
                statement = f"SELECT {row_id}, {key} FROM {quoted(table)} WHERE {row_id}"  # noqa: S608  # quoted names only
                yield statement, row_id, (table, watched.id_column)


def _list_generated_keys(cursor: "Cursor") -> None:
    try:
        cursor.execute(_LIST_GENERATED_KEYS)
    except pymysql.err.MySQLError as error:
        if error.args[0] != _NO_SUCH_VARIABLE:  # MariaDB, and MySQL before 8.0.30: they have no such keys
            raise


def _hidden(cursor: "Cursor", table: TableMap) -> Hidden:
    """What MariaDB's dictionary does not list. MySQL has neither."""
    cursor.execute(_VERSIONED, (table.schema, table.table))
    versioned = cursor.fetchone() is not None
    cursor.execute(_HASHED, (table.schema, table.table))
    return Hidden(versioned, int((cursor.fetchone() or (0,))[0]))


def _pairs(session: "Session", statement: str, arguments: Collection[Value | bytes]) -> dict[Value, Value]:
    with session.cursor() as cursor:
        try:
            cursor.execute(statement, tuple(arguments))
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] in _NO_SUCH_TABLE:
                return {}
            raise
        return {as_key(row_id): as_key(key) for row_id, key in cursor.fetchall()}


def _as_bytes(row_ids: Collection[Value | bytes]) -> list[Value | bytes]:
    return [raw for row_id in row_ids if (raw := as_bytes(str(row_id))) is not None]


def _cascades_are_logged(session: "Session") -> bool:
    """Whether the binlog holds the rows that foreign keys' actions change."""
    with session.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = str((cursor.fetchone() or ("",))[0])
        numbers = re.match(r"(\d+)\.(\d+)", version)
        if "mariadb" in version.lower() or not numbers:
            return False
        if (int(numbers[1]), int(numbers[2])) < _CASCADES_LOGGED_SINCE:
            return False
        cursor.execute("SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'")
        row = cursor.fetchone()
        return row is None or str(row[1]).upper() == "OFF"


def _definition(session: "Session", table: TableName) -> str:
    """What SHOW CREATE TABLE says; empty of what can't be known."""
    with session.cursor() as cursor:
        try:
            cursor.execute(f"SHOW CREATE TABLE {quoted(table[0])}.{quoted(table[1])}")
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] in _NO_DEFINITION:
                return ""
            raise
        row = cursor.fetchone()
        return str(row[1]) if row else ""
