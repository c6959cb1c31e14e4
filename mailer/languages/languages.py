"""The languages that one storefront writes in, and which of them a customer gets."""

from collections.abc import Sequence

from mailer.languages.language import ENGLISH, Language


class Languages:
    """``offered``: at least one; the first is the storefront's own, for whoever has none of the others."""

    def __init__(self, offered: Sequence[Language] = (ENGLISH,)) -> None:
        self._own = offered[0]
        self._by_tag = {language.tag.lower(): language for language in reversed(offered)}

    def best(self, tag: str | None) -> Language:
        """The language for a customer's tag (``de``, ``de-AT``), else the storefront's own."""
        wanted = (tag or "").lower()
        while wanted:
            if (found := self._by_tag.get(wanted)) is not None:
                return found
            wanted = wanted.rpartition("-")[0]
        return self._own
