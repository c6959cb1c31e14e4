"""The kinds of values of the settings for what comes back by mail; as in ``settings/types.py``."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, InstanceOf

from binlog_watcher.settings.takes import Takes
from binlog_watcher.settings.types import mail_address
from mailer import VERP
from mailer.mail_ids import LONGEST
from mailer.mailbox import MailboxAddress, parse_mailbox


def _bounce_address(text: str) -> str:
    """As ``mail_address``; ``{verp}`` may stand in its local part, where the mail's id goes."""
    local, _, domain = text.rpartition("@")
    if not set("{}") & set(text):
        return mail_address(text)
    if local.count(VERP) != 1 or set("{}") & set(local.replace(VERP, "") + domain):
        raise ValueError("an address such as bounce+{verp}@example.com, or one without braces")
    longest = "9" * LONGEST
    if len(local.replace(VERP, longest)) > 64:
        raise ValueError(f"fewer letters before the @, which may be 64 in all, {LONGEST} of them of the id")
    return mail_address(text.replace(VERP, longest)).replace(longest, VERP)


def _mailbox(value: Any) -> Any:
    return parse_mailbox(value) if isinstance(value, str) else value


BounceAddress = Annotated[str, AfterValidator(_bounce_address), Takes("mail address")]
Mailbox = Annotated[
    InstanceOf[MailboxAddress], BeforeValidator(_mailbox), Takes("imaps://user@host/INBOX, maildir:/path")
]
