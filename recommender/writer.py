"""Who writes the recommendation text: the protocol, and the template."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from recommender.catalog import Product
from recommender.names import printable_name
from recommender.sentences import Sentences, sentences_in


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What a writer may know of a product: no price, no link, no picture. Those are the mail's own business.

    ``reason``: why it is recommended, one of ``REASONS``; "" for what is not, or where it is not known.
    """

    name: str
    category: str = ""
    description: str = ""
    reason: str = ""

    @classmethod
    def of(cls, product: Product, reason: str = "") -> "ProductFacts":
        """The facts of a product of the catalogue."""
        return cls(product.name, product.category, product.description, reason)


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What the text is about. Holds nothing personal: no name, no address, no id of the customer.

    ``lines``: the products in the cart; ``picks``: the products recommended with it (maybe none).
    ``language``: an IETF tag such as ``en`` or ``pt-BR``.
    """

    lines: tuple[ProductFacts, ...]
    picks: tuple[ProductFacts, ...] = ()
    language: str = "en"


class TextWriter(Protocol):
    """Writes one short paragraph of plain text, at most 400 characters."""

    async def write(self, request: TextRequest) -> str:
        """The text. Raises WriterError when there is none to be had."""

    async def close(self) -> None:
        """Give back connections and threads; callable more than once."""


NAME_ROOM = 70
"""Characters of a product's name in a text."""
REASONS = ("bought_together", "similar", "same_category", "popular")
_PLACE = re.compile(r"\{(cart|kind)\}")


class TemplateWriter:
    """Texts from fixed sentences: never fails, needs nothing, the same answer for the same cart."""

    async def write(self, request: TextRequest) -> str:
        """See ``compose``."""
        return self.compose(request)

    def compose(self, request: TextRequest) -> str:
        """The text for a cart, in its language: why these are recommended, as far as is known.

        Which sentence it is depends on the products, so carts differ. A name that looks like a link or an order is
        not printed; the cards have it anyway.
        """
        lines, picks = _names(request.lines), _names(request.picks)
        choice = crc32("\0".join([*lines, "", *picks]).encode("utf-8", "surrogatepass"))
        language = sentences_in(request.language)
        sentences, kind = _reason(request, language) if request.picks else (language.cart_alone, "")
        cart = language.listed(lines, shown=2) if lines else language.unnamed
        return _fill(sentences[choice % len(sentences)], cart=cart, kind=kind)

    async def close(self) -> None:
        """Nothing to give back."""


def _reason(request: TextRequest, language: Sentences) -> tuple[Sequence[str], str]:
    """Sentences that are true of all the recommended products; and the category that they share with the cart."""
    reasons = {facts.reason for facts in request.picks}
    theirs = {printable_name(facts.category, NAME_ROOM) for facts in request.picks}
    own = {printable_name(facts.category, NAME_ROOM) for facts in request.lines}
    kind = theirs.pop() if len(theirs) == 1 and theirs <= own else ""
    match reasons.pop() if len(reasons) == 1 else "mixed":
        case "bought_together":
            return language.bought_together, ""
        case "popular":
            return language.popular, ""
        case "similar" if not kind:
            return language.similar, ""
    return (language.same_category, kind) if kind else (language.mixed, "")


def _names(products: tuple[ProductFacts, ...]) -> list[str]:
    """Cleaned here too: the lines of a cart may come straight from the shop's tables."""
    return [name for name in (printable_name(facts.name, NAME_ROOM) for facts in products) if name]


def _fill(sentence: str, **words: str) -> str:
    """Replace ``{cart}`` and ``{kind}`` once; product names may hold braces, too."""
    return _PLACE.sub(lambda found: words[found[1]], sentence)
