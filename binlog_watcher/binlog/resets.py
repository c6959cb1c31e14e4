"""When all is read anew, and for what: at most once in so many seconds, and not unnoticed when it does not help.

A reset cures most causes: a TRUNCATE was seen, the tables were read, and the stream goes on. It does not cure a table
whose rows nobody can read: they come again, and so does the reset, for ever. So each cause is counted that comes back.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from binlog_watcher.binlog.stats import Stats

START = "start"

STUCK_AFTER = 3
"""Resets in a row for one cause, after which the binlog counts as not followed."""

_BACK_INTERVALS = 3
"""A cause that a reset cures is back when it comes again within so many intervals of resets."""

_UNREADABLE = frozenset({"decode", "unknown_event"})
_UNREADABLE_BACK_S = 86_400.0
"""What nobody can read stays so, however seldom it comes: a small shop may fill a cart in an hour."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cause:
    """``reason`` is one word, for counting; ``detail`` says what it was about; ``times``: how often in a row."""

    reason: str
    detail: str = ""
    times: int = 1

    @property
    def kind(self) -> str:
        """The same for whatever differs in numbers only."""
        return re.sub(r"0x\w+|\d+", "#", f"{self.reason}: {self.detail}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """How often in a row a cause came, when last (seconds), and how long it had stayed away."""

    times: int
    last_s: float
    away_s: float = 0.0


class Relapses:
    """Which causes come back, each counted by its kind; pure. ``interval_s``: of resets."""

    def __init__(self, interval_s: float) -> None:
        self._back_s = _BACK_INTERVALS * interval_s
        self._seen: dict[str, _Seen] = {}
        self._stuck: Cause | None = None

    def note(self, cause: Cause, now_s: float) -> int:
        """It came; how often in a row by now."""
        back_s = _UNREADABLE_BACK_S if cause.reason in _UNREADABLE else self._back_s
        self._seen = {
            kind: seen for kind, seen in self._seen.items() if now_s - seen.last_s < _UNREADABLE_BACK_S
        }
        before = self._seen.get(cause.kind)
        if before is None or now_s - before.last_s > back_s:
            self._seen[cause.kind] = _Seen(1, now_s)
            return 1
        self._seen[cause.kind] = _Seen(before.times + 1, now_s, now_s - before.last_s)
        if before.times + 1 >= STUCK_AFTER:
            self._stuck = cause
        return before.times + 1

    def stuck(self, now_s: float) -> Cause | None:
        """What came the third time in a row, until it has stayed away for twice as long as it did before that."""
        if self._stuck is not None:
            seen = self._seen.get(self._stuck.kind)
            if seen is None or now_s - seen.last_s > max(self._back_s, 2 * seen.away_s):
                self._stuck = None
        return self._stuck


class Resets:
    """What asks for the next reset, and when it may begin. ``wait``: sleeps, for so many seconds or until stopped."""

    def __init__(
        self, interval_s: float, stats: Stats, *, begin: bool, wait: Callable[[float], object]
    ) -> None:
        self._interval_s = interval_s
        self._stats = stats
        self._wait = wait
        self._lock = threading.Lock()
        self._wanted: Cause | None = Cause(START) if begin else None
        self._last_s: float | None = None
        self._relapses = Relapses(interval_s)

    @property
    def wanted(self) -> bool:
        """Whether the tables are going to be read anew. More trouble is no news then."""
        return self._wanted is not None

    def want(self, reason: str, detail: str = "") -> None:
        """Have the tables read anew; the first of several causes is the one reported. Any thread."""
        with self._lock:
            if self._wanted is None:
                times = self._relapses.note(Cause(reason, detail), time.monotonic())
                self._wanted = Cause(reason, detail, times)

    def are_due(self, *, wait: bool) -> bool:
        """Whether to reset now. ``wait``: there is nothing else to do until it is due."""
        if self._wanted is None:
            return False
        left_s = 0.0 if self._last_s is None else self._last_s + self._interval_s - time.monotonic()
        if wait and left_s > 0:
            self._wait(left_s)
            return True
        return left_s <= 0

    def begin(self) -> Cause:
        """The reset that was wanted begins."""
        with self._lock:
            cause, self._wanted = self._wanted or Cause(START), None
        if cause.times > 1:
            log.error(
                "binlog.reset_again", reason=cause.reason, times=cause.times, detail=cause.detail,
                hint="all carts were read anew for the same cause before, which did not remove it: mails are late "
                "until somebody does",
            )  # fmt: skip
        elif cause.reason != START:
            log.warning("binlog.reset", reason=cause.reason)
        return cause

    def failed(self, cause: Cause) -> None:
        """It could not be done: again, as soon as the server answers."""
        with self._lock:
            self._wanted = self._wanted or cause

    def done(self, cause: Cause) -> None:
        """All was read."""
        if cause.reason == START:
            return
        self._last_s = time.monotonic()
        counts = [self._stats.resets, self._stats.relapses] if cause.times > 1 else [self._stats.resets]
        for count in counts:
            count[cause.reason] = count.get(cause.reason, 0) + 1
        self.look()

    def look(self) -> None:
        """Note whether the binlog counts as followed, for whoever asks."""
        with self._lock:
            stuck = self._relapses.stuck(time.monotonic())
        self._stats.stuck = None if stuck is None else f"{stuck.reason}: {stuck.detail}"
