"""A real SMTP server (aiosmtpd) in the test's own event loop, which a test can make refuse, hang up or wait."""

import asyncio
import contextlib
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Answer = str | Callable[[SMTP], Awaitable[str]]
"""What is answered instead of 250, or a coroutine function that does something first."""


@dataclass
class MailServer:
    """``answers[stage, recipient]``: what the next mails to this recipient get at MAIL, RCPT or DATA, in turn."""

    port: int = 0
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    accepted: list[Envelope] = field(default_factory=list)
    password: str | None = None
    logins: int = 0
    _servers: list[SMTP] = field(default_factory=list)

    def answer(self, stage: str, recipient: str, *answers: Answer) -> None:
        self.answers[stage, recipient] = list(answers)

    def mails_to(self, recipient: str) -> list[EmailMessage]:
        return [
            email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
            for envelope in self.accepted
            if recipient in envelope.rcpt_tos
        ]

    async def _reply(self, stage: str, recipient: str, server: SMTP) -> str:
        answers = self.answers.get((stage, recipient)) or self.answers.get((stage, "*"))
        if not answers:
            return "250 OK"
        answer = answers.pop(0)
        return answer if isinstance(answer, str) else await answer(server)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await self._reply("RCPT", address, server)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        reply = await self._reply("DATA", envelope.rcpt_tos[0], server)
        if reply.startswith("250"):
            self.accepted.append(envelope)
        return reply

    def _log_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        self.logins += 1
        right = isinstance(data, LoginPassword) and data.password == (self.password or "").encode()
        return AuthResult(success=right, handled=False, message=None if right else "535 5.7.8 bad password")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["MailServer"]:
        options: dict[str, Any] = {"hostname": "mx.test"}
        if self.password is not None:
            options |= {"authenticator": self._log_in, "auth_require_tls": False}

        def accept() -> SMTP:
            self._servers.append(SMTP(self, **options))
            return self._servers[-1]

        listener = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", self.port)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            for server in self._servers:
                break_off(server)
                if server._handler_coroutine is not None:
                    server._handler_coroutine.cancel()


def break_off(server: SMTP) -> None:
    """Close the connection, if there is one, and send nothing more."""
    if isinstance(server.transport, asyncio.WriteTransport):
        with contextlib.suppress(AttributeError):  # Python 3.11.2's closed TLS transports can't be aborted
            server.transport.abort()


async def hang_up(server: SMTP) -> str:
    """Close the connection without an answer."""
    break_off(server)
    return "250 too late"


async def fall_silent(_server: SMTP) -> str:
    """Never answer."""
    await asyncio.Event().wait()
    return "never"
