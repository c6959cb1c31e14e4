"""The server that is looked at: one session, and short ways to ask it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pymysql.err

from binlog_watcher.doctor.finding import PresetFindings
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.schema import Schema

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

NO_SUCH_VARIABLE = 1193
NO_PRIVILEGE = frozenset({1142, 1143, 1227, 1044})
NO_SUCH_TABLE = 1146


@dataclass
class Server:
    """``preset``: None where it can't be read; then no check is made that needs it.

    ``writes``: whether our own tables will be kept. ``slow_tables``: large tables that lack an index are taken as they
    are, also where reading locks them.
    """

    session: "Connection[Cursor]"
    connection: ConnectionSettings
    preset: Schema | None
    writes: bool = True
    slow_tables: bool = False
    findings: PresetFindings | None = field(default=None, repr=False)
    """What was found about the preset, once it was looked for."""

    @property
    def schema(self) -> Schema:
        """The preset. Raises ConfigError without one."""
        if self.preset is None:
            raise ConfigError("the preset can't be read")
        return self.preset

    @cached_property
    def version(self) -> str:
        """As the server says it, ``10.11.6-MariaDB-log`` say."""
        return str(self.one("SELECT VERSION()"))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version's first two."""
        return tuple(int(part) for part in self.version.split("-")[0].split(".")[:2])

    @property
    def flavor(self) -> Literal["mysql", "mariadb"]:
        """Whose server it is."""
        return "mariadb" if "mariadb" in self.version.lower() else "mysql"

    @property
    def is_mariadb(self) -> bool:
        """Whether it is MariaDB."""
        return self.flavor == "mariadb"

    @property
    def status_statement(self) -> str:
        """It tells the binlog's end, and what is left out of it."""
        newer = not self.is_mariadb and self.numbers >= (8, 2)
        return "SHOW BINARY LOG STATUS" if newer else "SHOW MASTER STATUS"

    def variable(self, name: str, default: Any = None) -> Any:
        """A global variable; ``default`` where the server has none of that name."""
        try:
            return self.one(f"SELECT @@GLOBAL.{name}")
        except pymysql.err.MySQLError as error:
            if error.args[0] != NO_SUCH_VARIABLE:
                raise
            return default

    def one(self, statement: str) -> Any:
        """The first column of the first row."""
        return self.row(statement)[0]

    def row(self, statement: str, arguments: Any = None) -> tuple[Any, ...]:
        """The first row; four times None where there is none."""
        return next(iter(self.rows(statement, arguments)), (None, None, None, None))

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.rows_and_types(sql, parameters)[0]

    def rows_and_types(
        self, statement: str, arguments: Any = None
    ) -> tuple[list[tuple[Any, ...]], list[tuple[str, int]]]:
        """All rows, and (name in lower case, type) of each column."""
        with self.session.cursor() as cursor:
            cursor.execute(statement, arguments)
            rows = list(cursor.fetchall())
            return rows, [(str(column[0]).lower(), int(column[1])) for column in cursor.description or ()]
