"""The server itself: its version, how it is reached, its clock, and how many sessions it has left."""

from collections.abc import Iterator

from binlog_watcher.clock import ServerClock
from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok, warning
from binlog_watcher.doctor.hosting import Host, host_of, how_to_set
from binlog_watcher.settings.connection import Tls
from binlog_watcher.settings.server_errors import cure
from binlog_watcher.settings.types import is_loopback

SESSIONS = 16
"""So many one instance opens at most: the pool's, the stream's two, those that hold locks."""

_OLDEST = {"mysql": (8, 0), "mariadb": (10, 5)}
_NAMES = {"mysql": "MySQL", "mariadb": "MariaDB"}
_FAR_OFF_US = 5_000_000
_READ_ONLY_ERROR = 1290


def _version(case: Case) -> Iterator[Finding]:
    server = case.server
    host = host_of(server)
    what = f"{_NAMES[server.flavor]} {server.version}" + ("" if host is Host.OWN else f", {host}")
    oldest = _OLDEST[server.flavor]
    if server.numbers >= oldest:
        yield ok(what)
    else:
        wanted = ".".join(map(str, oldest))
        yield warning(what, f"Cartwake is tested from {wanted} on", "upgrade the server")


def _writable(case: Case) -> Iterator[Finding]:
    """An answer to writes; without them a replica serves as well."""
    if str(case.server.variable("read_only", 0)) in {"0", "OFF"}:
        yield ok("the server takes writes")
    elif case.settings.dry_run:
        yield warning("the server is read_only", "with DRY_RUN = false nothing could be claimed", _cured())
    else:
        yield failed("the server is read_only", "no mail could be claimed", _cured())


def _cured() -> str:
    return cure(_READ_ONLY_ERROR).removeprefix("; ")


def _encrypted(case: Case) -> Iterator[Finding]:
    server, settings = case.server, case.settings
    cipher = server.row("SHOW SESSION STATUS LIKE 'Ssl_cipher'")[1]
    if cipher:
        protocol = server.row("SHOW SESSION STATUS LIKE 'Ssl_version'")[1]
        checked = settings.mysql_tls in {Tls.VERIFY_CA, Tls.VERIFY_IDENTITY}
        yield ok(f"{protocol}, the server's certificate is {'checked' if checked else 'not checked'}")
    elif is_loopback(settings.mysql_host):
        yield ok("not encrypted, and it stays on this machine")
    else:
        yield warning(
            f"the connection to {settings.mysql_host} is not encrypted",
            "customers' addresses, and what the shop sells, can be read on the way",
            "MYSQL_TLS=required, or verify_identity with MYSQL_TLS_CA",
        )


def _clock(case: Case) -> Iterator[Finding]:
    def server_us() -> int:
        return int(case.server.one("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"))

    off_us = ServerClock().refresh(server_us)
    how_far = (
        f"MySQL's clock is {abs(off_us) / 1e6:.1f} s {'ahead of' if off_us > 0 else 'behind'} this machine's"
    )
    if abs(off_us) < _FAR_OFF_US:
        yield ok(how_far)
    else:
        yield warning(
            how_far,
            "timers go by MySQL's, but signed links, log lines and mails' dates by this machine's",
            "let both follow NTP (timedatectl set-ntp true)",
        )


def _sessions(case: Case) -> Iterator[Finding]:
    server = case.server
    own = int(server.one("SELECT @@SESSION.max_user_connections") or 0)
    most = int(server.variable("max_connections", 0))
    used = int(server.row("SHOW GLOBAL STATUS LIKE 'Threads_connected'")[1] or 0)
    if 0 < own < SESSIONS:
        yield warning(
            f"the account may open {own} sessions",
            f"one instance opens up to {SESSIONS}",
            f"ALTER USER … WITH MAX_USER_CONNECTIONS {SESSIONS}, or a higher max_user_connections",
        )
    elif most - used < SESSIONS:
        yield warning(
            f"{used} of {most} sessions are in use",
            f"one instance opens up to {SESSIONS}, and must not take the shop's",
            how_to_set(server, "max_connections", str(most + SESSIONS)),
        )
    else:
        yield ok(f"{used} of {most} sessions are in use, {own or 'any number'} for this account")


CHECKS: tuple[Check[Case], ...] = (
    Check("mysql.version", _version, ("MYSQL_HOST",)),
    Check("mysql.writable", _writable, ("MYSQL_HOST", "DRY_RUN")),
    Check("mysql.tls", _encrypted, ("MYSQL_HOST", "MYSQL_TLS", "MYSQL_TLS_CA")),
    Check("mysql.clock", _clock),
    Check("mysql.sessions", _sessions),
)
