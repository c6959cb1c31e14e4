"""Whether a model's answer may go into a mail: plain text, short, without promises only the shop can make.

The model sees product texts that anybody may have written, so its answer is not trusted. A false alarm costs
nothing (the template's text is sent instead); a miss sends a stranger's link or an invented price to a customer.
The rules are therefore wider than what they name.
"""

import re
import unicodedata

from recommender.errors import WriterError

MAX_CHARACTERS = 400

_JOINERS = "\u200c\u200d"  # Persian and emoji need them; they are looked through when the rules are applied
_WRAPPING_QUOTES = ('""', "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb", "''", "\u2018\u2019")

_SPELLED = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|twenty[ -]five|thirty|forty|"
    r"fifty|sixty|seventy|eighty|ninety|hundred|half)"
)
_CURRENCY_WORDS = (
    r"dollars?|euros?|pounds?(?: sterling)?|cents?|bucks|quid|yen|yuan|rupees?|francs?|franken|kron(?:or|er|a)|"
    r"zloty|pesos?|reais|rubles?|roubles?|lira|dirhams?|riyals?|won|baht"
)
_CURRENCY_CODES = (
    r"usd|eur|gbp|chf|jpy|cny|inr|cad|aud|nzd|sek|nok|dkk|pln|czk|huf|ron|brl|mxn|zar|aed|sar|krw|thb|rub|"
    r"rs|kr"
)

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern, re.IGNORECASE))
    for reason, pattern in (
        ("a URL", r"[a-z][a-z0-9+.-]*\s*:\s*//|\bwww\d?\s*\.|\b(?:https?|mailto|tel|javascript|data)\s*:"),
        ("a URL", r"[\w-]\s*[.。]\s?(?:com|net|org|info|biz)\b"),
        ("a URL", r"[\w-]\.[^\W\d_]{2,}|[a-z0-9]。[a-z]{2,}|。(?:com|net|org|jp)\b"),
        (
            "a URL",
            r"[(\[{]\s*(?:dot|punkt|punto|point)\s*[)\]}]|\b(?:dot|punkt|punto)\s+(?:com|net|org|info|biz|io|shop|store|de|co)\b",
        ),
        ("an address", r"@|[(\[{]\s*at\s*[)\]}]|\b\d{1,3}(?:\.\d{1,3}){3}\b"),
        ("a phone number", r"\+?\d(?:[\s()./-]*\d){7,}"),
        (
            "markup",
            r"[<>{}\[\]`|\\^]|&(?:#|[a-z]+;)|\*|__|~~|(?:^|\s)_\w|^\s*(?:#{1,6}\s|[-+•\u2013]\s|\d+[.)]\s)",
        ),
        (
            "a percentage",
            r"[%٪‰‱]|\bper\s?-?\s?cent|\bpercent|\bprozent|\bpour\s?cent|\bpor\s?cien?to|\bper\s?cento",
        ),
        ("a percentage", r"\bprocent|\bpct\b|процент|百分|パーセント|퍼센트|\d\s*割|打\s*\d|\d\s*折"),
        (
            "a price",
            rf"\b(?:\d[\d.,]*|{_SPELLED})\s*-?\s*(?:{_CURRENCY_WORDS})\b|\b(?:dollars?|euros?|bucks|quid)\b",
        ),
        ("a price", rf"\b(?:{_CURRENCY_CODES})\.?\s*\d|\d\s*(?:{_CURRENCY_CODES})\b|[\d十百千万]\s*[円元원]"),
        ("a price", r"\d[.,]\d{2}(?!\d)|\d{1,3}(?:[.,']\d{3})+(?![\d-])|\d,-"),
        (
            "a price",
            r"\b(?:only|just|for|at|from|nur|für|seulement|solo)\s+(?:only\s|just\s)?\d+\s*(?:$|[.,;!?…])",
        ),
        (
            "a discount of its own",
            rf"\b(?:\d+|{_SPELLED})[\s-]+(?:off|price|rabatt)\b|\b(?:coupon|voucher|promo)",
        ),
        (
            "a discount of its own",
            r"\b(?:discount|promo|offer|gutschein)[\s-]*code|\b(?:for free|free of charge)\b",
        ),
        (
            "a refusal",
            r"\b(?:as an ai|language model|i cannot|i can['\u2019]?t|i(?: a|['\u2019])?m (?:sorry|unable))",
        ),
        (
            "a refusal",
            r"^(?:sorry|unfortunately|i (?:won['\u2019]t|will not))\b|\b(?:system prompt|previous instructions)",
        ),
        (
            "talk about itself",
            r"^(?:sure|certainly|of course|here(?:['\u2019]s| is| are| you go)\b[^.!?]{0,80}:)",
        ),
    )
)


def check_answer(raw: str) -> str:
    """The text to print: white space collapsed, wrapping quotes taken off, at most 400 characters.

    Raises WriterError (no outage) when it is empty, too long, holds a control or invisible character, a URL, an
    address, a phone number, markup, a percentage, a price, a discount or code of its own, or is a refusal. Full-width
    and other compatibility forms are treated as what they look like.
    """
    lines = [" ".join(line.split()) for line in raw.splitlines()]
    text = _unquoted(" ".join(line for line in lines if line))
    if not text:
        raise WriterError("the answer is empty")
    if len(text) > MAX_CHARACTERS:
        raise WriterError(f"the answer has {len(text)} characters, {MAX_CHARACTERS} are allowed")
    if not any(char.isalpha() for char in text):
        raise WriterError("the answer holds no word")
    for char in text:
        category = unicodedata.category(char)
        if category in {"Cc", "Cf", "Cs", "Co", "Cn"} and char not in _JOINERS:
            raise WriterError(f"the answer holds the character U+{ord(char):04X}")
        if category == "Sc":
            raise WriterError("the answer holds a price")
    # List markers and headings stand at the start of a line: look at the lines as well as at the whole.
    for part in dict.fromkeys([text, *lines]):
        looks_like = _as_it_looks(part)
        for reason, pattern in _RULES:
            if pattern.search(looks_like):
                raise WriterError(f"the answer holds {reason}")
    return text


def _unquoted(text: str) -> str:
    for quotes in _WRAPPING_QUOTES:
        opening, closing = quotes[0], quotes[1]
        if len(text) > 2 and text[0] == opening and text[-1] == closing and opening not in text[1:-1]:
            return text[1:-1].strip()
    return text


def _as_it_looks(text: str) -> str:
    """Compatibility forms resolved, joiners and marks removed, so that full-width letters are letters."""
    plain = unicodedata.normalize("NFKC", text.translate({ord(char): None for char in _JOINERS}))
    return "".join(char for char in plain if unicodedata.category(char) not in {"Mn", "Me"})
