"""Whether the mailbox of returned mails can be opened."""

from collections.abc import Iterator

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok
from mailer.mailbox import MailboxError, open_mailbox


def _look(case: Case) -> Iterator[Finding]:
    settings = case.settings
    address = settings.bounce_mailbox
    if address is None:
        yield ok("no mailbox is read for returned mails")
        return
    password = settings.bounce_password.get_secret_value() if settings.bounce_password else ""
    try:
        with open_mailbox(address, password, settings.bounce_token_command).opened():
            yield ok("the mailbox of returned mails can be opened")
    except MailboxError as error:
        yield failed(
            str(error),
            "bounces and unsubscribe mails wait, and addresses that no longer exist are mailed again",
        )


CHECKS: tuple[Check[Case], ...] = (
    Check("mailbox.login", _look, ("BOUNCE_MAILBOX", "BOUNCE_PASSWORD", "BOUNCE_TOKEN_COMMAND")),
)
