"""Signed unsubscribe links: they carry the log row's opaque id and nothing about the customer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode, bytes_to_int, int_to_bytes
from itsdangerous.exc import BadData

_SALT = b"cartwake.unsubscribe"
"""Own salt: a token signed for another purpose with the same secret never unsubscribes anybody."""

_SHORTEST_SECRET = 16
_LONGEST_URL = 75
"""Characters. Longer URLs are mangled by software that folds headers blindly (it makes encoded-words of them)."""

_HIGHEST_ID = 2**32 - 1
_FORM = re.compile(r"~?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{27}")
"""Payload, dot, HMAC-SHA1 in URL-safe base64 (itsdangerous' Signer)."""

_FORM_WITHIN = re.compile(rf"(?<![A-Za-z0-9_.~-]){_FORM.pattern}(?![A-Za-z0-9_.~-])")

_TEXT_MARK = "~"
"""Leads a token whose id is text; not in the base64 alphabet, and left alone in URLs."""


class InvalidTokenError(ValueError):
    """The token is not one of ours; base of the two ways in which that can be."""


class MalformedTokenError(InvalidTokenError):
    """The token was cut, changed on the way, or never was one: ask for the link as it stood in the mail."""


class WrongSignatureError(InvalidTokenError):
    """The token has the right form and a wrong signature: made up, or signed with another secret."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The ways out of one mail: always by mail, and by web once the shop has a public URL for it."""

    token: str
    mailto: str
    https: str | None = None

    @property
    def link(self) -> str:
        """The way to show in the mail itself."""
        return self.https or self.mailto

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """List-Unsubscribe (RFC 2369) and, with a web URL, List-Unsubscribe-Post (RFC 8058)."""
        if self.https is None:
            return (("List-Unsubscribe", f"<{self.mailto}>"),)
        return (
            ("List-Unsubscribe", f"<{self.https}>, <{self.mailto}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        )


class Links:
    """Makes and reads the signed tokens of one shop.

    ``secret``: at least 16 characters; several mean rotation: the last one signs, all are accepted.
    ``support_email`` takes the unsubscribe mails. ``public_url``: where Cartwake's pages live, None for none.
    Raises ValueError when the secret is too short or the public URL makes links too long.
    """

    def __init__(
        self,
        secret: str | bytes | Sequence[str | bytes],
        *,
        support_email: str,
        public_url: str | None = None,
    ) -> None:
        keys = [secret] if isinstance(secret, str | bytes) else list(secret)
        if not keys or any(len(key) < _SHORTEST_SECRET for key in keys):
            raise ValueError(f"the secret that signs links needs at least {_SHORTEST_SECRET} characters")
        self._signer = Signer([key.encode() if isinstance(key, str) else key for key in keys], salt=_SALT)
        self._support_email = support_email
        self._public_url = public_url.rstrip("/") if public_url else None
        longest = self._https(self.token(_HIGHEST_ID))
        if longest is not None and len(longest) > _LONGEST_URL:
            excess = len(longest) - _LONGEST_URL
            raise ValueError(
                f"the public URL is {excess} characters too long: unsubscribe links would exceed"
                f" {_LONGEST_URL} characters and break in mail headers"
            )

    def __repr__(self) -> str:
        return f"Links(support_email={self._support_email!r}, public_url={self._public_url!r})"

    def token(self, log_id: int | str) -> str:
        """The signed token of a log row, 34 characters for ids up to 2**32."""
        if isinstance(log_id, int):
            payload = base64_encode(int_to_bytes(log_id) or b"\0").decode()
        else:
            payload = _TEXT_MARK + base64_encode(log_id).decode()
        return self._signer.sign(payload).decode()

    def read(self, token: str) -> int | str:
        """The log id inside ``token``, or inside the only one in a subject or link that holds it.

        Raises MalformedTokenError or WrongSignatureError.
        """
        # In a mailto link the space before the token is %20.
        within = _FORM_WITHIN.findall(unquote(token))
        token = within[0] if len(within) == 1 else token.strip()
        if not _FORM.fullmatch(token):
            raise MalformedTokenError(
                "the unsubscribe token is cut or changed: use the whole link of the mail"
            )
        try:
            payload = self._signer.unsign(token).decode()
        except BadSignature:
            raise WrongSignatureError("the unsubscribe token was not signed by this shop") from None
        try:
            if payload.startswith(_TEXT_MARK):
                return base64_decode(payload[1:]).decode()
            return bytes_to_int(base64_decode(payload))
        except (BadData, UnicodeError):
            raise MalformedTokenError("the unsubscribe token is signed but holds no log id") from None

    def unsubscribe_mailto(self, log_id: int | str) -> str:
        """A mailto URL whose subject names the token."""
        return self._mailto(self.token(log_id))

    def unsubscribe(self, log_id: int | str) -> Unsubscribe:
        """Both ways out for one mail."""
        token = self.token(log_id)
        return Unsubscribe(token, self._mailto(token), self._https(token))

    def _mailto(self, token: str) -> str:
        # quote: a + in the address must not be read as a space, while @ must stay.
        return f"mailto:{quote(self._support_email, safe='@.')}?subject=unsubscribe%20{token}"

    def _https(self, token: str) -> str | None:
        return None if self._public_url is None else f"{self._public_url}/u/{token}"
