"""Prometheus and promtool from their Debian package."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from binlog_watcher.demo.packages import program
from binlog_watcher.demo.process import free_port

PACKAGES = ["prometheus"]


def promtool(root: Path, *arguments: str | Path) -> str:
    """What promtool prints; it must be content."""
    command = [*program(root, "usr/bin/promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """A running server."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/v1/"

    def query(self, expression: str) -> list[Any]:
        """What an expression yields now: a vector."""
        return list(self.get(f"query?{urlencode({'query': expression})}")["result"])

    def get(self, path: str) -> Any:
        """The data of an answer of its API. Raises OSError while it is not there."""
        with urllib.request.urlopen(self._base + path, timeout=10) as answer:  # noqa: S310 - our own, http
            return json.load(answer)["data"]


@contextmanager
def running(root: Path, folder: Path, target: str) -> Iterator[Prometheus]:
    """A server that scrapes ``target`` (host:port) each second and knows our rules, on a free port of 127.0.0.1."""
    rules = Path(__file__).parents[2] / "docker/prometheus/alerts.yaml"
    (folder / "prometheus.yaml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{rules}]\n"
        f"scrape_configs: [{{job_name: cartwake, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = free_port()
    command = [
        *program(root, "usr/bin/prometheus"), f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = Prometheus(port)
        deadline = time.monotonic() + 60
        while True:
            try:
                if server.query("up == 1"):
                    break
            except OSError:
                pass
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(30)
