"""Checks the shop's server before anything starts: all problems at once, each with what to do about it."""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pymysql.err
import structlog

from binlog_watcher.binlog.failures import grant_statement, remedy_for
from binlog_watcher.binlog.probe import probe_binlog
from binlog_watcher.connection import ConnectionSettings
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.schema import Schema

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_NO_SUCH_VARIABLE = 1193
_NO_PRIVILEGE = frozenset({1142, 1143, 1227, 1044})
_NO_SUCH_TABLE = 1146
_KEY_TYPES = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "char", "varchar"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the rest of the program needs to know of the server.

    ``time_zone``: of a new session, an IANA name, an offset, or the operating system's abbreviation;
    ``utc_offset_s``: its present offset. ``created_at_types``: table → column type, such as ``timestamp(6)``.
    ``warnings``: what works, but could be better.
    """

    flavor: Literal["mysql", "mariadb"]
    version: str
    gtids: bool
    server_uuid: str | None
    time_zone: str
    utc_offset_s: int
    created_at_types: dict[str, str]
    cart_created_at_indexed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Column:
    data_type: str
    column_type: str


def check_server(connection: ConnectionSettings, schema: Schema) -> ServerFacts:
    """Look at the server, the account and the tables; blocking.

    Raises ConfigError with all problems, DatabaseUnavailableError when the server can't be reached.
    """
    with closing(_connect(connection)) as session:
        check = _Check(session, connection, schema)
        try:
            facts = check.run()
        except pymysql.err.OperationalError as error:
            raise _explained(error, connection) from error
    for warning in facts.warnings:
        log.warning("preflight.warning", problem=warning)
    return facts


def _connect(connection: ConnectionSettings) -> "Connection[Cursor]":
    try:
        return connection.connect(autocommit=True)
    except pymysql.err.MySQLError as error:
        raise _explained(error, connection) from error


def _explained(error: pymysql.err.MySQLError, connection: ConnectionSettings) -> DatabaseUnavailableError:
    """Raises ConfigError where a human must act."""
    remedy_for(error, connection, mariadb=False)
    reason = error.args[1] if len(error.args) > 1 else error
    return DatabaseUnavailableError(
        f"MySQL at {connection.where} can't be reached ({reason}); "
        "is it running, and are MYSQL_HOST and MYSQL_PORT right?"
    )


class _Check:
    """One look at one server; collects problems and warnings."""

    def __init__(self, session: "Connection[Cursor]", connection: ConnectionSettings, schema: Schema) -> None:
        self._session = session
        self._connection = connection
        self._schema = schema
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._version = str(self._one("SELECT VERSION()"))
        self._mariadb = "mariadb" in self._version.lower()

    def run(self) -> ServerFacts:
        """Everything in turn."""
        if self._check_settings():
            self._check_privileges()
        tables = self._read_tables()
        self._check_tables(tables)
        if self._problems:
            raise ConfigError(*self._problems)
        return self._facts(tables)

    def _facts(self, tables: dict[str, dict[str, _Column]]) -> ServerFacts:
        schema = self._schema
        cart, orders = schema.cart, schema.orders
        zone = str(self._one("SELECT @@SESSION.time_zone"))
        if zone == "SYSTEM":
            zone = str(self._one("SELECT @@system_time_zone"))
        return ServerFacts(
            flavor="mariadb" if self._mariadb else "mysql",
            version=self._version,
            gtids=self._variable("gtid_mode", "OFF") == "ON",
            server_uuid=None if self._mariadb else str(self._variable("server_uuid", "")),
            time_zone=zone,
            utc_offset_s=int(self._one("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW())")),
            created_at_types={
                table: tables[table][column.casefold()].column_type
                for table, column in ((cart.table, cart.created_at), (orders.table, orders.created_at))
            },
            cart_created_at_indexed=self._is_indexed(cart.table, cart.created_at),
            warnings=tuple(self._warnings),
        )

    def _check_settings(self) -> bool:
        """The binlog's settings; whether there is a binlog."""
        if not int(self._variable("log_bin", "1")):
            self._problems.append("the server writes no binlog: start it with log_bin (it is off now)")
            return False
        row_format = str(self._variable("binlog_format", "ROW"))
        if row_format != "ROW":
            self._problems.append(
                f"binlog_format is {row_format}: SET GLOBAL binlog_format = 'ROW', also in the server's option "
                "file, and have the shop reconnect"
            )
        image = str(self._variable("binlog_row_image", "FULL"))
        if image not in {"FULL", "FULL_NODUP"}:
            self._warnings.append(
                f"binlog_row_image is {image}: changed rows do not tell the customer, who must be looked up; "
                "deleting an old order makes Cartwake read the tables anew, once a minute at most; "
                "SET GLOBAL binlog_row_image = 'FULL'"
            )
        metadata = str(self._variable("binlog_row_metadata", "MINIMAL"))
        if metadata != "FULL":
            self._warnings.append(
                f"binlog_row_metadata is {metadata}: column names are taken from the tables as they are now; "
                "SET GLOBAL binlog_row_metadata = 'FULL' keeps them right through ALTER TABLE"
            )
        return True

    def _check_privileges(self) -> None:
        database = self._connection.database
        try:
            status = self._row("SHOW MASTER STATUS" if self._mariadb else self._status_statement())
            for filtered, wanted in ((status[2], True), (status[3], False)):
                if filtered and (database in str(filtered).split(",")) is not wanted:
                    self._problems.append(
                        f"the binlog leaves out {database!r} (binlog_do_db or binlog_ignore_db): "
                        "remove the filter from the server's options"
                    )
            probe_binlog(self._connection)
        except pymysql.err.MySQLError as error:
            if error.args[0] not in _NO_PRIVILEGE:
                raise
            self._problems.append(
                f"the user {self._connection.user!r} may not read the binlog ({error.args[1]}); "
                f"run: {self._grant()}"
            )

    def _status_statement(self) -> str:
        numbers = [int(part) for part in self._version.split("-")[0].split(".")[:2]]
        return "SHOW BINARY LOG STATUS" if numbers >= [8, 2] else "SHOW MASTER STATUS"

    def _read_tables(self) -> dict[str, dict[str, _Column]]:
        """Table → column (in lower case) → type; problems for what is missing."""
        tables: dict[str, dict[str, _Column]] = {}
        for table, wanted in self._schema.columns().items():
            columns = self._columns(table)
            if columns is None:
                continue
            missing = [column for column in wanted if column.casefold() not in columns]
            if missing:
                self._problems.append(
                    f"table {self._connection.database}.{table} has no column "
                    f"{', '.join(missing)}; it has {', '.join(sorted(columns)) or 'none that may be read'}"
                )
            else:
                tables[table] = columns
        return tables

    def _columns(self, table: str) -> dict[str, _Column] | None:
        database = self._connection.database
        try:
            place = f"{_quoted(database)}.{_quoted(table)}"
            self._row(f"SELECT 1 FROM {place} LIMIT 0")  # noqa: S608  # names can't be arguments: quoted
        except pymysql.err.MySQLError as error:
            if error.args[0] == _NO_SUCH_TABLE:
                self._problems.append(f"there is no table {database}.{table}; check MYSQL_DATABASE")
            elif error.args[0] in _NO_PRIVILEGE:
                self._problems.append(
                    f"the user {self._connection.user!r} may not read {database}.{table}; "
                    f"run: {self._grant()}"
                )
            else:
                raise
            return None
        rows = self._rows(
            "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            (database, table),
        )
        return {str(name).casefold(): _Column(str(kind).lower(), str(full)) for name, kind, full in rows}

    def _check_tables(self, tables: dict[str, dict[str, _Column]]) -> None:
        schema = self._schema
        for table, column in (
            (schema.cart.table, schema.cart.user_id),
            (schema.orders.table, schema.orders.user_id),
            (schema.products.table, schema.products.id),
        ):
            if table not in tables:
                continue
            kind = tables[table][column.casefold()].data_type
            if kind not in _KEY_TYPES:
                self._problems.append(
                    f"{table}.{column} is {kind}: Cartwake follows keys that are whole numbers or text"
                )
            self._check_storage(table)

    def _check_storage(self, table: str) -> None:
        found = self._row(
            "SELECT TABLE_TYPE, ENGINE FROM information_schema.TABLES "
            "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            (self._connection.database, table),
        )
        kind, engine = found[0], found[1]
        if kind != "BASE TABLE":
            self._problems.append(f"{table} is a {str(kind).lower()}: the binlog tells of tables only")
        elif engine != "InnoDB":
            self._warnings.append(
                f"table {table} is kept by {engine}: what a crash leaves of it may differ from the binlog; "
                f"ALTER TABLE {_quoted(table)} ENGINE = InnoDB"
            )

    def _is_indexed(self, table: str, column: str) -> bool:
        return bool(
            self._rows(
                "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s "
                "AND COLUMN_NAME = %s AND SEQ_IN_INDEX = 1",
                (self._connection.database, table, column),
            )
        )

    def _grant(self) -> str:
        user, _, host = str(self._one("SELECT CURRENT_USER()")).rpartition("@")
        return grant_statement(user, host, self._connection.database, mariadb=self._mariadb)

    def _variable(self, name: str, default: str) -> Any:
        try:
            return self._one(f"SELECT @@GLOBAL.{name}")
        except pymysql.err.MySQLError as error:
            if error.args[0] != _NO_SUCH_VARIABLE:
                raise
            return default

    def _one(self, statement: str) -> Any:
        return self._row(statement)[0]

    def _row(self, statement: str, arguments: tuple[object, ...] = ()) -> tuple[Any, ...]:
        return next(iter(self._rows(statement, arguments)), (None, None, None, None))

    def _rows(self, statement: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._session.cursor() as cursor:
            cursor.execute(statement, arguments)
            return list(cursor.fetchall())


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
