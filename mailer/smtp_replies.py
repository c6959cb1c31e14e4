"""What a server's replies and a broken connection mean for the caller, and how they are told."""

import contextlib
import re
import ssl
from collections.abc import Iterator
from typing import NoReturn

import aiosmtplib

from mailer.addresses import mask
from mailer.errors import (
    MailboxRefusedError,
    RefusedUsError,
    RejectedForeverError,
    RetryLaterError,
    SenderStoppedError,
)
from mailer.refusal_words import ADDRESS, LIMIT, NO_MAILBOX, NO_SUCH_MAILBOX, OF_SENDING
from mailer.refusals import About, known
from mailer.smtp_settings import SmtpSettings

LOGIN_CODES = frozenset({530, 534, 535, 538})
"""Authentication required, too weak, refused, needs encryption (RFC 4954, 6)."""

METHOD_CODES = frozenset({502, 503, 504})
"""The answer to AUTH of a server that offers a method and does not know it: the password was not looked at."""

NETWORK = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, ConnectionError, TimeoutError)
"""How a lost or silent connection shows."""

_ABOUT_US = re.compile(r"\brelay|authenticat|\b(?:sender|client)\b.*\b(?:rejected|verify)", re.IGNORECASE)
"""In the refusal of a recipient: it is us that the server does not want. Postfix by default keeps such refusals
back until a recipient is named; "relay" is in those of all others (Exim, Sendmail, Exchange)."""

_STATUS = re.compile(r"\s*(5\.\d{1,3}\.\d{1,3})(?![.\d])")
"""The enhanced status code that a reply begins with (RFC 3463)."""


@contextlib.contextmanager
def classified(settings: SmtpSettings) -> Iterator[None]:
    """Turns the server's replies and TLS failures into our errors; lost connections pass."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        _raise_for(error, settings)
    except NETWORK as error:
        tls = _tls_failure(error)
        if tls is not None:
            raise _stopped_by_tls(tls, settings) from None
        raise
    except ssl.SSLError as error:
        raise _stopped_by_tls(error, settings) from None


def _raise_for(error: aiosmtplib.SMTPResponseException, settings: SmtpSettings) -> NoReturn:
    code, reply = error.code, reply_of(error, settings)
    if code in LOGIN_CODES:
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
    about = _told(error)
    if about is About.US_NOW:
        raise RetryLaterError(f"the SMTP server takes no more mail from us for now ({reply})", code) from None
    if about in {None, About.US} and refuses_us(error):
        raise SenderStoppedError(
            f"the SMTP server does not take mail from us ({reply}): check SMTP_USER, SMTP_PASSWORD and SENDER_EMAIL;"
            " sending has stopped",
            code,
        ) from None
    if about is About.US:
        raise RefusedUsError(
            f"the SMTP server takes no mail from us ({reply}): ask its operator, or look into your account there",
            code,
        ) from None
    mailbox = about or _mailbox_refused(error)
    if mailbox in {About.GONE, About.FULL}:
        raise MailboxRefusedError(
            f"the SMTP server refuses this mailbox for good ({reply})", code, gone=mailbox is About.GONE
        ) from None
    what = "recipient" if isinstance(error, aiosmtplib.SMTPRecipientRefused) else "message"
    raise RejectedForeverError(f"the SMTP server refuses this {what} for good ({reply})", code) from None


def _told(error: aiosmtplib.SMTPResponseException) -> About | None:
    """Whom the refusal is about where its words are known; what the server quotes of another one is not its own."""
    return known(ADDRESS.sub("", error.message).partition(" said:")[0])


def refuses_us(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether a recipient is refused, for good, for who *we* are: every other would be refused alike."""
    return (
        isinstance(error, aiosmtplib.SMTPRecipientRefused)
        and 500 <= error.code < 600
        and "recipient address rejected" not in error.message.lower()
        # Without addresses: one with "relay" in it says nothing about us, and anybody can have one.
        and _ABOUT_US.search(ADDRESS.sub("", error.message)) is not None
    )


def _mailbox_refused(error: aiosmtplib.SMTPResponseException) -> About | None:
    """Whether it is this mailbox that is refused for good; None: it is us, this message, or it is not told."""
    words = ADDRESS.sub("", error.message)
    found = _STATUS.match(error.message)
    if OF_SENDING.search(words) is not None:
        return None
    if found is None:
        named = isinstance(error, aiosmtplib.SMTPRecipientRefused) and NO_MAILBOX.search(words)
        return About.GONE if named else None
    if found[1] == "5.2.2":
        return About.FULL
    return About.GONE if found[1] in NO_SUCH_MAILBOX and LIMIT.search(words) is None else None


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


def reply_of(error: aiosmtplib.SMTPResponseException, settings: SmtpSettings) -> str:
    """The reply's code and text, for an error message."""
    return f"{error.code} {scrub(error.message, settings)}"


def reason(error: BaseException) -> str:
    """What went wrong in a few words; the cause's are clearer than the library's."""
    cause = error.__cause__ or error
    if isinstance(cause, TimeoutError) or isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause).rstrip(".") or type(cause).__name__


def scrub(text: str, settings: SmtpSettings) -> str:
    """A server's reply for logs: one line, capped, addresses masked, the password gone should it be echoed."""
    if settings.password:
        text = text.replace(settings.password, "***")
    printable = "".join(char if char.isprintable() else " " for char in text[:600])
    return ADDRESS.sub(lambda found: mask(found.group()), " ".join(printable.split()))[:300]
