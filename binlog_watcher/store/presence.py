"""Tells other instances that this one lives: a named lock (GET_LOCK) on a session of its own.

When the process dies its connection closes, MySQL frees the lock, and its claims can be taken over at once instead
of after their lease. It is an optimisation, never the guarantee: the fence checks owner and lease in any case.
"""

import contextlib
import secrets
import threading
from typing import TYPE_CHECKING

import pymysql
import structlog

from binlog_watcher.connection import ConnectionSettings

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

log = structlog.get_logger(__name__)


def new_owner() -> str:
    """A name for this instance."""
    return secrets.token_hex(8)


def lock_name(owner: str) -> str:
    """The lock that the instance holds; MySQL allows 64 characters."""
    return f"cartwake.owner:{owner}"[:64]


SERVICE_LOCK = "cartwake.service"
"""Prefix of the lock that tells `cartwake reconcile` that a service follows this database."""


class Presence:
    """Holds the lock; ``ping`` keeps it, and takes it anew after a lost connection."""

    def __init__(self, settings: ConnectionSettings, owner: str) -> None:
        self._settings = settings
        self._owner = owner
        self._connection: Connection[Cursor] | None = None
        self._lock = threading.Lock()

    def ping(self) -> None:
        """Make sure that the lock is held. Blocking; a lost server is tried again at the next ping."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                else:
                    with self._connection.cursor() as cursor:
                        cursor.execute("SELECT 1")
            except (pymysql.err.Error, OSError) as error:
                log.debug("presence.lost", error=type(error).__name__)
                self._drop()

    def _open(self) -> "Connection[Cursor]":
        connection = self._settings.connect(autocommit=True, read_timeout=10, write_timeout=10)
        with connection.cursor() as cursor:
            # A frozen process does not ping: MySQL ends its session and frees the lock.
            cursor.execute("SET SESSION wait_timeout = 30")
            cursor.execute("SELECT GET_LOCK(%s, 5)", (lock_name(self._owner),))
            cursor.execute("SELECT GET_LOCK(CONCAT(%s, ':', DATABASE()), 0)", (SERVICE_LOCK,))
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(pymysql.err.Error, OSError):
                self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Free the lock."""
        with self._lock:
            self._drop()
