"""Private MySQL and MariaDB servers for the demo and the tests: 127.0.0.1 only, gone when the program is gone.

with private_server() as server:
    with server.connect() as connection: ...
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql

from binlog_watcher.demo import watchdog
from binlog_watcher.demo.datadir import Options, command_line, environment, last_words, template
from binlog_watcher.demo.programs import Flavor, Program, ServerUnavailableError, advice, find
from binlog_watcher.demo.progress import Announce, say

if TYPE_CHECKING:
    from pymysql.connections import Connection

START_SECONDS = 120
STOP_SECONDS = 60

Watch = Callable[[int], None]

_NOTHING: Mapping[str, str | None] = {}

_DEFAULTS: Mapping[str, str | None] = {
    "bind_address": "127.0.0.1",
    "socket": "mysqld.sock",  # relative to the data folder: never longer than the 107 bytes of sun_path
    "pid_file": "mysqld.pid",
    "skip_name_resolve": None,
    "secure_file_priv": "",
    "character_set_server": "utf8mb4",
    "server_id": "1",
    "log_bin": "binlog",
    "binlog_row_metadata": "FULL",
    # Every commit is handed to the kernel, so that SIGKILL loses none; only the machine's own crash may. The
    # doublewrite buffer stays on, since SIGKILL may tear a page.
    "innodb_flush_log_at_trx_commit": "2",
    "sync_binlog": "0",
    "innodb_buffer_pool_size": "64M",
    "innodb_use_native_aio": "OFF",  # the kernel's contexts for it are few, and shared by all servers here
}
_BY_FLAVOR: Mapping[Flavor, Mapping[str, str | None]] = {
    "mysql": {
        "mysqlx": "OFF",
        "gtid_mode": "ON",
        "enforce_gtid_consistency": "ON",
        "innodb_redo_log_capacity": "64M",
    },
    "mariadb": {"binlog_format": "ROW", "innodb_log_file_size": "32M", "performance_schema": "OFF"},
}


class Server:
    """A running private server. ``log``: path of its error log. The root account has every privilege."""

    host = "127.0.0.1"
    user = "root"

    def __init__(self, program: Program, home: Path, password: str, options: Options, watch: Watch) -> None:
        self.flavor: Flavor = program.flavor
        self.version = program.version
        self.password = password
        self.datadir = home / "data"
        self.log = home / "error.log"
        self.port = 0
        self._program = program
        self._options = {**_DEFAULTS, **_BY_FLAVOR[program.flavor], **_normalised(options)}
        self._watch = watch
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises ServerUnavailableError while it is stopped."""
        if self._process is None:
            raise ServerUnavailableError("the private server is stopped")
        return self._process.pid

    def connect(self, **arguments: Any) -> "Connection[Any]":
        """A connection as root, in autocommit mode; ``arguments`` go to ``pymysql.connect``."""
        defaults: dict[str, Any] = {"autocommit": True, "charset": "utf8mb4", "connect_timeout": 10}
        if "ssl" not in arguments:
            defaults["ssl_disabled"] = (
                True  # nobody listens, and PyMySQL would read all authorities each time
            )
        account = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        return pymysql.connect(**{**defaults, **account, **arguments})

    def url(self, database: str = "") -> str:
        """The address with account and password: ``mysql://root:…@127.0.0.1:port/database``."""
        return f"mysql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        """Start on the data folder as it is, and on the same port as before.

        Raises ServerUnavailableError with the server's own words when it ends before it is ready.
        """
        if self._process is not None:
            return
        for port in [self.port] if self.port else _free_ports(5):
            self.port = port
            self._launch()
            if self._wait_until_ready():
                return
            log = self.log.read_text(encoding="utf-8", errors="replace")
            self.kill()
            if "already in use" not in log:  # the words of bind(2), in every version
                break
        raise ServerUnavailableError(
            f"{self._program} did not start: {last_words(log)}; {advice(self.flavor)}"
        )

    def stop(self) -> None:
        """Shut down in order; killed when that takes longer than a minute."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End at once, as a crash would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self, options: Options = _NOTHING) -> None:
        """Stop and start on the same data and port. ``options`` are added to those given before."""
        self.stop()
        self._options.update(_normalised(options))
        self.start()

    def _launch(self) -> None:
        # A folder of its own: a MariaDB that starts deletes what it takes for left-overs in a shared one,
        # the temporary tables of its neighbours among them.
        scratch = self.datadir.parent / "tmp"
        scratch.mkdir(exist_ok=True)
        options = {"tmpdir": str(scratch), **self._options, "port": str(self.port)}
        command = command_line(self._program, self.datadir, options)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,  # Ctrl-C is for us: we end the server after those who use it
            )
        self._watch(self._process.pid)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        """Whether this very server answers: while its start fails, another's may hold the port."""
        try:
            with self.connect(connect_timeout=5, read_timeout=5) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                (datadir,) = cursor.fetchone() or ("",)
        except pymysql.MySQLError:
            return False
        return Path(datadir) == self.datadir

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)  # a test may have frozen it
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextlib.contextmanager
def private_server(
    flavor: Flavor = "mysql", *, options: Options = _NOTHING, announce: Announce = say
) -> Iterator[Server]:
    """A server of its own on a free port of 127.0.0.1: ROW binlog with full metadata, GTIDs, empty.

    ``options`` are server options without dashes in front, None for one without a value; they override the
    defaults. The server ends and its files are removed with the block, or with this process if it is killed.
    Raises ServerUnavailableError, or ConfigError for CARTWAKE_MYSQLD, CARTWAKE_MARIADBD and CARTWAKE_CACHE.
    """
    program = find(flavor, announce)
    ready = template(program, _normalised(options), announce)
    with _watched_folder() as (home, watch):
        ready.copy_to(home / "data")
        server = Server(program, home, ready.password, options, watch)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def any_server(*, options: Options = _NOTHING, announce: Announce = say) -> Iterator[Server]:
    """A private MySQL, or MariaDB where no MySQL can be had.

    Raises ServerUnavailableError with both reasons when neither can.
    """
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(private_server("mysql", options=options, announce=announce))
        except ServerUnavailableError as no_mysql:
            announce("No MySQL can be had: trying MariaDB instead ...")
            try:
                server = stack.enter_context(private_server("mariadb", options=options, announce=announce))
                announce(f"This is MariaDB, because {no_mysql}")
            except ServerUnavailableError as no_mariadb:
                raise ServerUnavailableError(f"{no_mysql}\n{no_mariadb}") from no_mariadb
        yield server


