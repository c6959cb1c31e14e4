"""A cart's way as moments, of which a trace is made when it ends. Pure; where none is kept a call does nothing.

Nothing is looked up and nothing sent while a cart is on its way: each stage notes when it was done, and the whole is
handed over at the end. Event loop only. Times are epoch microseconds of MySQL's clock.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT = 20_000
"""Ways that are remembered at once; of more than these the oldest are forgotten."""


@dataclass(slots=True)
class Way:
    """How one recovery went. ``activity_us``: the last activity that the source told of, if it did.

    ``stages``: each with when it was done; it began when the one before it was.
    """

    key: str
    due_us: int
    activity_us: int | None
    stages: list[tuple[str, int]] = field(default_factory=list)
    log_id: int | None = None
    outcome: str = ""
    reason: str = ""
    attempt: int = 1


class Traces:
    """Keeps none."""

    def begin(self, key: object, due_us: int, activity_us: int | None) -> None:
        """A cart's timer has fired."""

    def done(self, key: object, stage: str, at_us: int) -> None:
        """One of its stages is done."""

    def forget(self, key: object) -> None:
        """It waits, or is another instance's: there is nothing to tell."""

    def end(
        self, key: object, outcome: str, reason: str = "", *, log_id: int | None = None, attempt: int = 1
    ) -> None:
        """Its recovery is over, until it is tried again."""

    def close(self) -> None:
        """Hand over what was not yet. Blocking, for two seconds at most."""


class KeptTraces(Traces):
    """Keeps them, and gives each to ``export`` when it has ended; ``export`` must not block.

    ``percent``: of which share of the recoveries, by their keys and times: all of one, or nothing.
    """

    def __init__(
        self,
        export: Callable[[Way], None],
        *,
        percent: float = 100,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._export = export
        self._share = percent * 100
        self._close = close
        self._ways: dict[str, Way] = {}

    def begin(self, key: object, due_us: int, activity_us: int | None) -> None:
        """Remember it, if it is of the share."""
        name = str(key)
        if zlib.crc32(f"{name} {due_us}".encode()) % 10_000 < self._share:
            self._ways.pop(name, None)
            self._ways[name] = Way(name, due_us, activity_us)
            if len(self._ways) > KEPT:
                del self._ways[next(iter(self._ways))]

    def done(self, key: object, stage: str, at_us: int) -> None:
        """Note it."""
        if (way := self._ways.get(str(key))) is not None:
            way.stages.append((stage, at_us))

    def forget(self, key: object) -> None:
        """Forget it."""
        self._ways.pop(str(key), None)

    def end(
        self, key: object, outcome: str, reason: str = "", *, log_id: int | None = None, attempt: int = 1
    ) -> None:
        """Hand it over."""
        if (way := self._ways.pop(str(key), None)) is not None:
            way.outcome, way.reason, way.log_id, way.attempt = outcome, reason, log_id, attempt
            self._export(way)

    def close(self) -> None:
        """Hand over what waits."""
        self._close()
