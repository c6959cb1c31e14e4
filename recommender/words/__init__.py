"""The words that a text of a model may be made of: a reviewed list a language, as a text file.

A list holds words of products, rooms, reasons and praise. It holds none of money, delivery, contact, account or
number, and no order to the reader but to look and to enjoy. What is on no list goes into no mail. The form of a file:

- ``# comment``; words are separated by white space, and written in small letters;
- ``@name = s ed -`` names endings, and ``look@name`` stands for looks, looked, look (``-`` is none);
- ``@@later go come``: words that may not begin a sentence, where they would be orders;
- ``@@never word``: what the endings or the rules below would make, and may not stand in a text;
- ``@@joins and``: words behind which an order begins as it does at the beginning of a sentence;
- ``@@apart on_us``: words that may not follow each other; ``@@together gehört+ihnen``: nor stand in one sentence;
- ``@@follow not = sure only``: what alone may follow a word, that would turn a sentence round.

Ordinary words, put together, can offend, threaten or promise: the last four are against that.

Arabic and Hebrew write small words in front of the next one, Arabic its pronouns behind it, German and Dutch two nouns
as one: these are told from the listed words. Japanese has no spaces: a run of letters must be put together of the list.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise

_COMPOUND_PART = 4
"""Letters of the shortest word that may be half of a compound."""
_COMPOUNDING = {"de": ("", "s", "n", "en", "es"), "nl": ("", "s", "n", "en", "e")}
"""By language the letters that may join two words."""
_BEFORE = {
    "he": re.compile(r"(?=[ושהכלבמ]{1,3})ו?(?:כש|מש|ש)?(?:ל|ב|כ|מ)?ה?"),
    "ar": re.compile(r"[وف]?(?:لل|[بلك]?(?:ال)?)"),
}
"""What is written in front of a word."""
_PRONOUN_BEHIND = {
    "es": re.compile(r"(?<=.)([aei]r)(?:me|te|se|lo|la|los|las|le|les|nos)\Z"),
    "it": re.compile(r"(?<=.)([aei]r)(?:mi|ti|si|lo|la|li|le|ci|vi|ne)\Z"),
    "pt": re.compile(r"(?<=.)([aei]r)-?(?:me|te|se|o|a|os|as|lhe|nos)\Z"),
}
"""Pronouns that are written as one with an infinitive."""
_ARABIC_BEHIND = ("كم", "هم", "ها", "نا", "ك", "ه", "ي")
_ALEFS = str.maketrans("أإآٱى", "اااا\u064a", "\u0640")  # the last is the stroke that only makes words longer


@dataclass(frozen=True, slots=True)
class Words:
    """Those of one language.

    ``told``: as the file has them, without endings; ``later``: which of them may not begin a sentence, nor stand
    behind one of ``joins``; ``never``: those that are none, though made of others.
    """

    language: str
    told: tuple[str, ...]
    listed: frozenset[str]
    later: frozenset[str]
    never: frozenset[str]
    longest: int
    joins: frozenset[str] = frozenset()
    apart: frozenset[tuple[str, ...]] = frozenset()
    together: tuple[frozenset[str], ...] = ()
    follow: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def knows(self, word: str) -> bool:
        """Whether ``word`` is on the list, or made of what is there."""
        folded = fold(word, self.language)
        if folded in self.never:
            return False
        return folded in self.listed or self._is_derived(folded)

    def say_harm(self, sentence: Sequence[str]) -> bool:
        """Whether the words of one sentence, each of them harmless, may not stand there together."""
        words = [fold(word, self.language) for word in sentence]
        if any(tied <= set(words) for tied in self.together):
            return True
        if self.language == "ja":
            return any(piece in word for (piece,) in self.apart for word in words)
        longest = max(map(len, self.apart), default=0)
        if any(
            tuple(words[place : place + length]) in self.apart
            for place in range(len(words))
            for length in range(2, longest + 1)
        ):
            return True
        return any(
            word in self.follow and after not in self.follow[word] for word, after in pairwise([*words, ""])
        )

    def _is_derived(self, word: str) -> bool:
        match self.language:
            case "de" | "nl":
                return self._is_compound(word, _COMPOUNDING[self.language])
            case "he" | "ar":
                return any(self._is_bare(bare) for bare in _without_what_stands_before(word, self.language))
            case "es" | "it" | "pt":
                bare = _PRONOUN_BEHIND[self.language].sub(r"\1", word)
                return bare in self.listed or bare + "e" in self.listed
            case "ja":
                return self._is_put_together(word)
        return False

    def _is_compound(self, word: str, joints: tuple[str, ...]) -> bool:
        return any(
            word[:cut] in self.listed
            and word[cut:].startswith(joint)
            and word[cut + len(joint) :] in self.listed
            for cut in range(_COMPOUND_PART, len(word) - _COMPOUND_PART + 1)
            for joint in joints
            if len(word) - cut - len(joint) >= _COMPOUND_PART
        )

    def _is_bare(self, word: str) -> bool:
        """``word`` is what is left without what stands before it; "" is left where a product's name follows."""
        if not word or word in self.listed:
            return True
        if self.language != "ar":
            return False
        if word.endswith("ا") and word[:-1] in self.listed:  # the accusative, whose vowel is gone
            return True
        for pronoun in _ARABIC_BEHIND:
            stem = word.removesuffix(pronoun)
            if stem != word and len(stem) >= 2:
                feminine = (
                    stem[:-1] + "ة" if stem.endswith("ت") else stem
                )  # which is written open before a pronoun
                if stem in self.listed or feminine in self.listed:
                    return True
        return False

    def _is_put_together(self, run: str) -> bool:
        """Whether some way of cutting ``run`` gives listed pieces only."""
        reached = [True, *[False] * len(run)]
        for end in range(1, len(run) + 1):
            reached[end] = any(
                reached[start] and run[start:end] in self.listed
                for start in range(max(0, end - self.longest), end)
            )
        return reached[-1]


