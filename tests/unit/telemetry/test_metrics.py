"""The figures over HTTP, and the health check."""

import http.client
import socket

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.telemetry.metrics import Metrics, serve


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_metrics_and_health() -> None:
    metrics, port, problem = Metrics(), free_port(), ["not ready, standby"]
    metrics.mails.labels("sent").inc(3)
    metrics.lateness.observe(0.02)
    stop = serve(metrics, "127.0.0.1", port, lambda: problem[0] if problem else None)
    try:
        assert get(port, "/healthz") == (503, "not ready, standby\n")
        problem.clear()
        assert get(port, "/healthz") == (200, "ready\n")
        status, text = get(port, "/metrics")
        assert status == 200
        assert 'cartwake_mails_total{outcome="sent"} 3.0' in text
        assert 'cartwake_lateness_seconds_bucket{le="0.025"} 1.0' in text
        assert get(port, "/")[0] == 404
        with pytest.raises(ConfigError, match=f"METRICS_PORT={port}"):
            serve(Metrics(), "127.0.0.1", port, lambda: None)
    finally:
        stop()
    with pytest.raises(OSError, match="refused"):
        get(port, "/healthz")


def test_how_many_mails_ended_how() -> None:
    metrics = Metrics()
    assert metrics.mails_with("unknown") == 0
    metrics.mails.labels("unknown").inc()
    assert metrics.mails_with("unknown") == 1
