"""PHP from its Debian package: writes the samples of php_samples.php, and reads by php_reads.php what tests wrote."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binlog_watcher.demo.packages import program

PACKAGES = ["php-cli"]
_WRITES, _READS = (Path(__file__).parent / name for name in ("php_samples.php", "php_reads.php"))

_QUIET = ["-d", "error_reporting=8191", "-d", "display_errors=stderr"]
"""E_ALL without E_DEPRECATED and E_USER_DEPRECATED: Serializable is deprecated, and still written by shops."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value as PHP stores it: ``leaves`` are (steps, (kind, value)), see the script."""

    name: str
    stored: str
    document: bytes
    leaves: list[tuple[list[str], tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Understood:
    """What PHP made of a document: ``again``: serialised by PHP; ``leaves``: (steps, (kind, value)), see the script."""

    again: bytes
    leaves: list[tuple[list[tuple[str, str]], tuple[str, str]]]


class Php:
    """The interpreter unpacked under ``root``; it reads no php.ini."""

    def __init__(self, root: Path) -> None:
        (binary,) = (root / "usr/bin").glob("php[0-9]*.[0-9]")
        self._command = [*program(root, str(binary.relative_to(root))), "-n"]

    def samples(self, folder: Path) -> list[Sample]:
        """What the script tells. ``folder``: for PHP's sessions."""
        return [_sample(line) for line in self._lines(_WRITES, folder)]

    def reads(self, documents: list[bytes], folder: Path) -> list[Understood]:
        """What PHP finds in each."""
        given = b"\n".join(map(base64.b64encode, documents))
        return [
            Understood(base64.b64decode(line["again"]), line["leaves"])
            for line in self._lines(_READS, folder, given)
        ]

    def run(self, code: str, *arguments: str) -> str:
        """What a piece of code prints, which stands behind ``<?php``; warnings are errors."""
        command = [*self._command, "-d", "error_reporting=32767", "-d", "display_errors=stderr", "-r", code]
        done = subprocess.run(
            [*command, "--", *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def _lines(self, script: Path, folder: Path, given: bytes = b"") -> list[dict[str, Any]]:
        done = subprocess.run(
            [*self._command, *_QUIET, "-d", f"sys_temp_dir={folder}", str(script)],
            env={"PATH": os.defpath, "TMPDIR": str(folder)},
            input=given, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        assert done.stderr == b"", done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def _sample(told: dict[str, Any]) -> Sample:
    return Sample(told["name"], told["stored"], base64.b64decode(told["bytes"]), told["leaves"])
