"""What stands in the token of a link to a product: what it is of, and where it leads. Pure.

It is signed like all tokens, so nobody makes a link of ours lead elsewhere; and it needs no table, so a link works
after the product or its address was changed in the shop.
"""

import re
from typing import Literal, NamedTuple

ProductKind = Literal["item", "pick"]
"""A line of the cart, or a recommendation."""

MOST = 9_999
"""Links of a kind in one mail."""

_FORM = re.compile(r"([ip])([1-9][0-9]{0,3}) (/.*|https?://.+)", re.ASCII | re.DOTALL)
_KINDS: dict[str, ProductKind] = {"i": "item", "p": "pick"}


class ProductLink(NamedTuple):
    """``number``: which link of the kind, from 1, as they stand in the mail. ``url``: the product's page."""

    kind: ProductKind
    number: int
    url: str


def packed(link: ProductLink, site: str) -> str:
    """The text for a token.

    Below ``site``, the storefront's URL, only the path is kept: links are shorter, and follow a shop that moves.
    """
    root = site.rstrip("/")
    path = link.url.removeprefix(root)
    return f"{link.kind[0]}{link.number} {path if path.startswith('/') else link.url}"


def unpacked(text: str, site: str) -> ProductLink | None:
    """What ``packed`` made; None for a token that leads to the cart."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    kind, number, url = found.groups()
    return ProductLink(_KINDS[kind], int(number), site.rstrip("/") + url if url.startswith("/") else url)
