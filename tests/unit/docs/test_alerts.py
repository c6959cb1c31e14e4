"""The metrics that docs/alerts.md names are those that are served."""

import re
from pathlib import Path

from prometheus_client import generate_latest

from binlog_watcher.telemetry.metrics import Metrics

PAGE = (Path(__file__).parents[3] / "docs/alerts.md").read_text()


def test_every_metric_exists() -> None:
    served = set(re.findall(r"^# TYPE (\w+)", generate_latest(Metrics().registry).decode(), re.MULTILINE))
    named = set(re.findall(r"\bcartwake_(?:[a-z_]+[a-z])(?=[ )\[{=`>|]|$)", PAGE))
    assert len(named) >= 8
    assert {name.removesuffix("_bucket") for name in named} - served == set()
