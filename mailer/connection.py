"""One SMTP connection: opens, logs in, delivers one message at a time, and says by its error what to do next."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterator
from typing import NoReturn

import aiosmtplib

from mailer.addresses import mask
from mailer.errors import OutcomeUnknownError, RejectedForeverError, RetryLaterError, SenderStoppedError
from mailer.smtp_settings import SmtpSettings

_ADDRESS = re.compile(r"[^\s<>@:;,\"'()]+@[^\s<>@:;,\"'()]+")
_LOGIN_CODES = frozenset({530, 534, 535, 538})
"""Authentication required, too weak, refused, needs encryption (RFC 4954, 6)."""

_METHODS = ("plain", "login", "cram-md5")
_NETWORK = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, ConnectionError, TimeoutError)


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
            tls_context=settings.tls_context,
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
            with _classified(self._settings):
                async with asyncio.timeout(self._settings.timeout):
                    await self._client.connect()
                    await self._encrypt()
                    await self._log_in()
        except _NETWORK as error:
            self.abort()
            raise RetryLaterError(
                f"the SMTP server {where} can't be reached ({_reason(error)}): check SMTP_HOST, SMTP_PORT and the"
                " network; sending goes on by itself once it answers"
            ) from None
        except BaseException:
            self.abort()
            raise

    async def deliver(self, mail_from: str, rcpt: str, message: bytes) -> str:
        """Hand one message over; the server's reply. Errors as ``SmtpSender.send`` tells them."""
        try:
            await self._envelope(mail_from, rcpt)
            return await self._data(message)
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
        with _classified(self._settings), _lost_before_data(self):
            await self._mail(mail_from, utf8=False)
            await self._client.rset()

    async def is_alive(self) -> bool:
        """Ask for a sign of life (NOOP); closes the connection when there is none within five seconds."""
        try:
            await self._client.noop(timeout=min(5.0, self._settings.timeout))
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.abort()
            return False
        except BaseException:
            self.abort()
            raise
        return self.is_open

    async def quit(self) -> None:
        """Say goodbye and close; a server that does not answer within two seconds is hung up on."""
        try:
            if self.is_open:
                await self._client.quit(timeout=2.0)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Close at once; what is still buffered is thrown away, not flushed."""
        transport = self._client.transport
        self._client.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

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

    async def _log_in(self) -> None:
        user, password = self._settings.user, self._settings.password
        if not user or not password:
            return
        offered = [method for method in _METHODS if method in self._client.supported_auth_methods]
        if not offered:
            raise SenderStoppedError(
                f"the SMTP server {self._settings.host} offers no login that Cartwake knows ({', '.join(_METHODS)}):"
                " check the port and SMTP_TLS, or leave SMTP_USER and SMTP_PASSWORD empty"
            )
        # One try with one method: further tries with a wrong password only get the account locked.
        login = {
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
            "cram-md5": self._client.auth_crammd5,
        }[offered[0]]
        try:
            await login(user, password)
        except aiosmtplib.SMTPAuthenticationError as error:
            if 400 <= error.code < 500:
                raise
            raise SenderStoppedError(
                f"the SMTP server refused the login ({_reply(error, self._settings)}): check SMTP_USER and"
                " SMTP_PASSWORD; sending has stopped",
                error.code,
            ) from None

    async def _envelope(self, mail_from: str, rcpt: str) -> None:
        """MAIL and RCPT: until here nothing has been handed over."""
        utf8 = not rcpt.isascii()
        if utf8 and not self._client.supports_extension("smtputf8"):
            raise RejectedForeverError(
                "the SMTP server does not support addresses with letters beyond ASCII (SMTPUTF8)"
            )
        with _classified(self._settings), _lost_before_data(self):
            await self._mail(mail_from, utf8=utf8)
            await self._client.rcpt(rcpt, encoding="utf-8" if utf8 else "ascii")

    async def _mail(self, mail_from: str, *, utf8: bool) -> None:
        try:
            await self._client.mail(mail_from, options=["SMTPUTF8"] if utf8 else ())
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code in _LOGIN_CODES | {503, 552} or not 500 <= error.code < 600:
                raise  # not about this sender: a login, our own sequence, the size, or something that passes
            # The recipient is not known to the server yet, so every further mail would be refused alike.
            raise SenderStoppedError(
                f"the SMTP server refuses the sender {mask(mail_from)} ({_reply(error, self._settings)}): set"
                " SENDER_EMAIL to an address that this account may send as; sending has stopped",
                error.code,
            ) from None

    async def _data(self, message: bytes) -> str:
        """DATA, the message and the verdict.

        aiosmtplib's ``data()`` would hide whether the connection broke before or after the message left, and
        scans the body twice; this writes the same bytes through the same protocol.
        """
        with _classified(self._settings), _lost_before_data(self):
            start = await self._client.execute_command(b"DATA")
            if start.code != 354:
                raise aiosmtplib.SMTPDataError(start.code, start.message)
        protocol = self._client.protocol
        if protocol is None:
            raise RetryLaterError(
                "the SMTP server hung up before the message was handed over: it is sent later"
            )
        try:
            protocol.write(message + b".\r\n")
            reply = await protocol.read_response(timeout=self._settings.data_timeout)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise OutcomeUnknownError(
                f"the SMTP server was lost while it had the message ({_reason(error)}): it may have been delivered;"
                " look into the server's log before sending it again"
            ) from None
        if not 200 <= reply.code < 300:
            with _classified(self._settings):
                raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return _scrub(reply.message, self._settings)

    async def _after_refusal(self, code: int | None) -> None:
        """Make the connection fit for the next message, or close it."""
        if code is None or code < 200 or code in (421, 503) or not self.is_open:
            self.abort()
            return
        try:
            await self._client.rset()
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
    except _NETWORK as error:
        connection.abort()
        raise RetryLaterError(
            f"the SMTP server hung up or fell silent before it took the message ({_reason(error)}): it is sent later"
        ) from None


@contextlib.contextmanager
def _classified(settings: SmtpSettings) -> Iterator[None]:
    """Turns the server's replies and TLS failures into our errors; lost connections pass."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        _raise_for(error, settings)
    except _NETWORK as error:
        tls = _tls_failure(error)
        if tls is not None:
            raise _stopped_by_tls(tls, settings) from None
        raise
    except ssl.SSLError as error:
        raise _stopped_by_tls(error, settings) from None


