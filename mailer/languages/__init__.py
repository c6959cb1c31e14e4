"""What a mail says in each language: messages by gettext, money, numbers and percentages by CLDR (Babel)."""

from mailer.languages.language import ENGLISH, Language
from mailer.languages.languages import Languages
from mailer.languages.shipped import languages, shipped

__all__ = ["ENGLISH", "Language", "Languages", "languages", "shipped"]
