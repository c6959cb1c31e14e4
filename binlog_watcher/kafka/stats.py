"""What the source did so far, for logs, metrics and tests; written by one thread, read by any."""

from dataclasses import dataclass, field
from typing import NamedTuple


class PartitionStats(NamedTuple):
    """``mark_us``: up to when its history is known, in epoch microseconds. ``committed``: an offset."""

    next: int
    mark_us: int | None
    committed: int | None
    hydrated: bool


@dataclass(slots=True)
class KafkaStats:
    """Plain counters since the start. ``lag_us``: of the partition that is furthest behind, when its mark came.

    ``partitions``: those that this instance has.
    """

    lag_us: int = 0
    resets: dict[str, int] = field(default_factory=dict)
    relapses: dict[str, int] = field(default_factory=dict)
    stuck: str | None = None
    records: int = 0
    rebalances: int = 0
    reconnects: int = 0
    troubles: dict[str, int] = field(default_factory=dict)
    commits_failed: int = 0
    partitions: dict[str, PartitionStats] = field(default_factory=dict)
