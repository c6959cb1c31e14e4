"""What a running instance shows of itself to whatever is served beside it, such as the dashboard and the API."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from binlog_watcher.service.live import Live
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics_server import Obstacle


class Instance(Protocol):
    """A running instance: alone, or one of several. Every method may be called from any thread."""

    @property
    def live(self) -> Live | None:
        """Its timers and queues; None while it has none, since another instance leads or it only starts."""

    def not_ready(self) -> Obstacle | None:
        """What /readyz says while no mail can go out; None while all is well."""


Beside = Callable[[Settings, Instance], AbstractContextManager[None]]
"""Serves something while the instance runs. Raises ConfigError when it can't."""


def nothing_beside(_settings: Settings, _instance: Instance) -> AbstractContextManager[None]:
    """Serve nothing."""
    return nullcontext()
