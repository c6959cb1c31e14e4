"""Which of several instances leads: the one whose session holds a named lock in the shop's MySQL.

    waiting ── GET_LOCK ──▶ leading ── the lock is another's ──▶ waiting

A process that is killed loses its connection, and with it the lock: whoever waits in GET_LOCK has it in that moment.
One that is frozen no longer pings: MySQL ends its session after ``idle_s`` and frees the lock. It may mail only until
``lease_s`` after it *asked* for its last good ping, which is earlier, by a counter that goes on while it sleeps.

A connection that was lost leaves open who leads. The lock is asked for again: if it is had, nothing has happened, and
all timers are still there; if it is another's, this instance steps down. A server that became read-only has handed
its shop to another one, whose lock counts. Until that is clear the lease runs out, and nothing is mailed.

A lock is the server's own, so after a failover, or when an administrator kills the session, two instances may
lead for up to ``lease_s``. That is safe: claims and the fence, not this lock, keep every cart at one mail
(docs/design-sending.md, *Never twice, never lost*).
"""

from collections.abc import Callable
from dataclasses import dataclass

import pymysql
import structlog

from binlog_watcher.clock import counter_us
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.store.locks.named_lock import LockSession, Look, of_database

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.

    ``idle_s``: MySQL frees the lock after so long without a ping; whole seconds. ``lease_s``: how long after a ping
    this instance takes itself for the leader: less than ``idle_s``. ``slice_s``: how long one GET_LOCK waits; whole.
    """

    ping_s: float = 1.0
    lease_s: float = 4.0
    idle_s: int = 5
    slice_s: int = 1
    retry_s: float = 0.2


def open_session(settings: ConnectionSettings, timing: Timing) -> LockSession:
    """A session for the lock; one that does not answer is given up when the lease has run out."""
    return LockSession(
        settings,
        idle_s=timing.idle_s,
        timeout_s=timing.lease_s,
        connect_timeout=min(settings.connect_timeout, CONNECT_TIMEOUT_S),
    )


class Candidate:
    """Takes part in the election, one blocking ``step`` after the other; ``leads`` may be asked in any thread."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        timing: Timing | None = None,
        now_us: Callable[[], int] = counter_us,
        connect: Callable[[ConnectionSettings, Timing], LockSession] = open_session,
        lock: str | None = None,
    ) -> None:
        """``lock``: the name of the lock, if it is not that of whoever mails from this database."""
        self._settings = settings
        self._timing = timing or Timing()
        self._now_us = now_us
        self._connect = connect
        self._lock = lock or of_database("cartwake.leader", settings.database)
        self._session: LockSession | None = None
        self._leads_until_us = 0
        self._held_by = 0  # the id of our session that held the lock last
        self._unreachable = False
        self.elected = False
        self.pause_s = 0.0

    def leads(self) -> bool:
        """Whether no other instance leads: asked before each mail. False also while that is not known."""
        return self._now_us() < self._leads_until_us

    def step(self) -> bool:
        """One try for the lock, or one ping; whether this instance is elected. ``pause_s``: when to step again."""
        try:
            if self._session is None:
                self._session = self._connect(self._settings, self._timing)
            asked_us = self._now_us()
            look = self._session.look(self._lock)
            if look.read_only:
                raise DatabaseUnavailableError("the server is read-only: the shop's primary is another")
            self._unreachable = False
            if look.holder == look.own:
                self._confirm(look, asked_us)
            elif self.elected:
                self._regain(self._session, look)
            else:
                # Had or not, the next step sees it: the wait may have lasted for hours, if we were frozen in it.
                taken = self._session.take(self._lock, self._timing.slice_s)
                # A server that does not wait (max_execution_time, say) shall not be asked thousands of times a second.
                waited = self._now_us() - asked_us > self._timing.slice_s * 500_000
                self.pause_s = 0.0 if taken or waited else self._timing.retry_s
        except (pymysql.err.Error, OSError, CartwakeError) as error:
            self._lost_connection(error)
        return self.elected

    def _confirm(self, look: Look, asked_us: int) -> None:
        """MySQL says that the lock is ours; it was when we asked, and stays for ``idle_s`` from then."""
        self._leads_until_us = asked_us + int(self._timing.lease_s * 1_000_000)
        self._held_by = look.own
        self.elected = True
        self.pause_s = self._timing.ping_s

    def _regain(self, session: LockSession, look: Look) -> None:
        """Take the lock anew after a lost connection; step down if another instance has it."""
        self.pause_s = 0.0
        if session.take(self._lock, 0):
            return  # the next step confirms it
        # Our own session of before may still be there, on the other side of a broken line.
        ours = look.holder in {None, self._held_by}
        if ours and self._now_us() < self._leads_until_us + self._timing.idle_s * 1_000_000:
            self.pause_s = self._timing.retry_s
            return
        self.elected = False
        self._leads_until_us = 0

    def _lost_connection(self, error: Exception) -> None:
        self.pause_s = self._timing.ping_s if self._unreachable else self._timing.retry_s
        if not self._unreachable:
            log.warning("leadership.unreachable", error=str(error), elected=self.elected)
        self._unreachable = True
        self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        """Leave the election; the lock is free for the others."""
        self.elected = False
        self._leads_until_us = 0
        self._drop()
