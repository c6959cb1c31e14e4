"""From a column's value, of whatever type a shop has it, to text, money, a rate, a moment. Pure."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from binlog_watcher.store.times import TimeColumn, to_us

HIGHEST_PRICE = Decimal(10) ** 12
"""What the log's cart_total can hold; also keeps arithmetic exact where the shop has prices as DOUBLE."""

CENT = Decimal("0.01")


def second(us: int) -> int:
    """A moment in whole seconds: orders and cart rows of one second can't be told apart in many shops."""
    return us // 1_000_000


def newest(moments: Iterable[tuple[TimeColumn, Any]]) -> int | None:
    """The last of several columns' moments, in epoch microseconds; None when all are NULL."""
    return max((us for column, value in moments if (us := column.to_us(value)) is not None), default=None)


def as_version(value: Any) -> int | None:
    """A cart_version of the shop's own: a whole number, or a moment in epoch microseconds."""
    return value if isinstance(value, int) else to_us(value)


def as_text(value: Any) -> str:
    """Text without blanks at its ends, "" for NULL; some drivers hand over TEXT in binary collations as bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return "" if value is None else str(value).strip()


def as_yes(value: Any) -> bool:
    """Whether a column says yes: a number other than 0, or a text that is no no."""
    if isinstance(value, bytes) and not value.strip(b"\0\x01"):  # BIT(1)
        return b"\x01" in value
    if isinstance(value, int | float | Decimal):
        return bool(value)
    return as_text(value).casefold() not in {"", "0", "n", "no", "false", "off", "none"}


def as_currency(value: Any) -> str | None:
    """An ISO 4217 code in capitals; None for what is none."""
    code = as_text(value).upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def as_store(value: Any) -> str | None:
    """The name of a storefront in small letters, a number as text; None for NULL and what is empty."""
    return as_text(value).casefold() or None


def as_decimal(value: Any) -> Decimal | None:
    """A finite number; None for what is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_rate(value: Any) -> Decimal | None:
    """Units of a currency for one of the shop's; None for what can't be that."""
    number = as_decimal(value)
    return number if number is not None and 0 < number < HIGHEST_PRICE else None


def as_money(value: Any, product_id: Any, *, rebates: bool = False) -> Decimal:
    """A price, with two places where that loses nothing. Raises ValueError for what is no price.

    ``rebates``: it may be below 0.
    """
    number = as_decimal(value)
    lowest = -HIGHEST_PRICE if rebates else 0
    if number is None or not lowest <= number < HIGHEST_PRICE:
        raise ValueError(f"product {product_id} has no usable price ({value!r})")
    rounded = number.quantize(CENT)
    return rounded if number == rounded else number


def as_stock(value: Any) -> int | None:
    """How many there are; None for what is no number: then the shop does not count them."""
    try:
        return None if value is None else int(Decimal(as_text(value)))
    except (ArithmeticError, ValueError):
        return None
