"""A command in a pseudo-terminal of 80 columns, and somebody who types."""

import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

COLUMNS = 80
_ROWS = 50
_SHELL = """trap : INT; "$@"; echo "[exit code $?]"; read -r _"""
"""Lives on until all is read: with a terminal's first process goes what stands in it."""

_ENDED = re.compile(r"\[exit code (\d+)\]")
_PATIENCE_S = 0.5


class Typist:
    """``shown``: all that stood in the terminal so far, what was typed among it unless it is hidden."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._read = 0
        self.shown = ""

    def expect(self, text: str, seconds: float = 60) -> None:
        """Wait until this is shown, behind all that was expected before."""
        deadline = time.monotonic() + seconds
        while (at := self.shown.find(text, self._read)) < 0:
            assert self._more(deadline), f"no {text!r} in:\n{self.shown}"
        self._read = at + len(text)

    def answer(self, question: str, line: str = "") -> None:
        self.expect(question)
        self.type(line)

    def type(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def interrupt(self) -> int:
        """Ctrl-C, once more if it came between a prompt and the reading of its answer; the exit code."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not _ENDED.search(self.shown):
            os.write(self._terminal, b"\x03")
            while self._more(time.monotonic() + _PATIENCE_S):
                pass
        return self.ended(1)

    def ended(self, seconds: float = 60) -> int:
        """Its exit code."""
        deadline = time.monotonic() + seconds
        while not (found := _ENDED.search(self.shown)):
            assert self._more(deadline), f"it goes on:\n{self.shown}"
        return int(found[1])

    def _more(self, deadline: float) -> bool:
        """Whether it says something until then."""
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        found = os.read(self._terminal, 65536).decode(errors="replace")
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", found).replace("\r", "")
        return True


@contextmanager
def in_a_terminal(settings: Mapping[str, str], *arguments: str, folder: Path) -> Iterator[Typist]:
    """Run `cartwake` with exactly these settings; killed at the end if it has not ended."""
    environ = {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "TERM": "dumb", **settings}
    command = ["/bin/sh", "-c", _SHELL, "sh", sys.executable, "-m", "binlog_watcher", *arguments]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(command[0], command, environ)  # noqa: S606 - our own program
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, COLUMNS, 0, 0))
    try:
        yield Typist(terminal)
    finally:
        os.close(terminal)  # hangs up on whoever still runs there
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
