"""A document's scalars, and how PHP's ``serialize`` writes them."""

import math

Scalar = None | bool | int | float | bytes
"""A value of a document. Strings are bytes, of JSON too (as UTF-8): what they are encoded in is known by the reader."""


def short_scalar(text: bytes) -> Scalar:
    """The value of all of a string, or of what ``other_scalar`` reads."""
    return text[text.index(b'"') + 1 : -2] if text.startswith(b"s") else other_scalar(text)


def other_scalar(text: bytes) -> Scalar:
    """The value of null, yes or no, or a float."""
    if text[:1] == b"d":
        word = text[2:-1]
        return float(word) if word not in (b"INF", b"-INF", b"NAN") else _special(word)
    return None if text == b"N;" else text == b"b:1;"


def _special(word: bytes) -> float:
    return math.nan if word == b"NAN" else math.copysign(math.inf, -1 if word.startswith(b"-") else 1)
