"""Writes down up to when the history of this instance's partitions is known, once it is noted."""

from collections.abc import Callable, Sequence

from binlog_watcher.core.tracker import Tracker
from binlog_watcher.service.group.tables_partition import TABLES
from binlog_watcher.store.own_tables.group import Clock, GroupTables


class GroupClocks:
    """``troubles``: how often records did not tell all."""

    def __init__(
        self, tracker: Tracker, tables: GroupTables, now_us: Callable[[], int], troubles: Callable[[], int]
    ) -> None:
        self._tracker = tracker
        self._tables = tables
        self._now_us = now_us
        self._troubles = troubles

    def read(self) -> tuple[Sequence[Clock], int]:
        """The clocks as they are before notes are taken: what they tell of is in these notes, or in those before."""
        standings = self._tracker.standings(self._now_us())
        clocks = [
            Clock(one.partition, one.clock_us, one.armed)
            for one in standings
            if one.partition != TABLES and one.hydrated and one.clock_us is not None
        ]
        return clocks, self._troubles()

    def write(self, read: tuple[Sequence[Clock], int]) -> None:
        """All notes are written. Blocking. Raises DatabaseUnavailableError."""
        self._tables.write_clocks(*read)
