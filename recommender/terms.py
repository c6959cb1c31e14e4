"""Product texts → the terms they are compared by, in any language.

Words are runs of letters, digits and the marks that belong to them, case-folded; accents are removed (shops write
"café" and "cafe"), and so are the vowel points of Hebrew and Arabic, which most texts leave out. In the scripts of
India the marks are the vowels: they stay. Scripts written without spaces (Chinese, Japanese, Thai …) are cut into
overlapping pairs of characters, a character being a letter with its marks: the usual way to index them without a
dictionary. Pairs of neighbouring words are terms too, never across the border of two fields.
"""

import re
import sys
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from recommender.catalog import Product

NAME_WEIGHT = 3
CATEGORY_WEIGHT = 2
"""How many times the terms of a field count against those of the description. With sublinear term frequency
(1 + ln n) that is a factor of 2.1 and 1.7."""

_JOINERS = "\u200c\u200d"


def _mark_ranges() -> str:
    """All combining marks, as ranges of a character class: a list of thousands would take a second to compile."""
    codes = [code for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
    starts = [code for code, before in zip(codes, [0, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], 0], strict=True) if after != code + 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True)) + _JOINERS


_MARKS = _mark_ranges()
_LETTER = rf"(?:[^\W_][{_MARKS}]*)"
_WORD = re.compile(rf"{_LETTER}+(?:'{_LETTER}+)?")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)?")
BORDER = "\x00"
_WORD_OR_BORDER = re.compile(rf"{_WORD.pattern}|{BORDER}")
_UNMARKED_WORD_OR_BORDER = re.compile(rf"\w+(?:'\w+)?|{BORDER}")
_MARK = re.compile(rf"[{_MARKS}]")
_ASCII_WORD_OR_BORDER = re.compile(rf"{_ASCII_WORD.pattern}|{BORDER}")
_UNSPACED_LETTERS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uaa60-\uaa7f\uf900-\ufaff\U00020000-\U0003134f"
)
_UNSPACED = re.compile(rf"[{_UNSPACED_LETTERS}]")
_RUNS = re.compile(rf"(?:[{_UNSPACED_LETTERS}][{_MARKS}]*)+|(?:[^{_UNSPACED_LETTERS}])+")
_CLUSTER = re.compile(rf"[\u0e40-\u0e44\u0ec0-\u0ec4]?.[{_MARKS}]*")
"""A letter with its marks; Thai and Lao write some vowels before their consonant."""

_HANGUL_SYLLABLE = re.compile(r"[\uac00-\ud7a3]")
_VOWEL_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"
)
_LIKE_LETTERS = str.maketrans({"\u0649": "\u064a", "\u0629": "\u0647", "đ": "d", "ł": "l", "ø": "o"})
_MEMORY = 1_000_000

# Function words of the languages most shops are written in, without accents. Words that are common in one
# shop's own texts are found by counting; this list is for small catalogues, where counting can't tell.
# Words that are goods in another language (men, hat, ale, sea, tan) are left out.
_FUNCTION_WORDS = """
a about all also an and any are as at be been but by can do does for from get has have how if in into is it its
just like made make more most no not of off on only or other our out over so some such than that the
their them these they this those to too up us use very was we were what when which while who will with you your
aber als am an auch auf aus bei bis das dass dem den der des die diese dieser dieses durch ein eine einem einen
einer eines er es fur ich ihr ihre im ins ist kann mehr mit nach nicht noch nur oder ohne sehr sich sie sind
sowie uber um und uns unser unter vom von vor war was wenn wie wir wird zu zum zur
au aux avec ce ces cette ceux chez comme dans de du en est et etre il ils je la le les leur lui mais meme
ne nos notre nous ou par pas plus pour qu que qui sa sans se ses si sont sur te tes toi ton tous tout
tres tu un une vos votre vous
al como con cuando cuyo del desde donde el ella ellos entre era esta estas este esto estos fue ha hasta hay las lo
los mas me mi mientras muy nada ni nos o para pero por porque ser si sin sobre su sus tambien todo todos
una unas uno unos y ya
ai alla alle allo anche che chi ci coi col come cui da dal dalla dalle degli dei della delle dello di e ed gli i
ma nei nel nella nelle non per piu quale quando questa queste questi questo sono sua sue sul sulla suo tra un uno
ao aos com das dos ela ele em essa esse foi isso isto mais mas na nas nem no nos num numa os ou pela pelo pelos
quem sao seja sem seu seus sua suas tem um uma voce
aan als ben bij dan dat de deze die dit door een en er haar heeft het hij hoe hun ik in is je kan maar met mijn
naar niet nog nu of om onder ook op over te tot uit veel voor was wat we wel werd wie wij wordt ze zich zijn
zo
av den det dig din du ej er ett fran ha han har hon i inte jag kan med mig nar och om pa som sig till var
vi ett at af de for ikke jeg og til
bez byc czy dla do jak jest juz na nie od oraz po przez sie tak to w z ze za
"""
_ACCENTED = """
für über été même très être où à là ça après più è perché né são não você até já também más sí qué él tú mí está están
även är från när på så för över też więc się będzie żeby który która które přes při být også två någon något hög
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Compared as they stand in the text: "ao" is Portuguese for *to the*, "áo" Vietnamese for a shirt."""