def _raise_for(error: aiosmtplib.SMTPResponseException, settings: SmtpSettings) -> NoReturn:
    code, reply = error.code, _reply(error, settings)
    if code in _LOGIN_CODES:
        raise SenderStoppedError(
            f"the SMTP server wants a login ({reply}): check SMTP_USER, SMTP_PASSWORD and SMTP_TLS; sending has"
            " stopped",
            code,
        ) from None
    at_start = isinstance(error, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPHeloError)
    # 503 is our own sequence gone wrong, 5.4.5 a quota used up (Gmail's daily limit): both pass.
    passing = not 500 <= code < 600 or code == 503 or "5.4.5" in error.message[:12]
    if passing:
        raise RetryLaterError(f"the SMTP server asks to come back later ({reply})", code) from None
    if at_start or not isinstance(
        error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError | aiosmtplib.SMTPSenderRefused
    ):
        raise SenderStoppedError(
            f"the SMTP server turns us away ({reply}): ask its operator, or check SMTP_HOST and SMTP_PORT; sending"
            " has stopped",
            code,
        ) from None
    what = "recipient" if isinstance(error, aiosmtplib.SMTPRecipientRefused) else "message"
    raise RejectedForeverError(f"the SMTP server refuses this {what} for good ({reply})", code) from None


def _tls_failure(error: BaseException) -> ssl.SSLError | None:
    """The TLS failure behind a connection error; None for one that passes (a peer that hung up)."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(
            cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return cause
        cause = cause.__cause__
    return None


def _stopped_by_tls(error: ssl.SSLError, settings: SmtpSettings) -> SenderStoppedError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return SenderStoppedError(
            f"the certificate of the SMTP server {settings.host} is not trusted ({error.verify_message}): check"
            " SMTP_HOST, or add its authority to the system's certificates; nothing was sent"
        )
    return SenderStoppedError(
        f"TLS with the SMTP server {settings.host} port {settings.effective_port} failed ({error.reason}): check"
        " SMTP_TLS and SMTP_PORT (tls is for port 465, starttls for 587); nothing was sent"
    )


def _reply(error: aiosmtplib.SMTPResponseException, settings: SmtpSettings) -> str:
    return f"{error.code} {_scrub(error.message, settings)}"


def _reason(error: BaseException) -> str:
    """What went wrong in a few words; the cause's are clearer than the library's."""
    cause = error.__cause__ or error
    if isinstance(cause, TimeoutError) or isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause).rstrip(".") or type(cause).__name__


def _scrub(text: str, settings: SmtpSettings) -> str:
    """A server's reply for logs: one line, capped, addresses masked, the password gone should it be echoed."""
    if settings.password:
        text = text.replace(settings.password, "***")
    printable = "".join(char if char.isprintable() else " " for char in text[:600])
    return _ADDRESS.sub(lambda found: mask(found.group()), " ".join(printable.split()))[:300]
