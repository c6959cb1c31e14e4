"""The shop with sessions on a real server; ``preset`` may be parametrised with another text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.preset_shop import preset_shop
from fakes.session_shop import Open
from fakes.sessions import MARK, PRESET, Sessions

from binlog_watcher.demo.server import Server


@pytest.fixture
def preset(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    file = tmp_path / "sessions.toml"
    file.write_text(getattr(request, "param", PRESET))
    return str(file)


@pytest.fixture
def opened(server: Server, fresh_database: str, preset: str) -> Iterator[Open]:
    with preset_shop(server, fresh_database, preset, MARK) as db:
        shop = Sessions(db.run)
        shop.create()
        yield Open(db, shop)
