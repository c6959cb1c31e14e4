"""Tells other instances that this one lives: a named lock (GET_LOCK) on a session of its own.

When the process dies its connection closes, MySQL frees the lock, and its claims can be taken over at once instead
of after their lease. It is an optimisation, never the guarantee: the fence checks owner and lease in any case.
"""

import secrets
import threading

import pymysql
import structlog

from binlog_watcher.core.owners import owner_of
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.store.database import Database
from binlog_watcher.store.locks.named_lock import LONGEST_NAME, LockSession, of_database

log = structlog.get_logger(__name__)

PING_S = 5.0
"""How often an instance shows that it lives."""

IDLE_S = 30
"""After so long without a ping MySQL takes the instance for dead: it is frozen, or its machine is gone."""


def new_owner(shop: str | None = None) -> str:
    """A name for this instance, which works for this shop."""
    return owner_of(shop, secrets.token_hex(8))


def lock_name(owner: str) -> str:
    """The lock that the instance holds."""
    return f"cartwake.owner:{owner}"[:LONGEST_NAME]


def service_lock(database: str) -> str:
    """The lock that tells `cartwake reconcile` that a service follows this database."""
    return of_database("cartwake.service", database)


def preset_lock(content: str, database: str) -> str:
    """The lock that tells others with which preset a service follows this database."""
    return of_database(f"cartwake.preset.{content}", database)


def service_runs(database: Database) -> bool:
    """Whether a service follows this database, or a `cartwake reconcile` is just sending."""
    with database.session() as session:
        row = session.row("SELECT IS_USED_LOCK(%s)", (service_lock(database.settings.database),))
    return row is not None and row[0] is not None


def follows_with(database: Database, content: str) -> bool:
    """Whether that service has a preset of this content."""
    with database.session() as session:
        row = session.row("SELECT IS_USED_LOCK(%s)", (preset_lock(content, database.settings.database),))
    return row is not None and row[0] is not None


class Presence:
    """Holds the lock; ``ping`` keeps it, and takes it anew after a lost connection.

    ``preset``: the content of the preset that a service follows the database with.
    """

    def __init__(self, settings: ConnectionSettings, owner: str, *, preset: str | None = None) -> None:
        self._settings = settings
        self._owner = owner
        # Another instance may hold one of these, and go: then it is up to us.
        self._shared = [service_lock(settings.database)]
        if preset is not None:
            self._shared.append(preset_lock(preset, settings.database))
        self._missing: list[str] = []
        self._session: LockSession | None = None
        self._held = False
        self._lock = threading.Lock()

    def ping(self) -> None:
        """Make sure that the lock is held. Blocking; a lost server is tried again at the next ping."""
        with self._lock:
            try:
                if self._session is None:
                    self._session = LockSession(self._settings, idle_s=IDLE_S, timeout_s=10)
                    self._held = self._session.take(lock_name(self._owner), 5)
                    self._missing = self._shared
                if not self._held:
                    # Our own session of before has it, until MySQL learns that the line to it is cut.
                    self._held = self._session.take(lock_name(self._owner), 0)
                if self._held and not self._missing:
                    self._session.ping()
                session = self._session
                self._missing = [name for name in self._missing if not session.take(name, 0)]
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
