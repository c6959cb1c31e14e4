"""One SMTP connection: opens, logs in, delivers one message at a time, and says by its error what to do next."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator
from functools import cache

import aiosmtplib

from mailer.addresses import mask
from mailer.errors import (
    MailboxRefusedError,
    OutcomeUnknownError,
    RejectedForeverError,
    RetryLaterError,
    SenderStoppedError,
    WithdrawnError,
)
from mailer.login import log_in
from mailer.smtp_replies import (
    LOGIN_CODES,
    NETWORK,
    classified,
    reason,
    refuses_us,
    reply_of,
    scrub,
)
from mailer.smtp_settings import COURTESY, SmtpSettings

StillWanted = Callable[[], Awaitable[bool]]
"""Asked at the last moment, right before DATA; may take a statement, but raises nothing."""


@cache
def _system_trust() -> ssl.SSLContext:
    """Read once: it takes 50 ms, which would hold up all that the loop does at each connection."""
    return ssl.create_default_context()


class Connection:
    """A connection owned by one caller at a time. After any error but a refusal it is closed for good."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._client = aiosmtplib.SMTP(
            hostname=settings.host.strip("[]"),
            port=settings.effective_port,
            timeout=settings.timeout,
            use_tls=settings.tls == "tls",
            # STARTTLS is asked for below, where its absence can be told from other errors.
            start_tls=False,
            tls_context=settings.tls_context or (None if settings.tls == "none" else _system_trust()),
            local_hostname=settings.local_hostname,
        )
        self.messages = 0
        self.opened_at = self.used_at = asyncio.get_running_loop().time()

    @property
    def is_open(self) -> bool:
        """Whether the socket is, as far as is known without asking."""
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, encrypt, log in; bounded by ``timeout`` as a whole.

        Raises RetryLaterError (not reachable just now) or SenderStoppedError (a human must act).
        """
        where = f"{self._settings.host} port {self._settings.effective_port}"
        try:
            with classified(self._settings):
                async with asyncio.timeout(self._settings.timeout):
                    await self._client.connect()
                    await self._encrypt()
                    await log_in(self._client, self._settings)
        except NETWORK as error:
            self.abort()
            raise RetryLaterError(
                f"the SMTP server {where} can't be reached ({reason(error)}): check SMTP_HOST, SMTP_PORT and the"
                " network; sending goes on by itself once it answers"
            ) from None
        except BaseException:
            self.abort()
            raise

    async def deliver(self, mail_from: str, rcpt: str, message: bytes, still_wanted: StillWanted) -> str:
        """Hand one message over; the server's reply. Errors as ``SmtpSender.send`` tells them."""
        self._refuse_too_large(len(message))
        try:
            await self._hand_over(mail_from, rcpt, message, still_wanted)
            return await self._verdict()
        except WithdrawnError:
            await self._start_over()
            raise
        except (RetryLaterError, RejectedForeverError) as error:
            await self._after_refusal(error.code)
            raise
        except BaseException:
            # A cancelled or unanswered command leaves a reply under way that would be taken for the next one's.
            self.abort()
            raise
        finally:
            self.messages += 1
            self.used_at = asyncio.get_running_loop().time()

    async def check_sender(self, mail_from: str) -> None:
        """See whether the server lets us send as ``mail_from``, without sending anything."""
        with classified(self._settings), _lost_before_data(self):
            await self._mail(mail_from)
            try:
                # Some servers say no to a sender only once a recipient is named. Any will do.
                await self._client.rcpt(mail_from)
            except aiosmtplib.SMTPRecipientRefused as error:
                if refuses_us(error):
                    raise
            await self._client.rset()

    async def is_alive(self) -> bool:
        """Ask for a sign of life (NOOP); closes the connection when there is none soon."""
        try:
            await self._client.noop(timeout=COURTESY)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.abort()
            return False
        except BaseException:
            self.abort()
            raise
        self.used_at = asyncio.get_running_loop().time()
        return self.is_open

    async def quit(self) -> None:
        """Say goodbye and close; a server that does not answer soon is hung up on."""
        transport = self._client.transport
        try:
            if self.is_open:
                await self._client.quit(timeout=COURTESY)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            pass
        finally:
            self.abort()
            # The client has let go of it, but TLS waits for the server's goodbye, and keeps the socket for so long.
            _drop(transport)

    def abort(self) -> None:
        """Close at once; what is still buffered is thrown away, not flushed."""
        transport = self._client.transport
        self._client.close()
        _drop(transport)

    async def _encrypt(self) -> None:
        await self._client.ehlo()
        if self._settings.tls != "starttls":
            return
        if not self._client.supports_extension("starttls"):
            raise SenderStoppedError(
                f"the SMTP server {self._settings.host} does not offer STARTTLS: nothing is sent unencrypted; set"
                " SMTP_TLS=tls (port 465) or ask the provider for an encrypted port"
            )
        await self._client.starttls()
        await self._client.ehlo()

    async def _hand_over(self, mail_from: str, rcpt: str, message: bytes, still_wanted: StillWanted) -> None:
        """MAIL, RCPT, DATA and the message; whatever is raised in here, the message has not left.

        aiosmtplib's ``data()`` would hide whether the connection broke before or after that, and scans the
        body twice; this writes the same bytes through the same protocol.
        """
        utf8 = not rcpt.isascii()
        if utf8 and not self._client.supports_extension("smtputf8"):
            raise MailboxRefusedError(
                "the SMTP server does not support addresses with letters beyond ASCII (SMTPUTF8)", gone=False
            )
        with classified(self._settings), _lost_before_data(self):
            async with asyncio.timeout(self._settings.timeout):
                await self._mail(mail_from, size=len(message), utf8=utf8)
                await self._client.rcpt(rcpt, encoding="utf-8" if utf8 else "ascii")
                if not await still_wanted():
                    raise WithdrawnError("the message was withdrawn before the server had it")
                start = await self._client.execute_command(b"DATA")
            if start.code != 354:
                raise aiosmtplib.SMTPDataError(start.code, start.message)
            protocol = self._client.protocol
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            protocol.write(message + b".\r\n")

    def _refuse_too_large(self, size: int) -> None:
        """A message beyond what EHLO allows is refused by us: the server would take it all first, or hang up."""
        announced = self._client.esmtp_extensions.get("size", "").strip()
        # RFC 1870: none or 0 is no fixed limit.
        limit = int(announced) if re.fullmatch(r"[0-9]{1,20}", announced) else 0
        if 0 < limit < size:
            raise RejectedForeverError(
                f"the message has {size:,} bytes and the SMTP server {self._settings.host} takes {limit:,} (EHLO"
                " SIZE): it is not sent; ask the provider for a higher limit"
            )

    async def _mail(self, mail_from: str, *, size: int | None = None, utf8: bool = False) -> None:
        options = ["SMTPUTF8"] if utf8 else []
        if size is not None and self._client.supports_extension("size"):
            options.append(f"SIZE={size}")
        try:
            await self._client.mail(mail_from, options=options)
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code in LOGIN_CODES | {503, 552} or not 500 <= error.code < 600:
                raise  # not about this sender: a login, our own sequence, the size, or something that passes
            # The recipient is not known to the server yet, so every further mail would be refused alike.
            raise SenderStoppedError(
                f"the SMTP server refuses the sender {mask(mail_from)} ({reply_of(error, self._settings)}): set"
                " SENDER_EMAIL to an address that this account may send as; sending has stopped",
                error.code,
            ) from None

    async def _verdict(self) -> str:
        """What the server says of the message that it has; raises OutcomeUnknownError when it says nothing."""
        try:
            if self._client.protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            reply = await self._client.protocol.read_response(timeout=self._settings.data_timeout)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise OutcomeUnknownError(
                f"the SMTP server was lost while it had the message ({reason(error)}): it may have been delivered;"
                " look into the server's log before sending it again"
            ) from None
        if not 200 <= reply.code < 300:
            with classified(self._settings):
                raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return scrub(reply.message, self._settings)

    async def _after_refusal(self, code: int | None) -> None:
        """Make the connection fit for the next message, or close it."""
        if code is None or code < 200 or code in (421, 503) or not self.is_open:
            self.abort()
            return
        await self._start_over()

    async def _start_over(self) -> None:
        try:
            await self._client.rset(timeout=COURTESY)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.abort()
        except BaseException:
            self.abort()
            raise


@contextlib.contextmanager
def _lost_before_data(connection: Connection) -> Iterator[None]:
    """A connection lost in here has taken no message along: sending again is safe."""
    try:
        yield
    except NETWORK as error:
        connection.abort()
        raise RetryLaterError(
            f"the SMTP server hung up or fell silent before it took the message ({reason(error)}): it is sent later"
        ) from None


def _drop(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
