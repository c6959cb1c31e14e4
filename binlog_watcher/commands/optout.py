"""`cartwake optout`: addresses that are never mailed."""

from collections.abc import Iterable

from rich.table import Table

from binlog_watcher.service.resources import open_resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.recipients import OptOut, OptOuts


def optouts(settings: Settings) -> OptOuts:
    """The suppression list; creates our tables where they are missing. Blocking."""
    resources = open_resources(settings, write=True, activate=False)
    return OptOuts(resources.database, resources.hasher)


def shown(entries: Iterable[OptOut]) -> Table:
    """The list on a terminal. Times in UTC."""
    table = Table("address", "since (UTC)", "reason")
    for entry in entries:
        table.add_row(entry.hint, f"{entry.since:%Y-%m-%d %H:%M}", entry.reason)
    return table
