"""Links that fill a cart anew, for shops that can do so without a secret. Pure.

``{items}`` in CART_URL stands for what is in the cart, as WooCommerce's own links have it: ``12:2,34:1``, the products'
or variants' ids with their pieces (developer.woocommerce.com, "Shareable checkout URLs").
"""

import re
from collections.abc import Iterable

PLACE = "{items}"

LONGEST = 240
"""Characters, some thirty products: the link's token holds them, too."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def items_of(lines: Iterable[tuple[int | str, int]]) -> str:
    """What stands for ``PLACE``, of (id, pieces); "" where a link can't say it: such a cart is not filled anew."""
    pieces: dict[str, int] = {}
    for product, count in lines:
        if not _ID.fullmatch(str(product)):
            return ""
        pieces[str(product)] = pieces.get(str(product), 0) + count
    items = ",".join(f"{product}:{count}" for product, count in pieces.items())
    return items if len(items) <= LONGEST else ""


def filled(cart_url: str, items: str) -> str | None:
    """The cart's address; None where it can't be without items that there are not."""
    if PLACE not in cart_url:
        return cart_url
    return cart_url.replace(PLACE, items) if items else None
