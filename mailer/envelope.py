"""What tells, when a mail comes back, which one it was: its envelope's sender, and its Message-ID. Pure."""

from dataclasses import dataclass

from mailer.mail_ids import MailIds
from mailer.message import message_id

VERP = "{verp}"
"""Where the mail's id goes in BOUNCE_ADDRESS, if it has one (variable envelope return paths)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """``sender``: the address in From. ``bounce_address``: where bounces go, with or without ``{verp}``; None: there.

    Without ``{verp}`` the Message-ID alone tells which mail bounced, which few of the plain-text reports name.
    """

    ids: MailIds
    sender: str
    bounce_address: str | None = None

    def mail_from(self, log_id: int) -> str:
        """The address for MAIL FROM, which becomes Return-Path."""
        if self.bounce_address is None:
            return self.sender
        return self.bounce_address.replace(VERP, self.ids.sign(log_id))

    def message_id(self, log_id: int, *, tag: str = "") -> str:
        """The same for every attempt to send one row; on the sender's domain. ``tag``: see ``message_id``."""
        return message_id(self.ids.sign(log_id), self.sender.rpartition("@")[2], tag=tag)
