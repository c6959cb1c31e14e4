"""A real SMTP server on 127.0.0.1 that answers at each stage what a test wants, and a sender's settings for it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from fakes.mail_server import break_off

from mailer import SmtpSettings

FROM, TO, PASSWORD = "shop@example.com", "jane.doe@example.org", "correct horse battery"
BODY = b"Subject: Hi\r\n\r\nHello\r\n"
Hook = Callable[[SMTP], Awaitable[str]] | str
Serve = Callable[..., Awaitable[int]]
"""``serve(inbox, tls_from_start=None, **options)`` starts a server and returns its port."""


@dataclass
class Inbox:
    """aiosmtpd's handler: keeps what arrives; ``replies`` names what to answer at a stage instead of 250."""

    replies: dict[str, list[Hook]] = field(default_factory=dict)
    mails: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    servers: list[SMTP] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def has(self, mails: int) -> None:
        """Returns once so many mails have arrived."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.mails) >= mails)

    async def _reply(self, stage: str, server: SMTP) -> str:
        hooks = self.replies.get(stage)
        if not hooks:
            return "250 OK"
        hook = hooks.pop(0) if len(hooks) > 1 else hooks[0]
        return hook if isinstance(hook, str) else await hook(server)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self._reply("MAIL", server)
        if reply.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        if session not in self.sessions:
            self.sessions.append(session)
        return reply

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await self._reply("RCPT", server)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        async with self.changed:
            self.mails.append(envelope)
            self.changed.notify_all()
        return await self._reply("DATA", server)

    async def serve(self, *, tls_from_start: ssl.SSLContext | None = None, **options: Any) -> asyncio.Server:
        """A server on a free port, with aiosmtpd's ``options``; ``end`` ends it."""

        def accept() -> SMTP:
            self.servers.append(SMTP(self, hostname="mx.test", **options))
            return self.servers[-1]

        return await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=tls_from_start)

    def end(self, server: asyncio.Server) -> None:
        server.close()
        for connection in self.servers:
            break_off(connection)
            if connection._handler_coroutine is not None:
                connection._handler_coroutine.cancel()


def settings(port: int, /, **changes: Any) -> SmtpSettings:
    defaults: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 10}
    return SmtpSettings(**(defaults | changes))
