"""Money as the customer reads it; amounts are Decimal, never float."""

from decimal import ROUND_HALF_UP, Context, Decimal

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩", "INR": "₹"}
"""Currencies whose sign nobody mistakes in an English mail; all others are named by their code."""

_MINOR_DIGITS = dict.fromkeys(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ),
    0,
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""Digits of the minor unit where they differ from two (ISO 4217, list one)."""

_EXACT = Context(prec=60)
"""Of an amount without end, too, the last digit is known."""


def minor_digits(currency: str | None) -> int:
    """Digits of the currency's minor unit; two when the currency is not given."""
    return _MINOR_DIGITS.get(currency or "", 2)


def round_money(amount: Decimal, currency: str | None = None) -> Decimal:
    """``amount`` rounded half up to the currency's minor unit (two digits when the currency is not given)."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP, context=_EXACT)


def format_money(amount: Decimal, currency: str) -> str:
    """``$1,234.50``, ``¥1,235``, or ``1,234.50 CHF`` for a currency without an unmistakable sign.

    A negative amount starts with a minus sign (U+2212).
    """
    rounded = round_money(amount, currency)
    digits = f"{abs(rounded):,f}"
    symbol = _SYMBOLS.get(currency)
    text = f"{symbol}{digits}" if symbol else f"{digits} {currency}"
    return f"\N{MINUS SIGN}{text}" if rounded < 0 else text


def format_percent(percent: Decimal) -> str:
    """``10`` for 10.00, ``12.5`` for 12.50: without the sign and without needless zeros."""
    text = f"{percent:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
