"""The DNS that a receiving server asks for DKIM's keys."""

from collections.abc import Sequence

import dkim

from mailer.dkim_signing import DkimKey


def is_valid(mail: bytes, keys: Sequence[DkimKey], nth: int = 0, *, domain: str = "example.com") -> bool:
    """Whether the nth signature of a mail is by one of these keys, of this domain."""
    records = {f"{key.selector}._domainkey.{domain}.".encode(): key.record.encode() for key in keys}
    try:
        return bool(dkim.DKIM(mail).verify(nth, dnsfunc=lambda name, **_: records.get(name)))
    except dkim.ValidationError:  # how it tells of a body that was changed
        return False
