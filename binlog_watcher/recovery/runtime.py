"""What every stage of a running instance shares: the timers, MySQL's clock, the shop's rules, metrics and traces."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.telemetry.metrics import Metrics
from binlog_watcher.telemetry.traces import Traces


@dataclass(frozen=True, slots=True)
class Runtime:
    """One value, since its parts always travel together.

    ``wake``: set when the wheel is worth another look: something was armed, or a cart was settled and left room.
    """

    tracker: Tracker
    clock: ServerClock
    policy: Policy
    metrics: Metrics
    traces: Traces = field(default_factory=Traces)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Standing:
    """What this instance may do just now. ``leads``: False while another one may be the leader; then mails go back.

    ``alone``: whether the tables alone may decide: nothing was heard of the binlog for long, or nobody follows it.
    """

    leads: Callable[[], bool] = lambda: True
    alone: Callable[[], bool] = lambda: True
