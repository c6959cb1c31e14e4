"""Where a link back leads: to a product's page, or the cart's, and in a parameter the claim which cart it is about.

The claim is a JWT (RFC 7519), HS256 and nothing else. It names the cart by the row of Cartwake's log, which means
something only to whoever can read that table, and no customer: it refills a cart, and logs nobody in.
"""

import secrets
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import jwt

from mailer.refill import filled
from mailer.web.settings import ShopPages, WebSettings

CLAIM_SECONDS = 24 * 3600
"""How long after the click the claim holds."""

PARAMETER = "cartwake"
"""The query parameter of the cart's page that holds the claim."""

_ALGORITHM = "HS256"
_LEFT_ALONE = ":/%#?=@[]!$&'()*+,;~"
"""Characters that may stand in a URL; all others are percent-encoded."""


def target(settings: WebSettings, shop: ShopPages, log_id: int, now_s: int, items: str = "") -> str:
    """The URL of the shop's cart for the mail's customer; of the request there is nothing in it but what we signed.

    ``items``: what it is filled with, see ``refill``.
    """
    claim = []
    if settings.return_secret is not None:
        claim.append((PARAMETER, _claim(settings, settings.return_secret, shop, log_id, now_s)))
    return _completed(filled(shop.cart_url, items) or shop.url, settings, claim)


def product_target(settings: WebSettings, url: str) -> str:
    """The URL of a product's page, of a link that we signed. Pages of products need no claim."""
    return _completed(url, settings)


def _completed(url: str, settings: WebSettings, more: Sequence[tuple[str, str]] = ()) -> str:
    """``url`` as it may stand in a header, with the shop's parameters, and ``more``."""
    parts = urlsplit(url)
    named = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = [*((name, value) for name, value in settings.utm if name not in named), *more]
    query = "&".join(part for part in (parts.query, urlencode(added)) if part)
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    return quote(urlunsplit(parts._replace(netloc=host, query=query)), safe=_LEFT_ALONE)


def _claim(settings: WebSettings, secret: str, shop: ShopPages, log_id: int, now_s: int) -> str:
    return jwt.encode(
        {
            "iss": settings.issuer,
            "aud": shop.url,
            "exp": now_s + CLAIM_SECONDS,
            "jti": secrets.token_urlsafe(16),
            "cart": str(log_id),
        },
        secret,
        algorithm=_ALGORITHM,
    )
