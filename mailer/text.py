"""Text that strangers wrote (customers' and products' names), made fit for one line of a mail."""

import html
import re

NAME_LIMIT = 40
PRODUCT_LIMIT = 120

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Bidirectional embeddings, overrides and isolates leak into the text around them (and can turn a price round);
# lone surrogates and noncharacters cannot be encoded; the byte order mark is noise.
_HARMFUL = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
# A zero-width joiner or a combining mark at the cut belongs to a character that was cut in two.
_CUT_MARKS = re.compile("[\u200d\ufe0e\ufe0f\u0300-\u036f\U0001f3fb-\U0001f3ff]+$")
_ADVERT = re.compile(
    r"://|\bwww\.|@|\b[\w-]+\.(?:com|net|org|info|biz|ru|cn|io|xyz|top|shop|online|site)\b", re.IGNORECASE
)
_HONORIFIC = re.compile(r"^(?:mr|mrs|ms|miss|mx|dr|prof|sir|herr|frau|sr|sra|m|mme)\.?$", re.IGNORECASE)
_FAMILY_FIRST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ARABIC_PREFIX = re.compile(r"^(?:عبد|أبو|ابو|أم|ام|بن|ابن)$")


def one_line(text: str, limit: int) -> str:
    """``text`` on one line, without control characters, at most ``limit`` characters (then it ends in …)."""
    # Whatever is cut off later need not be cleaned; the factor leaves room for runs of spaces.
    clean = _BREAKS.sub(" ", _HARMFUL.sub("", text[: limit * 4])).strip()
    if len(clean) <= limit:
        return clean
    return _CUT_MARKS.sub("", clean[: limit - 1]).rstrip() + "…"


def product_line(text: str | None, limit: int = PRODUCT_LIMIT) -> str:
    """A product's name or category for display; shops store HTML entities there: ``&amp;`` becomes ``&``."""
    return one_line(html.unescape((text or "")[: limit * 8]), limit)


def display_name(full_name: str | None, limit: int = 64) -> str | None:
    """The customer's whole name, fit for a header; None when there is none worth showing.

    A name that is an address or an advertisement is no name: sign-up forms are abused to have a shop send it.
    """
    name = one_line(full_name or "", limit)
    if not name or _ADVERT.search(full_name or "") or not any(char.isalnum() for char in name):
        return None
    return name


def first_name(full_name: str | None) -> str | None:
    """How to greet the customer, None when the name gives nothing to greet with.

    "Doe, Jane" → Jane; "Dr. Jane Doe" → Jane; a name in Chinese, Japanese or Korean script, where the family
    name leads, stays whole; an Arabic compound (عبد الله) stays together.
    """
    name = display_name(full_name)
    if name is None:
        return None
    if _FAMILY_FIRST.search(name):
        return one_line(name, NAME_LIMIT)
    if name.count(",") == 1 and name.partition(",")[2].strip():
        name = name.partition(",")[2].strip()
    words = name.split(" ")
    while len(words) > 1 and _HONORIFIC.match(words[0]):
        del words[0]
    if len(words) > 1 and _ARABIC_PREFIX.match(words[0]):
        words[0] += " " + words[1]
    return one_line(words[0].strip(","), NAME_LIMIT) or None


def initial(name: str) -> str:
    """The letter shown where a product has no picture."""
    return next((char.upper() for char in name if char.isalnum()), "•")


def language_tag(raw: str | None) -> str | None:
    """``fr-FR`` for ``fr_FR``, ``fr``; None for what is no language tag (BCP 47: language, script, region)."""
    tag = (raw or "").strip().partition(".")[0].replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?", tag) else None
