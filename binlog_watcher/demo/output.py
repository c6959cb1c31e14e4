"""The folder that the demo leaves behind; only a folder that the demo made itself is ever emptied."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from binlog_watcher.errors import ConfigError

NAME = "demo-output"
_MARK = ".cartwake-demo"
_MARK_TEXT = "This folder was made by `cartwake demo`, which empties it when it starts again.\n"


def prepare(wanted: Path | None = None) -> Path:
    """An empty folder: ``wanted``, else ``demo-output`` here, else (nothing can be written here) a temporary one.

    Raises ConfigError when the folder has files that the demo did not put there, or can't be written.
    """
    folder = (wanted or Path.cwd() / NAME).absolute()
    try:
        if folder.exists():
            _empty(folder)
        else:
            folder.mkdir(parents=True)
        return _marked(folder)
    except OSError as error:
        if wanted is None:
            return _marked(Path(tempfile.mkdtemp(prefix="cartwake-demo-")))
        raise ConfigError(
            f"can't write to {folder} ({error.strerror}): give another folder with --output"
        ) from error


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep the folder for this demo. Raises ConfigError while another one has it."""
    with (folder / _MARK).open("a", encoding="utf-8") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another demo is writing to {folder}: let it end, or give another folder with --output"
            ) from None
        yield


def _empty(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: move it away, or give another folder with --output")
    content = list(folder.iterdir())
    if content and not (folder / _MARK).is_file():
        raise ConfigError(
            f"{folder} holds files that the demo did not make: move it away, or give another folder with --output"
        )
    with hold(folder):  # not while another demo writes there
        pass
    for path in content:
        if path.name == _MARK:
            continue  # its lock must outlive the emptying
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _marked(folder: Path) -> Path:
    (folder / _MARK).write_text(_MARK_TEXT, encoding="utf-8")
    return folder
