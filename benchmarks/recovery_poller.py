"""The poller of the recovery benchmark at work: a process that polls when it is told to."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from recovery_service import settings_of

if TYPE_CHECKING:
    from recovery_ground import Ground

ACCOUNT = "poller"
POLLS_PER_MINUTE = 2


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought; ``found_at``: when its query was through, in epoch seconds."""

    found: int
    mailed: int
    found_at: float


class Poller:
    """Use it as a context: the process ends with it."""

    def __init__(self, ground: "Ground", threshold_s: float) -> None:
        settings = settings_of(
            ground.server, ground.password, ground.sink.port, ground.folder, threshold_s=threshold_s
        )
        server = ground.server
        account = {
            "host": server.host,
            "port": server.port,
            "user": ACCOUNT,
            "password": ground.password,
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("peers") / "poller.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._say(json.dumps({"account": account, "settings": settings, "threshold_s": threshold_s}))
        if self._read() != "ready":
            raise SystemExit("the poller did not begin")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it

    def poll(self) -> Polled:
        """Let it poll once, and wait until it has mailed all that it found."""
        self._say("poll")
        return Polled(**json.loads(self._read()))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise SystemExit("the poller ended")
        return line
