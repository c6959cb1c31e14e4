"""Pooled sessions on the shop's primary. READ COMMITTED, UTC, strict: we never lock a shop's row.

See docs/design-sending.md, *We never lock a shop's row*.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pymysql
import sqlalchemy
import structlog
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError, UnwritableValueError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.grants import HELP
from binlog_watcher.settings.server_errors import READ_ONLY, cure

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

log = structlog.get_logger(__name__)

T = TypeVar("T")

SESSION_STATEMENTS = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 5",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'",
)

IDLE_S = 1.0
"""After what time unused a session is asked whether it still lives."""

RETRYABLE = frozenset({1205, 1213})  # lock wait, deadlock
UNAVAILABLE = frozenset(
    {
        2002, 2003, 2006, 2013, 2014, 2055,  # client: can't connect, gone away, lost
        1040, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1927,  # too many, going down
        1041, 1129, 1135, 3169,  # no memory, host blocked, no thread, the session was killed
        1317, 1969, 3024,  # the statement was killed, or took longer than the server allows
        *READ_ONLY, 3032, 3100, 4031,  # a failover under way, offline, idle too long
        1021, 1114,  # the disk is full
        0,
    }
)  # fmt: skip
PRIVILEGE = frozenset({1044, 1045, 1142, 1143, 1227, 1370})
MISSING = frozenset({1049, 1054, 1146})


def classify(error: BaseException, where: str) -> CartwakeError | None:
    """Our error for one of the driver's, or None where it is neither the server's state nor the set-up."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(origin, (ConnectionError, TimeoutError)):
        return DatabaseUnavailableError(f"MySQL at {where} can't be reached: {type(origin).__name__}")
    if isinstance(origin, PoolTimeoutError):
        return DatabaseUnavailableError(f"MySQL at {where} is slow: all sessions are taken")
    if not isinstance(origin, pymysql.err.Error):
        return None
    code = origin.args[0] if origin.args and isinstance(origin.args[0], int) else 0
    text = str(origin.args[1]) if len(origin.args) > 1 else str(origin)
    if isinstance(origin, pymysql.err.InterfaceError) or code in UNAVAILABLE:
        return DatabaseUnavailableError(
            f"MySQL at {where} is not available: {text or 'connection closed'} ({code}){cure(code)}"
        )
    if code in PRIVILEGE:
        return ConfigError(f"MySQL at {where} refuses: {text} ({code}); {HELP}")
    if code in MISSING:
        return ConfigError(f"MySQL at {where}: {text} ({code})")
    if isinstance(origin, pymysql.err.DataError):
        return UnwritableValueError(f"MySQL at {where} refuses a value: {text} ({code})")
    return None


class Asks(Protocol):
    """A session, as far as it is needed to ask."""

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        ...


