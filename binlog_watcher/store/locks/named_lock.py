"""A session of its own that holds named locks (GET_LOCK): MySQL frees them when the session ends, however it ends."""

import contextlib
import hashlib
from typing import Any, NamedTuple

import pymysql

from binlog_watcher.settings.connection import ConnectionSettings

LONGEST_NAME = 64
"""Characters of a lock's name; MySQL refuses more (3057), and a database's name alone may have as many."""


def of_database(purpose: str, database: str) -> str:
    """The name of the lock for ``purpose`` in one database; such names are the server's, not the database's."""
    name = f"{purpose}:{database}"
    if len(name) <= LONGEST_NAME:
        return name
    # MySQL takes the names of locks in any case, and those of databases where the server says so.
    return f"{purpose}:{hashlib.sha256(database.lower().encode()).hexdigest()[:32]}"


class Look(NamedTuple):
    """``holder``: the session that holds the lock, None while it is free. ``own``: the id of the asking session."""

    holder: int | None
    own: int
    read_only: bool


class LockSession:
    """Opened when made. Every method blocks, and raises what PyMySQL raises when the session is gone.

    ``idle_s``: after so long without a statement MySQL ends the session, which a frozen process is not there to do.
    ``timeout_s``: how long an answer may take. ``options`` go to ``pymysql.connect``.
    """

    def __init__(
        self, settings: ConnectionSettings, *, idle_s: int, timeout_s: float, **options: Any
    ) -> None:
        self._connection = settings.connect(
            autocommit=True, read_timeout=timeout_s, write_timeout=timeout_s, **options
        )
        try:
            self._row("SET SESSION wait_timeout = %s", (idle_s,))
        except BaseException:
            self.close()
            raise

    def take(self, name: str, wait_s: int) -> bool:
        """Wait at most ``wait_s`` (MySQL cuts fractions off) for the lock; whether it is held now."""
        return self._row("SELECT GET_LOCK(%s, %s)", (name, wait_s)) == (1,)

    def look(self, name: str) -> Look:
        """Who holds the lock, and whether the server is read-only."""
        row = self._row("SELECT IS_USED_LOCK(%s), CONNECTION_ID(), @@GLOBAL.read_only", (name,))
        holder, own, read_only = row or (None, 0, 0)
        return Look(holder, own, str(read_only).upper() not in {"0", "OFF"})

    def ping(self) -> None:
        """A statement, so that the session is not idle."""
        self._row("SELECT 1")

    def _row(self, sql: str, parameters: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()

    def close(self) -> None:
        """End the session, and with it its locks."""
        with contextlib.suppress(pymysql.err.Error, OSError):
            self._connection.close()
