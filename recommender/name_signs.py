"""The signs by which a name is told from an order: which kinds of them it holds, word by word."""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
_ACCENTS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670]")
_LETTERS = str.maketrans({"ł": "l", "\u0131": "i", "ß": "ss", "ø": "o", "\u200c": "", "\u200d": ""})
_KEY = 3
"""Letters by which a word is looked up: a beginning has as many, at least."""


class Found(NamedTuple):
    """A sign of ``kind``, at the word ``place`` of a name."""

    place: int
    kind: str


class _Sign(NamedTuple):
    kind: str
    parts: tuple[tuple[str, bool], ...]
    """Words in turn; True: a beginning is enough."""

    def fits(self, words: list[str], place: int) -> bool:
        stem, begins = self.parts[0]
        if not (words[place].startswith(stem) if begins else words[place] == stem):
            return False
        behind = words[place + 1 : place + len(self.parts)]
        return len(behind) == len(self.parts) - 1 and all(
            word.startswith(part) if begins else word == part
            for word, (part, begins) in zip(behind, self.parts[1:], strict=True)
        )


class Signs:
    """Those of a file: ``[kind]``, and the signs of it."""

    def __init__(self, text: str) -> None:
        self._by_beginning: dict[str, list[_Sign]] = {}
        self._endings: list[tuple[str, str]] = []
        self._pieces: list[str] = []
        kind = ""
        for line in text.splitlines():
            for entry in line.partition("#")[0].split():
                if entry.startswith("["):
                    kind = entry.strip("[]")
                else:
                    self._add(kind, folded(entry))

    def _add(self, kind: str, entry: str) -> None:
        if kind == "anywhere":
            self._pieces.append(entry.replace("_", " "))
        elif entry.startswith("*"):
            self._endings.append((entry[1:], kind))
        else:
            parts = tuple((part.rstrip("*"), part.endswith("*")) for part in entry.split("_"))
            self._by_beginning.setdefault(parts[0][0][:_KEY], []).append(_Sign(kind, parts))

    def find(self, name: str) -> tuple[list[Found], list[str]]:
        """What is found in ``name`` (``folded``), in turn; and its words. ``anywhere`` counts as ``alone``."""
        words = _WORD.findall(name)
        found = [
            Found(place, sign.kind)
            for place, word in enumerate(words)
            for sign in self._by_beginning.get(word[:_KEY], ())
            if sign.fits(words, place)
        ]
        for ending, kind in self._endings:
            if ending in name:
                found += [Found(place, kind) for place, word in enumerate(words) if word.endswith(ending)]
        if not name.isascii() and any(piece in name for piece in self._pieces):
            found.append(Found(0, "alone"))
        return found, words


def folded(name: str) -> str:
    """Small letters in one form each, without accents, vowel signs and joiners: as signs are looked up."""
    if name.isascii():
        return name.lower()
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).translate(_LETTERS)


@cache
def signs() -> Signs:
    """The reviewed ones."""
    return Signs((files("recommender") / "name_signs.txt").read_text(encoding="utf-8"))
