"""What the dashboard asks MySQL, by sessions of its own: the figures of a month, and the log's newest rows."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from binlog_watcher.admin.keeper import Keeper
from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.explain import Explained, tell
from binlog_watcher.answers.figures_read import figures_of
from binlog_watcher.clock import wall_s
from binlog_watcher.core.dead_letters import RESTORABLE, DeadLetter, advice
from binlog_watcher.core.log_status import Status
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS
from binlog_watcher.service.resources import Resources, open_resources, refresh_clock
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables import dead_letters, overview, recent
from binlog_watcher.store.own_tables.earnings import DAY_US
from binlog_watcher.store.own_tables.figures import Figures, Window
from binlog_watcher.store.own_tables.overview import UnderWay
from binlog_watcher.store.own_tables.recent import RecentRow
from binlog_watcher.store.own_tables.returned_mails import returned
from binlog_watcher.store.own_tables.webhook_queue import NONE, Standing, read_standing

DAYS = 30
HARD = "hard"
"""The sort of mails that came back for good."""

FIGURES_S = 60.0
"""How old figures may become while somebody looks; older where they take long."""

LOG_S = 5.0
"""The same of the newest rows."""

MOST_ROWS = 20
MOST_LETTERS = 3
"""Of those that were given up, so many are told with what to do."""


@dataclass(frozen=True, slots=True)
class Advised:
    """A row that was given up, and what to do about it."""

    letter: DeadLetter
    todo: str


@dataclass(frozen=True, slots=True)
class LogReading:
    """``failed`` and ``unknown``: how many rows were given up, and how many have an unknown outcome.

    ``webhooks``: how telling events stands; ``bounced``: mails of DAYS days that came back for good.
    """

    rows: list[RecentRow]
    failed: int
    unknown: int
    letters: list[Advised]
    under_way: UnderWay
    webhooks: Standing = NONE
    bounced: int = 0


class Readings:
    """Of one shop. ``figures`` and ``log`` are None where Cartwake never ran."""

    def __init__(self, settings: Settings, *, counter: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._resources: Resources | None = None
        self._counted = False
        self.figures: Keeper[Figures | None] = Keeper(
            "figures", self._read_figures, every_s=FIGURES_S, now=wall_s, counter=counter
        )
        self.log: Keeper[LogReading | None] = Keeper(
            "log", self._read_log, every_s=LOG_S, now=wall_s, counter=counter
        )

    def story(self, question: Question) -> Explained:
        """What `cartwake explain` tells, with addresses masked. Blocking; raises CartwakeError, InvalidAddressError."""
        return tell(self._open(), self._settings, question, show_address=False)

    def close(self) -> None:
        """Close all sessions."""
        self.figures.close()
        self.log.close()
        with self._lock:
            if self._resources is not None:
                self._resources.close()

    def _open(self) -> Resources:
        """Opened at the first need, and anew while our tables are not there yet."""
        with self._lock:
            if self._resources is not None and not self._resources.with_log:
                self._resources.close()
                self._resources = None
            if self._resources is None:
                self._resources = open_resources(self._settings, write=False)
            return self._resources

    def _read_figures(self) -> Figures | None:
        resources = self._open()
        if not resources.with_log:
            return None
        refresh_clock(resources.clock, resources.database)
        window = Window.last(resources.clock.now_us(), days=DAYS)
        # The first count is waited for. Later ones leave the shop, and who asks for a story, the server's other cores.
        sessions = 1 if self._counted else 2
        found = figures_of(resources, self._settings, window, before=False, sessions=sessions)
        self._counted = found is not None
        return found

    def _webhooks(self, session: Session) -> Standing:
        return NONE if self._settings.webhook_url is None else read_standing(session)

    def _read_log(self) -> LogReading | None:
        resources = self._open()
        if not resources.with_log:
            return None
        now_us = resources.clock.now_us()
        # A running service takes due retries up within CHECK_INTERVAL_SECONDS.
        late_us = now_us - int(2e6 * self._settings.check_interval_seconds)
        with resources.database.session() as session:
            dead = {status: dead_letters.ids(session, [status]) for status in RESTORABLE}
            newest = sorted((one for ids in dead.values() for one in ids), reverse=True)[:MOST_LETTERS]
            letters = dead_letters.read(session, newest, resources.episodes.shop_id) if newest else []
            return LogReading(
                rows=recent.read_newest(session, MOST_ROWS),
                failed=len(dead.get(Status.FAILED, ())),
                unknown=len(dead.get(Status.UNKNOWN, ())),
                letters=[
                    Advised(row, advice(row, now_us - resources.policy.max_age_us, max_attempts=MAX_ATTEMPTS))
                    for row in letters
                ],
                under_way=overview.under_way(session, late_us),
                webhooks=self._webhooks(session),
                bounced=sum(
                    one.mails for one in returned(session, now_us - DAYS * DAY_US) if one.kind == HARD
                ),
            )
