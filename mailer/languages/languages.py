"""The languages that one storefront writes in, and which of them a customer gets."""

import re
from collections.abc import Iterator, Sequence

from mailer.languages.language import ENGLISH, Language

_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,3})(?:\s*;\s*[qQ]=([01](?:\.\d{0,3})?))?")
_LONGEST_HEADER = 500  # characters

_RENAMED = {"iw": "he", "in": "id", "no": "nb"}
"""Codes that shops and browsers still have: the first two Java wrote until version 17, and many say Norwegian where
they mean Bokmål (IANA's language subtag registry)."""


class Languages:
    """``offered``: at least one; the first is the storefront's own, for whoever has none of the others.

    A language stands in for itself in another country: ``en-GB`` for ``en-US``, where there is no ``en``.
    """

    def __init__(self, offered: Sequence[Language] = (ENGLISH,)) -> None:
        self._offered = tuple(offered)
        self._own = offered[0]
        by_tag = [(language.tag.lower(), language) for language in reversed(offered)]  # the first one counts
        self._by_tag = {tag.partition("-")[0]: language for tag, language in by_tag} | dict(by_tag)

    def __iter__(self) -> Iterator[Language]:
        return iter(self._offered)

    def accepted(self, header: str) -> Language:
        """The language for a browser's Accept-Language (RFC 9110, 12.5.4), else the storefront's own."""
        wanted = [
            (-quality, place, tag) for place, (tag, quality) in enumerate(_ranges(header)) if quality > 0
        ]
        for _, _, tag in sorted(wanted):
            if (found := self._known(tag)) is not None:
                return found
        return self._own

    def best(self, tag: str | None) -> Language:
        """The language for a customer's tag (``de``, ``de-AT``), of whichever country, else the storefront's own."""
        return self._known(tag or "") or self._own

    def _known(self, tag: str) -> Language | None:
        base, hyphen, country = tag.lower().partition("-")
        wanted = _RENAMED.get(base, base) + hyphen + country
        while wanted:
            if (found := self._by_tag.get(wanted)) is not None:
                return found
            wanted = wanted.rpartition("-")[0]
        return None


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Tags with their quality; what is none is left out."""
    for part in header[:_LONGEST_HEADER].split(","):
        if (found := _RANGE.fullmatch(part.strip())) is not None:
            yield found[1], float(found[2] or 1)
