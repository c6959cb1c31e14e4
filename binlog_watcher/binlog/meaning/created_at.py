"""Whether the shop writes ``created_at`` in the zone that we read it in.

A DATETIME has no zone, and many an application writes UTC whatever the server's zone is. Every timer would then be
off by hours, and nothing else would tell. So now and then the ``created_at`` of a row that was just inserted is held
against the time of its arrival: one row of what was handed over, while the stream is live, until the first warning.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.values import Value
from binlog_watcher.binlog.meaning.effects import Watched
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.shop.moments import format_of

ToUs = Callable[[object], int | None]
"""From a value of the column, as a session in UTC reads it (of a DATETIME naive), to epoch microseconds."""

TOLERANCE_US = 5 * 60_000_000
"""So much may lie between the clocks of the shop and of MySQL."""
_SUSPECTS = 3
"""In a row: one alone may be an import of old carts."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the column's values are naive, too

log = structlog.get_logger(__name__)


class CreatedColumn(NamedTuple):
    """Where a table's rows say when they were written. ``plan`` decodes that, and what is asked about them."""

    plan: RowPlan
    watched: Watched

    def first(self, body: bytes, at: int) -> Value:
        """Of the first row that is one; None where there is none, or it does not say. Raises DecodeError."""
        rows = ((value, states) for value, *states in self.plan.single(body, at))
        return next((value for value, states in rows if not self.watched.is_no_row(states)), None)


class CreatedAtCheck:
    """``to_us``: how the program reads the column; None: nothing is checked. ``sample``: rows to be compared."""

    def __init__(self, to_us: ToUs | None) -> None:
        self._to_us = to_us
        self.sample: tuple[CreatedColumn, bytes, int] | None = None
        self._suspects = 0
        self._silent = to_us is None

    def keep(self, column: CreatedColumn | None, body: bytes, at: int) -> None:
        """Keep inserted rows for ``compare``: until they are handed over, there is no time for them."""
        if column is not None and not self._silent:
            self.sample = column, body, at

    def take(self) -> int | None:
        """The ``created_at`` of a row that was kept, in epoch microseconds; None where there is none that tells it."""
        sample, self.sample = self.sample, None
        if sample is None or self._to_us is None:
            return None
        column, body, at = sample
        with contextlib.suppress(DecodeError):
            return self._read(column.watched, column.first(body, at))
        return None

    def compare(self, now_us: int, *, live: bool) -> None:
        """Hold the last rows against the time. ``live``: they have been committed just now."""
        created_us = self.take()
        if live:
            self._judge(created_us, now_us)

    def hold(self, watched: Watched, value: Value, committed_us: int) -> None:
        """Hold what a new row says against its commit; of a column of time it is microseconds since 1970."""
        if not self._silent:
            self._judge(self._read(watched, value), committed_us)

    def _read(self, watched: Watched, value: Value) -> int | None:
        if self._to_us is None or not isinstance(value, int | str):
            return None
        try:
            if format_of(watched.created_column or "") is None and isinstance(value, int):
                return self._to_us(_EPOCH + timedelta(microseconds=value))
            return self._to_us(value)
        except OverflowError:  # the year 9999, in some zones
            return None

    def _judge(self, created_us: int | None, now_us: int) -> None:
        if created_us is None:
            return
        if abs(created_us - now_us) <= TOLERANCE_US:
            self._suspects = 0
            return
        self._suspects += 1
        if self._suspects == _SUSPECTS:
            self._silent = True
            log.warning(
                "binlog.created_at_off",
                minutes=round((created_us - now_us) / 60_000_000),
                hint="new cart rows carry a created_at that is not the time of their commit; "
                "set SHOP_TIMEZONE to the zone that the shop writes, or mend the column's format in the preset",
            )
