"""Builds the message bytes once: what is retried is the same message to the last byte.

Parts are assembled by hand: an EmailMessage costs 7 to 9 ms a mail, this some tenths of one.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from mailer.addresses import Address
from mailer.headers import field, list_field, mailbox_field
from mailer.links import Unsubscribe
from mailer.names import display_name
from mailer.recovery_mail import ShopInfo
from mailer.render import Rendered
from mailer.text import one_line
from mailer.transfer_encoding import encoded

_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def message_id(log_id: int | str, domain: str, *, step: int = 1, tag: str = "") -> str:
    """``<cartwake.LOG_ID.STEP.TAG@DOMAIN>``: the same for every attempt to send one log row.

    ``log_id``: signed (``MailIds.sign``), so that a report which names it can be believed. ``tag`` keeps two
    installations (or a log table that was emptied) under one domain apart; mail providers drop a second message with
    the same id. Raises ValueError for parts that no Message-ID can hold.
    """
    local = f"cartwake.{log_id}.{step}" + (f".{tag}" if tag else "")
    if not re.fullmatch(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", local) or not _DOMAIN.fullmatch(domain):
        raise ValueError(
            f"no Message-ID can be made of {local!r} and {domain!r}: use letters, digits, - and _"
        )
    return f"<{local}@{domain}>"


def build(
    rendered: Rendered,
    *,
    store: ShopInfo,
    recipient: Address,
    message_id: str,
    date: datetime,
    unsubscribe: Unsubscribe,
    recipient_name: str | None = None,
    metadata: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The whole message: headers, and a plain-text and an HTML part; CRLF throughout, no line over 998.

    ``date`` must be aware. ``recipient_name`` is shown in To unless it looks like an advertisement.
    ``metadata``: header fields for the mail's provider.
    Pure: the same arguments give the same bytes. Raises ValueError for a naive date or a control character.
    """
    if date.tzinfo is None:
        raise ValueError("the date needs a time zone: pass it in UTC")
    boundary = "=_cartwake_" + hashlib.sha256(message_id.encode()).hexdigest()[:24]
    headers = [
        field("Date", format_datetime(date)),
        mailbox_field("From", store.sender_email, one_line(store.sender_name, 64)),
        mailbox_field("To", recipient.mailbox, display_name(recipient_name)),
        mailbox_field("Reply-To", store.support_email, None),
        field("Subject", rendered.subject),
        f"Message-ID: {message_id}\r\n",
        *_sort(store.sender_email.rpartition("@")[2]),
        *(list_field(name, value) for name, value in unsubscribe.headers),
        # RFC 3834, and its Exchange cousin: no out-of-office notes to the shop's support. Precedence: bulk is
        # left out on purpose, some filters count it against a mail.
        "Auto-Submitted: auto-generated\r\n",
        "X-Auto-Response-Suppress: OOF, AutoReply\r\n",
        *(field(name, value) for name, value in metadata),
        "MIME-Version: 1.0\r\n",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n',
    ]
    # The plain text comes first: of alternatives the last is preferred (RFC 2046, 5.1.4).
    parts = (_part(boundary, "plain", rendered.text), _part(boundary, "html", rendered.html))
    return "".join(headers).encode() + b"".join(parts) + f"--{boundary}--\r\n".encode()


def _sort(domain: str) -> tuple[str, str]:
    """What kind of mail it is, of whom, for the receiver's sorting and its reports on complaints.

    List-Id: RFC 2919. Feedback-ID (Gmail's Postmaster Tools): up to three fields of ours and the sender's, which has
    5 to 15 characters; nothing in it tells one mail from another.
    """
    sender = re.sub(r"[^a-z0-9]", "", domain.lower())[:15].ljust(5, "0")
    return (
        f"List-Id: <cart-reminders.{domain}>\r\n",
        f"Feedback-ID: cart-reminder::cartwake:{sender}\r\n",
    )


def _part(boundary: str, subtype: str, text: str) -> bytes:
    """One body part."""
    encoding, body = encoded(text)
    head = (
        f"--{boundary}\r\n"
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + body
