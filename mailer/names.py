"""Customers' names, as strangers typed them into a shop: shown in a header, greeted with, or neither.

When in doubt nobody is greeted by name: a mail without one looks like any other, one with a wrong one like spam.
"""

import re
import unicodedata

from mailer.text import NAME_LIMIT, one_line, shop_line

_SEEN_BY_NOBODY = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\u2800\u3164\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Letters and marks without a glyph (Default_Ignorable_Code_Point, and the blank of braille)."""

_SHAPING = "\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Joiners and variation selectors: part of names in Persian, Hindi or Japanese, behind a letter of theirs."""
_LOOSE_SHAPING = re.compile(f"(?<![^\\s{_SHAPING}])[{_SHAPING}]+|(?<=[{_SHAPING}])[{_SHAPING}]+")
_ALL_SHAPING = re.compile(f"[{_SHAPING}]")

_LINK = re.compile(r"://|\bwww\.|@", re.IGNORECASE)
_DOTTED = re.compile(r"[\w-]+(?:[.。][\w-]+)+/?")
_TOP_LEVEL = re.compile(
    r"[^\W\d_]{2}|com|net|org|info|biz|xyz|top|shop|store|online|site|app|dev|club|live|link|click|vip|icu|pro|page",
    re.IGNORECASE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HONORIFIC = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|dra|prof|sir|herr|frau|sr|sra|srta|m|mme|mlle|dott)(?:\.[\s-]*|\s+|$)"
    # With their dot only: Phil, Nat, Med and Ing are names.
    r"|(?:hr|fr|ing|dipl|mag|med|phil|rer|nat|jur)\.[\s-]*",
    re.IGNORECASE,
)
_SUFFIXES = _words("jr sr ii iii iv phd md esq mba msc bsc ba ma")
_PARTICLES = _words(
    "de del dela della der des dos das da van von vom zu zum zur ter la el st the ibn bint y und and et"
)
"""What a family name or a second person begins with, and hardly a first name."""
_PARTICLES_BEFORE_TWO = _PARTICLES | _words("du di le lo do al ten op san santa saint abu bin")
"""The same where two words or more follow: "Du Pont Jean"; "Di Smith", "Al Jones" and "Le Nguyen" are first names."""

_PLACEHOLDERS = _words(
    "null none undefined unknown anonymous noname test tests tester testing testuser demo dummy example guest"
    " customer client user username admin administrator firstname lastname fullname fname lname default empty"
    " deleted removed redacted anonymized anonymised string object http https testkunde testkonto gelöscht"
    " xx asdf asdfgh qwerty qwertz inconnu inconnue unbekannt gast kunde invité prueba teste usuario cliente"
    " invitado anonyme ospite gość тест гость пользователь 测试 測試 游客 訪客 用户 テスト ゲスト 테스트 고객 비회원"
    " اختبار ضيف"
)
"""Nobody's name."""
_ALONE = _PLACEHOLDERS | _words("nil nan na anon foo bar abc first last no name not available provided set")
"""Nobody's name where no other word stands beside it."""

_FAMILY_FIRST = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_ARABIC_PREFIX = re.compile(r"^(?:عبد|أبو|ابو|أم|ام|بن|ابن)$")
_COMMAS = str.maketrans("\u060c\uff0c\u3001", ",,,")
_APOSTROPHES = "'\u2018\u2019\u02bc\u055a\u05f3\u05f4`\u00b4"
_HYPHENS = "-\u2010\u2011"
_JOINTS = frozenset(_APOSTROPHES + _HYPHENS + "\u00b7\u30fb\u0f0b\u200c\u200d")
"""What may stand between the letters of one name."""
_NEW_START = re.compile(rf"(?:(?<=[{_HYPHENS}])|(?<=^.[{_APOSTROPHES}]))\w")


def display_name(full_name: str | None, limit: int = 64) -> str | None:
    """The customer's whole name, fit for a header; None when there is none worth showing.

    HTML entities are decoded, as in products' names. A name that is an address or an advertisement is no name:
    sign-up forms are abused to have a shop send it. Nor is what a form or an import left there (null, N/A, test).
    """
    name = shop_line(full_name, limit * 4)
    name = _LOOSE_SHAPING.sub("", _SEEN_BY_NOBODY.sub("", name))
    # More of it is judged than the header has room for.
    judged = unicodedata.normalize("NFKC", _ALL_SHAPING.sub("", name))
    if not any(char.isalpha() for char in judged) or _advertises(judged) or _stands_for_nothing(judged):
        return None
    return one_line(name, limit)