class Database:
    """A pool of sessions. ``statements`` counts what was executed, for the benchmarks."""

    def __init__(self, connection: ConnectionSettings, *, pool_size: int = 8) -> None:
        self.settings = connection
        self.statements = 0
        self._engine = sqlalchemy.create_engine(
            "mysql+pymysql://",
            creator=self._open,
            pool_size=pool_size,
            max_overflow=4,
            pool_recycle=300,
            pool_timeout=30,
            pool_reset_on_return=None,  # transactions end in transaction(); a ROLLBACK a read would be waste
        )
        # SQLAlchemy's own pre-ping asks before each use: a round trip more for nearly each statement.
        sqlalchemy.event.listen(self._engine, "checkout", _ping_if_idle)
        sqlalchemy.event.listen(self._engine, "checkin", _note_use)

    def _open(self) -> "pymysql.connections.Connection[Cursor]":
        """Whatever a server says in place of a session is its state: no cart's fault, and it may pass."""
        where = self.settings.where
        try:
            return self._set_up(self.settings.connect(autocommit=True, read_timeout=60, write_timeout=60))
        except pymysql.err.OperationalError as error:
            raise classify(error, where) or DatabaseUnavailableError(
                f"MySQL at {where} gives no session: {error.args[-1]} ({error.args[0]})"
            ) from error

    @staticmethod
    def _set_up(
        connection: "pymysql.connections.Connection[Cursor]",
    ) -> "pymysql.connections.Connection[Cursor]":
        try:
            with connection.cursor() as cursor:
                for statement in SESSION_STATEMENTS:
                    cursor.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def session(self) -> Iterator["Session"]:
        """An autocommit session.

        Raises DatabaseUnavailableError when the server is gone and ConfigError for privileges and names.
        """
        with self._translated():
            pooled = self._engine.raw_connection()
            try:
                with contextlib.closing(pooled.cursor()) as cursor:
                    yield Session(self, cursor)
            except BaseException:
                pooled.invalidate()
                raise
            finally:
                pooled.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator["Session"]:
        """Like ``session``, as one transaction."""
        with self.session() as session:
            session.run("START TRANSACTION")
            yield session
            session.run("COMMIT")

    def in_transaction(self, work: Callable[["Session"], T]) -> T:
        """``again_after_deadlocks`` in a transaction."""
        return self.again_after_deadlocks(work, place=self.transaction)

    def again_after_deadlocks(
        self,
        work: Callable[["Session"], T],
        *,
        attempts: int = 5,
        place: "Callable[[], contextlib.AbstractContextManager[Session]] | None" = None,
    ) -> T:
        """Run ``work``, again after a deadlock (1213) or a lock wait (1205).

        Raises DatabaseUnavailableError when that does not help: others hold the rows, later they will not.
        """
        for attempt in range(1, attempts + 1):
            try:
                with (place or self.session)() as session:
                    return work(session)
            except (pymysql.err.OperationalError, pymysql.err.InternalError) as error:
                if error.args[0] not in RETRYABLE:
                    raise
                if attempt == attempts:
                    raise DatabaseUnavailableError(
                        f"MySQL at {self.settings.where}: {error.args[1]} ({error.args[0]}), {attempts} times in a row"
                    ) from error
                log.debug("database.retry", code=error.args[0], attempt=attempt)
                time.sleep(0.02 * attempt)  # runs in a worker thread: lets the other transaction finish
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (pymysql.err.Error, DBAPIError, PoolTimeoutError, ConnectionError, TimeoutError) as error:
            ours = classify(error, self.settings.where)
            if ours is not None:
                raise ours from error
            raise

    def close(self) -> None:
        """Close all idle sessions."""
        self._engine.dispose()


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a session for a sign of life that was not used lately; the pool replaces one that gives none."""
    if time.monotonic() - record.info.get("used", 0.0) > IDLE_S and "used" in record.info:
        try:
            connection.ping(reconnect=False)
        except (pymysql.err.Error, OSError) as error:
            raise DisconnectionError from error


class Session:
    """Executes statements; parameters in PyMySQL's format style, a sequence fills an IN list."""

    def __init__(self, database: Database, cursor: Any) -> None:
        self._database = database
        self._cursor = cursor

    def run(self, sql: str, parameters: Any = None) -> int:
        """Execute a statement; the number of affected rows."""
        self._database.statements += 1
        started = time.perf_counter()
        affected: int = self._cursor.execute(sql, parameters)
        # To shorten the text of a batch takes as long as its claim.
        if not logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
            return affected
        log.debug(
            "database.statement",
            sql=" ".join(sql.split())[:200],
            rows=affected,
            ms=round((time.perf_counter() - started) * 1000, 2),
        )
        return affected

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Execute a query; all its rows."""
        self.run(sql, parameters)
        return list(self._cursor.fetchall())

    def records(self, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
        """Execute a query; its rows by column name, in lower case."""
        rows = self.rows(sql, parameters)
        return [dict(zip(self.columns, row, strict=True)) for row in rows]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the last query, in lower case; also when it had no rows."""
        return tuple(str(column[0]).lower() for column in self._cursor.description or ())

    def row(self, sql: str, parameters: Any = None) -> tuple[Any, ...] | None:
        """Execute a query; its first row or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None
