"""Values as people read them: money, counts, spans, moments. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from binlog_watcher.core.erased_keys import is_erased

LOCALE = "en"
MOST_OF_A_KEY = 40
"""Characters of a cart's key that are shown."""


def count(number: int) -> str:
    """With separators."""
    return str(format_decimal(number, locale=LOCALE))


def money(amount: Decimal, currency: str | None) -> str:
    """In its currency; the log may not know which one it is."""
    if not currency:
        return f"{amount:,.2f}"
    said = str(format_currency(amount, currency, locale=LOCALE))
    return re.sub(r"^(-?[A-Z]{3})(?=\d)", "\\1\N{NO-BREAK SPACE}", said)


def purse(amounts: Mapping[str, Decimal]) -> list[str]:
    """Money in several currencies, the largest sum first: they are never added."""
    return [
        money(amount, code)
        for code, amount in sorted(amounts.items(), key=lambda one: (-one[1], one[0]))
        if amount
    ]


def share(part: int, whole: int) -> str:
    """A percentage; empty where there is nothing to have a share of."""
    if not whole:
        return ""
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 10 or not percent else f"{percent:.1f} %"


def span(us: int) -> str:
    """A duration by its two largest units, such as ``1 min 5 s``; below a second in milliseconds."""
    if us < 1_000_000:
        return f"{max(us, 0) // 1000} ms"
    if us < 10_000_000:
        return f"{us / 1e6:.1f}".removesuffix(".0") + " s"
    minutes, seconds = divmod(us // 1_000_000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    named = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    largest = next(at for at, (number, _) in enumerate(named) if number)
    return " ".join(f"{number} {unit}" for number, unit in named[largest : largest + 2] if number)


def clock(us: int) -> str:
    """The time of day, UTC."""
    return f"{_moment(us):%H:%M:%S}"


def moment(us: int, now_us: int) -> str:
    """The time of day, with the date if that is not today's. UTC."""
    at, now = _moment(us), _moment(now_us)
    if at.date() == now.date():
        return f"{at:%H:%M:%S}"
    return f"{day(at.date())}, {at:%H:%M}"


def iso(us: int) -> str:
    """For programs."""
    return _moment(us).isoformat(timespec="seconds")


def day(at: date) -> str:
    """Such as ``3 Mar``."""
    return str(format_date(at, "d MMM", locale=LOCALE))


def key(text: str) -> str:
    """A cart's key: the one of an erased cart says nothing, and a long one not much."""
    if is_erased(text):
        return "(erased)"
    return text if len(text) <= MOST_OF_A_KEY else f"{text[: MOST_OF_A_KEY - 1]}…"


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC)
