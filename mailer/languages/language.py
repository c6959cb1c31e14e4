"""One language that mails are written in: its messages, its direction, and how it writes money and numbers."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from gettext import NullTranslations
from typing import Literal

from markupsafe import Markup, escape

from mailer.languages import numbers


def message(text: str) -> str:
    """``text`` as it is, marked for the catalogues: it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """``tag``: an IETF tag with a hyphen, such as ``de`` or ``pt-BR``; ``messages``: its gettext catalogue.

    Raises ValueError for a tag that CLDR does not know.
    """

    tag: str
    messages: NullTranslations = field(default_factory=NullTranslations, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers.locale_of(self.tag)

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way its text runs."""
        return "rtl" if numbers.locale_of(self.tag).text_direction == "rtl" else "ltr"

    def text(self, message: str) -> str:
        """``message`` in this language; as it is where the catalogue has none."""
        return self.messages.gettext(message) if message else ""  # the empty one is the catalogue's head

    def in_text(self, message: str, **values: object) -> str:
        """``message`` for plain text, with its values."""
        translated = self.text(message)
        return translated % values if values else translated

    def in_html(self, message: str, **values: object) -> Markup:
        """``message`` for HTML, escaped as its values are; a value that is HTML itself comes as Markup."""
        translated = escape(self.text(message))
        return translated % values if values else translated

    def plural(self, one: str, many: str, count: int) -> str:
        """The form of a message that goes with ``count``."""
        return self.messages.ngettext(one, many, count)

    def money(self, amount: Decimal, currency: str) -> str:
        """See ``numbers.money``."""
        return numbers.money(amount, currency, self.tag)

    def date(self, day: dt.date) -> str:
        """``3 March 2026``, as the language writes it."""
        return numbers.long_date(day, self.tag)

    def number(self, value: int) -> str:
        """See ``numbers.number``."""
        return numbers.number(value, self.tag)

    def percent(self, value: Decimal) -> str:
        """See ``numbers.percent``."""
        return numbers.percent(value, self.tag)


ENGLISH = Language("en")
"""The language that the messages stand in, in the templates."""
