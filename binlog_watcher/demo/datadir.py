"""Data folders: a fresh one takes seconds to initialise, so each server program's is made once and copied."""

import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from binlog_watcher.demo.cache import build_once, cache_dir
from binlog_watcher.demo.programs import Program, ServerUnavailableError
from binlog_watcher.demo.progress import Announce

INITIAL_OPTIONS = frozenset({"lower_case_table_names", "innodb_page_size"})
"""Options that count when the data folder is made and may not change afterwards."""

Options = Mapping[str, str | None]
"""Server options with underscores; None for one that takes no value."""


@dataclass(frozen=True, slots=True)
class Template:
    """An initialised data folder, and the password of its root@127.0.0.1."""

    data: Path
    password: str

    def copy_to(self, target: Path) -> None:
        """Make ``target`` a data folder of its own."""
        shutil.copytree(self.data, target, symlinks=True)


def template(program: Program, options: Options, announce: Announce) -> Template:
    """The initialised data folder for ``program``, from the cache or made now.

    Raises ServerUnavailableError with the server's own words when it can't be made.
    """
    initial = {name: value for name, value in options.items() if name in INITIAL_OPTIONS}
    status = program.path.resolve().stat()
    identity = repr((str(program.path), status.st_size, status.st_mtime_ns, sorted(initial.items())))
    name = f"{program.flavor}-{program.version_text}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"

    def build(folder: Path) -> None:
        announce(f"Initialising {program} ...")
        password = secrets.token_hex(12)
        data = folder / "data"
        data.mkdir(mode=0o700)
        _initialise(program, data, folder / "init.sql", initial, password)
        (data / "auto.cnf").unlink(missing_ok=True)  # holds the server_uuid: each copy draws its own
        (folder / "password").write_text(password, encoding="utf-8")

    folder = build_once(
        cache_dir() / "templates" / name,
        build,
        waiting=lambda: announce(f"Waiting for another process that initialises {program} ..."),
    )
    return Template(folder / "data", (folder / "password").read_text(encoding="utf-8"))


def command_line(program: Program, data: Path, options: Options) -> list[str]:
    """The words that start ``program`` on ``data``; later options override earlier ones."""
    placed: dict[str, str | None] = {"datadir": str(data), **program.placement()}
    if os.geteuid() == 0:
        placed["user"] = "root"  # servers refuse to run as root unless told to
    words = [
        f"--{name}" if value is None else f"--{name}={value}" for name, value in {**placed, **options}.items()
    ]
    return [*program.command, "--no-defaults", *words]


def environment() -> dict[str, str]:
    """The environment of a server, without what is meant for the machine's own libraries."""
    ours = {
        name: value for name, value in os.environ.items() if name not in {"LD_PRELOAD", "LD_LIBRARY_PATH"}
    }
    return {**ours, "OPENSSL_CONF": os.devnull, "LC_ALL": "C"}


def _initialise(program: Program, data: Path, init_file: Path, initial: Options, password: str) -> None:
    account = [
        f"CREATE USER root@'127.0.0.1' IDENTIFIED BY '{password}';",
        "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;",
    ]
    if program.flavor == "mysql":
        init_file.touch(mode=0o600)
        init_file.write_text("\n".join(account) + "\n", encoding="utf-8")
        mode: Options = {
            "initialize_insecure": None,
            "init_file": str(init_file),
            "innodb_redo_log_capacity": "32M",
        }
        script = ""
    else:
        mode = {"bootstrap": None, "innodb_log_file_size": "32M", "default_storage_engine": "InnoDB"}
        # In bootstrap mode accounts are known only after the grant tables have been read.
        script = "\n".join(
            ["CREATE DATABASE mysql;", "USE mysql;", _system_tables(program), "FLUSH PRIVILEGES;", *account]
        )
    done = subprocess.run(
        command_line(program, data, {**initial, **mode}),
        input=script + "\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        env=environment(),
        start_new_session=True,  # Ctrl-C is for us: `run` ends it then
    )
    if done.returncode:
        raise ServerUnavailableError(f"{program} can't make its data folder: {last_words(done.stdout)}")
    init_file.unlink(missing_ok=True)


def _system_tables(program: Program) -> str:
    """MariaDB's own scripts (named mysql_… up to 10.11, mariadb_… later)."""
    for folder in program.share_folders():
        for prefix in ("mysql", "mariadb"):
            scripts = [folder / f"{prefix}_{part}.sql" for part in ("system_tables", "performance_tables")]
            if all(script.is_file() for script in scripts):
                return "\n".join(script.read_text(encoding="utf-8") for script in scripts)
    raise ServerUnavailableError(f"{program}: mysql_system_tables.sql is not beside {program.path}")


def last_words(log: str) -> str:
    """What a server's log says about why it ended, in one line."""
    lines = log.splitlines()
    errors = [
        line
        for line in lines
        if "[ERROR]" in line or line.startswith("ERROR") or "error while loading" in line
    ]
    return " | ".join((errors or lines or ["it said nothing"])[-3:])
