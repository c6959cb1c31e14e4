import contextlib
import json
import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.waiting import wait_until

from binlog_watcher.demo.process import ServiceFailedError, ServiceProcess, free_port

READY = """
import http.server, json, os, signal, sys
report = {"env": dict(os.environ), "files": os.listdir(), "args": sys.argv[1:]}
open(os.environ["REPORT"], "w").write(json.dumps(report))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'cartwake_ready 1\\nm_total{outcome="sent"} 2\\nm_total{outcome="failed"} 1\\n')
    def log_message(self, *args):
        pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("127.0.0.1", int(os.environ["METRICS_PORT"])), Handler).serve_forever()
"""


class Scripted(ServiceProcess):
    """Runs a script of the test in place of `cartwake`."""

    script = READY

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", self.script, *arguments]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "METRICS_PORT": str(free_port()),
        "REPORT": str(tmp_path / "report.json"),
        "MYSQL_USER": "cartwake",
    }


def has_ended(descriptor: int, seconds: float = 20) -> bool:
    """Whether the process of this pidfd ends in time."""
    readable, _, _ = select.select([descriptor], [], [], seconds)
    return bool(readable)


async def test_nothing_of_the_callers_settings_leaks_in(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MYSQL_PASSWORD", "GEMINI_API_KEY", "SMTP_USER", "DRY_RUN", "http_proxy"):
        monkeypatch.setenv(name, "of a real shop")
    with Scripted(settings, tmp_path / "console.log") as service:
        service.start()
        await service.wait_until_ready(20)
        assert service.metrics() == {"cartwake_ready": 1.0, "m_total": 3.0}
        assert service.stop() == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert "of a real shop" not in report["env"].values()
    assert report["env"]["MYSQL_USER"] == "cartwake"
    assert report["files"] == []
    assert report["args"] == ["run"]


async def test_last_words_are_passed_on(settings: dict[str, str], tmp_path: Path) -> None:
    class Dying(Scripted):
        script = "import sys; print('cartwake: MYSQL_USER is not set'); sys.exit(2)"

    with Dying(settings, tmp_path / "console.log") as service:
        service.start()
        with pytest.raises(ServiceFailedError, match=r"exit code 2[^$]*MYSQL_USER is not set"):
            await service.wait_until_ready(20)


async def test_it_starts_again_after_a_kill(settings: dict[str, str], tmp_path: Path) -> None:
    with Scripted(settings, tmp_path / "console.log") as service:
        service.start()
        await service.wait_until_ready(20)
        first = service.pid
        service.kill()
        assert not service.alive
        assert service.metrics() == {}
        service.start()
        await service.wait_until_ready(20)
        assert service.pid != first


def test_another_command_that_fails_says_why(settings: dict[str, str], tmp_path: Path) -> None:
    class Refusing(Scripted):
        script = "import sys; sys.exit('cartwake: not an address: x')"

    with (
        Refusing(settings, tmp_path / "console.log") as service,
        pytest.raises(ServiceFailedError, match=r"optout add failed .*not an address"),
    ):
        service.run("optout", "add", "x")


@contextlib.contextmanager
def owner(settings: dict[str, str], console: Path) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """A process that runs a service; yields it with a descriptor of the service and the service's folder."""
    script = f"""
    import sys, time
    from pathlib import Path
    from binlog_watcher.demo.process import ServiceProcess
    class Sleeper(ServiceProcess):
        def _command(self, *arguments):
            return [sys.executable, "-c", "import time; time.sleep(300)"]
    with Sleeper({settings!r}, Path({str(console)!r})) as service:
        service.start()
        print(service.pid, service._folder, flush=True)
        time.sleep(300)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().split()
        descriptor = os.pidfd_open(int(pid))
        try:
            yield process, descriptor, Path(folder)
        finally:
            process.kill()
            os.close(descriptor)


def test_nothing_is_left_when_the_demo_itself_is_killed(settings: dict[str, str], tmp_path: Path) -> None:
    with owner(settings, tmp_path / "console.log") as (process, service, folder):
        process.kill()
        assert has_ended(service)
        wait_until(lambda: not folder.exists())


def test_a_terminals_ctrl_c_reaches_no_command_that_is_waited_for(
    settings: dict[str, str], tmp_path: Path
) -> None:
    """It goes to the whole process group: a command that dies of it was reported as failed."""

    class Command(Scripted):
        script = "import os; open(os.environ['REPORT'], 'w').write(str(os.getpgrp()))"

    with Command(settings, tmp_path / "console.log") as service:
        service.run("optout", "list")
    assert int((tmp_path / "report.json").read_text()) != os.getpgrp()
