"""Find a MySQL or MariaDB server program: named, installed, in the cache, or downloaded."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from binlog_watcher.demo import packages
from binlog_watcher.demo.apt import PackageError
from binlog_watcher.demo.progress import Announce, say
from binlog_watcher.errors import CartwakeError, ConfigError

Flavor = Literal["mysql", "mariadb"]

MINIMUM = {"mysql": (8, 0, 14), "mariadb": (10, 5)}
"""Older servers have no ``binlog_row_metadata=FULL``."""

_VARIABLES = {"mysql": "CARTWAKE_MYSQLD", "mariadb": "CARTWAKE_MARIADBD"}
_NAMES = {"mysql": ("mysqld",), "mariadb": ("mariadbd", "mysqld")}
_LABELS = {"mysql": "MySQL", "mariadb": "MariaDB"}
# MySQL is in unstable only; the machine's own suite has MariaDB.
_PACKAGES: dict[str, tuple[list[str], str | None]] = {
    "mysql": (["mysql-server-core"], "unstable"),
    "mariadb": (["mariadb-server-core"], None),
}


class ServerUnavailableError(CartwakeError):
    """No server program of the flavor can be had, or it doesn't start here."""

    exit_code = 69  # EX_UNAVAILABLE of sysexits.h


@dataclass(frozen=True, slots=True)
class Program:
    """A server program. ``command``: the words that start it; ``root``: where it was unpacked, if it was."""

    flavor: Flavor
    version: tuple[int, ...]
    path: Path
    command: tuple[str, ...]
    root: Path | None = None

    def __str__(self) -> str:
        return f"{_LABELS[self.flavor]} {self.version_text}"

    @property
    def version_text(self) -> str:
        """The version with dots."""
        return ".".join(map(str, self.version))

    def placement(self) -> dict[str, str]:
        """The options that tell an unpacked server where its files are. An installed one knows by itself."""
        if self.root is None:
            return {}
        usr = self.root / "usr"
        return {
            "basedir": str(usr),
            "lc_messages_dir": str(usr / "share/mysql"),
            "character_sets_dir": str(usr / "share/mysql/charsets"),
            "plugin_dir": str(usr / "lib/mysql/plugin"),
        }

    def share_folders(self) -> list[Path]:
        """Where the SQL scripts of the system tables may be, likeliest first."""
        bases = [self.path.parent.parent, self.path.resolve().parent.parent, Path("/usr")]
        return [base / "share" / name for base in bases for name in ("mysql", "mariadb", "")]


def find(flavor: Flavor, announce: Announce = say) -> Program:
    """A server program of ``flavor``: named by CARTWAKE_MYSQLD / CARTWAKE_MARIADBD, on PATH, cached, downloaded.

    Raises ConfigError when the named one can't serve, ServerUnavailableError when there is none at all.
    """
    if named := os.environ.get(_VARIABLES[flavor]):
        return _named(flavor, named)
    for name in _NAMES[flavor]:
        # Debian keeps servers in sbin, which isn't on an ordinary user's PATH.
        if path := shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin"):
            program = _identify(Path(path), (path,))
            if program and program.flavor == flavor and program.version >= MINIMUM[flavor]:
                return program
    return _fetched(flavor, announce)


def _named(flavor: Flavor, named: str) -> Program:
    variable, label = _VARIABLES[flavor], _LABELS[flavor]
    oldest = ".".join(map(str, MINIMUM[flavor]))
    path = shutil.which(named)
    if path is None:
        raise ConfigError(
            f"{variable}={named}: there is no such program; give the path of a {label} server program"
        )
    program = _identify(Path(path).absolute(), (str(Path(path).absolute()),))
    if program is None or program.flavor != flavor or program.version < MINIMUM[flavor]:
        found = str(program) if program else "no database server"
        raise ConfigError(f"{variable}={named}: this is {found}; {label} {oldest} or newer is needed")
    return program


def _fetched(flavor: Flavor, announce: Announce) -> Program:
    names, suite = _PACKAGES[flavor]
    try:
        root = packages.fetch(flavor, names, suite, announce=announce)
        path = f"usr/sbin/{_NAMES[flavor][0]}"
        program = _identify(root / path, tuple(packages.program(root, path)), root)
    except PackageError as error:
        raise ServerUnavailableError(
            f"no {_LABELS[flavor]} server is installed and none can be downloaded ({error}); {advice(flavor)}"
        ) from error
    if program is None:
        raise ServerUnavailableError(f"{root / path} does not start here; {advice(flavor)}")
    return program


def advice(flavor: Flavor) -> str:
    """What to do when the server of ``flavor`` that was found, or none, won't do."""
    return (
        f"set {_VARIABLES[flavor]} to the path of a {_LABELS[flavor]} server program, "
        "or point `cartwake run` at a server that you have (MYSQL_HOST)"
    )


def _identify(path: Path, command: tuple[str, ...], root: Path | None = None) -> Program | None:
    """What the program says it is; a ``mysqld`` may well be MariaDB's. None: nothing that we know."""
    try:
        done = subprocess.run(
            [*command, "--no-defaults", "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
            start_new_session=True,  # Ctrl-C is for us
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"Ver (\d+(?:\.\d+)+)", done.stdout)
    if done.returncode or match is None:
        return None
    flavor: Flavor = "mariadb" if "mariadb" in done.stdout.partition("Ver")[2].lower() else "mysql"
    return Program(flavor, tuple(map(int, match[1].split("."))), path, command, root)
