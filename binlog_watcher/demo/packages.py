"""Debian packages with all that they depend on, unpacked side by side in the cache; no root, no installation.

    root = fetch("mysql", ["mysql-server-core"], "unstable")
    subprocess.run([*program(root, "usr/sbin/mysqld"), "--version"])

Maintainer scripts never run. Programs start through the loader of their own libc, so that they neither need nor
disturb the machine's libraries.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

from binlog_watcher.demo.apt import (
    ETC_APT,
    PackageError,
    PrivateApt,
    Source,
    debian_archive,
    read_sources,
    require,
)
from binlog_watcher.demo.cache import build_once, cache_dir
from binlog_watcher.demo.progress import Announce, Report, say, stage

# The parts of the whole that the user waits for, in percent, as measured on a fast line.
_UPDATE, _DOWNLOAD = 20.0, 60.0


def fetch(
    name: str,
    packages: Sequence[str],
    suite: str | None = None,
    *,
    announce: Announce = say,
    etc: Path = ETC_APT,
) -> Path:
    """The folder in which ``packages`` and their dependencies are unpacked, as if it were ``/``.

    ``name`` is for people; ``suite`` is a suite of the Debian mirror that the machine is configured with (None:
    the machine's own); the machine's source lists are under ``etc``. Kept in the cache under name, suite and
    packages, and fetched when not there. A file ``packages.txt`` in the folder lists the exact versions.
    Raises PackageError, and ConfigError for the cache.
    """
    where = _place(name, packages, suite)
    return build_once(
        where,
        lambda folder: _build(folder, name, packages, suite, debian_archive(read_sources(etc)), announce),
        waiting=lambda: announce(f"Waiting for another process that fetches {name} ..."),
    )


def cached(name: str, packages: Sequence[str], suite: str | None = None) -> Path | None:
    """What ``fetch`` would return without fetching; None when it is not in the cache."""
    where = _place(name, packages, suite)
    return where if where.is_dir() else None


def program(root: Path, path: str) -> list[str]:
    """The words that start the unpacked program ``path`` (such as ``usr/sbin/mysqld``) with its own libraries.

    For compiled programs, not for scripts. Raises PackageError when there is no such program or no loader.
    """
    executable = root / path
    if not executable.is_file():
        raise PackageError(f"{executable} does not exist: remove {root} and try again")
    folders = library_folders(root)
    loaders = [loader for folder in folders for loader in sorted(folder.glob("ld-linux*.so.*"))]
    if not loaders:
        raise PackageError(f"{root} holds no loader (package libc6): remove it and try again")
    return [str(loaders[0]), "--library-path", ":".join(map(str, folders)), str(executable)]


def library_folders(root: Path) -> list[Path]:
    """Where the unpacked packages keep their shared libraries (Debian's multiarch folders)."""
    # Before trixie libc6 still ships /lib, which a merged /usr would hide: both are looked at.
    shared = [folder for base in ("lib", "usr/lib") for folder in sorted((root / base).glob("*-linux-gnu*"))]
    # Private libraries are found by absolute run paths, which lead out of the unpacked tree.
    private = {library.parent for folder in shared for library in folder.glob("*/lib*.so*")}
    return [*shared, *sorted(private)]


def _place(name: str, packages: Sequence[str], suite: str | None) -> Path:
    contents = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:8]
    return cache_dir() / "packages" / f"{name}-{suite or 'own'}-{contents}"


def _build(
    folder: Path, name: str, packages: Sequence[str], suite: str | None, source: Source, announce: Announce
) -> None:
    require("dpkg-deb", "dpkg")
    suite = suite or source.suite
    apt_home = folder / ".apt"
    with stage(f"Fetching {name} from Debian's {suite} suite", announce) as report:
        apt = PrivateApt(apt_home, source, suite)
        apt.update(_part(report, 0, _UPDATE))
        archives = apt.download(list(packages), _part(report, _UPDATE, _DOWNLOAD))
        _unpack(archives, folder, _part(report, _DOWNLOAD, 100))
    size = sum(archive.stat().st_size for archive in archives) / 1e6
    versions = "".join(f"{unquote(archive.stem)}\n" for archive in archives)
    (folder / "packages.txt").write_text(versions, encoding="utf-8")
    shutil.rmtree(apt_home)
    announce(f"Fetched {name}: {len(archives)} packages, {size:.0f} MB, in the cache now")


def _part(report: Report, start: float, end: float) -> Report:
    """Progress of one part as progress of the whole; never backwards (apt starts anew with each file list)."""
    reached = start

    def scaled(percent: float, what: str) -> None:
        nonlocal reached
        reached = max(reached, start + (end - start) * percent / 100)
        report(reached, what)

    return scaled


def _unpack(archives: Sequence[Path], folder: Path, report: Report) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(lambda archive: _extract(archive, folder), archives), start=1):
            report(100 * done / len(archives), f"unpacked {done} of {len(archives)}")


def _extract(archive: Path, folder: Path) -> None:
    done = subprocess.run(
        [require("dpkg-deb", "dpkg"), "--extract", str(archive), str(folder)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        start_new_session=True,  # Ctrl-C is for us
    )
    if done.returncode:
        raise PackageError(f"{archive.name} could not be unpacked: {done.stderr.strip()}")
