"""A real Dovecot in a folder of its own: IMAP with TLS, one user with a Maildir.

Unpacked and run as Postfix is (see there): with that folder as its root directory, which takes root.
Settings: https://doc.dovecot.org/2.3/.
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fakes.certificate import write_certificate
from fakes.waiting import wait_until

PACKAGES = ["dovecot-imapd"]
USER, PASSWORD = "bounce@example.com", "correct horse battery staple"

START_SECONDS = 30

_ACCOUNTS = {"root": 0, "dovecot": 62201, "dovenull": 62202, "vmail": 62203, "nobody": 65534}

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
ssl = required
ssl_cert = </etc/dovecot/chain.pem
ssl_key = </etc/dovecot/chain.pem
mail_location = maildir:/var/mail/%u
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Bounces {{
    auto = create
  }}
}}
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1000
# A wrong password is answered at once, and limits of memory are the container's business.
auth_failure_delay = 0
default_vsz_limit = 0
passdb {{
  driver = passwd-file
  args = /etc/dovecot/users
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home=/var/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


class DovecotError(Exception):
    """Dovecot can't run here; the message holds its own words."""


class Dovecot:
    """One that runs. ``port``: where it speaks IMAP with TLS."""

    def __init__(self, root: Path, port: int) -> None:
        self.port = port
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's TLS settings that trust its certificate."""
        return ssl.create_default_context(cafile=self._root / "etc/dovecot/chain.pem")

    @property
    def inbox(self) -> Path:
        """The user's Maildir."""
        return self._root / "var/mail" / USER

    def deliver(self, message: bytes, name: str) -> None:
        """As a mail server would: under ``tmp`` first, then into ``new``."""
        vmail = _ACCOUNTS["vmail"]
        for folder in ("cur", "new", "tmp"):
            (self.inbox / folder).mkdir(parents=True, exist_ok=True)
        for path in (self.inbox, *self.inbox.glob("*")):
            os.chown(path, vmail, vmail)
        written = self.inbox / "tmp" / name
        written.write_bytes(message)
        os.chown(written, vmail, vmail)
        written.rename(self.inbox / "new" / name)

    def empty(self) -> None:
        """Throw all mail away."""
        shutil.rmtree(self.inbox, ignore_errors=True)

    def log(self) -> str:
        """Its log so far."""
        path = self._root / "var/log/dovecot.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start, and return once it greets. Raises DovecotError."""
        errors = (self._root / "var/log/start.err").open("ab")
        self._process = subprocess.Popen(
            ["chroot", str(self._root), "/usr/sbin/dovecot", "-F", "-c", "/etc/dovecot/dovecot.conf"],
            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            start_new_session=True,
        )  # fmt: skip
        errors.close()
        with suppress(TimeoutError):
            wait_until(lambda: self._greets() or self._ended(), START_SECONDS)
        if not self._greets():
            said = (self._root / "var/log/start.err").read_text(errors="replace")
            self.stop()
            raise DovecotError(f"Dovecot did not start: {said}{self.log()}")

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

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _greets(self) -> bool:
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain,
                self.trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
            ):
                return connection.recv(100).startswith(b"* OK")
        except OSError:
            return False


@contextmanager
def running(unpacked: Path, home: Path) -> Iterator[Dovecot]:
    """Start a Dovecot from the packages in ``unpacked``, in a folder under ``home``. Raises DovecotError."""
    root = home / "root"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _lay_out(unpacked, root)
    _configure(root, port)
    server = Dovecot(root, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)


def _lay_out(unpacked: Path, root: Path) -> None:
    """A root directory: the packages' files as hard links, and all that Dovecot writes to."""
    shutil.copytree(unpacked, root, symlinks=True, copy_function=_link)
    root.chmod(0o755)
    for name in ("bin", "sbin", "lib", "lib64"):  # where /usr is merged, packages no longer ship them
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("var/log", "var/mail", "run/dovecot", "var/lib/dovecot", "dev", "etc/dovecot", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    os.chown(root / "var/mail", _ACCOUNTS["vmail"], _ACCOUNTS["vmail"])
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


def _configure(root: Path, port: int) -> None:
    texts = {
        "etc/passwd": "".join(f"{name}:x:{uid}:{uid}::/:/bin/false\n" for name, uid in _ACCOUNTS.items()),
        "etc/group": "".join(f"{name}:x:{gid}:\n" for name, gid in _ACCOUNTS.items()),
        "etc/hosts": "127.0.0.1 localhost\n",
        "etc/dovecot/dovecot.conf": _CONFIG.format(port=port),
        "etc/dovecot/users": f"{USER}:{{PLAIN}}{PASSWORD}::::::\n",
    }
    for name, text in texts.items():
        path = root / name
        path.unlink(missing_ok=True)  # never write into a file that the cache shares
        path.write_text(text, encoding="utf-8")
    write_certificate(root / "etc/dovecot/chain.pem")
