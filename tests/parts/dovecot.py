"""A real Dovecot in a folder of its own: IMAP with TLS, one user with a Maildir.

Unpacked and run as Postfix is (see there): with that folder as its root directory, which takes root.
Settings: https://doc.dovecot.org/2.3/.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fakes.certificate import write_certificate
from fakes.waiting import wait_until
from parts.chrooted import Chrooted, accounts, free_port, lay_out, make_folder, write

PACKAGES = ["dovecot-imapd"]
USER, PASSWORD = "bounce@example.com", "correct horse battery staple"

START_SECONDS = 30
_CHAIN = "etc/dovecot/chain.pem"

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


class Dovecot(Chrooted):
    """One that runs. ``port``: where it speaks IMAP with TLS."""

    def __init__(self, root: Path, port: int) -> None:
        super().__init__(root, port, log_file="var/log/dovecot.log", chain=_CHAIN)

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

    def start(self) -> None:
        """Start, and return once it greets. Raises DovecotError."""
        self._launch("/usr/sbin/dovecot", "-F", "-c", "/etc/dovecot/dovecot.conf")
        with suppress(TimeoutError):
            wait_until(lambda: self._greets() or self._ended(), START_SECONDS)
        if not self._greets():
            self.stop()
            raise DovecotError(f"Dovecot did not start: {self._said()}")

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
    port = free_port()
    lay_out(unpacked, root)
    for name in ("run/dovecot", "var/lib/dovecot", "etc/dovecot"):
        (root / name).mkdir(parents=True, exist_ok=True)
    make_folder(root / "var/mail", _ACCOUNTS["vmail"], _ACCOUNTS["vmail"], 0o755)
    _configure(root, port)
    server = Dovecot(root, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)


def _configure(root: Path, port: int) -> None:
    texts = accounts(_ACCOUNTS) | {
        "etc/dovecot/dovecot.conf": _CONFIG.format(port=port),
        "etc/dovecot/users": f"{USER}:{{PLAIN}}{PASSWORD}::::::\n",
    }
    write(root, texts)
    write_certificate(root / _CHAIN)
