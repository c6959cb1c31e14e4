"""The names that erased carts go on by: a keyed hash in place of the cart's key, which may be a customer's id. Pure.

Whoever has a key finds what was logged by it, and nobody reads a key out of the log.
"""

import hmac

MARK = "erased:"
"""What every such name begins with. Nobody can make one up without the salt."""


def is_erased(text: str) -> bool:
    """Whether a cart key of our tables is such a name."""
    return text.startswith(MARK)


class ErasedKeys:
    """Cart key → its name once it is erased. ``salt``: as addresses are hashed with, kept in MySQL."""

    def __init__(self, salt: str) -> None:
        self._key = hmac.digest(salt.encode(), b"cartwake.cart-key", "sha256")

    def __call__(self, key: str) -> str:
        """The name of a key as our tables have it: ``erased:`` and 128 bits. Spaces at its end count for nothing.

        A name stays as it is, so that whoever has one in hand need not know.
        """
        if is_erased(key):
            return key
        return (
            MARK
            + hmac.digest(self._key, key.rstrip(" ").encode("utf-8", "surrogatepass"), "sha256").hex()[:32]
        )
