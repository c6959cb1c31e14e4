"""Keeps the figures that nobody counts where it happens: what stands at which level, and what the binlog told."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Mapping

import structlog
from prometheus_client import Counter

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.events import (
    CartChanged,
    CartClosed,
    CartRead,
    CustomerOrdered,
    CustomerOrdersChanged,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
)
from binlog_watcher.core.source import Batch, SourceStats
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.service.readiness import Readiness
from binlog_watcher.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

INTERVAL_S = 0.25

TYPES = {
    CartChanged: "cart_changed",
    CartClosed: "cart_closed",
    CartRead: "cart_read",
    OrderPlaced: "order_placed",
    OrderChanged: "order_changed",
    CustomerOrdered: "customer_ordered",
    CustomerOrdersChanged: "customer_orders_changed",
    ProductChanged: "product_changed",
}
"""What is told of, and how: a partition that comes and goes is no news of the shop."""


class Gauges:
    """Of one service. ``leads``: False while another instance may be the leader.

    ``depths``: how many mails wait before which stage; ``sender_stopped``: whether the SMTP server takes no mail.
    """

    def __init__(
        self,
        tracker: Tracker,
        stats: SourceStats,
        readiness: Readiness,
        metrics: Metrics,
        clock: ServerClock,
        *,
        leads: Callable[[], bool],
        sender_stopped: Callable[[], bool] = lambda: False,
        depths: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._tracker = tracker
        self._stats = stats
        self._readiness = readiness
        self._metrics = metrics
        self._clock = clock
        self._leads = leads
        self._sender_stopped = sender_stopped
        self._depths = depths
        self._heard: dict[type, int] = defaultdict(int)
        self._told: dict[tuple[Counter, str], int] = defaultdict(int)

    def heard(self, batch: Batch) -> None:
        """The source delivered a batch. In its thread: nothing but counts, for it may be far behind."""
        heard = self._heard
        for event in batch.events:
            heard[type(event)] += 1

    async def watch(self) -> None:
        """Keep them fresh and tell when readiness changes, until cancelled."""
        was_ready = False
        while True:
            why_not = self._readiness.not_ready()
            ready = why_not is None
            if ready != was_ready:
                if ready:
                    log.info("service.ready", armed=self._tracker.armed)
                else:
                    log.info("service.not_ready", armed=self._tracker.armed, why=str(why_not))
                was_ready = ready
            self._metrics.ready.set(ready)
            self._of_the_instance()
            self._of_the_source()
            await asyncio.sleep(INTERVAL_S)

    def _of_the_instance(self) -> None:
        metrics, next_due_us = self._metrics, self._tracker.next_due()
        metrics.leader.set(self._leads())
        metrics.sender_stopped.set(self._sender_stopped())
        metrics.timers_armed.set(self._tracker.armed)
        metrics.in_hand.set(self._tracker.in_hand)
        metrics.next_due.set(math.nan if next_due_us is None else (next_due_us - self._clock.now_us()) / 1e6)
        for queue, depth in self._depths().items():
            metrics.queues.labels(queue).set(depth)

    def _of_the_source(self) -> None:
        metrics, stats = self._metrics, self._stats
        metrics.lag.set(stats.lag_us / 1e6)
        metrics.heartbeat_age.set(self._readiness.silent_for_us() / 1e6)
        for cause, times in tuple(stats.resets.items()):
            self._count(metrics.resets, cause, times)
        for cause, times in tuple(stats.relapses.items()):
            self._count(metrics.relapses, cause, times)
        for kind, times in tuple(self._heard.items()):
            if kind in TYPES:
                self._count(metrics.events, TYPES[kind], times)

    def _count(self, counter: Counter, label: str, times: int) -> None:
        """Of this term as leader there were so many: what is new of them is added to those of the terms before."""
        counter.labels(label).inc(times - self._told[counter, label])
        self._told[counter, label] = times

    def clear(self) -> None:
        """The service has ended; the next term as leader, if there is one, has none of this."""
        metrics = self._metrics
        for gauge in (metrics.ready, metrics.sender_stopped, metrics.timers_armed, metrics.in_hand):
            gauge.set(0)
        metrics.next_due.set(math.nan)
        metrics.queues.clear()
