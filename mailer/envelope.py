"""What tells, when a mail comes back, which one it was. Pure.

Its envelope's sender, its Message-ID, and a field for the providers that replace both.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailer.mail_ids import MailIds
from mailer.message import message_id
from mailer.webhooks.events import METADATA

VERP = "{verp}"
"""Where the mail's id goes in BOUNCE_ADDRESS, if it has one (variable envelope return paths)."""

_METADATA: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "postmark": lambda signed: (f"X-PM-Metadata-{METADATA}", signed),
    "sendgrid": lambda signed: ("X-SMTPAPI", json.dumps({"unique_args": {METADATA: signed}})),
}
"""Header fields that a provider takes out of the mail, and gives back with its events."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """``sender``: the address in From. ``bounce_address``: where bounces go, with or without ``{verp}``; None: there.

    Without ``{verp}`` the Message-ID alone tells which mail bounced, which few of the plain-text reports name.
    ``providers``: those that report by webhook.
    """

    ids: MailIds
    sender: str
    bounce_address: str | None = None
    providers: tuple[str, ...] = ()

    def mail_from(self, log_id: int) -> str:
        """The address for MAIL FROM, which becomes Return-Path."""
        if self.bounce_address is None:
            return self.sender
        return self.bounce_address.replace(VERP, self.ids.sign(log_id))

    def message_id(self, log_id: int, *, tag: str = "") -> str:
        """The same for every attempt to send one row; on the sender's domain. ``tag``: see ``message_id``."""
        return message_id(self.ids.sign(log_id), self.sender.rpartition("@")[2], tag=tag)

    def metadata(self, log_id: int) -> list[tuple[str, str]]:
        """Header fields for the providers: the signed id and nothing else."""
        signed = self.ids.sign(log_id)
        return [_METADATA[name](signed) for name in self.providers if name in _METADATA]
