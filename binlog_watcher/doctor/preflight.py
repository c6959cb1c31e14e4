"""Checks the shop's server before anything starts: all problems at once, each with what to do about it."""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pymysql.err
import structlog

from binlog_watcher.binlog.connection.failures import remedy_for
from binlog_watcher.binlog.connection.probe import probe_binlog
from binlog_watcher.doctor.document_check import image_too_small
from binlog_watcher.doctor.preset_check import PresetCheck
from binlog_watcher.doctor.rights_check import lacking
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.server_errors import READ_ONLY, cure
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.own_tables.rights import writing

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_NO_SUCH_VARIABLE = 1193
_NO_PRIVILEGE = frozenset({1142, 1143, 1227, 1044})
_NOT_THERE_YET = frozenset({1054, 1146})
_LOCKED_S = 10
"""How long somebody else's lock on all tables (a backup's, say) is waited for."""

_CLIENTS_OWN = range(2000, 3000)
"""The client's own errors: it heard nothing of the server, or no more."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is told of the server when the program starts. ``warnings``: what works, but could be better."""

    flavor: Literal["mysql", "mariadb"]
    version: str
    warnings: tuple[str, ...] = ()


def check_server(
    connection: ConnectionSettings, schema: Schema, *, writes: bool = True, slow_tables: bool = False
) -> ServerFacts:
    """Look at the server, the account and the tables; blocking. ``writes``: whether our own tables will be kept.

    ``slow_tables``: see ``PresetCheck``.

    Raises ConfigError with all problems, DatabaseUnavailableError when the server can't be reached.
    """
    with closing(connect(connection)) as session:
        check = _Check(session, connection, schema)
        try:
            facts = check.run(writes=writes, slow_tables=slow_tables)
        except pymysql.err.OperationalError as error:
            raise _explained(error, connection) from error
    for warning in facts.warnings:
        log.warning("preflight.warning", problem=warning)
    return facts


def connect(connection: ConnectionSettings) -> "Connection[Cursor]":
    """A session for questions. Raises ConfigError and DatabaseUnavailableError, with what to do."""
    try:
        return connection.connect(autocommit=True)
    except pymysql.err.MySQLError as error:
        raise _explained(error, connection) from error


def _explained(error: pymysql.err.MySQLError, connection: ConnectionSettings) -> DatabaseUnavailableError:
    """Raises ConfigError where a human must act."""
    remedy_for(error, connection)
    code = error.args[0] if error.args else None
    reason = error.args[1] if len(error.args) > 1 else error
    if isinstance(code, int) and code not in _CLIENTS_OWN:
        return DatabaseUnavailableError(f"MySQL at {connection.where} refuses: {reason} ({code}){cure(code)}")
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
        self._denied: list[str] = []
        self._warnings: list[str] = []
        self._version = str(self._one("SELECT VERSION()"))
        self._mariadb = "mariadb" in self._version.lower()

    def run(self, *, writes: bool, slow_tables: bool) -> ServerFacts:
        """Everything in turn."""
        if self._check_settings():
            self._check_privileges()
        found = PresetCheck(self._session, self._connection, self._schema, slow_tables=slow_tables).run()
        self._problems += found.problems
        self._denied += [f"SELECT on {self._connection.database}.{table}" for table in found.denied]
        if writes:
            self._check_own_tables()
        if self._denied:
            self._problems.append(
                lacking(self._rows, self._connection, self._schema, self._denied, writes=writes)
            )
        if self._problems:
            raise ConfigError(*self._problems)
        return ServerFacts(
            flavor="mariadb" if self._mariadb else "mysql",
            version=self._version,
            warnings=(*self._warnings, *found.warnings),
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
        if (too_small := image_too_small(self._schema, image, self._primary_key())) is not None:
            self._problems.append(too_small)
        metadata = str(self._variable("binlog_row_metadata", "MINIMAL"))
        if metadata != "FULL":
            self._warnings.append(
                f"binlog_row_metadata is {metadata}: column names are taken from the tables as they are now; "
                "SET GLOBAL binlog_row_metadata = 'FULL' keeps them right through ALTER TABLE"
            )
        return True

    def _primary_key(self) -> list[str]:
        rows = self._rows(
            "SELECT COLUMN_NAME FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND INDEX_NAME = 'PRIMARY'",
            (self._connection.database, self._schema.cart.table),
        )
        return [str(row[0]).casefold() for row in rows]

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
            self._denied.append(f"the right to read the binlog ({error.args[1]})")

    def _check_own_tables(self) -> None:
        """Whether a claim could be written, as far as the account is concerned; they need not be there yet."""
        self._rows(f"SET SESSION lock_wait_timeout = {_LOCKED_S}")
        for statement in writing():
            try:
                self._rows(statement.sql)
            except pymysql.err.MySQLError as error:
                if error.args[0] in _NO_PRIVILEGE:
                    self._denied.append(f"a right on Cartwake's own tables ({error.args[1]})")
                    continue
                # A server that only reads does not say what the account may: it is looked at when the service opens.
                if error.args[0] not in _NOT_THERE_YET | READ_ONLY:
                    raise

    def _status_statement(self) -> str:
        numbers = [int(part) for part in self._version.split("-")[0].split(".")[:2]]
        return "SHOW BINARY LOG STATUS" if numbers >= [8, 2] else "SHOW MASTER STATUS"

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
