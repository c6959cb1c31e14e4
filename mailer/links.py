"""The links of a mail that lead to Cartwake: to unsubscribe, back to the shop, and the open pixel."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from mailer.product_links import ProductKind, ProductLink, packed
from mailer.tokens import FORM, Purpose, Tokens

LONGEST_URL = 75
"""Characters of the URL in List-Unsubscribe: longer ones are mangled by software that folds headers blindly (it makes
encoded-words of them)."""

_HIGHEST_ID = 2**32 - 1
_FORM_WITHIN = re.compile(rf"(?<![A-Za-z0-9_.~-]){FORM}(?![A-Za-z0-9_.~-])")


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
    """Makes the links of one shop's mails, and reads the tokens of those that unsubscribe.

    ``secret``: at least 16 characters; several mean rotation: the last one signs, all are accepted.
    ``support_email`` takes the unsubscribe mails. ``public_url``: where Cartwake's pages live, None for none.
    ``store``: the storefront's name: its links lead back to its own cart. ``product_site``: the storefront's URL, if
    visits to products are counted. ``open_pixel``: whether mails hold one.
    Raises ValueError when the secret is too short or the public URL makes links too long.
    """

    def __init__(
        self,
        secret: str | bytes | Sequence[str | bytes],
        *,
        support_email: str,
        public_url: str | None = None,
        store: str = "",
        product_site: str | None = None,
        open_pixel: bool = False,
    ) -> None:
        self._unsubscribe = Tokens(secret, Purpose.UNSUBSCRIBE)
        self._return = Tokens(secret, Purpose.RETURN)
        self._open = Tokens(secret, Purpose.OPEN)
        self._support_email = support_email
        self._public_url = public_url.rstrip("/") if public_url else None
        self._store = store
        self._product_site = product_site
        self._open_pixel = open_pixel
        longest = self._https("u", self.token(_HIGHEST_ID))
        if longest is not None and len(longest) > LONGEST_URL:
            excess = len(longest) - LONGEST_URL
            raise ValueError(
                f"the public URL is {excess} characters too long: unsubscribe links would exceed"
                f" {LONGEST_URL} characters and break in mail headers"
            )

    def __repr__(self) -> str:
        return f"Links(support_email={self._support_email!r}, public_url={self._public_url!r})"

    def token(self, log_id: int | str) -> str:
        """The token of a log row that unsubscribes, 34 characters for ids up to 2**32."""
        return self._unsubscribe.make(log_id)

    def read(self, token: str) -> int | str:
        """The log id inside ``token``, or inside the only one in a subject or link that holds it.

        Raises MalformedTokenError or WrongSignatureError.
        """
        # In a mailto link the space before the token is %20.
        within = _FORM_WITHIN.findall(unquote(token))
        return self._unsubscribe.read(within[0] if len(within) == 1 else token.strip()).log_id

    def unsubscribe_mailto(self, log_id: int | str) -> str:
        """A mailto URL whose subject names the token."""
        return self._mailto(self.token(log_id))

    def unsubscribe(self, log_id: int | str) -> Unsubscribe:
        """Both ways out for one mail."""
        token = self.token(log_id)
        return Unsubscribe(token, self._mailto(token), self._https("u", token))

    def back_to_cart(self, log_id: int | str, items: str = "") -> str | None:
        """The link that counts the click and leads on to the cart; None while there are no pages.

        ``items``: what it fills the cart with, see ``refill``.
        """
        return self._https("r", self._return.make(log_id, self._store, items))

    def to_product(self, log_id: int | str, kind: ProductKind, number: int, url: str) -> str:
        """The link that counts the visit and leads on to the product's page ``url``; without pages, ``url`` itself.

        ``number``: see ``ProductLink``.
        """
        if self._public_url is None or self._product_site is None:
            return url
        target = packed(ProductLink(kind, number, url), self._product_site)
        return f"{self._public_url}/r/{self._return.make(log_id, self._store, target)}"

    def pixel(self, log_id: int | str) -> str | None:
        """The picture that counts the opening of a mail; None where the shop wants none, or has no pages."""
        return self._https("o", self._open.make(log_id)) if self._open_pixel else None

    def _mailto(self, token: str) -> str:
        # quote: a + in the address must not be read as a space, while @ must stay.
        return f"mailto:{quote(self._support_email, safe='@.')}?subject=unsubscribe%20{token}"

    def _https(self, page: str, token: str) -> str | None:
        return None if self._public_url is None else f"{self._public_url}/{page}/{token}"
