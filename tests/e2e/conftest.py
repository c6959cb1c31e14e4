"""A sample shop, a mail catcher, and the real service as a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.running_shop import RunningShop, open_shop

from binlog_watcher.demo.server import Server


@pytest.fixture
def running_shop(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[RunningShop]:
    """A sample shop with a mail catcher; services started from it end with the test."""
    with open_shop(server, fresh_database, tmp_path) as opened:
        yield opened
