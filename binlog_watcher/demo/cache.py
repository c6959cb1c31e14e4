"""The folder where downloads and prepared data folders are kept between runs."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from binlog_watcher.errors import ConfigError


def cache_dir() -> Path:
    """The cache folder, created when missing, readable by its owner only.

    ``CARTWAKE_CACHE``, else ``$XDG_CACHE_HOME/cartwake``, else ``~/.cache/cartwake`` (XDG Base Directory
    Specification). Raises ConfigError when it can't be written.
    """
    if named := os.environ.get("CARTWAKE_CACHE"):
        folder = Path(named).absolute()
    else:
        # The specification: a relative XDG_CACHE_HOME is invalid and must be ignored.
        xdg = os.environ.get("XDG_CACHE_HOME", "")
        folder = (Path(xdg) if xdg.startswith("/") else _home() / ".cache") / "cartwake"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"CARTWAKE_CACHE: the cache folder {folder} can't be written ({error.strerror}): "
            "set CARTWAKE_CACHE to a folder that you may write"
        ) from error
    return folder


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:  # no HOME and no entry in the password file
        raise ConfigError(
            "CARTWAKE_CACHE: there is no home folder: set CARTWAKE_CACHE to a folder"
        ) from error


def build_once(final: Path, build: Callable[[Path], None], *, waiting: Callable[[], None]) -> Path:
    """``final``, made by ``build(empty folder)`` unless it is there already.

    Whole or not at all: built under another name and renamed, so that an interrupted build leaves nothing that
    counts. Of several processes one builds and the others wait, after a call of ``waiting``.
    """
    if final.is_dir():
        return final
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(final.with_name(f"{final.name}.lock"), waiting):
        if final.is_dir():
            return final
        for stale in final.parent.glob(f"{final.name}.partial-*"):  # left by a build that was killed
            shutil.rmtree(stale, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{final.name}.partial-", dir=final.parent))
        try:
            build(partial)
            partial.rename(final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return final


@contextlib.contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; the kernel drops it when the process dies in whatever way."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
