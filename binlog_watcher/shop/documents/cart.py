"""What a document is about: a cart with its lines, and what else its preset finds there."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line. ``product``, ``variant``: ids, as a number where they are one; no variant: None.

    ``quantity``: pieces, a whole number above 0. ``price``: of one piece, to six places; ``total``: of the line. Both
    are None where the document has no price, and below 0 for a rebate.
    """

    product: int | str
    variant: int | str | None
    quantity: Decimal
    price: Decimal | None
    total: Decimal | None
    name: str | None


@dataclass(frozen=True, slots=True)
class DocumentCart:
    """A cart; without lines it is empty. ``order``: the id of an order that was begun with it.

    ``email``, ``name``, ``currency``: as the document has them, None where it has none. Nothing is checked of them but
    that they are text.
    """

    lines: tuple[DocumentLine, ...]
    email: str | None = None
    name: str | None = None
    currency: str | None = None
    order: int | str | None = None
