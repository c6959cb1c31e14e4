"""What the reader asks the server beside the stream, each time on a short-lived session."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager

import pymysql.err

from binlog_watcher.binlog.connection.dump import Session
from binlog_watcher.binlog.decoding.rows import Value
from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.meaning.cascades import Parent, TableName, read_parents
from binlog_watcher.binlog.meaning.dictionary import describe
from binlog_watcher.binlog.meaning.effects import Role, Watched
from binlog_watcher.shop.sql_text import quoted

_AT_ONCE = 1000
_NEWEST = 20_000
_NO_SUCH_TABLE = frozenset({1146, 1054, 1347})
"""Table or column is missing: whoever reads the tables says so; there is nothing to find here."""


class Questions:
    """``control`` opens a session whose default schema is the shop's; ``watched`` are its tables by name."""

    def __init__(
        self,
        control: Callable[[], AbstractContextManager[Session]],
        schema: str,
        watched: Mapping[str, tuple[Watched, ...]],
    ) -> None:
        self._control = control
        self._schema = schema
        self._watched = watched

    def describe(self, table: TableMap) -> tuple[Column, ...]:
        """Names and signs from the dictionary. Raises DecodeError when the table looks different now."""
        with self._control() as session:
            return describe(session, table)

    def parents(self) -> dict[TableName, Parent]:
        """Tables whose rows, changed, change those of the watched tables unseen."""
        with self._control() as session:
            return read_parents(session, self._schema, self._watched)

    def find(self, role: Role, row_ids: Collection[Value]) -> dict[Value, Value]:
        """Row id → key of the rows that are in the role's table now."""
        found: dict[Value, Value] = {}
        wanted = list(row_ids)
        with self._control() as session:
            for statement, _ in self._statements(role):
                for start in range(0, len(wanted), _AT_ONCE):
                    some = wanted[start : start + _AT_ONCE]
                    places = ", ".join(["%s"] * len(some))
                    found |= _pairs(session, f"{statement} IN ({places})", some)
        return found

    def newest(self) -> Iterator[tuple[Role, dict[Value, Value]]]:
        """Row id → key of the newest rows of each table, the oldest of them first."""
        with self._control() as session:
            for role in (Role.CART, Role.ORDERS, Role.CUSTOMERS):
                for statement, row_id in self._statements(role):
                    order = f"{statement} IS NOT NULL ORDER BY {row_id} DESC LIMIT {_NEWEST}"
                    yield role, dict(reversed(_pairs(session, order, ()).items()))

    def _statements(self, role: Role) -> Iterator[tuple[str, str]]:
        for table, watched in ((table, one) for table, roles in self._watched.items() for one in roles):
            if watched.role is role and watched.id_column is not None:
                row_id = quoted(watched.id_column)
                key = quoted(watched.key_column)
                yield f"SELECT {row_id}, {key} FROM {quoted(table)} WHERE {row_id}", row_id  # noqa: S608  # quoted names only


def _pairs(session: Session, statement: str, arguments: Collection[Value]) -> dict[Value, Value]:
    with session.cursor() as cursor:
        try:
            cursor.execute(statement, tuple(arguments))
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] in _NO_SUCH_TABLE:
                return {}
            raise
        return dict(cursor.fetchall())
