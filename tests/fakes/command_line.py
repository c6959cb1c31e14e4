"""The command as an operator calls it: a process of its own, which has its modules already (``preloaded.py``)."""

import subprocess
import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakes.preloaded import preloaded

_ends = ExitStack()


def cartwake(settings: dict[str, str], *arguments: str, folder: Path, seconds: float = 60) -> Any:
    """Run a command with exactly these settings; no terminal, an empty folder."""
    return subprocess.run(
        [sys.executable, "-IS", _program(), *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "COLUMNS": "200", **settings},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@cache
def _program() -> str:
    """One for all tests of this process."""
    folder = Path(_ends.enter_context(TemporaryDirectory(prefix="cartwake-preloaded-")))
    program = folder / "cartwake"
    program.write_text(_ends.enter_context(preloaded(folder)))
    return str(program)


def end() -> None:
    """At the end of the tests."""
    _ends.close()
    _program.cache_clear()
