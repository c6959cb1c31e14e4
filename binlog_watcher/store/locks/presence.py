"""Tells other instances that this one lives: a named lock (GET_LOCK) on a session of its own.

When the process dies its connection closes, MySQL frees the lock, and its claims can be taken over at once instead
of after their lease. It is an optimisation, never the guarantee: the fence checks owner and lease in any case.
"""

import secrets
import threading

import pymysql
import structlog

from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.store.database import Database
from binlog_watcher.store.locks.named_lock import LONGEST_NAME, LockSession, of_database

log = structlog.get_logger(__name__)

PING_S = 5.0
"""How often an instance shows that it lives."""

IDLE_S = 30
"""After so long without a ping MySQL takes the instance for dead: it is frozen, or its machine is gone."""


def new_owner() -> str:
    """A name for this instance."""
    return secrets.token_hex(8)


def lock_name(owner: str) -> str:
    """The lock that the instance holds."""
    return f"cartwake.owner:{owner}"[:LONGEST_NAME]


def service_lock(database: str) -> str:
    """The lock that tells `cartwake reconcile` that a service follows this database."""
    return of_database("cartwake.service", database)


def service_runs(database: Database) -> bool:
    """Whether a service follows this database, or a `cartwake reconcile` is just sending."""
    with database.session() as session:
        row = session.row("SELECT IS_USED_LOCK(%s)", (service_lock(database.settings.database),))
    return row is not None and row[0] is not None


class Presence:
    """Holds the lock; ``ping`` keeps it, and takes it anew after a lost connection."""

    def __init__(self, settings: ConnectionSettings, owner: str) -> None:
        self._settings = settings
        self._owner = owner
        self._session: LockSession | None = None
        self._held = False
        self._announced = False
        self._lock = threading.Lock()

    def ping(self) -> None:
        """Make sure that the lock is held. Blocking; a lost server is tried again at the next ping."""
        with self._lock:
            try:
                if self._session is None:
                    self._session = LockSession(self._settings, idle_s=IDLE_S, timeout_s=10)
                    self._held = self._session.take(lock_name(self._owner), 5)
                    self._announced = False
                if not self._held:
                    # Our own session of before has it, until MySQL learns that the line to it is cut.
                    self._held = self._session.take(lock_name(self._owner), 0)
                if self._held and self._announced:
                    self._session.ping()
                elif not self._announced:
                    # Another instance may hold this one, and go: then it is up to us.
                    self._announced = self._session.take(service_lock(self._settings.database), 0)
            except (pymysql.err.Error, OSError) as error:
                log.debug("presence.lost", error=type(error).__name__)
                self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        """Free the lock."""
        with self._lock:
            self._drop()
