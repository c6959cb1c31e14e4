"""How to reach the shop's MySQL: one value that opens sessions for the reader, the store and the checks."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pymysql.connections import Connection

from binlog_watcher.errors import ConfigError

if TYPE_CHECKING:
    import socket

    from pymysql.cursors import Cursor

    class _Connection(Connection[Cursor]):
        """What we use of PyMySQL's connection beyond what its type stubs tell."""

        _sock: socket.socket | None

        def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext: ...

        def _force_close(self) -> None: ...

        def _write_bytes(self, data: bytes) -> None: ...

else:
    _Connection = Connection

_SET_UP = "SET SESSION sql_select_limit = 18446744073709551615, sql_big_selects = 1, sql_safe_updates = 0"
"""A server's defaults may cut the answers to our queries off, or refuse statements that read by an index."""


class Tls(StrEnum):
    """What is demanded of the connection's encryption; the names are those of MySQL's ``--ssl-mode``."""

    OFF = "off"
    PREFERRED = "preferred"
    REQUIRED = "required"
    VERIFY_CA = "verify_ca"
    VERIFY_IDENTITY = "verify_identity"


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Session(_Connection):
    """A session that may be encrypted without being told to, as PyMySQL's are.

    For a certificate that nobody verifies PyMySQL would read the system's authorities, at each connection anew: 50 ms
    of processor time.
    """

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        return super()._create_ssl_ctx(sslp) if sslp else _unverified()


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Address, account and encryption of the shop's MySQL.

    ``tls_ca``, ``tls_cert``, ``tls_key``: paths of PEM files. Without ``tls_ca`` the verifying modes trust
    the system's authorities. ``connect_timeout`` in seconds.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: Tls = Tls.PREFERRED
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    connect_timeout: float = 10.0

    @property
    def where(self) -> str:
        """``host:port``, as error messages name the server."""
        return f"{self.host}:{self.port}"

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments for ``pymysql.connect``.

        Raises ConfigError when a file of the TLS settings can't be used.
        """
        arguments: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            # Bytes, because PyMySQL encodes a str as Latin-1 and fails on other passwords.
            "password": self.password.encode(),
            "database": self.database,
            "charset": "utf8mb4",
            "connect_timeout": self.connect_timeout,
            "program_name": "cartwake",
            "init_command": _SET_UP,
        }
        if self.tls is Tls.OFF:
            arguments["ssl_disabled"] = True
        elif self.tls is not Tls.PREFERRED or self.tls_cert or self.tls_ca:
            # PyMySQL tries TLS without being told and falls back; with a context it insists.
            arguments["ssl"] = self._context()
        return arguments

    def connect(self, **overrides: Any) -> "Connection[Cursor]":
        """Open a session. ``overrides`` are arguments of ``pymysql.connect``.

        Raises ConfigError for TLS files that can't be used, else what PyMySQL raises.
        """
        return Session(**(self.arguments() | overrides))

    def _context(self) -> ssl.SSLContext:
        verify = self.tls in (Tls.VERIFY_CA, Tls.VERIFY_IDENTITY)
        try:
            context = (
                ssl.create_default_context(cafile=self.tls_ca) if verify or self.tls_ca else _unverified()
            )
            if self.tls_cert:
                context.load_cert_chain(self.tls_cert, keyfile=self.tls_key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(name for name in (self.tls_ca, self.tls_cert, self.tls_key) if name)
            raise ConfigError(
                f"MySQL TLS: can't load {files or 'the system authorities'} ({error}); "
                "name readable PEM files"
            ) from error
        # The certificates that MySQL makes for itself lack extensions that Python 3.13's strict mode wants.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = self.tls is Tls.VERIFY_IDENTITY
        context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        return context
