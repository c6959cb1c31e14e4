"""What stands in a running service just now: timers, queues, how the binlog is followed. For other threads to read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.source import SourceStats
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.service.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Standing:
    """A moment of a service. Times in epoch microseconds of MySQL's clock, spans in microseconds.

    ``upcoming``: the timers that are due first, as (cart, due); ``silent_us``: since the binlog was last heard of;
    ``resets``: how often all carts were read anew, by cause; ``queues``: how many mails wait before which stage;
    ``texts_fail``: whether Gemini is out.
    """

    now_us: int
    upcoming: list[tuple[CartKey, int]]
    armed: int
    in_hand: int
    lag_us: int
    silent_us: int
    resets: dict[str, int]
    queues: dict[str, int]
    sender_stopped: bool
    texts_fail: bool


class Live:
    """Of one service.

    ``depths``: how many mails wait before which stage; ``sender_stopped``: SMTP takes no mail; ``texts_fail``: Gemini
    is out.
    """

    def __init__(
        self,
        tracker: Tracker,
        stats: SourceStats,
        readiness: Readiness,
        clock: ServerClock,
        *,
        sender_stopped: Callable[[], bool],
        texts_fail: Callable[[], bool],
        depths: Callable[[], Mapping[str, int]],
    ) -> None:
        self._tracker = tracker
        self._stats = stats
        self._readiness = readiness
        self._clock = clock
        self._sender_stopped = sender_stopped
        self._texts_fail = texts_fail
        self._depths = depths

    def standing(self, *, timers: int) -> Standing:
        """A copy of it, with up to ``timers`` of the timers. From any thread: the tracker is locked for a moment."""
        return Standing(
            now_us=self._clock.now_us(),
            upcoming=self._tracker.upcoming(timers),
            armed=self._tracker.armed,
            in_hand=self._tracker.in_hand,
            lag_us=self._stats.lag_us,
            silent_us=self._readiness.silent_for_us(),
            resets=dict(self._stats.resets),
            queues=dict(self._depths()),
            sender_stopped=self._sender_stopped(),
            texts_fail=self._texts_fail(),
        )
