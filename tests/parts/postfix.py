"""A real Postfix in a folder of its own: STARTTLS, logins by Cyrus SASL, greylisting, one mailbox folder a user.

It is unpacked, not installed, and runs with that folder as its root directory, so that it finds its files where
Debian's packages expect them and touches nothing else. That, and its several accounts, take root.
Settings: postconf(5), master(5), and Postfix's SASL_README and SMTPD_POLICY_README.
"""

import os
import shutil
import smtplib
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fakes.certificate import write_certificate
from fakes.waiting import wait_until
from parts.chrooted import Chrooted, accounts, free_port, lay_out, make_folder, write

PACKAGES = ["postfix", "sasl2-bin", "libsasl2-modules"]
DOMAIN = "example.org"
USER, PASSWORD = "shop@example.com", "correct horse battery staple"
MAILBOXES = ("jane.doe", "grace", "grey", "用户")  # the last one needs SMTPUTF8

START_SECONDS = 30
_CHAIN = "etc/postfix/chain.pem"
_LIFETIME = 900
"""Seconds after which it ends by itself, should we be killed."""

# Far from the ids of real accounts, inside the range that every container has.
_ACCOUNTS = {"root": 0, "postfix": 62101, "vmail": 62102, "nobody": 65534}
_GROUPS = {**_ACCOUNTS, "postdrop": 62103}

_MAIN = """
compatibility_level = 3.6
maillog_file = /var/log/mail.log
myhostname = mx.{domain}
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no

virtual_mailbox_domains = {domain}
virtual_mailbox_base = /var/mail
virtual_mailbox_maps = texthash:/etc/postfix/mailboxes
virtual_uid_maps = static:{vmail}
virtual_gid_maps = static:{vmail}

smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = /etc/postfix/chain.pem
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
cyrus_sasl_config_path = /etc/postfix/sasl
smtpd_sender_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = reject_unlisted_recipient, check_policy_service inet:127.0.0.1:{policy}

# Without the pauses meant for attackers, and with a limit that a test reaches: the reply to the sixth error of a
# connection is 421.
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 3
smtpd_hard_error_limit = 5
smtpd_client_auth_rate_limit = 0
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN CRAM-MD5
"""

# Postfix creates them with `postfix start`, a shell script that wants a whole system around it.
_QUEUES = {
    "active": 0o700, "bounce": 0o700, "corrupt": 0o700, "defer": 0o700, "deferred": 0o700, "flush": 0o700,
    "hold": 0o700, "incoming": 0o700, "private": 0o700, "saved": 0o700, "trace": 0o700, "public": 0o710,
}  # fmt: skip


class PostfixError(Exception):
    """Postfix can't run here; the message holds its own words."""


class Postfix(Chrooted):
    """A Postfix that can be stopped and started again. ``port``: where it takes mail."""

    def __init__(self, root: Path, port: int) -> None:
        super().__init__(root, port, log_file="var/log/mail.log", chain=_CHAIN)

    def logged(self, text: str, since: int = 0) -> bool:
        """Whether ``text`` is in the log after ``since`` characters, or comes soon: another process writes it."""
        with suppress(TimeoutError):
            wait_until(lambda: text in self.log()[since:], 10)
        return text in self.log()[since:]

    def mailbox(self, name: str, mails: int) -> list[bytes]:
        """The mails delivered to ``name``, as they are on disk, once there are so many; TimeoutError if not."""
        folder = self._root / "var/mail" / name / "new"
        wait_until(
            lambda: len(list(folder.glob("*"))) >= mails,
            30,
            tell=lambda: f"{mails} mails: {self.log()[-3000:]}",
        )
        return [file.read_bytes() for file in sorted(folder.glob("*"))]

    def empty_mailboxes(self) -> None:
        """Throw away all that was delivered."""
        for file in (self._root / "var/mail").glob("*/new/*"):
            file.unlink()

    def start(self) -> None:
        """Start, and return once it greets. Raises PostfixError."""
        # -d: stay in the foreground.
        self._launch("/usr/lib/postfix/sbin/master", "-d", "-c", "/etc/postfix", "-e", str(_LIFETIME))
        deadline = time.monotonic() + START_SECONDS
        while not self._ended() and time.monotonic() < deadline:
            with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return
            time.sleep(0.05)
        self.stop()
        raise PostfixError(f"Postfix did not start: {self._said()}")


@contextmanager
def running(unpacked: Path, home: Path) -> Iterator[Postfix]:
    """Start a Postfix from the packages in ``unpacked``, in a folder under ``home``. Raises PostfixError."""
    if os.geteuid() != 0:
        raise PostfixError("Postfix runs under several accounts: run these tests as root")
    root = home / "root"
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Greylist) as policy:
        policy.daemon_threads = True
        threading.Thread(target=policy.serve_forever, daemon=True).start()
        try:
            port = free_port()
            lay_out(unpacked, root)
            _make_spool(root)
            _configure(root, port, policy.server_address[1])
            server = Postfix(root, port)
            try:
                server.start()
                yield server
            finally:
                server.stop()
        finally:
            policy.shutdown()
            shutil.rmtree(root, ignore_errors=True)


class _Greylist(socketserver.StreamRequestHandler):
    """Defers the first mail to each recipient whose name begins with "grey" (Postfix's policy protocol)."""

    seen: set[str] = set()  # noqa: RUF012 - shared by all connections on purpose

    def handle(self) -> None:
        recipient = ""
        for line in self.rfile:
            name, _, value = line.decode().rstrip("\n").partition("=")
            if name == "recipient":
                recipient = value
            elif not name:
                new = recipient.startswith("grey") and recipient not in self.seen
                self.seen.add(recipient)
                action = "defer_if_permit 4.2.0 Greylisted, come back later" if new else "dunno"
                self.wfile.write(f"action={action}\n\n".encode())


def _make_spool(root: Path) -> None:
    """All that Postfix writes to."""
    owner = _ACCOUNTS["postfix"]
    spool = root / "var/spool/postfix"
    for name, mode in _QUEUES.items():
        make_folder(spool / name, owner, owner, mode)
    make_folder(spool / "public", owner, _GROUPS["postdrop"], 0o710)
    make_folder(spool / "maildrop", owner, _GROUPS["postdrop"], 0o730)
    make_folder(spool / "pid", 0, 0, 0o755)
    make_folder(root / "var/lib/postfix", owner, owner, 0o700)
    make_folder(root / "var/mail", _ACCOUNTS["vmail"], _ACCOUNTS["vmail"], 0o755)


def _configure(root: Path, port: int, policy: int) -> None:
    texts = accounts(_ACCOUNTS, _GROUPS) | {
        "etc/postfix/main.cf": _MAIN.format(domain=DOMAIN, vmail=_ACCOUNTS["vmail"], policy=policy),
        "etc/postfix/master.cf": _MASTER.format(port=port),
        "etc/postfix/mailboxes": "".join(f"{name}@{DOMAIN} {name}/\n" for name in MAILBOXES),
        "etc/postfix/sasl/smtpd.conf": _SASL,
    }
    write(root, texts)
    write_certificate(root / _CHAIN)
    user, _, realm = USER.partition("@")
    done = subprocess.run(
        ["chroot", root, "/usr/sbin/saslpasswd2", "-p", "-c", "-u", realm, "-f", "/etc/sasldb2", user],
        input=PASSWORD.encode(), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PostfixError(f"no account could be made: {done.stderr.decode(errors='replace')}")
    os.chown(root / "etc/sasldb2", _ACCOUNTS["postfix"], 0)