def prepare(*flavors: Flavor, announce: Announce = say) -> None:
    """Do now what takes long at the first ``private_server``: download and initialise."""
    for flavor in flavors:
        template(find(flavor, announce), _NOTHING, announce)


def _normalised(options: Options) -> dict[str, str | None]:
    return {name.replace("-", "_"): value for name, value in options.items()}


def _free_ports(count: int) -> Iterator[int]:
    """Ports that nobody listens on, below the range from which the kernel serves outgoing connections.

    So nobody gets the port by chance while the server restarts.
    """
    found = 0
    for port in random.SystemRandom().sample(range(20000, 32000), 1000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((Server.host, port))
            except OSError:
                continue
        yield port
        if (found := found + 1) == count:
            return


@contextlib.contextmanager
def _watched_folder() -> Iterator[tuple[Path, Watch]]:
    """A temporary folder, and the function that takes the id of the process that works in it.

    A watchdog removes the folder at the end of the block; also, with the process, when we are killed.
    """
    home = Path(tempfile.mkdtemp(prefix="cartwake-")).resolve()  # the server reports it with links resolved
    with subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__, str(os.getpid()), str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:

        def watch(pid: int) -> None:
            if process.stdin is not None:
                process.stdin.write(f"{pid}\n".encode())
                process.stdin.flush()

        yield home, watch
