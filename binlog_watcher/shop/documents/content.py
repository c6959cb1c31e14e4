"""What is in a document's cart, as its customer sees it: short enough to be kept and compared. Pure."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.plan import DocumentPlan

DIGEST_SIZE = 16  # bytes


@dataclass(frozen=True, slots=True)
class Content:
    """``digest``: of products, variants, quantities and the address; ``items``: the products with their variants.

    A document that can't be read is the only item of its kind: whatever comes before or after it is another cart.
    """

    digest: bytes
    items: frozenset[tuple[int | str, int | str | None]]


def content_of(
    plan: DocumentPlan,
    document: bytes | None,
    clock: Callable[[], int] | None = None,
    parts: Mapping[bytes, bytes] | None = None,
) -> Content | None:
    """What is in a document; None: nothing. ``clock``: see ``Budget``. ``parts``: those that tell, if known."""
    if not document:
        return None
    try:
        cart = plan.read(document, clock) if parts is None else plan.read_parts(parts, clock)
    except DocumentError:
        digest = hashlib.blake2b(document, digest_size=DIGEST_SIZE).digest()
        return Content(digest, frozenset({(digest.hex(), None)}))
    if not cart.lines:
        return None
    lines = sorted(f"{line.product!r} {line.variant!r} {line.quantity}" for line in cart.lines)
    text = "\n".join([(cart.email or "").casefold(), *lines])
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_SIZE).digest()
    return Content(digest, frozenset((line.product, line.variant) for line in cart.lines))
