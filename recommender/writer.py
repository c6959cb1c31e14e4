"""Who writes the recommendation text: the protocol, the template, and falling back from one to the other."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from recommender.catalog import Product
from recommender.cleaning import clean_text
from recommender.errors import WriterError
from recommender.sentences import Sentences, sentences_in


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What a writer may know of a product: no price, no link, no picture. Those are the mail's own business."""

    name: str
    category: str = ""
    description: str = ""

    @classmethod
    def of(cls, product: Product) -> "ProductFacts":
        """The facts of a product of the catalogue."""
        return cls(product.name, product.category, product.description)


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What the text is about. Holds nothing personal: no name, no address, no id of the customer.

    ``lines``: the products in the cart; ``picks``: the products recommended with it (maybe none).
    ``discount_percent``: 0 for no discount; the text only says that there is one.
    ``language``: an IETF tag such as ``en`` or ``pt-BR``.
    """

    lines: tuple[ProductFacts, ...]
    picks: tuple[ProductFacts, ...] = ()
    discount_percent: int = 0
    store_name: str = ""
    language: str = "en"


class TextWriter(Protocol):
    """Writes one short paragraph of plain text, at most 400 characters."""

    async def write(self, request: TextRequest) -> str:
        """The text. Raises WriterError when there is none to be had."""

    async def close(self) -> None:
        """Give back connections and threads; callable more than once."""


_NAME_ROOM = 70
_PLACE = re.compile(r"\{(cart|kind)\}")


class TemplateWriter:
    """Texts from fixed sentences: never fails, needs nothing, the same answer for the same cart."""

    async def write(self, request: TextRequest) -> str:
        """See ``compose``."""
        return self.compose(request)

    def compose(self, request: TextRequest) -> str:
        """The text for a cart, in its language: why these are recommended, as far as is known.

        Which sentence it is depends on the products, so carts differ.
        """
        lines, picks = _names(request.lines), _names(request.picks)
        choice = crc32("\0".join([*lines, "", *picks]).encode("utf-8", "surrogatepass"))
        language = sentences_in(request.language)
        sentences, kind = _reason(request, language) if picks else (language.cart_alone, "")
        cart = language.listed(lines, shown=2) if lines else language.unnamed
        return _fill(sentences[choice % len(sentences)], cart=cart, kind=kind)

    async def close(self) -> None:
        """Nothing to give back."""


def _reason(request: TextRequest, language: Sentences) -> tuple[Sequence[str], str]:
    """Sentences that say why these products are recommended, as far as categories tell; and the one they share."""
    own = {kind for facts in request.lines if (kind := clean_text(facts.category, _NAME_ROOM))}
    theirs = {clean_text(facts.category, _NAME_ROOM) for facts in request.picks}
    if len(theirs) == 1 and theirs <= own:
        return language.of_one_kind, theirs.pop()
    if own and theirs.isdisjoint(own | {""}):
        return language.of_other_kinds, ""
    return language.of_any_kind, ""


def _names(products: tuple[ProductFacts, ...]) -> list[str]:
    """Cleaned here too: the lines of a cart may come straight from the shop's tables."""
    return [name for name in (clean_text(facts.name, _NAME_ROOM) for facts in products) if name]


def _fill(sentence: str, **words: str) -> str:
    """Replace ``{cart}`` and ``{kind}`` once; product names may hold braces, too."""
    return _PLACE.sub(lambda found: words[found[1]], sentence)


class FallbackWriter:
    """Asks ``primary``; when that fails, whatever it raises, ``fallback`` writes and ``on_fallback(reason)`` is told.

    After ``failures`` outages in a row the primary is left alone for ``pause_s`` seconds; then one request tries it,
    and the others go on falling back until that one succeeded. An answer that merely was unusable is no outage.
    """

    def __init__(
        self,
        primary: TextWriter,
        fallback: TextWriter,
        on_fallback: Callable[[str], None],
        *,
        failures: int = 5,
        pause_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._primary = primary
        self._fallback = fallback
        self._on_fallback = on_fallback
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._outages = 0
        self._closed_until = float("-inf")
        self._trying = False  # one request is finding out whether the primary is back

    async def write(self, request: TextRequest) -> str:
        """The primary's text, else the fallback's."""
        try:
            return await self._ask(request)
        except WriterError as error:
            reason = error.reason
        self._on_fallback(reason)
        return await self._fallback.write(request)

    async def close(self) -> None:
        """Close both writers."""
        try:
            await self._primary.close()
        finally:
            await self._fallback.close()

    async def _ask(self, request: TextRequest) -> str:
        trial = self._outages >= self._limit
        if trial and (self._trying or self._clock() < self._closed_until):
            raise WriterError(f"left alone after {self._outages} failures in a row")
        self._trying = self._trying or trial
        try:
            text = await self._primary.write(request)
        except WriterError as error:
            self._note(outage=error.outage)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a writer's library throws, the mail goes out
            self._note(outage=True)
            raise WriterError(f"unexpected {type(error).__name__}", outage=True) from None
        else:
            self._note(outage=False)
            return text
        finally:
            if trial:
                self._trying = False

    def _note(self, *, outage: bool) -> None:
        self._outages = self._outages + 1 if outage else 0
        if self._outages >= self._limit:
            self._closed_until = self._clock() + self._pause_s
