"""When a service counts as ready, and what its gauges say."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from fakes.waiting import until

from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    CartRead,
    Change,
    Event,
    Hydrated,
    OrderPlaced,
    Revoked,
)
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.service import gauges as gauges_module
from binlog_watcher.service.gauges import Gauges
from binlog_watcher.service.readiness import STANDBY, STARTING, STOPPING, Readiness
from binlog_watcher.telemetry.metrics import Metrics
from binlog_watcher.telemetry.metrics_server import Obstacle

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND
INTERVAL_S = 10


class Followed:
    """A source that is heard of when it is told to be, and the clock of all."""

    def __init__(self) -> None:
        self.now = NOW
        self.leads = True
        self.sender_stopped = False
        self.tracker = Tracker(60 * SECOND)
        self.metrics = Metrics()
        self.stats = SimpleNamespace(lag_us=0, resets={}, relapses={}, stuck=None)
        self.obstacle: Obstacle | None = None
        self.depths = {"smtp": 0}
        parts: Any = self
        self.readiness = Readiness(
            self.tracker,
            parts,
            parts,
            check_interval_s=INTERVAL_S,
            leads=lambda: self.leads,
            sender_stopped=lambda: self.sender_stopped,
            obstacles=[lambda: None, lambda: self.obstacle],
        )
        self.gauges = Gauges(
            self.tracker,
            parts.stats,
            self.readiness,
            self.metrics,
            parts,
            leads=lambda: self.leads,
            sender_stopped=lambda: self.sender_stopped,
            depths=lambda: self.depths,
        )

    def now_us(self) -> int:
        return self.now

    def send(self, *events: Event) -> None:
        batch = Batch("shop", events, Progress("", self.now, caught_up=True, lag_us=0, received_us=self.now))
        self.tracker.apply(batch)
        self.readiness.heard(batch)
        self.gauges.heard(batch)

    def figure(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"cartwake_{name}", labels)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self.gauges.watch())
        await asyncio.sleep(0.02)
        try:
            yield
        finally:
            watching.cancel()


@pytest.fixture
def followed() -> Followed:
    followed = Followed()
    followed.send(Assigned("shop"))
    followed.send(Hydrated("shop"))
    followed.send()
    return followed


def test_it_is_ready_when_all_carts_were_read() -> None:
    followed = Followed()
    assert not followed.readiness.is_ready()
    followed.send(Assigned("shop"))
    assert followed.readiness.not_ready() == STARTING
    followed.send(Hydrated("shop"))
    assert followed.readiness.is_ready()
    assert followed.readiness.not_ready() is None
    followed.send(Revoked("shop", "purged"))
    assert not followed.readiness.is_ready()


def test_a_silent_source_is_down_after_three_intervals(followed: Followed) -> None:
    followed.now += 3 * INTERVAL_S * SECOND
    assert followed.readiness.is_ready()
    followed.now += 1
    assert not followed.readiness.is_ready()
    assert followed.readiness.stream_is_down()
    followed.send()
    assert followed.readiness.is_ready()
    assert not followed.readiness.stream_is_down()


def test_hydration_after_hydration_with_nothing_between_is_no_life(followed: Followed) -> None:
    for _ in range(5):
        followed.now += INTERVAL_S * SECOND
        followed.send(Assigned("shop"))
        followed.send(CartRead(1, followed.now, followed.now + 60 * SECOND))
        followed.send(Hydrated("shop"))
    assert followed.tracker.ready(followed.now, SECOND)
    assert followed.readiness.stream_is_down()
    assert not followed.readiness.is_ready()


def test_only_the_leader_is_ready_and_nobody_who_is_about_to_end(followed: Followed) -> None:
    followed.leads = False
    assert not followed.readiness.is_ready()
    followed.leads = True
    assert followed.readiness.is_ready()
    followed.readiness.stop()
    assert followed.readiness.not_ready() == STOPPING


def test_it_is_not_ready_while_all_is_read_anew_for_the_same_cause_again_and_again(
    followed: Followed,
) -> None:
    followed.stats.stuck = "decode: shop.cart has 5 columns now"
    assert not followed.readiness.is_ready()
    assert "shop.cart has 5 columns now" in str(followed.readiness.not_ready())
    assert not followed.readiness.stream_is_down(), "what it does tell counts"
    followed.stats.stuck = None
    assert followed.readiness.not_ready() is None


async def test_it_is_not_ready_while_no_mail_can_go_out(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges_module, "INTERVAL_S", 0.01)
    followed.sender_stopped = True
    assert not followed.readiness.is_ready()
    assert followed.readiness.not_ready() == ("smtp", "the SMTP server takes no mail from us")
    async with followed.watched():
        assert (followed.figure("ready"), followed.figure("sender_stopped")) == (0, 1)
        followed.sender_stopped = False
        await until(lambda: (followed.figure("ready"), followed.figure("sender_stopped")) == (1, 0))
    followed.sender_stopped = True
    followed.leads = False
    assert followed.readiness.not_ready() == STANDBY, "who does not lead does not send"


def test_whatever_keeps_mails_from_going_out_is_told(followed: Followed) -> None:
    followed.obstacle = Obstacle("write", "MySQL only reads")
    assert not followed.readiness.is_ready()
    assert str(followed.readiness.not_ready()) == "write: MySQL only reads"
    followed.obstacle = None
    assert followed.readiness.is_ready()


async def test_the_gauges_follow_and_are_cleared_at_the_end(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges_module, "INTERVAL_S", 0.01)
    followed.send(CartRead(1, NOW, NOW + 60 * SECOND))
    followed.stats.lag_us = 1_500_000
    followed.stats.resets = {"purged": 2, "failover": 1}
    followed.stats.relapses = {"purged": 1}
    with structlog.testing.capture_logs() as logs:
        async with followed.watched():
            names = ("ready", "leader", "timers_armed", "recoveries_in_hand")
            assert [followed.figure(name) for name in names] == [1, 1, 1, 0]
            assert followed.figure("source_lag_seconds") == 1.5
            resets = [followed.figure("source_resets_total", cause=cause) for cause in ("purged", "failover")]
            assert resets == [2, 1]
            assert followed.figure("source_relapses_total", cause="purged") == 1
            assert followed.figure("next_due_seconds") == 60
            assert followed.figure("source_events_total", type="cart_read") == 1
            followed.leads = False
            await asyncio.sleep(0.05)
            assert (followed.figure("ready"), followed.figure("leader")) == (0, 0)
    assert [entry["event"] for entry in logs] == ["service.ready", "service.not_ready"]
    followed.gauges.clear()
    assert followed.figure("timers_armed") == 0
    assert math.isnan(followed.figure("next_due_seconds") or 0)
    assert followed.figure("queue_depth", queue="smtp") is None


async def test_what_was_told_is_counted_on_over_the_terms_of_a_leader(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges_module, "INTERVAL_S", 0.01)
    followed.send(CartChanged(1, Change.INSERT, NOW), OrderPlaced(1, NOW))
    followed.send(CartChanged(1, Change.UPDATE, NOW))
    followed.depths = {"smtp": 3}
    followed.now += 2 * SECOND
    async with followed.watched():
        assert followed.figure("source_events_total", type="cart_changed") == 2
        assert followed.figure("source_events_total", type="order_placed") == 1
        assert followed.figure("source_heartbeat_age_seconds") == 2
        assert followed.figure("queue_depth", queue="smtp") == 3
        followed.send(CartChanged(2, Change.INSERT, NOW))
        await until(lambda: followed.figure("source_events_total", type="cart_changed") == 3)
    parts: Any = followed
    followed.gauges = Gauges(
        followed.tracker, parts.stats, followed.readiness, followed.metrics, parts, leads=lambda: True
    )
    followed.send(CartChanged(2, Change.UPDATE, NOW))
    async with followed.watched():
        assert followed.figure("source_events_total", type="cart_changed") == 4
