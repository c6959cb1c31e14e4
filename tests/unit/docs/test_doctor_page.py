"""The page on the doctor names every check, in the order of its table."""

import re
from pathlib import Path

from binlog_watcher.doctor.examination import IDS

ROOT = Path(__file__).parents[3]


def test_every_check_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", (ROOT / "docs/doctor.md").read_text(), re.MULTILINE)
    assert tuple(rows) == IDS
