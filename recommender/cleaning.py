"""Product texts as shops store them (HTML, entities, control characters, NULL) → one line of plain text."""

import html
import re
import unicodedata

_INVISIBLE_BLOCKS = re.compile(
    r"<(script|style|head|template)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", re.IGNORECASE | re.DOTALL
)
_BLOCK_TAGS = re.compile(
    r"</?(p|div|br|li|ul|ol|tr|td|th|table|h[1-6]|section|article|header|footer|dd|dt|hr|pre)\b[^<>]*>",
    re.IGNORECASE,
)
_TAGS = re.compile(r"</?[a-z!?][^<>]*>", re.IGNORECASE)
_UNFINISHED_TAG = re.compile(r"</?[a-z!][\w:-]*(\s+[\w:-]+\s*=[^<>]*)?\Z", re.IGNORECASE)
_WHITESPACE = re.compile(r"\s+")
_MAX_ENTITY_ROUNDS = 3  # "&amp;amp;" is the trace of two exports; more than that is an attack or a joke


def _printable(char: str) -> str:
    """Spaces for control characters; nothing for format characters except the joiners scripts need."""
    match unicodedata.category(char):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" if char not in "\u200c\u200d":
            return ""
        case "Cs" | "Cn" | "Co":
            return ""
    return char


def _unescape(text: str) -> str:
    for _ in range(_MAX_ENTITY_ROUNDS):
        plain = html.unescape(text)
        if plain == text:
            break
        text = plain
    return text


def _strip_tags(text: str) -> str:
    text = _INVISIBLE_BLOCKS.sub(" ", text)
    text = _BLOCK_TAGS.sub(" ", text)
    text = _TAGS.sub("", text)
    return _UNFINISHED_TAG.sub("", text)


def clean_text(raw: str | None, limit: int) -> str:
    """One line of plain text of at most ``limit`` characters; None gives the empty string.

    Tags go (with the content of script and style), entities are resolved (also doubly escaped ones, and tags that
    were hidden in entities), white space is collapsed, invisible characters are dropped. A text that is too long is
    cut at a word and ends in an ellipsis. "5 < 6" survives: only what looks like a tag is one.
    """
    if not raw:
        return ""
    # Nothing beyond this can survive the cut, and a megabyte of HTML shall not cost a megabyte of regex.
    text = raw[: limit * 20 + 1000]
    if "<" in text or "&" in text:
        text = _strip_tags(_unescape(_strip_tags(text)))
    if not text.isascii() or not text.isprintable():
        text = unicodedata.normalize("NFC", "".join(map(_printable, text)))
    text = _WHITESPACE.sub(" ", text).strip()
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """The text itself if it has at most ``limit`` characters, else cut at a word, with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    space = head.rfind(" ")
    if space >= limit // 2:  # a language without spaces is cut where the limit falls
        head = head[:space]
    return head.rstrip(" ,;:.-") + "…"
