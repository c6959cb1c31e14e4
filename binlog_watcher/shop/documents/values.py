"""From a document's scalars to ids, text, money and quantities; what can't be one is a DocumentError."""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from binlog_watcher.shop.documents.errors import DocumentError, Reason
from binlog_watcher.shop.documents.scalars import Scalar
from binlog_watcher.shop.documents.wanted import Found

HIGHEST_AMOUNT = Decimal(10) ** 12
"""What the log's cart_total can hold."""

HIGHEST_QUANTITY = 1_000_000

_LONGEST_ID = 128  # characters; what a text key may have
_PLACES = Decimal("0.000001")
"""What sums of doubles are rounded to: 41.666666666666664 + 8.333333333333334 is 50."""

_NUMBER = re.compile(rb"\s*([-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?)\s*")
_INTEGER = re.compile(rb"-?[1-9]\d{0,17}")


def as_text(value: Found, at: int, what: str) -> str | None:
    """Text without blanks at its ends; None for null, false and nothing but blanks."""
    scalar = _scalar(value, at, what)
    if scalar is None or isinstance(scalar, bool):
        return None
    if not isinstance(scalar, bytes):
        return str(scalar)
    try:
        return scalar.decode().strip() or None
    except UnicodeDecodeError:
        raise DocumentError("encoding", at, what) from None


def as_id(value: Found, at: int, what: str, reason: Reason = "shape") -> int | str | None:
    """An id: a number where it is one. None for what names nothing: null, false, 0 and ""."""
    if type(value) is int:  # nearly all
        return value or None
    scalar = _scalar(value, at, what)
    if isinstance(scalar, float):
        if not scalar.is_integer() or abs(scalar) > 2**53:
            raise DocumentError(reason, at, what)
        scalar = int(scalar)
    if isinstance(scalar, bytes):
        if _INTEGER.fullmatch(scalar):
            return int(scalar)
        text = as_text(scalar, at, what)
        if text is not None and len(text) > _LONGEST_ID:
            raise DocumentError(reason, at, what)
        return None if text == "0" else text
    if scalar is True:
        raise DocumentError(reason, at, what)
    return scalar or None


def as_compared(value: Found, at: int) -> str | int | None:
    """What a condition compares: whole numbers, yes (1) and no (0), and text."""
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value if isinstance(value, int) else as_text(value, at, "only")


def as_number(value: Found, at: int, what: str, reason: Reason) -> Decimal | None:
    """A finite number, or text that is one; of a float, the shortest that means it. None for null, false and ""."""
    scalar = _scalar(value, at, what)
    if scalar is None or scalar is False or scalar == b"":
        return None
    text: str | None = None
    if isinstance(scalar, bytes):
        found = _NUMBER.fullmatch(scalar)
        text = found[1].decode() if found else None
    elif isinstance(scalar, float):
        text = repr(scalar) if math.isfinite(scalar) else None
    elif not isinstance(scalar, bool):
        text = str(scalar)
    if text is None:
        raise DocumentError(reason, at, what)
    return Decimal(text)


def as_quantity(value: Found, at: int) -> Decimal:
    """A whole number from 0 to HIGHEST_QUANTITY."""
    if type(value) is int and 0 <= value <= HIGHEST_QUANTITY:  # nearly all
        return Decimal(value)
    number = as_number(value, at, "quantity", "quantity")
    if number is None:
        raise DocumentError("quantity", at, "quantity")
    if number < 0:
        raise DocumentError("negative_quantity", at, "quantity")
    if number > HIGHEST_QUANTITY:
        raise DocumentError("huge_quantity", at, "quantity")
    if number != int(number):
        raise DocumentError("fractional_quantity", at, "quantity")
    return Decimal(int(number))


def as_amount(values: Sequence[Found | Decimal], at: int, what: str) -> Decimal | None:
    """The sum of amounts of money; None where there is none of them."""
    numbers = [
        number
        for value in values
        if (number := value if isinstance(value, Decimal) else as_number(value, at, what, "price"))
        is not None
    ]
    if not numbers:
        return None
    if any(abs(number) >= HIGHEST_AMOUNT for number in numbers):
        raise DocumentError("price", at, what)
    total = sum(numbers, Decimal(0))
    if abs(total) >= HIGHEST_AMOUNT:
        raise DocumentError("price", at, what)
    return rounded(total)


def rounded(amount: Decimal) -> Decimal:
    """An amount to six places, unless it has fewer."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= _places():
        return amount
    return amount.quantize(_PLACES, ROUND_HALF_EVEN)


def _places() -> int:
    exponent = _PLACES.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _scalar(value: Found, at: int, what: str) -> Scalar:
    if value is None or isinstance(value, bool | int | float | bytes):
        return value
    raise DocumentError("shape", at, what)
