"""Servers from unpacked Debian packages, each in a folder that is its root directory: that takes root."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class Chrooted:
    """A server under ``root``. ``log_file`` and ``chain``: its log and its certificate, from there."""

    def __init__(self, root: Path, port: int, *, log_file: str, chain: str) -> None:
        self.port = port
        self._root = root
        self._log_file = root / log_file
        self._chain = root / chain
        self._errors = root / "var/log/start.err"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's TLS settings that trust its certificate."""
        return ssl.create_default_context(cafile=self._chain)

    def log(self) -> str:
        """Its log so far."""
        return _text(self._log_file)

    def stop(self) -> None:
        """End it with all its processes."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def _launch(self, *command: str) -> None:
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                ["chroot", str(self._root), *command],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                start_new_session=True,
            )  # fmt: skip

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _said(self) -> str:
        """What it says of why it does not start."""
        return _text(self._errors) + self.log()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lay_out(unpacked: Path, root: Path) -> None:
    """A root directory: the packages' files as hard links, and what every server wants to be there."""
    shutil.copytree(unpacked, root, symlinks=True, copy_function=_link)
    root.chmod(0o755)
    for name in ("bin", "sbin", "lib", "lib64"):  # where /usr is merged, packages no longer ship them
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("var/log", "dev", "etc", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    # Files in place of devices: what needs good random numbers (OpenSSL) asks the kernel.
    (root / "dev/null").touch(0o666)
    (root / "dev/null").chmod(0o666)
    for name in ("urandom", "random"):
        (root / "dev" / name).write_bytes(os.urandom(1 << 16))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def make_folder(path: Path, user: int, group: int, mode: int) -> None:
    """A folder that belongs to an account."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    os.chown(path, user, group)


def write(root: Path, texts: Mapping[str, str]) -> None:
    """Files under a root, by their path."""
    for name, text in texts.items():
        path = root / name
        path.unlink(missing_ok=True)  # never write into a file that the cache shares
        path.write_text(text, encoding="utf-8")


def accounts(users: Mapping[str, int], groups: Mapping[str, int] | None = None) -> dict[str, str]:
    """The files that say who is there. ``groups``: the users' own by default."""
    groups = users if groups is None else groups
    return {
        "etc/passwd": "".join(f"{name}:x:{uid}:{uid}::/:/bin/false\n" for name, uid in users.items()),
        "etc/group": "".join(f"{name}:x:{gid}:\n" for name, gid in groups.items()),
        "etc/hosts": "127.0.0.1 localhost\n",
    }