def fold(word: str, language: str) -> str:
    """As the lists are looked up: small letters; in Arabic and Hebrew without vowels, and one form of alef."""
    word = word.casefold() if language != "de" else word.lower()  # "ß" stays what it is
    word = word.replace("\u2019", "'")
    if language in {"ar", "he"}:
        word = "".join(char for char in word if unicodedata.category(char) != "Mn")
    return word.translate(_ALEFS) if language == "ar" else word


def _without_what_stands_before(word: str, language: str) -> Iterator[str]:
    """``word`` without each beginning that can stand in front of a word of two letters or more, or of a name."""
    pattern = _BEFORE[language]
    for end in range(min(len(word), 5) + 1):
        if (not end or pattern.fullmatch(word, 0, end)) and len(word) - end != 1:
            yield word[end:]


@cache
def words_of(tag: str) -> Words | None:
    """For an IETF tag such as ``pt-BR``; None where there is no list of the language."""
    language = tag.partition("-")[0].lower()
    path = files(__package__) / f"{language}.txt"
    if not re.fullmatch(r"[a-z]{2,3}", language) or not path.is_file():
        return None
    return _read(path.read_text(encoding="utf-8"), language)


def _read(text: str, language: str) -> Words:
    endings: dict[str, list[str]] = {}
    told: dict[str, None] = {}
    listed: set[str] = set()
    kinds: dict[str, set[str]] = {name: set() for name in ("later", "never", "joins", "apart", "together")}
    follow: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        entries = line.partition("#")[0].split()
        if not entries:
            continue
        if entries[0] == "@@follow":
            follow[fold(entries[1], language)] = frozenset(fold(word, language) for word in entries[3:])
        elif entries[0].startswith("@@"):
            kinds[entries[0][2:]].update(fold(word, language) for word in entries[1:])
        elif len(entries) > 2 and entries[1] == "=":
            endings[entries[0]] = ["" if ending == "-" else ending for ending in entries[2:]]
        else:
            for entry in entries:
                stem, *classes = entry.split("@")
                told[stem] = None
                listed.update(stem + ending for name in classes for ending in endings[f"@{name}"])
                if not classes:
                    listed.add(stem)
    folded = frozenset(fold(word, language) for word in listed)
    return Words(
        language,
        tuple(told),
        folded,
        frozenset(kinds["later"]),
        frozenset(kinds["never"]),
        max(map(len, folded)),
        frozenset(kinds["joins"]),
        frozenset(tuple(words.split("_")) for words in kinds["apart"]),
        tuple(frozenset(words.split("+")) for words in kinds["together"]),
        follow,
    )
