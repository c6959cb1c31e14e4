"""The digits of currencies, and rounding to them; amounts are Decimal, never float."""

from decimal import ROUND_HALF_UP, Context, Decimal

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
