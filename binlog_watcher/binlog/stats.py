"""What the reader did so far, for logs, metrics and tests; written by one thread, read by any."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Plain counters since the start. ``lag_us``: age of the newest transaction when it arrived, 0 when idle.

    ``relapses``: resets for what the one before did not cure, by reason; ``stuck``: what came back so often that the
    binlog counts as not followed.
    """

    events: int = 0
    transactions: int = 0
    rows: int = 0
    unknown_events: int = 0
    unknown_rows: int = 0
    reconnects: int = 0
    resets: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    relapses: dict[str, int] = field(default_factory=dict)
    stuck: str | None = None
    lag_us: int = 0
    position: str = ""
    connected: bool = False
