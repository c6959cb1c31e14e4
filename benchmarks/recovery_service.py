"""The service under measurement: `cartwake run` as a process of its own, what it uses of the machine, and of MySQL."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from binlog_watcher.demo.process import ServiceProcess, free_port
from binlog_watcher.demo.shop_settings import Pace, service_settings
from binlog_watcher.settings.settings import Settings

if TYPE_CHECKING:
    from binlog_watcher.demo.server import Server

READY_S = 900.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USAGE = (
    "SELECT SUM(COUNT_STAR), SUM(SUM_TIMER_WAIT) / 1e9, SUM(SUM_CPU_TIME) / 1e9 "
    "FROM performance_schema.events_statements_summary_by_user_by_event_name "
    "WHERE USER = %s AND EVENT_NAME LIKE 'statement/sql/%%'"
)
"""A binlog dump is not among them: that is a command, not SQL."""

_DUMP = (
    "SELECT THREAD_OS_ID FROM performance_schema.threads "
    "WHERE PROCESSLIST_USER = %s AND PROCESSLIST_COMMAND LIKE 'Binlog Dump%%'"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account used of MySQL: statements, their time, and the processor time in it, in ms."""

    statements: int
    ms: float
    cpu_ms: float

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.statements - other.statements, self.ms - other.ms, self.cpu_ms - other.cpu_ms)


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process and its children, in MB; ``peak`` is the sum of what each had at most."""

    resident: float
    peak: float


class Meter:
    """Reads from performance_schema what an account did; the benchmark's own statements are of another account."""

    def __init__(self, server: "Server") -> None:
        self._mysqld = server.pid
        self._connection = server.connect()
        with self._connection.cursor() as cursor:
            cursor.execute(
                "UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = 'events_statements_cpu'"
            )

    def read(self, account: str) -> Usage:
        """What it did so far."""
        with self._connection.cursor() as cursor:
            cursor.execute(_USAGE, (account,))
            statements, ms, cpu_ms = cursor.fetchone()
        return Usage(int(statements or 0), float(ms or 0), float(cpu_ms or 0))

    def dump_cpu_ms(self, account: str) -> float:
        """Processor time of the threads of MySQL that send the account the binlog, as long as they live."""
        with self._connection.cursor() as cursor:
            cursor.execute(_DUMP, (account,))
            threads = [thread for (thread,) in cursor.fetchall()]
        # The first field is the time on a processor, in nanoseconds.
        return sum(
            int(Path(f"/proc/{self._mysqld}/task/{thread}/schedstat").read_text().split()[0]) / 1e6
            for thread in threads
        )

    def close(self) -> None:
        """Close the session."""
        self._connection.close()


class Service:
    """`cartwake run`, ready to follow. A context manager that ends it in order."""

    def __init__(self, settings: dict[str, str], folder: Path) -> None:
        self.threshold_s = float(settings["ABANDONMENT_THRESHOLD_MINUTES"]) * 60
        self.process = ServiceProcess(settings, folder / "console.log")

    def __enter__(self) -> Self:
        self.process.__enter__()
        try:
            self.process.start()
            asyncio.run(self.process.wait_until_ready(READY_S))
        except BaseException:
            self.process.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.__exit__(None, None, None)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process.pid is not None
        return self.process.pid

    def failed(self, what: str) -> SystemExit:
        """An end of the program with the service's last words."""
        return SystemExit(self.process.explain(what))


def has_setting(name: str) -> bool:
    """Whether this Cartwake knows the setting."""
    return name.lower() in Settings.model_fields


def settings_of(
    server: "Server", password: str, smtp_port: int, folder: Path, *, threshold_s: float, **further: Any
) -> dict[str, str]:
    """The demo's settings in what the shop is concerned, and the defaults of Cartwake in everything else."""
    settings = service_settings(
        mysql_port=server.port,
        mysql_password=password,
        smtp_port=smtp_port,
        metrics_port=free_port(),
        log_file=folder / "cartwake.log",
        pace=Pace(threshold=threshold_s),
    )
    for pace_of_the_demo in ("EMAIL_COOLDOWN_HOURS", "CHECK_INTERVAL_SECONDS"):
        del settings[pace_of_the_demo]
    return settings | {name: str(value) for name, value in further.items()}


def memory(pid: int) -> Memory:
    """Memory of the process and its children."""
    fields = [_status(one) for one in family(pid)]
    return Memory(*(sum(one.get(name, 0) for one in fields) / 1024 for name in ("VmRSS", "VmHWM")))


def cpu_s(pid: int) -> float:
    """Processor time of the process and its children so far, also of those that have ended."""
    ticks = 0
    for one in family(pid):
        # The fields behind the name, which may hold blanks: utime, stime, and the same of children waited for.
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15] if one == pid else fields[11:13]))
    return ticks / _TICKS_PER_S


def open_files(pid: int) -> int:
    """Open file handles of the process and its children."""
    return sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in family(pid))


def family(pid: int) -> Iterator[int]:
    """The process and its children, and theirs."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from family(int(child))


def _status(pid: int) -> dict[str, int]:
    """Sizes in KB by name."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {
        name: int(value.split()[0])
        for name, _, value in (line.partition(":") for line in lines)
        if "kB" in value
    }
