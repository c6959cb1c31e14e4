"""The template's sentences in each language: a TOML file each, whose names are those of ``Sentences``.

The cards below the text have the recommended products' names: a sentence says why they are there. What stands for
``{cart}`` is a list of names, which no sentence bends: it follows a colon where the language would.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel.lists import format_list

SOURCE = "en"


@dataclass(frozen=True, slots=True)
class Sentences:
    """Those of one language. ``{cart}``: what is in the cart; ``{kind}``: a category; ``{count}``: of further names."""

    language: str
    unnamed: str
    more: str
    cart_alone: Sequence[str]
    bought_together: Sequence[str]
    similar: Sequence[str]
    same_category: Sequence[str]
    popular: Sequence[str]
    mixed: Sequence[str]

    def listed(self, names: Sequence[str], shown: int) -> str:
        """One text of names, as the language lists them; of too many the last is how many more there are."""
        parts = list(names)
        if len(parts) > shown:
            parts = [*parts[: shown - 1], self.more.replace("{count}", str(len(parts) - shown + 1))]
        return format_list(parts, locale=self.language)


@cache
def sentences_in(tag: str) -> Sentences:
    """For an IETF tag such as ``pt-BR``; English where there are none of the language."""
    base = tag.partition("-")[0].lower()
    path = files(__package__) / f"{base}.toml"
    if not base.isalpha() or not path.is_file():
        return sentences_in(SOURCE)
    return Sentences(base, **tomllib.loads(path.read_text(encoding="utf-8")))
