"""Customers' e-mail addresses: checked, normalised for the cool-down, masked for logs."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from email_validator import EmailNotValidError, validate_email

_LONGEST = 320
"""64 + @ + 255: anything longer is refused unread."""

_BETWEEN = re.compile(r"\s*[,;]\s*")
_MAILTO = re.compile(r"mailto:", re.IGNORECASE)


class InvalidAddressError(ValueError):
    """The customer has no address that mail can be sent to. The message shows it masked at most."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address.

    ``mailbox`` goes into RCPT TO and the To header: the local part as the customer wrote it, the domain in
    ASCII (IDNA). ``normalised`` is the cool-down's key: ``mailbox`` in lower case. The local part is case
    sensitive by RFC 5321 and insensitive at every provider; nothing else is folded (no dots, no +tags), for
    those differ between providers.
    """

    mailbox: str
    normalised: str

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the local part is not ASCII, so that only a server with SMTPUTF8 (RFC 6531) takes it."""
        return not self.mailbox.isascii()

    def __repr__(self) -> str:
        return f"Address({mask(self.mailbox)!r})"

    def __str__(self) -> str:
        return mask(self.mailbox)


def parse_address(raw: str | None, *, exact: bool = False) -> Address:
    """Check ``raw`` as stored by the shop; no DNS is asked.

    Letters of another width are folded (NFKC), of a list the first address is taken, of a ``mailto:`` its
    address. ``exact``, for what an operator sets, refuses these three and says what they are.
    Quoted local parts, IP domains, display names, comments and control characters are refused, so nothing
    that comes back can break out of a header or an SMTP command.
    Raises InvalidAddressError.
    """
    text = (raw or "").strip()
    if not text:
        raise InvalidAddressError("the customer has no e-mail address")
    if len(text) > _LONGEST:
        raise InvalidAddressError(f"the e-mail address is {len(text)} characters long")
    read = _as_meant(text)
    if exact and read != unicodedata.normalize("NFC", text):
        raise InvalidAddressError(f"{mask(read)} is not given as one plain address: {_odd_form(text)}")
    return _checked(read)


def _as_meant(text: str) -> str:
    """The one address that ``text`` is about, should it be one."""
    folded = unicodedata.normalize("NFKC", text).strip()
    first = next((part for part in _BETWEEN.split(folded) if part), "")
    if not _MAILTO.match(first):
        return first
    return unquote(first.partition(":")[2].partition("?")[0]).strip()


def _odd_form(text: str) -> str:
    """What keeps ``text`` from being one address as it stands, without showing it."""
    folded = unicodedata.normalize("NFKC", text)
    if _BETWEEN.search(folded):
        return "it is a list; name one address"
    if _MAILTO.match(folded):
        return "it is a mailto: link; leave out what is not the address"
    return "it has letters of another width or form; type it in plain ones"


def _checked(text: str) -> Address:
    try:
        # test_environment only lets *.test through (reserved by RFC 6761 and used by our tests and demo); it
        # reaches nobody, so in production such an address merely bounces. example.com is accepted anyway.
        found = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except (EmailNotValidError, UnicodeError) as error:
        # The reason may quote the address; what is kept is its first sentence with the address masked.
        reason = (
            str(error).replace(text, mask(text)) if isinstance(error, EmailNotValidError) else "not Unicode"
        )
        raise InvalidAddressError(f"the e-mail address {mask(text)} is not valid: {reason}") from None
    mailbox = f"{found.ascii_local_part or found.local_part}@{found.ascii_domain}"
    return Address(mailbox, mailbox.lower())


def mask(address: str) -> str:
    """``jane@example.com`` → ``j***@example.com``; what has no @ is hidden whole."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at and local else "***"
