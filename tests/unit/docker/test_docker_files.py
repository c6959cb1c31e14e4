"""No container engine is needed here: what can be checked of docker/ with files, a shell and a socket."""

import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
COMPOSE = (DOCKER / "compose.yaml").read_text()


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", joined, re.MULTILINE)


def test_the_image_runs_as_nobody_special() -> None:
    assert instructions("FROM")[-1] == "python:3.13-slim"
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert f"--uid {user.split(':')[0]}" in instructions("RUN")[-1]


def test_signals_reach_the_service() -> None:
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["cartwake"]
    assert json.loads(instructions("CMD")[-1]) == ["run"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


def test_the_wheel_gets_all_that_it_is_built_from() -> None:
    copied = [source for line in instructions("COPY")[:-1] for source in line.split()[:-1]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [
        "pyproject.toml",
        project["project"]["readme"],
        *project["project"]["license-files"],
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
    ]
    assert sorted(copied) == sorted(needed)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert sorted(allowed) == sorted(copied)
    assert "**/.env" in ignored


def test_the_settings_of_the_image_are_valid() -> None:
    environ = dict(pair.split("=", 1) for pair in instructions("ENV")[0].split())
    settings = load_settings(None, need="mysql", environ=environ | {"MYSQL_URL": "mysql://u@db/shop"})
    assert settings.log_file is None
    assert settings.metrics_port is not None


@contextmanager
def answering(status: int, body: bytes = b"") -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def health_check(port: int) -> int:
    (line,) = instructions("HEALTHCHECK")
    python, *arguments = json.loads(line[line.index("[") :])
    assert python == "python"
    # A proxy must not be asked about this machine's own port.
    environ = {"METRICS_PORT": str(port), "http_proxy": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environ, capture_output=True, timeout=30, check=False
    )
    return done.returncode


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
def test_the_health_check(status: int, *, healthy: bool) -> None:
    with answering(status) as port:
        assert (health_check(port) == 0) is healthy


def test_a_standby_is_healthy() -> None:
    with answering(503, b"standby\n") as port:
        assert health_check(port) == 0
    with answering(503, b"starting: the open carts are being read\n") as port:
        assert health_check(port) != 0


def test_a_service_that_does_not_answer_is_not_healthy() -> None:
    with answering(200) as port:
        pass
    assert health_check(port) != 0


def service(name: str) -> str:
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    assert found
    return found[1]


def environment(name: str) -> dict[str, str]:
    found = re.search(r"^    environment:\n((?:      .+\n)+)", service(name), re.MULTILINE)
    assert found
    return {
        key: value.strip('"') for key, value in re.findall(r"^ +([A-Z_\d]+): (.+)$", found[1], re.MULTILINE)
    }


def test_the_settings_of_the_composed_service_are_valid() -> None:
    assert {name.lower() for name in environment("cartwake")} <= set(Settings.model_fields)
    settings = load_settings(None, environ=environment("cartwake"))
    assert settings.smtp_port == 1025
    grace = re.search(r"stop_grace_period: (\d+)s", service("cartwake"))
    assert grace
    assert int(grace[1]) > settings.shutdown_seconds


def test_passwords_come_from_outside_the_file() -> None:
    given = {**environment("mysql"), **environment("cartwake")}
    passwords = {name: value for name, value in given.items() if "PASSWORD" in name}
    assert len(passwords) == 3
    assert all(re.fullmatch(r"\$\{[A-Z_]+:\?.+\}", value) for value in passwords.values())
    wanted = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE))
    example = (DOCKER / ".env.example").read_text()
    assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == wanted


def test_what_is_published_is_reached_by_this_machine_only() -> None:
    published = re.findall(r"^ +- \"([\d.:]+)\"", service("cartwake"), re.MULTILINE)
    ports = {int(port.rpartition(":")[2]) for port in published}
    assert all(port.startswith("127.0.0.1:") for port in published)
    services = yaml.safe_load(COMPOSE)["services"].values()
    assert all(port.startswith("127.0.0.1:") for one in services for port in one.get("ports", ()))
    image = dict(pair.split("=", 1) for pair in instructions("ENV")[0].split())
    settings = load_settings(None, environ=image | environment("cartwake"))
    assert ports == {settings.metrics_port, settings.web_port, settings.admin_port, 8025}
    assert {settings.metrics_host, settings.web_host, settings.admin_host} == {"0.0.0.0"}  # noqa: S104 - in a container


def test_the_service_needs_nothing_of_the_mail_catcher() -> None:
    assert "mailpit" not in service("cartwake").split("environment:")[0]
    assert "network_mode" not in service("cartwake")
    assert "network_mode: service:cartwake" in service("mailpit")


def test_mounted_files_exist_and_run_in_order() -> None:
    mounts = re.findall(r"^ +- (\.\S+):(/\S+):ro$", service("mysql"), re.MULTILINE)
    assert all((DOCKER / source).is_file() for source, _ in mounts)
    scripts = [
        Path(source).name
        for source, target in sorted(mounts, key=lambda mount: mount[1])
        if "initdb" in target
    ]
    assert scripts == ["shop.sql", "20-cartwake-user.sh", "account.sql"]
    # The entrypoint sources only what is not executable, and only there docker_process_sql is known.
    assert (DOCKER / "initdb" / "20-cartwake-user.sh").stat().st_mode & 0o111 == 0
    # The server ignores settings that everyone may write.
    assert (DOCKER / "mysql.cnf").stat().st_mode & 0o002 == 0


def test_the_account_is_not_made_without_a_password() -> None:
    script = DOCKER / "initdb" / "20-cartwake-user.sh"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", 'docker_process_sql() { cat; }; . "$0"', str(script)],
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "set CARTWAKE_PASSWORD" in done.stderr
    assert done.stdout == ""
