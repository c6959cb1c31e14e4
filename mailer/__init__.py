"""The recovery mail: its discount, its HTML and plain text, its message bytes, and the way to the SMTP server.

Usable alone, without MySQL and without the rest of Cartwake::

    >>> from decimal import Decimal
    >>> from mailer import DEFAULT_TABLE
    >>> DEFAULT_TABLE.for_total(Decimal("649.90")).percent
    Decimal('20')
"""

from mailer.access_tokens import AccessTokens, OAuthClient, by_command, by_endpoint
from mailer.address_patterns import AddressPatterns
from mailer.addresses import Address, InvalidAddressError, mask, parse_address
from mailer.discounts import DEFAULT_NOTE, DEFAULT_TABLE, NO_DISCOUNT, Discount, DiscountTable, Tier
from mailer.dkim_signing import DkimSigner, read_key
from mailer.envelope import VERP, Envelope
from mailer.errors import (
    DkimError,
    MailboxRefusedError,
    OutcomeUnknownError,
    RefusedUsError,
    RejectedForeverError,
    RetryLaterError,
    SendError,
    SenderStoppedError,
    UnreachableError,
    WithdrawnError,
)
from mailer.links import Links, Unsubscribe
from mailer.mail_ids import MailIds
from mailer.message import build, message_id
from mailer.money import minor_digits, round_money
from mailer.names import display_name, first_name
from mailer.recovery_mail import DEFAULT_FREE_SHIPPING, Line, Pick, RecoveryMail, ShopInfo
from mailer.render import Rendered, Renderer
from mailer.sender import SmtpSender, check_line_ends
from mailer.slots import ConnectionSlots
from mailer.smtp_settings import SmtpSettings, is_loopback
from mailer.text import language_tag
from mailer.tokens import InvalidTokenError, MalformedTokenError, WrongSignatureError

__all__ = [
    "DEFAULT_FREE_SHIPPING",
    "DEFAULT_NOTE",
    "DEFAULT_TABLE",
    "NO_DISCOUNT",
    "VERP",
    "AccessTokens",
    "Address",
    "AddressPatterns",
    "ConnectionSlots",
    "Discount",
    "DiscountTable",
    "DkimError",
    "DkimSigner",
    "Envelope",
    "InvalidAddressError",
    "InvalidTokenError",
    "Line",
    "Links",
    "MailIds",
    "MailboxRefusedError",
    "MalformedTokenError",
    "OAuthClient",
    "OutcomeUnknownError",
    "Pick",
    "RecoveryMail",
    "RefusedUsError",
    "RejectedForeverError",
    "Rendered",
    "Renderer",
    "RetryLaterError",
    "SendError",
    "SenderStoppedError",
    "ShopInfo",
    "SmtpSender",
    "SmtpSettings",
    "Tier",
    "UnreachableError",
    "Unsubscribe",
    "WithdrawnError",
    "WrongSignatureError",
    "build",
    "by_command",
    "by_endpoint",
    "check_line_ends",
    "display_name",
    "first_name",
    "is_loopback",
    "language_tag",
    "mask",
    "message_id",
    "minor_digits",
    "parse_address",
    "read_key",
    "round_money",
]
