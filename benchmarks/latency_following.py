"""A reader of the latency benchmark at work: a process that says when it is ready, and later when rows arrived."""

import json
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Self

_START_S, _END_S = 120.0, 60.0


class ReaderFailedError(Exception):
    """A reader did not do its work; the message says what it said last."""


class Following:
    """Use it as a context: the process ends with it. ``work``: a folder with nothing in it."""

    def __init__(self, command: list[str], job: dict[str, Any], work: Path) -> None:
        self._said = work / "said.log"
        self._deadline = time.monotonic() + _START_S
        self._lines: queue.Queue[str] = queue.Queue()
        with self._said.open("w") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=work
            )
        assert self._process.stdin is not None
        with self._process.stdin as stdin:
            stdin.write(json.dumps(job))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def ready(self) -> bool:
        """Whether it follows; to be asked again and again. Raises ReaderFailedError."""
        while not self._lines.empty():
            if self._lines.get() == "ready":
                return True
        if self._process.poll() is not None:
            raise self._failure(f"it ended with status {self._process.returncode}")
        if time.monotonic() > self._deadline:
            raise self._failure(f"it was not ready after {_START_S:.0f} s")
        return False

    def arrivals(self) -> dict[str, int]:
        """User id → when its row arrived, in nanoseconds of CLOCK_MONOTONIC. Raises ReaderFailedError."""
        deadline = time.monotonic() + _END_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self._failure(f"it told nothing within {_END_S:.0f} s") from None
            if line.startswith("{"):  # others are chatter: of the JVM, for example
                found: dict[str, int] = json.loads(line)
                return found
            if not line:
                raise self._failure("it ended without a result")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for line in stdout:
                self._lines.put(line.strip() or "-")
        self._lines.put("")

    def _failure(self, what: str) -> ReaderFailedError:
        words = self._said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return ReaderFailedError(f"{what}: {words[-1] if words else 'without a word'}")
