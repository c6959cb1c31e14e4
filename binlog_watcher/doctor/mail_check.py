"""Whether the mail server takes mails from us: connection, TLS, login and sender; with an address also a mail."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok
from binlog_watcher.errors import ConfigError
from mailer import SendError, SmtpSender

TRIAL = "smtp.trial"
"""The id of what is made only where somebody wants the mail."""


def _parts(case: Case) -> Iterator[Finding]:
    """Themes, languages, signatures, the SDK of Gemini: what would end the start of a service."""
    try:
        case.make_mails()
    except ConfigError as error:
        for problem in error.problems:
            yield failed(problem)
    else:
        yield ok(f"theme {case.settings.mail_theme}, languages {', '.join(case.settings.languages)}")


def _login(case: Case) -> Iterator[Finding]:
    """Sends nothing."""
    settings = case.settings
    if not settings.smtp_host:
        yield ok("DRY_RUN: no mail server is needed")
        return
    where = f"{settings.smtp_host}:{settings.smtp_port} ({settings.smtp_tls})"
    for sender in settings.senders:
        try:
            asyncio.run(_verify(case, sender))
        except SendError as error:
            yield failed(f"{where}: {error}", f"no mail from {sender} would leave")
        else:
            who = f" logs {settings.smtp_user} in and" if settings.smtp_user else ""
            yield ok(f"{where}{who} takes mails from {sender}")


async def _verify(case: Case, sender: str) -> None:
    async with SmtpSender(case.smtp()) as smtp:
        await smtp.verify(sender)


def _trial(case: Case) -> Iterator[Finding]:
    """A mail without a cart: whether the way is open. `cartwake preview --send-to` sends a customer's own."""
    if case.send_to is None:
        return
    try:
        answer = asyncio.run(_send(case))
    except SendError as error:
        yield failed(f"the mail was not sent: {error}", "no mail would arrive")
    else:
        yield ok(f"a mail is on its way to {case.send_to.mailbox}; the mail server says: {answer}")


async def _send(case: Case) -> str:
    settings, to = case.settings, case.send_to
    if to is None:
        raise ValueError("nobody to send to")
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender_email
    message["To"] = to.mailbox
    message["Subject"] = "Cartwake: a mail on trial"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid("cartwake.doctor", settings.sender_email.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        "Sent by `cartwake doctor --send-to`, to show that mails arrive.\n"
        "Its source tells what the receiving server makes of it: spf=, dkim= and dmarc= should each be pass.\n"
    )
    async with SmtpSender(case.smtp()) as smtp:
        return await smtp.send(settings.senders[0], to.mailbox, case.sign(bytes(message)))


CHECKS: tuple[Check[Case], ...] = (
    Check(
        "mail.parts",
        _parts,
        (
            "MAIL_THEME",
            "LANGUAGES",
            "MAIL_MESSAGES",
            "DKIM_KEYS",
            "GEMINI_SDK",
            "STORE_NAME",
            "STORE_URL",
            "CART_URL",
        ),
    ),
    Check(
        "smtp.login",
        _login,
        ("SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USER", "SMTP_PASSWORD", "SENDER_EMAIL"),
    ),
    Check(TRIAL, _trial, ("SENDER_EMAIL",), needs=("smtp.login",)),
)
