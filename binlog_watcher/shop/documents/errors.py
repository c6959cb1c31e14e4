"""The one error of a document that can't be read."""

from typing import Literal

Reason = Literal[
    "truncated",
    "syntax",
    "length",
    "count",
    "trailing",
    "integer",
    "duplicate_key",
    "reference",
    "codec",
    "encoding",
    "depth",
    "too_large",
    "too_many_values",
    "too_slow",
    "shape",
    "product",
    "negative_quantity",
    "fractional_quantity",
    "huge_quantity",
    "quantity",
    "price",
    "currency",
]
"""Why: for logs, counters and ``report``.

``truncated``: it ends too early. ``syntax``: it is not of its format. ``length``: a string does not end where its
length says, as after a change of its encoding. ``count``: a container says that it holds more than there are bytes.
``trailing``: there is something behind its end. ``integer``: beyond 64 bits. ``duplicate_key``: a key comes twice.
``reference``: one that leads nowhere, or whose number an opaque object (``C``) hides. ``codec``: it does not decode.
``encoding``: text that is not UTF-8. ``depth``, ``too_large``, ``too_many_values``, ``too_slow``: beyond a bound.
``shape``: there is something else than the preset's path says. ``currency``: no code of one. The others: of a line, a
value that can't be one.
"""


class DocumentError(ValueError):
    """A document that can't be read, and so a cart that is left alone.

    ``at``: a byte offset into the innermost bytes that were being read, as they are decoded. ``what``: the preset's
    key or path, where it was about one. Nothing of the document's content is in the message: it is a customer's.
    """

    def __init__(self, reason: Reason, at: int, what: str = "") -> None:
        about = f" ({what})" if what else ""
        super().__init__(f"{reason} at byte {at}{about}")
        self.reason: Reason = reason
        self.at = at
        self.what = what