def first_name(full_name: str | None) -> str | None:
    """How to greet the customer, None when the name gives nothing to greet with, or when in doubt.

    "Doe, Jane" → Jane; "Dr. Jane Doe" → Jane; MARIA → Maria; a name in Chinese, Japanese or Korean script, where
    the family name leads, stays whole; an Arabic compound (عبد الله) stays together.
    """
    name = display_name(full_name, NAME_LIMIT * 4)
    if name is None or "&" in name or "+" in name:
        return None  # nobody, or several
    name, addressed = _without_honorifics(_given_part(name.translate(_COMMAS)).strip(' .,"“”„«»'))
    words = name.replace(",", " ").split()
    # "Mr. Park": a word alone behind an honorific is a family name.
    if not words or (addressed and len(words) == 1):
        return None
    if _FAMILY_FIRST.search(name):
        found = " ".join(words) if all(_is_name(word) for word in words) else ""
    else:
        found = _first_of(words)
    return found if 0 < len(found) <= NAME_LIMIT else None


def _advertises(name: str) -> bool:
    """Whether mail clients may make a link of a part of it."""
    return bool(_LINK.search(name)) or any(_is_domain(word) for word in _DOTTED.findall(name))


def _is_domain(word: str) -> bool:
    """``paypal-security.de``, ``bit.ly/``, ``m.de``; not ``Dr.Anna``, ``J.R.Smith`` or ``St.Pierre``."""
    if word.endswith("/") or (word.islower() and _TOP_LEVEL.fullmatch(word.rpartition(".")[2])):
        return True
    while (found := _HONORIFIC.match(word)) and found.end() < len(word) and "." in found.group():
        word = word[found.end() :]
    labels = re.split("[.。]", word)
    if len(labels) < 2 or len(labels[-1]) < 2:
        return False
    return len(labels[0]) > 3 or _TOP_LEVEL.fullmatch(labels[-1]) is not None


def _stands_for_nothing(name: str) -> bool:
    """``null``, ``Test User``, ``N/A``, ``{{first_name}}``, ``x``: no word of it is anybody's name."""
    return all(_is_stub(word) or word in _ALONE for word in re.findall(r"[^\W\d_]+", name.casefold()))


def _is_stub(word: str) -> bool:
    """``x``, ``J``, ``xxx``: a letter alone or repeated, in a script where a letter is no word."""
    upper = word.upper()
    return word.lower() != upper and (len(word) == 1 or (len(word) > 2 and len(set(upper)) == 1))


def _given_part(name: str) -> str:
    """``Doe, Jane`` → Jane; but ``Jane Doe, PhD`` → Jane Doe."""
    family, comma, given = name.partition(",")
    if not comma or "," in given or not given.strip():
        return name
    suffixed = all(word.strip(".").replace(".", "").casefold() in _SUFFIXES for word in given.split())
    return family if suffixed else given


def _without_honorifics(name: str) -> tuple[str, bool]:
    """What follows ``Prof. Dr.``, and whether there was any such."""
    rest = name
    while found := _HONORIFIC.match(rest):
        rest = rest[found.end() :]
    return rest, rest != name


def _first_of(words: list[str]) -> str:
    """The word to greet with; empty when it is none."""
    word = words[0]
    particles = _PARTICLES if len(words) < 3 else _PARTICLES_BEFORE_TWO
    if not _is_name(word) or word.casefold() in particles | _PLACEHOLDERS or _is_stub(word):
        return ""
    if len(word) <= 3 and word.islower() and any(other[0].isupper() for other in words[1:]):
        return ""  # a particle in any other language: "di Caprio Leo"
    if len(words) > 1 and _ARABIC_PREFIX.match(word):
        return f"{word} {words[1]}" if _is_name(words[1]) else ""
    return _in_usual_case(word)


def _is_name(word: str) -> bool:
    """Whether it is made of letters of any script, their marks, apostrophes and hyphens, and begins with a letter."""
    return any(char.isalpha() for char in word) and all(
        char.isalpha() or char in _JOINTS or unicodedata.category(char).startswith("M") for char in word
    )


def _in_usual_case(word: str) -> str:
    """MARIA → Maria, JEAN-LUC → Jean-Luc, O'NEIL → O'Neil; two letters may be initials, and stay."""
    if not word.isupper() or len(word) < 3:
        return word
    if "İ" in word:
        word = word.translate({ord("I"): "\u0131"})
    elif "I" in word and set(word) & set("ŞĞ"):
        return word  # Turkish, and which i is meant is not known
    small = word[0] + word[1:].replace("İ", "i").lower()
    return _NEW_START.sub(lambda found: found.group().upper(), small)
