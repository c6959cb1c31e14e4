"""Where mails that come back are read from: a mailbox by IMAP with TLS, or a Maildir. Blocking.

``open_mailbox`` makes one of its address. Messages stay where they are: those that were understood are marked as read,
the others with a flag (a star), unread, for a person to look at. Both are left alone from then on.
"""

from mailer.mailbox.address import MailboxAddress, open_mailbox, parse_mailbox
from mailer.mailbox.messages import Mailbox, MailboxError, Message, MessageStore

__all__ = [
    "Mailbox", "MailboxAddress", "MailboxError", "Message", "MessageStore", "open_mailbox", "parse_mailbox",
]  # fmt: skip
