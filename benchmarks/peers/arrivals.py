"""What every reader of the latency benchmark gets and gives.

A job comes as JSON on stdin. Rows of the probe's customer are written until the reader says "ready"; behind the row
of the last customer it tells, as JSON, when each customer's row arrived. Times are nanoseconds of CLOCK_MONOTONIC,
which all processes of a machine share. Only the standard library: Debezium's reader has an environment of its own.
"""

import json
import sys
import time
from dataclasses import dataclass

from reading import Shop


@dataclass(frozen=True, slots=True)
class Job(Shop):
    """Which server to follow, from its end on, and by which user ids the first and last row are known."""

    probe_key: int
    last_key: int

    @classmethod
    def given(cls) -> "Job":
        """The job on stdin."""
        return cls(**json.load(sys.stdin))


class Arrivals:
    """Notes when rows arrive."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._ready = False
        self._found: dict[int, int] = {}
        self.complete = False

    def note(self, key: int) -> None:
        """A row of the customer ``key`` is here."""
        now = time.monotonic_ns()
        if key == self._job.probe_key:
            if not self._ready:
                self._ready = True
                print("ready", flush=True)
        elif key == self._job.last_key:
            self.complete = True
        else:
            self._found.setdefault(key, now)

    def tell(self) -> None:
        """Print what was found."""
        print(json.dumps(self._found), flush=True)
