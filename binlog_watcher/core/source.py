"""The seam between whatever delivers events (today the binlog) and the timers (docs/architecture-way.md, *Seams*).

A source hands over ordered batches per partition. With each batch comes the progress of the reading, from
which the partition's clock follows: the time up to which the shop's history is known. A timer fires only when
``due <= min(now, partition clock)``, so that after a lag nobody is mailed on stale knowledge.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from binlog_watcher.core.events import Assigned, CartRead, Event, Hydrated, Revoked

HEARTBEAT_US = 1_000_000
"""How often the source is heard of when nothing happens, in microseconds."""

MAX_LAG_US = 1_000_000
"""A source that lags more than this is not caught up: its clock stands at its last commit."""


class Progress(NamedTuple):
    """How far the source has been read.

    ``position``: for logs (GTID set, or file:position); it may be that of a moment before.
    ``committed_us``: commit time of the newest transaction read, None before the first.
    ``caught_up``: the end of the binlog as read at connect has been passed.
    ``lag_us``: time of arrival minus commit time of the newest transaction, 0 when idle.
    ``received_us``: time on MySQL's clock at which the last packet arrived.
    ``behind_us``: of a source that never is caught up, since something passes in it now and then that tells up to when
    all has come: ``committed_us`` is that moment, and may be so far behind.
    """

    position: str
    committed_us: int | None
    caught_up: bool
    lag_us: int
    received_us: int
    behind_us: int = 0


class Batch(NamedTuple):
    """Events of one partition in commit order (maybe none: a heartbeat), and the progress after them."""

    partition: str
    events: tuple[Event, ...]
    progress: Progress


class PartitionClock:
    """The time up to which a partition's history is known; pure, ``now`` is an argument."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def observe(self, progress: Progress) -> None:
        """Take over the progress of an applied batch."""
        self._progress = progress

    def reset(self) -> None:
        """Forget everything: the partition was revoked."""
        self._progress = None

    def read(self, now_us: int) -> int:
        """The partition's clock at ``now_us``; 0 while nothing is known.

        ``now`` while the source is caught up, was heard of within two heartbeats and lags under a second;
        else the last commit time read, or 0 where that is further behind than it may be.
        """
        progress = self._progress
        if progress is None or self.stands(now_us):
            return 0
        if (
            progress.caught_up
            and now_us - progress.received_us <= 2 * HEARTBEAT_US
            and progress.lag_us < MAX_LAG_US
        ):
            return now_us
        return min(progress.committed_us or 0, now_us)

    def goes_with(self, now_us: int) -> bool:
        """Whether the shop's history is known up to now, or as nearly as the source can tell."""
        progress = self._progress
        return progress is not None and self.read(now_us) >= now_us - progress.behind_us

    def stands(self, now_us: int) -> bool:
        """Whether a source that is always a little behind is further behind than it may be."""
        progress = self._progress
        if progress is None or not progress.behind_us:
            return False
        return (progress.committed_us or 0) < now_us - progress.behind_us

    def silent_for_us(self, now_us: int) -> int | None:
        """Microseconds since the source was last heard of; None while it never was."""
        return None if self._progress is None else now_us - self._progress.received_us


class Pulse:
    """When a source last showed that it works; pure.

    A hydration may take long and is a sign of life. One after the other, with nothing from the stream in between, are
    not, where each ends at the latest where the last one did.
    """

    def __init__(self, now_us: int) -> None:
        self._heard_us = now_us
        self._hydrations = 0  # since the stream was last heard of
        self._read = self._furthest = 0  # carts, by this hydration and by those before

    def observe(self, batch: Batch, now_us: int) -> None:
        """A batch arrived."""
        last = batch.events[-1] if batch.events else None
        if isinstance(last, Assigned):
            self._hydrations += 1
            self._furthest, self._read = max(self._furthest, self._read), 0
        elif isinstance(last, CartRead):
            self._read += len(batch.events)
        elif not isinstance(last, Hydrated | Revoked):
            self._hydrations = self._read = self._furthest = 0
        if self._hydrations <= 1 or self._read > self._furthest:
            self._heard_us = now_us

    def silent_for_us(self, now_us: int) -> int:
        """Microseconds since the last sign of life."""
        return now_us - self._heard_us


Deliver = Callable[[Batch], None]
"""Takes a source's batches one after the other, in the source's own thread: no hop to another stands between a commit
and its timer. While it waits, the source does; what it raises ends the source."""
Hydrate = Callable[[], Iterator[list[CartRead]]]
"""Reads the shop's open carts in pages. Called by the source after it took its anchor."""


class SourceStats(Protocol):
    """What a source counts, for metrics. Read by any thread."""

    @property
    def lag_us(self) -> int:
        """Age of the newest transaction when it arrived, in microseconds; 0 when idle."""

    @property
    def resets(self) -> Mapping[str, int]:
        """How often everything was read anew since the start, by reason; without the first time."""

    @property
    def relapses(self) -> Mapping[str, int]:
        """How often of these for what the one before had not cured."""

    @property
    def stuck(self) -> str | None:
        """What has everything read anew again and again; None while nothing does."""


class EventSource(Protocol):
    """Something that delivers batches until it is stopped."""

    @property
    def stats(self) -> SourceStats:
        """What the source did so far; kept current while it runs."""

    async def run(self, deliver: Deliver) -> None:
        """Deliver ordered batches until ``stop``; reconnects by itself. ``deliver`` is called in another thread.

        Raises ConfigError for what only a human can mend (credentials, privileges, a binlog switched off).
        """

    def stop(self) -> None:
        """Ask ``run`` to end within a second; callable from any thread, more than once."""

    def request_reset(self, reason: str) -> None:
        """Read everything anew (Revoked, Assigned, hydration). Coalesced: at most one a minute."""
