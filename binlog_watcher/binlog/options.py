"""What a source of binlog events is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from binlog_watcher.binlog.connection.anchor import Marker
from binlog_watcher.binlog.meaning.created_at import ToUs
from binlog_watcher.core.source import Hydrate
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.schema import Schema


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the server is spoken to. ``server_id`` must be no replica's; None: a random one.

    ``heartbeat_s``: how often the server is heard of when nothing happens. ``reset_interval_s``: everything is read
    anew at most once in so many seconds.
    """

    server_id: int | None = None
    heartbeat_s: float = 1.0
    reset_interval_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Which server to follow, and for whom. The events are those of one ``partition``.

    ``hydrate`` is called in the reader's thread, after the anchor was taken. ``now_us`` is MySQL's clock in epoch
    microseconds. ``marker`` commits a row in a table of our own and is needed on a MySQL without GTIDs only.
    ``created_at_us`` reads the cart's ``created_at``: with it, a wrong time zone is noticed and warned of.
    """

    connection: ConnectionSettings
    schema: Schema
    hydrate: Hydrate
    now_us: Callable[[], int]
    marker: Marker | None = None
    created_at_us: ToUs | None = None
    partition: str = "binlog"
    tuning: Tuning = Tuning()
