"""Whether the shop is followed, and mail can go out: what /healthz and the gauges say.

Also whether the reconciliation must do without the stream.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.source import Batch, EventSource, Pulse
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

METRICS_INTERVAL_S = 0.25

SILENT_INTERVALS = 3
"""A source of which nothing was heard for so many CHECK_INTERVAL_SECONDS is down."""


class Readiness:
    """``check_interval_s``: CHECK_INTERVAL_SECONDS. ``leads``: False while another instance may be the leader.

    ``sender_stopped``: whether the SMTP server takes no mail from us. ``obstacles``: each tells why no mail could be
    sent although the binlog is followed, or None.
    """

    def __init__(
        self,
        tracker: Tracker,
        source: EventSource,
        metrics: Metrics,
        clock: ServerClock,
        *,
        check_interval_s: float,
        leads: Callable[[], bool],
        sender_stopped: Callable[[], bool] = lambda: False,
        obstacles: Sequence[Callable[[], str | None]] = (),
    ) -> None:
        self._tracker = tracker
        self._source = source
        self._metrics = metrics
        self._clock = clock
        self._max_silence_us = int(SILENT_INTERVALS * check_interval_s * 1_000_000)
        self._leads = leads
        self._sender_stopped = sender_stopped
        self._obstacles = (*obstacles, self._of_the_sender)
        self._pulse = Pulse(clock.now_us())
        self._stopping = False

    def heard(self, batch: Batch) -> None:
        """The source delivered a batch. In its thread."""
        self._pulse.observe(batch, self._clock.now_us())

    def stop(self) -> None:
        """The service is about to end: it is not ready any more."""
        self._stopping = True

    def stream_is_down(self) -> bool:
        """Whether nothing was heard of the source for three intervals."""
        return self._pulse.silent_for_us(self._clock.now_us()) > self._max_silence_us

    def is_ready(self) -> bool:
        """Whether mails can go out: the binlog is followed, by the leader, and nothing else is in the way."""
        return self.not_ready() is None

    def not_ready(self) -> str | None:
        """What /healthz says while this instance is not ready; None while it is."""
        if not self._follows():
            stuck = self._source.stats.stuck
            why = "" if stuck is None else f": all carts are read anew again and again ({stuck})"
            return f"not ready{why}"
        told = (tell() for tell in self._obstacles)
        return next((f"not ready: {obstacle}" for obstacle in told if obstacle is not None), None)

    def _of_the_sender(self) -> str | None:
        return "the SMTP server takes no mail from us" if self._sender_stopped() else None

    def _follows(self) -> bool:
        """Whether the binlog is followed: hydrated, heard of within three intervals, readable, and by the leader."""
        return (
            not self._stopping
            and self._tracker.ready(self._clock.now_us(), self._max_silence_us)
            and not self.stream_is_down()
            and self._source.stats.stuck is None
            and self._leads()
        )

    async def watch(self) -> None:
        """Keep the gauges fresh and tell when readiness changes, until cancelled."""
        was_ready = False
        while True:
            why_not = self.not_ready()
            ready = why_not is None
            if ready != was_ready:
                if ready:
                    log.info("service.ready", armed=self._tracker.armed)
                else:
                    log.info("service.not_ready", armed=self._tracker.armed, why=why_not)
                was_ready = ready
            self._metrics.ready.set(ready)
            self._metrics.leader.set(self._leads())
            self._metrics.sender_stopped.set(self._sender_stopped())
            self._metrics.timers_armed.set(self._tracker.armed)
            self._metrics.in_hand.set(self._tracker.in_hand)
            self._metrics.lag.set(self._source.stats.lag_us / 1e6)
            self._metrics.resets.set(sum(self._source.stats.resets.values()))
            for cause, times in tuple(self._source.stats.relapses.items()):
                self._metrics.relapses.labels(cause).set(times)
            await asyncio.sleep(METRICS_INTERVAL_S)

    def clear_gauges(self) -> None:
        """The service has ended; the next term as leader, if there is one, has none of this."""
        metrics = self._metrics
        for gauge in (metrics.ready, metrics.sender_stopped, metrics.timers_armed, metrics.in_hand):
            gauge.set(0)
