"""The alert rules and the dashboard, by Prometheus itself, on the metrics that are really served."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from parts import prometheus
from parts.prometheus import Prometheus, promtool

from binlog_watcher.demo.process import free_port
from binlog_watcher.telemetry.metrics import Metrics
from binlog_watcher.telemetry.metrics_server import serve

pytestmark = pytest.mark.parts

DOCKER = Path(__file__).parents[2] / "docker"
RULES = DOCKER / "prometheus/alerts.yaml"
DASHBOARD: dict[str, Any] = json.loads((DOCKER / "grafana/cartwake.json").read_text())

MINUTES = 90


def series(name: str, *values: str) -> dict[str, str]:
    return {"series": name, "values": " ".join(values)}


STEADY = [
    series('cartwake_ready{instance="a"}', f"1x{MINUTES}"),
    series('cartwake_leader{instance="a"}', f"1x{MINUTES}"),
    series('cartwake_sender_stopped{instance="a"}', f"0x{MINUTES}"),
    series('cartwake_source_lag_seconds{instance="a"}', f"0x{MINUTES}"),
    series('cartwake_source_heartbeat_age_seconds{instance="a"}', f"1x{MINUTES}"),
    series('cartwake_source_relapses_total{instance="a",cause="purged"}', f"0x{MINUTES}"),
    series('cartwake_mails_total{instance="a",outcome="sent"}', f"0+10x{MINUTES}"),
    series('cartwake_mails_total{instance="a",outcome="failed"}', f"0+1x{MINUTES}"),
    series('cartwake_due_to_sent_seconds_bucket{instance="a",le="0.5"}', f"0+10x{MINUTES}"),
    series('cartwake_due_to_sent_seconds_bucket{instance="a",le="60"}', f"0+10x{MINUTES}"),
    series('cartwake_due_to_sent_seconds_bucket{instance="a",le="600"}', f"0+10x{MINUTES}"),
    series('cartwake_due_to_sent_seconds_bucket{instance="a",le="+Inf"}', f"0+10x{MINUTES}"),
    series('cartwake_fallbacks_total{instance="a",part="gemini"}', f"0x{MINUTES}"),
    series('cartwake_gemini_out{instance="a"}', f"0x{MINUTES}"),
    series('cartwake_mailbox_failing{instance="a"}', f"0x{MINUTES}"),
    series('cartwake_webhooks_waiting{instance="a"}', f"3x{MINUTES}"),
    series('cartwake_webhooks_total{instance="a",outcome="told"}', f"0+1x{MINUTES}"),
]
"""One instance, all well: one mail of eleven fails."""

TROUBLES: dict[str, list[dict[str, str]]] = {
    "CartwakeGone": [series(one["series"], f"_x{MINUTES}") for one in STEADY[:2]],
    "CartwakeMailsNothing": [series('cartwake_ready{instance="a"}', f"0x{MINUTES}")],
    "CartwakeSenderStopped": [series('cartwake_sender_stopped{instance="a"}', f"1x{MINUTES}")],
    "CartwakeLeaders": [series('cartwake_leader{instance="b"}', f"1x{MINUTES}")],
    "CartwakeLags": [series('cartwake_source_lag_seconds{instance="a"}', f"90x{MINUTES}")],
    "CartwakeHearsNothing": [
        series('cartwake_source_heartbeat_age_seconds{instance="a"}', f"0+60x{MINUTES}")
    ],
    "CartwakeReadsAllAnew": [
        series('cartwake_source_relapses_total{instance="a",cause="purged"}', f"0+1x{MINUTES}")
    ],
    "CartwakeMailsFail": [series('cartwake_mails_total{instance="a",outcome="failed"}', f"0+5x{MINUTES}")],
    "CartwakeMailsLate": [
        series('cartwake_due_to_sent_seconds_bucket{instance="a",le="60"}', f"0+9x{MINUTES}"),
        series('cartwake_due_to_sent_seconds_bucket{instance="a",le="0.5"}', f"0+9x{MINUTES}"),
    ],
    "CartwakeTextsFallBack": [
        series('cartwake_fallbacks_total{instance="a",part="gemini"}', f"0+1x{MINUTES}")
    ],
    "CartwakeGeminiOut": [series('cartwake_gemini_out{instance="a"}', f"1x{MINUTES}")],
    "CartwakeBouncesUnread": [series('cartwake_mailbox_failing{instance="a"}', f"1x{MINUTES}")],
    "CartwakeWebhooksWait": [series('cartwake_webhooks_total{instance="a",outcome="told"}', f"0x{MINUTES}")],
}
"""What moves which alert."""


def test_promtool_takes_the_rules_and_the_configuration(prometheus_package: Path) -> None:
    assert "SUCCESS" in promtool(prometheus_package, "check", "rules", RULES)
    assert "SUCCESS" in promtool(prometheus_package, "check", "config", DOCKER / "prometheus/prometheus.yaml")


def test_every_alert_is_tried() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    assert set(TROUBLES) == {rule["alert"] for rule in rules}


@pytest.mark.parametrize("alert", [None, *TROUBLES])
def test_each_trouble_raises_its_alert_and_no_other(
    prometheus_package: Path, tmp_path: Path, alert: str | None
) -> None:
    moved = {} if alert is None else {one["series"]: one for one in TROUBLES[alert]}
    shown = [*(moved.pop(one["series"], one) for one in STEADY), *moved.values()]
    (rules,) = (group["rules"] for group in yaml.safe_load(RULES.read_text())["groups"])
    names = [rule["alert"] for rule in rules]
    fired = 'count by (alertname) (ALERTS{alertstate="firing"})'
    expected = [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if alert else []
    case = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": shown,
                "promql_expr_test": [
                    {"expr": fired, "eval_time": f"{MINUTES - 5}m", "exp_samples": expected}
                ],
            }
        ],
    }
    assert alert is None or alert in names
    (tmp_path / "case.yaml").write_text(yaml.safe_dump(case))
    assert "SUCCESS" in promtool(prometheus_package, "test", "rules", tmp_path / "case.yaml")


@pytest.fixture(scope="module")
def scraped(prometheus_package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server that has scraped the metrics of a service that has done a bit of everything, twice."""
    metrics, port = Metrics(), free_port()
    metrics.ready.set(1)
    metrics.leader.set(1)
    for counter, labels in (
        (metrics.mails, ["sent", "failed"]), (metrics.skips, ["bought_meanwhile"]), (metrics.fallbacks, ["gemini"]),
        (metrics.gemini_errors, ["quota"]),
        (metrics.events, ["cart_changed"]), (metrics.resets, ["purged"]), (metrics.relapses, ["purged"]),
        (metrics.smtp_errors, ["later"]), (metrics.returned, ["bounce"]),
    ):  # fmt: skip
        for label in labels:
            counter.labels(label).inc()
    metrics.queues.labels("smtp").set(1)
    stop = serve(metrics, "127.0.0.1", port, lambda: None)
    try:
        folder = tmp_path_factory.mktemp("prometheus")
        with prometheus.running(prometheus_package, folder, f"127.0.0.1:{port}") as server:
            deadline = time.monotonic() + 60
            while not server.query("rate(cartwake_mails_total[1m]) >= 0"):  # two scrapes make a rate
                metrics.lateness.observe(0.02)
                metrics.due_to_sent.observe(0.05)
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield server
    finally:
        stop()


@pytest.mark.parametrize(
    "expression",
    [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]],
)
def test_every_panel_shows_something(scraped: Prometheus, expression: str) -> None:
    assert scraped.query(expression)


def test_the_rules_are_evaluated_and_all_is_well(scraped: Prometheus) -> None:
    groups = scraped.get("rules")["groups"]
    deadline = time.monotonic() + 30
    while any(rule["health"] == "unknown" for rule in groups[0]["rules"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        groups = scraped.get("rules")["groups"]
    assert {rule["health"] for rule in groups[0]["rules"]} == {"ok"}
    assert scraped.get("alerts")["alerts"] == []
