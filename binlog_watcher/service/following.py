"""How a service follows its shop: where the changes come from, and the reconciliation beneath them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from binlog_watcher.core.source import Deliver, EventSource
from binlog_watcher.service.pipeline import Pipeline
from binlog_watcher.service.resources import Resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics_server import Obstacle


@dataclass(frozen=True, slots=True)
class Around:
    """What the reconciliation has to do with. ``deliver``: takes batches as the source's; ``poke``: timers were armed.

    ``is_alone``: whether the tables alone decide just now.
    """

    deliver: Deliver
    poke: Callable[[], None]
    is_alone: Callable[[], bool]


class KeptClocks(Protocol):
    """Up to when what was told is noted, written down for others."""

    def read(self) -> object:
        """Just before notes are taken."""

    def write(self, read: Any) -> None:
        """When all of them are written; blocking."""


class Following(Protocol):
    """One way to follow a shop."""

    @property
    def source(self) -> EventSource:
        """Where the changes come from."""

    @property
    def partition(self) -> str | None:
        """In which carts are armed whose customer's orders changed; None: only the tables tell of those."""

    @property
    def may_go_alone(self) -> bool:
        """Whether the tables alone may decide while nothing is heard of the source."""

    @property
    def clocks(self) -> KeptClocks | None:
        """Written with the notes; None: nobody needs them."""

    @property
    def obstacle(self) -> Callable[[], Obstacle | None] | None:
        """Tells why the source is not followed up to now; None: the batches tell all there is to know."""

    def reconcile(self, around: Around) -> Coroutine[Any, Any, None]:
        """Run until cancelled."""


Follow = Callable[[Settings, Resources, Pipeline], Following]
