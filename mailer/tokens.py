"""Signed tokens: they carry the log row's opaque id and nothing about the customer.

A token made for one purpose is none for another, though the secret is the same. Form: the id, for some purposes ``~``
and a storefront's name, and once more ``~`` and where the link leads, a dot, and the signature (itsdangerous' Signer,
HMAC-SHA1).
"""

import enum
import re
from collections.abc import Sequence
from typing import NamedTuple

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode, bytes_to_int, int_to_bytes
from itsdangerous.exc import BadData

SHORTEST_SECRET = 16

FORM = r"~?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{27}"
"""Of a token without a storefront: payload, dot, signature in URL-safe base64."""

_FORM = re.compile(
    r"(~?[A-Za-z0-9_-]+)(?:~([A-Za-z0-9_-]*))?(?:~([A-Za-z0-9_-]+))?\.[A-Za-z0-9_-]{27}", re.ASCII
)
_LONGEST = 1_000
"""Characters: what is longer was never a token, and is not worth a hash."""

_TEXT_MARK = "~"
"""Leads a token whose id is text; not in the base64 alphabet, and left alone in URLs."""


class Purpose(enum.StrEnum):
    """What a token is for: its salt."""

    UNSUBSCRIBE = "cartwake.unsubscribe"
    RETURN = "cartwake.return"
    OPEN = "cartwake.open"


class InvalidTokenError(ValueError):
    """The token is not one of ours; base of the two ways in which that can be."""


class MalformedTokenError(InvalidTokenError):
    """The token was cut, changed on the way, or never was one: ask for the link as it stood in the mail."""


class WrongSignatureError(InvalidTokenError):
    """The token has the right form and a wrong signature: made up, or signed with another secret."""


class Token(NamedTuple):
    """What a token says. ``store``: a storefront's name; "" for none.

    ``target``: where the link leads, see ``refill`` and ``product_links``; "": to the cart.
    """

    log_id: int | str
    store: str = ""
    target: str = ""


class Tokens:
    """Makes and reads the tokens of one purpose.

    ``secret``: at least 16 characters; several mean rotation: the last one signs, all are accepted.
    Raises ValueError for a secret that is too short.
    """

    def __init__(self, secret: str | bytes | Sequence[str | bytes], purpose: Purpose) -> None:
        keys = [secret] if isinstance(secret, str | bytes) else list(secret)
        if not keys or any(len(key) < SHORTEST_SECRET for key in keys):
            raise ValueError(f"the secret that signs links needs at least {SHORTEST_SECRET} characters")
        self._name = purpose.name.lower()
        self._signer = Signer(
            [key.encode() if isinstance(key, str) else key for key in keys], salt=purpose.value.encode()
        )

    def make(self, log_id: int | str, store: str = "", target: str = "") -> str:
        """The token of a log row: 34 characters for ids up to 2**32 without a storefront's name and a target."""
        if isinstance(log_id, int):
            payload = base64_encode(int_to_bytes(log_id) or b"\0").decode()
        else:
            payload = _TEXT_MARK + base64_encode(log_id).decode()
        if store or target:
            payload += f"~{base64_encode(store).decode()}"
        if target:
            payload += f"~{base64_encode(target).decode()}"
        return self._signer.sign(payload).decode()

    def read(self, token: str) -> Token:
        """What it says. Raises MalformedTokenError or WrongSignatureError."""
        form = _FORM.fullmatch(token) if len(token) <= _LONGEST else None
        if form is None:
            raise MalformedTokenError(
                f"the {self._name} token is cut or changed: use the whole link of the mail"
            )
        try:
            self._signer.unsign(token)
        except BadSignature:
            raise WrongSignatureError(f"the {self._name} token was not signed by this shop") from None
        log_id = form[1]
        try:
            store, target = (base64_decode(part).decode() if part else "" for part in (form[2], form[3]))
            if log_id.startswith(_TEXT_MARK):
                return Token(base64_decode(log_id[1:]).decode(), store, target)
            return Token(bytes_to_int(base64_decode(log_id)), store, target)
        except (BadData, UnicodeError):
            raise MalformedTokenError(f"the {self._name} token is signed but holds no log id") from None
