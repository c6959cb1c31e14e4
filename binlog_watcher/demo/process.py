"""Runs the real service, ``cartwake run``, as a process of its own, with nothing of the caller's environment."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from binlog_watcher.demo import watchdog
from binlog_watcher.errors import CartwakeError

READY_SECONDS = 60.0
STOP_SECONDS = 15.0

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""What a process needs of the environment; everything else might be a setting of somebody's real shop."""


class ServiceFailedError(CartwakeError):
    """The service ended by itself, or did not become ready."""


class ServiceProcess:
    """``cartwake run`` with ``settings`` as its whole environment, in an empty folder (so no ``.env`` is found).

    A context manager: the process ends with the block, and a watchdog kills it if we are killed ourselves.
    ``console`` takes what it prints. ``options`` are those of ``run``.
    """

    def __init__(self, settings: Mapping[str, str], console: Path, options: Sequence[str] = ()) -> None:
        self._settings = dict(settings)
        self._options = tuple(options)
        self._console = console
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._folder = ""

    def __enter__(self) -> Self:
        self._folder = tempfile.mkdtemp(prefix="cartwake-run-")
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, str(os.getpid()), self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._watchdog is not None:
            self._watchdog.communicate()  # closes its input: it removes the folder and ends

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, None before the first start."""
        return None if self._process is None else self._process.pid

    def start(self, *options: str) -> None:
        """Start it, with options of `cartwake run`; returns at once."""
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                self._command("run", *self._options, *options),
                cwd=self._folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,  # Ctrl-C is for us: we end it in order
            )
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.write(f"{self._process.pid}\n".encode())
            self._watchdog.stdin.flush()

    async def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it follows the binlog. Raises ServiceFailedError with its last words."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive:
                raise ServiceFailedError(self.explain("the service ended"))
            if (await asyncio.to_thread(self.metrics)).get("cartwake_ready") == 1:
                return
            await asyncio.sleep(0.1)
        raise ServiceFailedError(self.explain(f"the service was not ready within {seconds:.0f} s"))

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int | None:
        """End it in order (SIGTERM), by force after ``STOP_SECONDS``; returns its exit code."""
        if self._process is None:
            return None
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(STOP_SECONDS)
            self.kill()
        return self._process.wait()

    def run(self, *arguments: str) -> None:
        """Run another ``cartwake`` command with the same settings. Raises ServiceFailedError with what it says."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for us
        )
        if done.returncode:
            says = (done.stderr or done.stdout).strip()
            raise ServiceFailedError(f"cartwake {' '.join(arguments[:2])} failed ({done.returncode}): {says}")

    def metrics(self) -> dict[str, float]:
        """Its figures, by name; labels are added up. Empty while it does not answer."""
        # Not urllib: it would ask the proxy of the user's environment.
        http = HTTPConnection("127.0.0.1", int(self._settings["METRICS_PORT"]), timeout=2)
        figures: dict[str, float] = {}
        try:
            http.request("GET", "/metrics")
            text = http.getresponse().read().decode()
        except (OSError, HTTPException):
            return figures
        finally:
            http.close()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                figures[sample.name] = figures.get(sample.name, 0.0) + sample.value
        return figures

    def explain(self, what: str) -> str:
        """``what`` happened, with the last lines that the service printed."""
        code = None if self._process is None else self._process.poll()
        lines = self._console.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        ended = "" if code is None else f" (exit code {code})"
        return "\n".join([f"{what}{ended}; its output is in {self._console}, which ends with:", *lines])

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "binlog_watcher", *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", **self._settings}


def free_port() -> int:
    """A port of 127.0.0.1 that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
