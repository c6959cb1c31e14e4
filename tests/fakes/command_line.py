"""The command as an operator calls it: a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any


def cartwake(settings: dict[str, str], *arguments: str, folder: Path, seconds: float = 60) -> Any:
    """Run a command with exactly these settings; no terminal, an empty folder."""
    return subprocess.run(
        [sys.executable, "-m", "binlog_watcher", *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "COLUMNS": "200", **settings},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
