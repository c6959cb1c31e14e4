"""The figures over HTTP, and the health checks."""

import asyncio
import http.client
import socket
import threading

import pytest
from fakes.waiting import wait_until

from binlog_watcher.errors import ConfigError
from binlog_watcher.telemetry.metrics import Metrics
from binlog_watcher.telemetry.metrics_server import Obstacle, serve, serving, turns


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_metrics_and_health() -> None:
    metrics, port, problem = (
        Metrics(),
        free_port(),
        [Obstacle("standby"), Obstacle("smtp", "it takes nothing")],
    )
    alive = [False]
    metrics.mails.labels("sent").inc(3)
    metrics.lateness.observe(0.02)
    stop = serve(metrics, "127.0.0.1", port, lambda: problem[0] if problem else None, lambda: alive[0])
    try:
        assert get(port, "/readyz") == (503, "standby\n")
        problem.pop(0)
        assert get(port, "/readyz") == (503, "smtp: it takes nothing\n")
        problem.clear()
        assert get(port, "/readyz") == (200, "ready\n")
        assert get(port, "/healthz") == (503, "stuck: the event loop stands for 3 s\n")
        alive[0] = True
        assert get(port, "/healthz") == (200, "ok\n")
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


@pytest.mark.parametrize(
    ("host", "asked"),
    [("::1", "::1"), ("::", "::1"), ("localhost", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")],  # noqa: S104 - on purpose
)
def test_every_kind_of_address(host: str, asked: str) -> None:
    port = free_port()
    stop = serve(Metrics(), host, port, lambda: None)
    try:
        assert get(port, "/readyz", asked) == (200, "ready\n")
    finally:
        stop()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid"])
def test_a_host_that_is_not_here_is_no_matter_of_the_port(host: str) -> None:
    with pytest.raises(
        ConfigError, match=f"^METRICS_HOST={host}: can't listen on .*give an address of this machine"
    ):
        serve(Metrics(), host, free_port(), lambda: None)


def test_a_port_that_is_taken_is_named_with_its_address() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"^METRICS_PORT={port}: .* \[::1\]:{port} .*; choose a free port$"
        ):
            serve(Metrics(), "::1", port, lambda: None)


@pytest.mark.parametrize("said", [b"", b"GET /metrics HT", b"GET /metrics HTTP/1.1\r\nHost:"])
def test_a_client_that_falls_silent_holds_no_thread(
    said: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("binlog_watcher.telemetry.metrics_server._QuietHandler.timeout", 0.2)
    port, before = free_port(), threading.active_count()
    stop = serve(Metrics(), "127.0.0.1", port, lambda: None)
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(20)]
    try:
        for client in clients:
            client.sendall(said)
        for client in clients:
            while client.recv(1000):
                pass  # until the server hangs up
        wait_until(lambda: threading.active_count() == before + 1)
        assert get(port, "/readyz") == (200, "ready\n")
    finally:
        for client in clients:
            client.close()
        stop()
    assert capfd.readouterr().err == ""


async def test_a_process_that_waits_for_mysql_is_well_and_one_whose_loop_hangs_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("binlog_watcher.telemetry.metrics_server.LOOP_PATIENCE_S", 0.1)
    loop, port = asyncio.get_running_loop(), free_port()
    with serving(Metrics(), "127.0.0.1", port, lambda: Obstacle("starting")):
        assert await asyncio.to_thread(get, port, "/healthz") == (200, "ok\n")
        # This very function keeps the loop from turning while the server's thread asks it.
        assert get(port, "/healthz")[0] == 503
        assert await asyncio.to_thread(turns, loop)


def test_a_loop_that_was_closed_does_not_turn() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    assert not turns(loop)
