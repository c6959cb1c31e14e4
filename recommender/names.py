"""Whether a product's or category's name may stand in a sentence: not one that looks like a link or an order.

Anybody may sell under a name. On its card a name is plainly a product's; within a sentence of the shop it would be the
shop that says it. Ordinary names ("100% cotton", "Node.js in Action", "Call of Duty") are printed; what is in doubt is
left out of the sentence, which costs nothing.
"""

import re
from functools import lru_cache

from recommender.cleaning import clean_text
from recommender.name_signs import folded, signs

_TOP = (
    r"(?:com|net|org|info|biz|shop|store|site|online|top|xyz|app|dev|link|click|club|live|vip|example|test|"
    r"eu|de|at|ch|fr|es|it|pl|pt|br|nl|be|uk|us|ca|au|ru|cn|jp|kr|in|il|ae|sa|io|ai|co|me|ly|to|tv|cc|gg|рф)"
)
_LINK = re.compile(
    r"[a-z]{2,}\s*:\s*/\s*/|\bhxxps?\b|\bhttps?\s*:|\bmailto\s*:|@(?!\s?\d)|\]\s*\(|"
    r"[\[(]\s*(?:dot|punkt|at|point|punto|[.])\s*[\])]"
    rf"|\b(?:dot|punkt|punto|kropka|point|ponto|nokta)\s+{_TOP}\b"
)
_DOTTED = re.compile(
    rf"\bwww\d?\s*[.]|\w\s*[.]\s*{_TOP}(?!\w)(?!\s*[.]\s*\w)|\w[.][a-z]{{2,}}/\w|\b(?:\d{{1,3}}[.]){{3}}\d{{1,3}}\b"
)
_LINK_SIGNS = (
    *("@", "/", "[", "(", "hxxp", "http", "mailto"),
    *("dot ", "punkt ", "punto ", "kropka ", "point ", "ponto ", "nokta "),
)
_NO_LINK = re.compile(r"\b(?:asp|vb|ado)\s?[.]net\b|\b(?:st|dr|no|nr|vol|mr|mrs|ms)[.]\s")
_STOPS = dict.fromkeys(map(ord, "\u3002\uff61\uff0e\u2024"), ".")
_PHONE = re.compile(r"(?:\+|\b0|\b)\d(?:[\s().-]?\d){6,}")
_CODE_OF_GOODS = re.compile(r"\b\d{8}\b|\b\d{12,14}\b")  # GTINs
_SPACED_OUT = re.compile(r"(?<!\w)(?:[^\W\d_][\s._*-]+){4,}[^\W\d_](?!\w)")
"""Five letters that stand alone, in a row: a word that shall not be found."""
_PRICE_CUT = re.compile(
    r"\d\s*%\s*(?:off|less|cheaper|weniger|gunstiger|moins|de reduction|de menos|di meno|taniej|minder)\b|打\s*.{1,2}折"
)
_X_FREE = re.compile(r"-\s?(?:free|gratis)\b")
_ROLES = re.compile(r"\b(?:system|assistant|user)\s*:")
_TITLES = re.compile(
    r"\b(?:call|ruf|appel|answer|visit|besuch)\w*\s+(?:of|der|de la|du|to the)\b|"
    r"\bthank[\s-]?you\b|\brendez-vous\b|\b(?:make|grow|bring|paint|build|design) your own\b|\blove you\b"
)
_LONG_NUMBER = re.compile(r"\d[\d\s-]{3,}\d")
_LATIN, _LOOKALIKE = re.compile(r"[a-z]"), re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")

_TOGETHER = (
    ("free", "given", 3), ("given", "free", 3), ("free", "free", 2),
    ("you", "won", 3), ("won", "you", 3), ("won", "prize", 3), ("prize", "won", 3), ("you", "prize", 1),
    ("your", "held", 3), ("held", "confirm", 3), ("confirm", "held", 3), ("near", "us", 2),
    ("discount", "every", 3), ("every", "discount", 3),
    ("two", "one", 3), ("one", "two", 3),
)  # fmt: skip
"""Kinds of signs (``name_signs.txt``) that make an order, an offer or a threat, the second at most so many words
behind the first."""
_NUMBERS_IN_A_ROW = 4
"""In words: so many are a telephone's."""


@lru_cache(maxsize=20_000)
def printable_name(raw: str | None, limit: int) -> str:
    """``raw`` as one line of at most ``limit`` characters; "" if it is no name that a sentence may hold."""
    whole = clean_text(raw, 1000)
    return clean_text(raw, limit) if whole and not looks_like_an_order(whole) else ""


def looks_like_an_order(name: str) -> bool:
    """Whether ``name`` looks like a link, a number to call, an offer, or an order to a reader or a model."""
    plain = folded(name.translate(_STOPS))
    # Most names hold nothing of what a pattern begins with, and looking for that is a tenth of the work.
    if any(sign in plain for sign in _LINK_SIGNS) and _LINK.search(plain):
        return True
    if "." in plain and _DOTTED.search(_NO_LINK.sub(" ", plain)):
        return True
    if sum(map(str.isdigit, plain)) >= 7 and _PHONE.search(_CODE_OF_GOODS.sub(" ", plain)):
        return True
    return (
        bool(_SPACED_OUT.search(plain) or _PRICE_CUT.search(plain) or _ROLES.search(plain))
        or (not plain.isascii() and _is_disguised(plain))
        or _orders(_X_FREE.sub(" ", _TITLES.sub(" ", plain)))
    )


def _is_disguised(plain: str) -> bool:
    """Whether a word is written in two alphabets that have the same letters."""
    return any(
        len(word) > 2 and _LATIN.search(word) and _LOOKALIKE.search(word)
        for word in re.findall(r"[^\W\d_]+", plain)
    )


def _orders(plain: str) -> bool:
    found, words = signs().find(plain)
    kinds: dict[str, list[int]] = {}
    for sign in found:
        kinds.setdefault(sign.kind, []).append(sign.place)
    if not kinds:
        return False
    if "alone" in kinds:
        return True
    if "order" in kinds:
        first = min(kinds["order"])
        behind = " ".join(words[first + 1 :])
        if max(kinds.get("whom", [0])) > first or _LONG_NUMBER.search(behind):
            return True
    numbers = set(kinds.get("number", ()))
    return any({place + more for more in range(_NUMBERS_IN_A_ROW)} <= numbers for place in numbers) or any(
        0 < later - place <= apart
        for first, then, apart in _TOGETHER
        for place in kinds.get(first, ())
        for later in kinds.get(then, ())
    )
