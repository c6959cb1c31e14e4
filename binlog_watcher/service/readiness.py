"""Whether the shop is followed, and mail can go out: what /readyz and the gauges say.

Also whether the reconciliation must do without the stream.
"""

from collections.abc import Callable, Sequence

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.source import Batch, EventSource, Pulse
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.telemetry.metrics_server import Obstacle

STANDBY = Obstacle("standby")
STARTING = Obstacle("starting", "the open carts are being read")
STOPPING = Obstacle("stopping", "the mails in hand are finished first")

SILENT_INTERVALS = 3
"""A source of which nothing was heard for so many CHECK_INTERVAL_SECONDS is down."""


class Readiness:
    """``check_interval_s``: CHECK_INTERVAL_SECONDS. ``leads``: False while another instance may be the leader.

    ``sender_stopped``: whether the SMTP server takes no mail from us. ``obstacles``: each tells why no mail could be
    sent although the binlog is followed, or None. ``of_the_source``: knows better than the batches tell why the source
    is not followed.
    """

    def __init__(
        self,
        tracker: Tracker,
        source: EventSource,
        clock: ServerClock,
        *,
        check_interval_s: float,
        leads: Callable[[], bool],
        sender_stopped: Callable[[], bool] = lambda: False,
        obstacles: Sequence[Callable[[], Obstacle | None]] = (),
        of_the_source: Callable[[], Obstacle | None] | None = None,
    ) -> None:
        self._tracker = tracker
        self._source = source
        self._clock = clock
        self._max_silence_us = int(SILENT_INTERVALS * check_interval_s * 1_000_000)
        self._leads = leads
        self._sender_stopped = sender_stopped
        self._obstacles = (self._of_the_source, *obstacles, self._of_the_sender)
        self._source_tells = of_the_source
        self._pulse = Pulse(clock.now_us())
        self._stopping = False

    def heard(self, batch: Batch) -> None:
        """The source delivered a batch. In its thread."""
        self._pulse.observe(batch, self._clock.now_us())

    def stop(self) -> None:
        """The service is about to end: it is not ready any more."""
        self._stopping = True

    def silent_for_us(self) -> int:
        """Microseconds since the source was last heard of."""
        return self._pulse.silent_for_us(self._clock.now_us())

    def stream_is_down(self) -> bool:
        """Whether nothing was heard of the source for three intervals."""
        return self.silent_for_us() > self._max_silence_us

    def is_ready(self) -> bool:
        """Whether mails can go out: the binlog is followed, by the leader, and nothing else is in the way."""
        return self.not_ready() is None

    def not_ready(self) -> Obstacle | None:
        """What /readyz says while this instance is not ready; None while it is."""
        told = (tell() for tell in self._obstacles)
        return next((obstacle for obstacle in told if obstacle is not None), None)

    def _of_the_source(self) -> Obstacle | None:
        """Whether the binlog is followed: hydrated, heard of within three intervals, readable, and by the leader."""
        if self._stopping:
            return STOPPING
        if not self._leads():
            return STANDBY
        if self._source_tells is not None:
            return self._source_tells()
        if (stuck := self._source.stats.stuck) is not None:
            return Obstacle("stuck", f"all carts are read anew again and again ({stuck})")
        if self.stream_is_down():
            seconds = self.silent_for_us() // 1_000_000
            return Obstacle("binlog", f"nothing was heard of it for {seconds} s; is MySQL there?")
        if not self._tracker.ready(self._clock.now_us(), self._max_silence_us):
            return STARTING
        return None

    def _of_the_sender(self) -> Obstacle | None:
        return Obstacle("smtp", "the SMTP server takes no mail from us") if self._sender_stopped() else None