_STOPPED = STOP_WORDS | frozenset(_ACCENTED.split())
_known: dict[str, tuple[str, ...]] = {}


def folded(text: str) -> str:
    """Case and accents taken away, and what else two spellings of one word differ by."""
    text = text.casefold()
    if text.isascii():
        return text
    # Marks are dropped after Latin, Greek and Cyrillic letters, and in Hebrew and Arabic; elsewhere they are vowels.
    decomposed = _VOWEL_POINTS.sub("", unicodedata.normalize("NFKD", text).translate(_LIKE_LETTERS))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


def words(text: str) -> list[str]:
    """The words of a text, folded, in order, without single letters of alphabetic scripts and stop words."""
    found: list[str] = []
    for token in raw_words(text):
        terms_of = _known.get(token)
        found += _remembered(token) if terms_of is None else terms_of
    return found


def raw_words(text: str) -> list[str]:
    """The words as they stand in the text, in lower case: what ``words_of`` takes."""
    lower = text.casefold()
    if lower.isascii():
        return _ASCII_WORD.findall(lower)
    return _WORD.findall(unicodedata.normalize("NFKC", lower.replace("\u2019", "'")))


def bordered_words(fields: Sequence[str]) -> list[str]:
    """``raw_words`` of several texts, with a ``BORDER`` behind each."""
    text = BORDER.join(fields) + BORDER
    if text.count(BORDER) > len(fields):
        text = "".join(field.replace(BORDER, " ") + BORDER for field in fields)
    lower = text.casefold()
    if lower.isascii():
        return _ASCII_WORD_OR_BORDER.findall(lower)
    normal = unicodedata.normalize("NFKC", lower.replace("\u2019", "'")).replace("_", " ")
    # Without marks, as most texts are, a letter needs no look at what follows: that takes a third of the time.
    return (_WORD_OR_BORDER if _MARK.search(normal) else _UNMARKED_WORD_OR_BORDER).findall(normal)


def words_of(token: str) -> tuple[str, ...]:
    """What one raw word is compared by: one word, none (a stop word), or the pairs of an unspaced script."""
    if token in _STOPPED:
        return ()
    if token.isascii():
        return (sys.intern(token),) if len(token) > 1 or token.isdigit() else ()
    if not _UNSPACED.search(token):
        return _spaced(token)
    parts: list[str] = []
    for run in _RUNS.findall(token):
        parts += _pairs_of(folded(run)) if _UNSPACED.match(run) else words_of(run)
    return tuple(parts)


def chunks(text: str) -> list[str]:
    """The words of a name without any cut into pairs: what tells variants of one thing from another thing."""
    found: list[str] = []
    for token in raw_words(text):
        for run in _RUNS.findall(token):
            found += (folded(run),) if _UNSPACED.match(run) else words_of(run)
    return found


def is_unspaced(word: str) -> bool:
    """Whether it is of a script that is written without spaces."""
    return not word.isascii() and bool(_UNSPACED.match(word))


def _remembered(token: str) -> tuple[str, ...]:
    if len(_known) >= _MEMORY:
        _known.clear()
    _known[token] = found = words_of(token)
    return found


def _spaced(token: str) -> tuple[str, ...]:
    """A letter alone says nothing in an alphabet, but a Korean syllable or a Vietnamese "ô" is a word."""
    word = folded(token)
    if len(word) > 1 or word.isdigit() or _HANGUL_SYLLABLE.match(word):
        return (word,)
    return (token,) if unicodedata.normalize("NFD", token)[:1].isascii() and word else ()


def _pairs_of(run: str) -> list[str]:
    letters = _CLUSTER.findall(run)
    return [run] if len(letters) < 3 else [a + b for a, b in pairwise(letters)]


def _field(text: str) -> list[str]:
    single = words(text)
    return single + [f"{a} {b}" for a, b in pairwise(single)]


def terms(product: Product) -> list[str]:
    """All terms of a product, weighted by repetition; what the TF-IDF vectors count (``vectors.py``)."""
    return (
        _field(product.name) * NAME_WEIGHT
        + _field(product.category) * CATEGORY_WEIGHT
        + _field(product.description)
    )
