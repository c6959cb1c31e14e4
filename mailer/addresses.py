"""Customers' e-mail addresses: checked, normalised for the cool-down, masked for logs."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

_LONGEST = 320
"""64 + @ + 255: anything longer is refused unread."""


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


def parse_address(raw: str | None) -> Address:
    """Check ``raw`` as stored by the shop; no DNS is asked.

    Quoted local parts, IP domains, display names, comments and control characters are refused, so nothing
    that comes back can break out of a header or an SMTP command.
    Raises InvalidAddressError.
    """
    text = (raw or "").strip()
    if not text:
        raise InvalidAddressError("the customer has no e-mail address")
    if len(text) > _LONGEST:
        raise InvalidAddressError(f"the e-mail address is {len(text)} characters long")
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
