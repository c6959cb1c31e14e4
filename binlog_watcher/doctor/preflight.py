"""Checks the shop's server before anything starts: all problems at once, each with what to do about it.

What is looked at here `cartwake doctor` shows in the same words, and more beside it (``examination``).
"""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pymysql.err
import structlog

from binlog_watcher.binlog.connection.failures import remedy_for
from binlog_watcher.doctor import binlog_check, order_times, preset_check, rights_check
from binlog_watcher.doctor.finding import Check, Mark, Round
from binlog_watcher.doctor.server import Server
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.server_errors import cure
from binlog_watcher.shop.schema import Schema

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_CLIENTS_OWN = range(2000, 3000)
"""The client's own errors: it heard nothing of the server, or no more."""

AT_START: tuple[Check[Server], ...] = (
    *binlog_check.AT_START,
    *preset_check.AT_START,
    *rights_check.AT_START,
)
"""What a service refuses to start on."""

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
    """Look at the server, the account and the tables; blocking. For ``writes`` and ``slow_tables`` see ``Server``.

    Raises ConfigError with all problems, DatabaseUnavailableError when the server can't be reached.
    """
    with closing(connect(connection)) as session:
        server = Server(session, connection, schema, writes, slow_tables)
        found = Round()
        try:
            found.make(AT_START, server)
            facts = ServerFacts(server.flavor, server.version, tuple(found.with_mark(Mark.WARNING)))
        except pymysql.err.OperationalError as error:
            raise explained(error, connection) from error
    if problems := list(found.with_mark(Mark.FAILED)):
        raise ConfigError(*problems)
    for problem in facts.warnings:
        log.warning("preflight.warning", problem=problem)
    return facts


def check_preset(
    session: "Connection[Cursor]",
    connection: ConnectionSettings,
    schema: Schema,
    *,
    slow_tables: bool = False,
) -> list[str]:
    """Hold a preset against the tables: the warnings. Raises ConfigError with all problems, one line each."""
    server = Server(session, connection, schema, writes=False, slow_tables=slow_tables)
    found = Round()
    found.make((*preset_check.AT_START, *rights_check.OF_READING, *order_times.BESIDE), server)
    if problems := list(found.with_mark(Mark.FAILED)):
        raise ConfigError(*problems)
    return list(found.with_mark(Mark.WARNING))


def connect(connection: ConnectionSettings) -> "Connection[Cursor]":
    """A session for questions. Raises ConfigError and DatabaseUnavailableError, with what to do."""
    try:
        return connection.connect(autocommit=True)
    except pymysql.err.MySQLError as error:
        raise explained(error, connection) from error


def explained(error: pymysql.err.MySQLError, connection: ConnectionSettings) -> DatabaseUnavailableError:
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
