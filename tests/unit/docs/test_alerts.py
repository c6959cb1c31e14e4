"""The metrics that the alerts, the dashboard and their page name are those that are served."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import generate_latest

from binlog_watcher.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/alerts.md").read_text()
METRICS = (ROOT / "docs/metrics.md").read_text()
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "docker/prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "docker/grafana/cartwake.json").read_text())
NAME = re.compile(r"\bcartwake_[a-z_]*[a-z]\b")


def served() -> dict[str, tuple[str, ...]]:
    """Metric → its labels, as Prometheus stores it."""
    metrics = Metrics()
    partitions = metrics.of_partitions()
    text = generate_latest(metrics.registry).decode()
    labels: dict[str, tuple[str, ...]] = {}
    for metric in (*vars(metrics).values(), partitions.armed, partitions.behind):
        for family in getattr(metric, "describe", list)():
            labels[family.name] = tuple(metric._labelnames)
    found: dict[str, tuple[str, ...]] = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE):
        base = name.removesuffix("_total")
        if base in labels:
            found[name] = labels[base]
            if kind == "histogram":
                found[f"{name}_bucket"] = ("le",)
    return found


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in RULES] + panels


def test_every_metric_that_is_named_exists() -> None:
    known = served()
    assert len(known) > 20
    assert set(NAME.findall(PAGE + METRICS + " ".join(expressions()))) - set(known) == set()


def test_every_metric_is_explained() -> None:
    assert {name for name in served() if not name.endswith("_bucket")} == set(NAME.findall(METRICS))


def test_every_label_that_is_asked_for_exists() -> None:
    known = served()
    for text in expressions():
        for name, chosen in re.findall(r"(cartwake_\w+)\{(\w+)=", text):
            assert chosen in known[name], text
        labels = {label for name in NAME.findall(text) for label in known[name]} | {"instance"}
        for listed in re.findall(r"\bby \(([\w, ]+)\)", text):
            assert set(listed.split(", ")) <= labels, text


def test_every_alert_is_on_the_page_and_none_besides() -> None:
    assert re.findall(r"^\| `(Cartwake\w+)` \|", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "warn"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_the_panels_stand_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells
