"""``imaps://user@host:port/folder`` and ``maildir:/path``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.maildir import Maildir
from mailer.mailbox.messages import Mailbox
from mailer.mailbox.tokens import printed_by

_IMAPS_PORT = 993
_FORM = "imaps://user@host/INBOX, or maildir:/path; write %40 for the @ of a user"


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """Where a mailbox is: on a ``host``, or in a ``folder`` of this machine."""

    folder: str
    host: str = ""
    port: int = _IMAPS_PORT
    user: str = ""

    @property
    def is_imap(self) -> bool:
        """Whether it is reached by IMAP, and wants a password."""
        return bool(self.host)


def parse_mailbox(text: str) -> MailboxAddress:
    """Raises ValueError, which completes the sentence "give …"."""
    if text.startswith("maildir:"):
        path = text.removeprefix("maildir:")
        if not path.startswith("/"):
            raise ValueError("the whole path of the Maildir, such as maildir:/var/mail/bounces")
        return MailboxAddress(path)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(_FORM) from None
    if parts.scheme == "imap":
        raise ValueError("imaps:// instead of imap://: passwords and mails go encrypted only")
    if parts.password is not None:
        raise ValueError("the password apart, in BOUNCE_PASSWORD")
    if (
        parts.scheme != "imaps"
        or not host
        or not parts.username
        or parts.query
        or parts.fragment
        or port == 0
    ):
        raise ValueError(_FORM)
    user, folder = unquote(parts.username), unquote(parts.path.removeprefix("/")) or "INBOX"
    if any(not char.isprintable() for char in user + folder):
        raise ValueError(_FORM)
    return MailboxAddress(folder, host, port or _IMAPS_PORT, user)


def open_mailbox(address: MailboxAddress, password: str = "", token_command: Sequence[str] = ()) -> Mailbox:
    """The mailbox at an address; nothing is asked of it yet. ``token_command``: what prints a token, see ``tokens``."""
    if address.is_imap:
        token = printed_by(token_command) if token_command else None
        return ImapMailbox(address.host, address.port, address.user, password, address.folder, token)
    return Maildir(Path(address.folder))
