"""How the SMTP server is reached."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

COURTESY = 5.0
"""Seconds that a server has for what no mail depends on: NOOP, RSET and QUIT."""

Tls = Literal["starttls", "tls", "none"]


class Tokens(Protocol):
    """Access tokens of an account, see ``AccessTokens``."""

    async def get(self) -> str:
        """One that is good just now."""

    def refused(self, token: str) -> None:
        """The server did not take it."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how mail is handed over; checked when made (ValueError says what to change).

    ``tls``: "starttls" upgrades a plain connection and refuses to go on without; "tls" encrypts from the first
    byte (port 465); "none" is allowed on this machine's loopback only. ``timeout`` (s) bounds connecting (login
    included), and all commands before the message together; ``data_timeout`` (s) the wait for the verdict on a
    message: giving up early leaves a mail nobody knows the fate of (RFC 5321 grants ten minutes). A connection
    is replaced after ``max_messages`` messages or ``max_age`` seconds, and asked for a sign of life after
    ``max_idle`` idle seconds. ``tokens``: access tokens of the user's instead of a password.
    ``tls_context``: one of your own, for private certificate authorities.
    """

    host: str
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tokens: Tokens | None = field(default=None, repr=False, compare=False)
    tls: Tls = "starttls"
    timeout: float = 30.0
    data_timeout: float = 120.0
    connections: int = 4
    max_messages: int = 100
    max_age: float = 300.0
    max_idle: float = 20.0
    local_hostname: str | None = None
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.tls not in get_args(Tls):
            raise ValueError(f"SMTP tls is {self.tls!r}: allowed are starttls, tls and none")
        if not self.host.strip():
            raise ValueError("the SMTP host is empty: name the mail server")
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                f"SMTP without TLS to {self.host} would send the password and the mails in the clear: use starttls"
                " or tls (none is for a server on 127.0.0.1, ::1 or localhost)"
            )
        if self.port is not None and not 1 <= self.port <= 65535:
            raise ValueError(f"the SMTP port is {self.port}: allowed is 1 to 65535")
        if bool(self.user) != bool(self.password or self.tokens) or (self.password and self.tokens):
            raise ValueError(
                "SMTP user and password, or user and tokens, belong together: set both or neither"
            )
        if self.connections < 1 or self.max_messages < 1:
            raise ValueError("SMTP connections and messages per connection must be at least 1")
        if min(self.timeout, self.data_timeout, self.max_age, self.max_idle) <= 0:
            raise ValueError("SMTP timeouts and ages must be above 0 seconds")

    @property
    def effective_port(self) -> int:
        """The port in use: the one given, else 587 for starttls, 465 for tls and 25 for none."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.tls]

    @property
    def longest_send(self) -> float:
        """Seconds after which ``SmtpSender.send`` has certainly ended, once it has a connection of the pool.

        Two connections (a pooled one may turn out dead), the commands on each, the verdict, and the courtesies
        around them. A lease on the message must be longer.
        """
        return 4 * self.timeout + self.data_timeout + 4 * COURTESY


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its literal name or address (nothing is resolved)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
