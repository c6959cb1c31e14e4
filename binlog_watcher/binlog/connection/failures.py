"""What to do about an error: by its number, or for 1236, which means five things, by its text."""

import ssl
from enum import Enum, auto

import pymysql.err

from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.settings.grants import HELP
from binlog_watcher.settings.server_errors import INSECURE


class Remedy(Enum):
    """What the reader does next."""

    RECONNECT = auto()
    RESET = auto()
    """The binlog can't be followed from where we stand: read the tables anew."""
    RESET_OTHER_HISTORY = auto()
    """The same, of a MariaDB that never had what we have read."""
    NEW_SERVER_ID = auto()


FATAL_BINLOG_ERROR = 1236
_SAME_ID_IN_MARIADB = 4052
_SAME_SERVER_ID = ("same server_uuid", "same server_id", "server_uuid/server_id")
_WRONG_PASSWORD = frozenset({1045, 1698, 3118, 1862, 1820})
_NO_PRIVILEGE = frozenset({1227, 1142, 1143, 1044, 3530})
_NO_DATABASE = 1049
_NO_TABLE = 1146
_NOT_HERE = "not in the master's binlog"
_BINLOG_OFF = ("binary log is not open", "you are not using binary logging")


def remedy_for(error: Exception, connection: ConnectionSettings) -> Remedy:
    """What to do about a failure of the connection. Raises ConfigError for what only a human can mend."""
    error = getattr(error, "orig", error)
    original = getattr(error, "original_exception", error)
    if isinstance(original, ssl.SSLCertVerificationError):
        raise ConfigError(
            f"MySQL at {connection.where}: its certificate was refused ({original.verify_message}); "
            "set MYSQL_TLS_CA to the authority that signed it"
        ) from error
    code = error.args[0] if error.args else None
    text = str(error.args[1]).lower() if len(error.args) > 1 else ""
    if code == FATAL_BINLOG_ERROR:
        return _remedy_for_binlog_error(text)
    if code == _SAME_ID_IN_MARIADB:
        return Remedy.NEW_SERVER_ID
    if code in _WRONG_PASSWORD:
        raise ConfigError(
            f"MySQL at {connection.where} refuses the user {connection.user!r}: {error.args[1]}; "
            f"check MYSQL_USER and MYSQL_PASSWORD{_or_encryption(connection)}"
        ) from error
    if code in INSECURE:
        raise ConfigError(
            f"MySQL at {connection.where} wants an encrypted connection: {error.args[1]}; "
            "set MYSQL_TLS to required, and let the server have TLS"
        ) from error
    if code in _NO_PRIVILEGE:
        raise ConfigError(
            f"the user {connection.user!r} lacks a privilege on {connection.where} ({error.args[1]}); "
            # The server says the same of a database that does not exist.
            f"check that MYSQL_DATABASE = {connection.database!r} is right; {HELP}"
        ) from error
    if code == _NO_DATABASE:
        raise ConfigError(
            f"MySQL at {connection.where} has no database {connection.database!r}; check MYSQL_DATABASE"
        ) from error
    return Remedy.RECONNECT


def _remedy_for_binlog_error(text: str) -> Remedy:
    if any(phrase in text for phrase in _BINLOG_OFF):
        raise ConfigError("the server writes no binlog; start it with log_bin and binlog_format=ROW")
    if any(phrase in text for phrase in _SAME_SERVER_ID):
        return Remedy.NEW_SERVER_ID
    return Remedy.RESET_OTHER_HISTORY if _NOT_HERE in text else Remedy.RESET


def _or_encryption(connection: ConnectionSettings) -> str:
    """MySQL refuses an account that must encrypt (REQUIRE SSL) in the words that it has for a wrong password."""
    if connection.tls is not Tls.OFF:
        return ""
    return "; or MYSQL_TLS: it is off, and an account with REQUIRE SSL gets the same answer then"


def is_retryable(error: Exception) -> bool:
    """Whether an exception comes from the connection or the server, rather than from a mistake of ours.

    A table that is gone when the tables are read anew is on its way back, or is for the operator to mend: the start
    has seen it there. An end now would lose nothing, yet leave the shop without Cartwake for a swap of tables.
    """
    if isinstance(error, ConfigError):
        cause = _origin(error.__cause__)
        return isinstance(cause, pymysql.err.Error) and cause.args[:1] == (_NO_TABLE,)
    return isinstance(_origin(error), pymysql.err.Error | OSError | DatabaseUnavailableError)


def _origin(error: BaseException | None) -> BaseException | None:
    """What a pool around the driver has wrapped."""
    origin: BaseException | None = getattr(error, "orig", error)
    return origin
