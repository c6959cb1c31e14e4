"""`cartwake reload`: tells the running service to read its settings anew (SIGHUP)."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from binlog_watcher.errors import CartwakeError
from binlog_watcher.settings.settings import Settings

PROC = Path("/proc")


def reload(_settings: Settings, pid: int | None, *, proc: Path = PROC) -> str:
    """Tell it, and say what comes next. ``_settings``: they can be read, or the command would have ended before.

    ``pid``: the process; None: the one that runs in this folder, where the same .env is read. ``proc``: where Linux
    tells of processes. Raises CartwakeError when there is none or more than one, or it may not be told.
    """
    found = [pid] if pid is not None else sorted(services_here(proc))
    if not found:
        raise CartwakeError(
            f"no `cartwake run` was found that was started in {Path.cwd()}: go to its folder, or give its --pid"
        )
    if len(found) > 1:
        raise CartwakeError(
            f"several `cartwake run` were started in {Path.cwd()}: give the --pid of one ({', '.join(map(str, found))})"
        )
    (process,) = found
    try:
        os.kill(process, signal.SIGHUP)
    except ProcessLookupError:
        raise CartwakeError(f"there is no process {process}") from None
    except PermissionError:
        raise CartwakeError(
            f"process {process} is another user's: run this as that user, or as root"
        ) from None
    return (
        f"Told process {process} to read its settings anew. Its log says what came of it: reload.done, or "
        "reload.refused and why; then it goes on as before."
    )


def services_here(proc: Path = PROC) -> Iterator[int]:
    """The processes of `cartwake run` whose working folder is ours. Those of other users may be hidden."""
    here = Path.cwd()
    for folder in proc.glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if is_service(words) and (folder / "cwd").resolve() == here:
                yield int(folder.name)
        except OSError:  # it has ended, or is not ours to look at
            continue


def is_service(words: list[str]) -> bool:
    """Whether a command line is that of `cartwake run`, or of `python -m binlog_watcher run`."""
    for at, word in enumerate(words[:-1]):
        if words[at + 1] == "run":
            by_module = word == "binlog_watcher" and words[at - 1] == "-m"
            return by_module or Path(word).name in {"cartwake", "__main__.py"}
    return False
