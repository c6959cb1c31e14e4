"""Ids of mails that come back to us by Return-Path and Message-ID, each with a keyed MAC. Pure.

Ids of the log can be counted through: a report about a mail is believed only with the MAC that the mail carried.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Sequence

_SALT = b"cartwake.mail-id"
"""Own salt: what is signed here is no unsubscribe token, and the other way round."""

_SHORTEST_SECRET = 16
_HIGHEST_ID = 2**64 - 1

_FORM = re.compile(r"(?<![0-9a-z])([1-9][0-9]{0,19})-([a-z2-7]{16})(?![0-9a-z])", re.IGNORECASE)
"""Number, hyphen, 80 bits in base32: servers change the case of addresses, and give ``+`` and ``=`` a meaning."""

LONGEST = 20 + 1 + 16
"""Characters of an id at most."""

_CANDIDATES = 20
"""What looks like an id is tried so often in one text: each try costs a MAC."""


class MailIds:
    """Writes and reads ids.

    ``secret``: as for ``Links``, at least 16 characters; several mean rotation: the last one signs, all are accepted.
    Raises ValueError when one is too short.
    """

    def __init__(self, secret: str | bytes | Sequence[str | bytes]) -> None:
        secrets = [secret] if isinstance(secret, str | bytes) else list(secret)
        keys = [key.encode() if isinstance(key, str) else key for key in secrets]
        if not keys or any(len(key) < _SHORTEST_SECRET for key in keys):
            raise ValueError(f"the secret that signs mail ids needs at least {_SHORTEST_SECRET} characters")
        self._keys = [hmac.digest(key, _SALT, "sha256") for key in keys]

    def __repr__(self) -> str:
        return f"MailIds({len(self._keys)} keys)"

    def sign(self, log_id: int) -> str:
        """``7-qj2v…``: the id of a row's mail, fit for a local part and a Message-ID. Raises ValueError below 1."""
        if not 1 <= log_id <= _HIGHEST_ID:
            raise ValueError(f"{log_id} is no row of the log")
        return f"{log_id}-{_mac(self._keys[-1], str(log_id))}"

    def find(self, text: str) -> int | None:
        """The row of the first id of ours within ``text``, in whatever case; None where none has a valid MAC."""
        return next(self._valid(text), None)

    def _valid(self, text: str) -> Iterator[int]:
        for found, _ in zip(_FORM.finditer(text), range(_CANDIDATES), strict=False):
            number, mac = found[1], found[2].lower()
            if any(hmac.compare_digest(_mac(key, number), mac) for key in self._keys):
                yield int(number)


def _mac(key: bytes, number: str) -> str:
    return base64.b32encode(hmac.digest(key, number.encode(), "sha256")[:10]).decode().lower()
