"""Money, numbers and percentages as a language and a currency's country write them: CLDR by Babel."""

import re
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.languages import get_official_languages
from babel.numbers import (
    NumberPattern,
    format_decimal,
    format_percent,
    get_currency_symbol,
    get_group_symbol,
    parse_pattern,
)

from mailer.money import minor_digits, round_money

_KEPT = 10_000
"""Texts of amounts, numbers and percentages that are kept: many mails show the same ones."""

_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=[\d\u2212])|(?<=\d)(?=[^\W\d_])")
"""Where a currency's letters touch its digits: CLDR's currencySpacing sets a space there, Babel does not."""
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+(?!\d))")
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_FIRST_DIGITS = re.compile(r"0(?:\.0+)?(?![#0,.])")


@cache
def locale_of(tag: str) -> Locale:
    """The locale of an IETF tag such as ``pt-BR``. Raises ValueError for one that CLDR does not know."""
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise ValueError(f"{tag!r} is no language that is known: {error}") from None


@lru_cache(maxsize=_KEPT)
def money(amount: Decimal, currency: str, tag: str) -> str:
    """``$1,234.50``, ``1.234,50 €``, ``CHF 1,234.50``; rounded half up, digits by ISO 4217; minus is U+2212."""
    locale = _locale_for(tag, currency)
    grouped = _groups_by_babel(locale)
    pattern = _pattern(locale, currency)
    text = pattern.apply(round_money(amount, currency), locale, group_separator=grouped)
    text = text.replace("-", "\N{MINUS SIGN}")
    return _TOUCHING.sub("\N{NO-BREAK SPACE}", text if grouped else _THOUSANDS.sub(_APOSTROPHE, text))


@lru_cache(maxsize=_KEPT)
def long_date(day: date, tag: str) -> str:
    """``March 3, 2026``, ``3. März 2026``."""
    return format_date(day, format="long", locale=locale_of(tag))


@lru_cache(maxsize=_KEPT)
def number(value: int, tag: str) -> str:
    """``1,234``."""
    return format_decimal(value, locale=locale_of(tag))


@lru_cache(maxsize=_KEPT)
def percent(value: Decimal, tag: str) -> str:
    """``10%`` for 10, ``12,5 %`` for 12.5: without needless zeros."""
    return format_percent(value / 100, locale=locale_of(tag), decimal_quantization=False)


@cache
def _locale_for(tag: str, currency: str) -> Locale:
    """The language's locale in the currency's country, where it is a language of that country.

    An ISO 4217 code begins with its country: INR in English is grouped as in India, CHF in German as in Switzerland.
    """
    own = locale_of(tag)
    country = currency[:2]
    if own.territory is None and own.language in get_official_languages(
        country, regional=True, de_facto=True
    ):
        try:
            return Locale.parse(f"{own.language}_{country}")
        except (UnknownLocaleError, ValueError):
            return own
    return own


@cache
def _groups_by_babel(locale: Locale) -> bool:
    """False for Switzerland: Babel takes two of its apostrophes for quotes, and ``1'234'567`` loses both."""
    return get_group_symbol(locale) != "'"


@cache
def _pattern(locale: Locale, currency: str) -> NumberPattern:
    """The locale's pattern of money, the currency's sign in it, with the digits of ISO 4217.

    CLDR leaves out digits that nobody uses in cash. Babel would look the sign up for each amount.
    """
    digits, sign = minor_digits(currency), get_currency_symbol(currency, locale)
    whole = "0." + "0" * digits if digits else "0"
    pattern = _FIRST_DIGITS.sub(whole, str(locale.currency_formats["standard"].pattern))
    return parse_pattern(pattern.replace("¤", f"'{sign}'" if sign else ""))
