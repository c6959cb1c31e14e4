"""What every reader of the catch-up benchmark gets and gives: a job as JSON on stdin, its reading as JSON on stdout.

Only the standard library: Debezium's runs in an environment of its own.
"""

import hashlib
import json
import sys
import time
from dataclasses import asdict, dataclass

Row = tuple[str, str, int]
"""Table, what happened to the row (insert, update, delete), and the customer."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The server to read from, and a folder with nothing in it, ``work``."""

    host: str
    port: int
    user: str
    password: str
    database: str
    work: str


@dataclass(frozen=True, slots=True)
class Job(Shop):
    """Which binlog to read. ``bytes``: what the server sends for it."""

    tls: bool
    file: str
    offset: int
    gtids: str
    begin_key: int
    end_key: int
    bytes: int

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader read: its time, its share of processor time, and the watched rows if it decodes any."""

    seconds: float
    cpu_seconds: float
    rows: int | None = None
    checksum: str | None = None


class Stopwatch:
    """Runs from its making: make it right before connecting."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> Reading:
        """The time until now."""
        return Reading(time.perf_counter() - self._wall, time.process_time() - self._cpu)


def job() -> Job:
    """The job that was given."""
    return Job(**json.load(sys.stdin))


def tell(reading: Reading, rows: list[Row] | None = None) -> None:
    """Report ``reading``, with count and checksum of the rows in their order."""
    found = asdict(reading)
    if rows is not None:
        text = "".join(f"{table} {change} {key}\n" for table, change, key in rows)
        found |= {"rows": len(rows), "checksum": hashlib.sha256(text.encode()).hexdigest()}
    print(json.dumps(found))
