"""The tables of settings and the shops' pages are as the code says, and what the shops' pages tell to set is valid."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from binlog_watcher.settings.load import load_settings
from binlog_watcher.shop.presets import preset_names

ROOT = Path(__file__).parents[3]
SHOPS = sorted((ROOT / "docs/shops").glob("*.md"))


def test_the_pages_are_as_the_code_says() -> None:
    command = [sys.executable, str(ROOT / ".ci/reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_preset_has_a_page() -> None:
    told = {name for page in SHOPS for name in re.findall(r"<!-- preset: (\S+) -->", page.read_text())}
    assert told == set(preset_names()) - {"sample"}


@pytest.mark.parametrize("page", SHOPS, ids=lambda page: page.stem)
def test_what_a_shops_page_tells_to_set_is_valid(page: Path, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```ini\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    env = tmp_path / ".env"
    env.write_text(f"MYSQL_USER=cartwake\nMYSQL_DATABASE=shop\n{block}")
    assert load_settings(env, need="mysql", environ={}).preset().cart.table


@pytest.mark.parametrize("name", ["binlog_row_metadata", "binlog_row_image", "binlog_format", "gtid_mode"])
def test_the_page_on_servers_names_what_the_doctor_asks_for(name: str) -> None:
    assert re.search(rf"\| `{name}`", (ROOT / "docs/servers.md").read_text())
