"""Whether a model's answer may go into a mail: made of products' names and of ordinary words, and of nothing else.

The model sees product texts that anybody may have written, so its answer is not trusted. Nothing is looked for that
may not stand there: what may is listed. Products stand in an answer as ``{1}``, ``{2}`` …, filled in here; every other
word must be on the reviewed list of the mail's language (``recommender/words/``). A false alarm costs nothing, for the
template writes instead; a miss would send a stranger's link or an invented price to a customer.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from recommender.errors import WriterError
from recommender.words import Words, words_of

MAX_CHARACTERS = 400
MAX_MENTIONS = 6
MIN_WORDS = 3
"""So many beside the products' names: the cards have the names already."""
MIN_LETTERS_WITHOUT_SPACES = 8
"""The same for a language that has none between its words."""
MAX_REPETITIONS = 8

_PLACE = re.compile(r"\{ ?([1-9]\d?) ?\}")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*['\u2019]?")
_WITH_MARKS = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u0652\u0670])*"
)
_ELIDED = re.compile(r"(?<=['\u2019])")
_ENDS = re.compile(r"[.!?\u2026\u061f\u3002\uff01\uff1f]+")
_CLAUSES = re.compile(r"[,;:\u2013\u2014]")
_WRAPPING_QUOTES = (
    '""',
    "\u201c\u201d",
    "\u201e\u201c",
    "\u00ab\u00bb",
    "''",
    "\u2018\u2019",
    "\u300c\u300d",
)

_MARKS = " .,;:!?\u2026'\u2019\"\u201c\u201d\u201e\u2018\u00ab\u00bb-\u2013\u2014"
_MARKS_OF = {
    "ar": _MARKS + "\u060c\u061b\u061f",
    "es": _MARKS + "\u00a1\u00bf",
    "fr": _MARKS + "\u00a0\u202f",
    "he": _MARKS + "\u05f3\u05f4\u05be",
    "ja": " \u3001\u3002\uff01\uff1f\u30fb\u300c\u300d\u300e\u300f\uff1a\u2026\uff08\uff09",
}
_CLOSING = '"\u201d\u201c\u2019\u00bb'
_LONE_STOP = re.compile(rf"(?:^|\s)[.]|[.](?=[^\s{_CLOSING}])|[:](?=\S)")
"""A stop that ends no sentence, as in a link, or an address that was pulled apart."""


def check_answer(raw: str, names: Sequence[str], language: str) -> str:
    """The text to print, with the products' ``names`` in their places: white space collapsed, wrapping quotes off.

    Raises WriterError (no outage) for anything that is not certainly harmless: more than 400 characters, a digit, a
    sign that no sentence has, a word that is not on the language's list, one that is written like a code, a place
    that is no product's, or nothing but names. The error tells the kind of what was found, never the answer.
    """
    words = words_of(language)
    if words is None:
        raise WriterError(f"there is no list of words of the language {language[:20]!r}", kind="language")
    text = _unquoted(unicodedata.normalize("NFC", " ".join(raw.split())))
    text = re.sub(r"(?<![.])[.]{3}(?![.])", "\u2026", text)
    _check_length(text)
    _check_places(text, len(names))
    bare = _PLACE.sub(" \ufffc ", text) if words.language != "ja" else _PLACE.sub("\ufffc", text)
    _check_signs(_PLACE.sub("\ufffc", text), words.language)
    _check_words(bare, words)
    filled = _PLACE.sub(lambda place: names[int(place[1]) - 1], text)
    _check_length(filled)
    return filled


def _refuse(what: str) -> WriterError:
    return WriterError(f"the answer {what}", kind="refused")


def _check_length(text: str) -> None:
    if not text:
        raise WriterError("the answer is empty", kind="empty")
    if len(text) > MAX_CHARACTERS:
        raise _refuse(f"has {len(text)} characters, {MAX_CHARACTERS} are allowed")


def _check_places(text: str, known: int) -> None:
    mentions = Counter(int(number) for number in _PLACE.findall(text))
    if any(number > known for number in mentions):
        raise _refuse("names a product that it was not told of")
    if mentions.total() > MAX_MENTIONS or max(mentions.values(), default=0) > 2:
        raise _refuse("repeats the products' names")
    if re.search(r"\}\s*\{", text):
        raise _refuse("puts two names together")


def _check_signs(text: str, language: str) -> None:
    """``text`` with U+FFFC for each product."""
    marks = _MARKS_OF.get(language, _MARKS) + "\ufffc"
    pointed = language in {"ar", "he"}
    for char in text:
        category = unicodedata.category(char)
        if category[0] != "L" and char not in marks and not (category == "Mn" and pointed):
            kind = "a digit" if category[0] == "N" else f"the character U+{ord(char):04X}"
            raise _refuse(f"holds {kind}")
    if _LONE_STOP.search(text):
        raise _refuse("has a stop where no sentence ends")


def _check_words(text: str, words: Words) -> None:
    seen: Counter[str] = Counter()
    for sentence in _ENDS.split(text):
        said: list[str] = []
        for clause in _CLAUSES.split(sentence):
            first = True
            for word in _words(clause, words.language):
                said.append(word)
                if word != "\ufffc":
                    _check_word(word, words, first=first)
                    seen[word.casefold()] += 1
                first = word.casefold() in words.joins
        if words.say_harm(said):
            raise _refuse("puts words together that say what no text may say")
    if max(seen.values(), default=0) > MAX_REPETITIONS:
        raise _refuse("says the same word again and again")
    enough = seen.total() >= MIN_WORDS
    if words.language == "ja":
        enough = sum(len(word) * count for word, count in seen.items()) >= MIN_LETTERS_WITHOUT_SPACES
    if not enough:
        raise _refuse("says nothing beside names")


def _words(sentence: str, language: str) -> list[str]:
    """In turn, elided ones apart (l'|ampoule), and U+FFFC for a product."""
    found: list[str] = []
    for piece in re.split("(\ufffc)", sentence):
        if piece == "\ufffc":
            found.append(piece)
        elif language in {"ar", "he"}:
            found += _WITH_MARKS.findall(piece)
        elif language in {"fr", "it"}:
            found += [part for word in _WORD.findall(piece) for part in _ELIDED.split(word) if part]
        else:
            found += [word.rstrip("'\u2019") for word in _WORD.findall(piece)]
    return found


def _check_word(word: str, words: Words, *, first: bool) -> None:
    if any(char.isupper() for char in word[1:]):
        raise _refuse("holds a word that is written like a code")
    if first and word.casefold() in words.later:
        raise _refuse("gives an order")
    if not words.knows(word) and not words.knows(word.rstrip("'\u2019")):
        raise _refuse(f"holds a word that is not on the list of {words.language}")


def _unquoted(text: str) -> str:
    for quotes in _WRAPPING_QUOTES:
        opening, closing = quotes[0], quotes[1]
        if len(text) > 2 and text[0] == opening and text[-1] == closing and opening not in text[1:-1]:
            return text[1:-1].strip()
    return text
