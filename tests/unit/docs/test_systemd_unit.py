"""The unit of docs/running.md: what systemd says of it, and that it hands over a file that only root may read."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from binlog_watcher.settings.load import ENV_FILE
from binlog_watcher.settings.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs/running.md").read_text()


def unit() -> str:
    (found,) = re.findall(r"^```ini\n(\[Unit\]\n.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_settings_come_as_a_credential() -> None:
    service = re.search(r"\[Service\]\n(.+?)\n\[", unit(), re.DOTALL)
    assert service
    pairs = [
        line.split("=", 1) for line in service[1].splitlines() if "=" in line and not line.startswith("#")
    ]
    given = [(name, value) for name, value in pairs]
    assert ("DynamicUser", "yes") in given
    name, file = dict(given)["LoadCredential"].split(":")
    assert ("Environment", f"{ENV_FILE}=%d/{name}") in given
    assert file == "/etc/cartwake/.env"
    named = {value.partition("=")[0] for key, value in given if key == "Environment"} - {ENV_FILE}
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert int(dict(given)["TimeoutStopSec"]) > Settings().shutdown_seconds


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "cartwake.service"
    file.write_text(unit().replace("/opt/cartwake/bin/cartwake", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
