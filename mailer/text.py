"""Text that strangers wrote (customers' and products' names), made fit for one line of a mail."""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Literal

NAME_LIMIT = 40
PRODUCT_LIMIT = 120
_TAIL = 40
"""Characters of a name's end that tell variants apart."""

_STRONG = frozenset({"L", "R", "AL"})
_NO_COLUMN = frozenset({"Mn", "Me", "Cf"})
_WIDE = "\u2e80-\u303f\u3041-\u33ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff01-\uff60"
_NEVER_FIRST = "\u3001\u3002\u300d\u300f\u3011\u30fb\u30fc\uff01\uff09\uff0c\uff0e\uff1a\uff1f"
"""Marks of East Asia that no line begins with."""
_PIECES = re.compile(f"[{_WIDE}][{_NEVER_FIRST}]*\\s*|[^\\s{_WIDE}]+[{_NEVER_FIRST}]*\\s*")
"""What a line is not broken within."""

_LANGUAGE_TAG = re.compile(
    r"([A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?)(?:-[A-Za-z0-9]{4,8})*(?:[.@].*)?"
)
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Bidirectional embeddings, overrides and isolates leak into the text around them (and can turn a price round);
# lone surrogates and noncharacters cannot be encoded; the byte order mark is noise.
_HARMFUL = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
# A zero-width joiner or a combining mark at the cut belongs to a character that was cut in two.
_CUT_MARKS = re.compile("[\u200d\ufe0e\ufe0f\u0300-\u036f\U0001f3fb-\U0001f3ff]+$")


def one_line(text: str, limit: int) -> str:
    """``text`` on one line, without control characters, at most ``limit`` characters (then it ends in …)."""
    # Whatever is cut off later need not be cleaned; the factor leaves room for runs of spaces.
    clean = _BREAKS.sub(" ", _HARMFUL.sub("", text[: limit * 4])).strip()
    if len(clean) <= limit:
        return clean
    return _CUT_MARKS.sub("", clean[: limit - 1]).rstrip() + "…"


def shop_line(text: str | None, limit: int = PRODUCT_LIMIT) -> str:
    """A name or category for display: many shops store HTML entities, and some, by an import, those of entities."""
    return one_line(html.unescape(html.unescape((text or "")[: limit * 8])), limit)


def names_told_apart(products: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """For each (name, category) how it is shown: the name, and what else tells it from others that read alike.

    Variants often have one long name that differs at its end: then the end is shown, too. Where names are the same, the
    category is, if that differs.
    """
    whole = [shop_line(name, PRODUCT_LIMIT * 4) for name, _ in products]
    shown = [one_line(name, PRODUCT_LIMIT) for name in whole]
    alike = {name for name, times in Counter(shown).items() if times > 1}
    told = []
    for (_, category), name, cut in zip(products, whole, shown, strict=True):
        if cut in alike and len(name) > PRODUCT_LIMIT:
            told.append((f"{one_line(name, PRODUCT_LIMIT - _TAIL)} {name[1 - _TAIL :].lstrip()}", ""))
            continue
        kinds = {kind for (_, kind), other in zip(products, shown, strict=True) if other == cut}
        told.append((cut, shop_line(category, _TAIL) if len(kinds) > 1 else ""))
    return told


def directed(text: str, direction: Literal["ltr", "rtl"]) -> str:
    """``text`` such that whoever shows it alone, as a subject, lets it run in ``direction``.

    Its first letter tells them, which may be of a name in another script (Unicode, UAX 9, P2): then a mark goes before.
    """
    kinds = (unicodedata.bidirectional(char) for char in text)
    first = next((kind for kind in kinds if kind in _STRONG), None)
    if first is None or (first == "L") == (direction == "ltr"):
        return text
    return ("\N{LEFT-TO-RIGHT MARK}" if direction == "ltr" else "\N{RIGHT-TO-LEFT MARK}") + text


def initial(name: str) -> str:
    """The letter shown where a product has no picture."""
    return next((char.upper() for char in name if char.isalnum()), "•")


def language_tag(raw: str | None) -> str | None:
    """``fr-FR`` for ``fr_FR``, ``fr``; None for what is no language tag (BCP 47: language, script, region).

    What follows is left out: an encoding, and WordPress's form of address and spelling (``de_DE_formal``).
    """
    found = _LANGUAGE_TAG.fullmatch((raw or "").strip().replace("_", "-"))
    return found[1] if found else None


def display_width(text: str) -> int:
    """Columns that ``text`` takes in plain text: letters of East Asia two, accents and marks of direction none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(char) in _NO_COLUMN else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def wrapped(text: str, columns: int = 78) -> str:
    """``text`` with its long lines broken: between words, or between letters of East Asia. Links stay whole."""
    return "\n".join(part for line in text.split("\n") for part in _broken(line, columns))


def _broken(line: str, columns: int) -> list[str]:
    if len(line) * 2 <= columns or "://" in line or display_width(line) <= columns:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    parts, here, width = [], indent, len(indent)
    for piece in _PIECES.findall(line[len(indent) :]):
        room = display_width(piece.rstrip())
        if width + room > columns and here.strip():
            parts.append(here.rstrip())
            here, width = indent, len(indent)
        here += piece
        width += display_width(piece)
    return [*parts, here.rstrip()]
