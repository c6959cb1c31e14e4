"""Whether two names mean one thing: a copy of it, or a variant (another colour, another size)."""

from collections.abc import Sequence

from recommender.terms import chunks, is_unspaced

SAME_WORDS = 0.65
SAME_START = 0.6
SAME_START_MIN = 4
"""Two products are variants of one thing (a colour, a size) when their names share 65 % of their words (Jaccard: of
five words one may be exchanged, of four none), or when both start with the same four or more words and these are 60 %
of the longer name: shops write "Brand - Model for Device - Colour"."""

Name = tuple[str, ...]


def name_of(text: str) -> Name:
    """A name as ``same_thing`` takes it."""
    return tuple(chunks(text))


def same_thing(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names (as words) mean one thing: a copy, or a variant of it."""
    if not one or not other:
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    if start >= SAME_START_MIN and start >= SAME_START * max(len(one), len(other)):
        return True
    mine, theirs = set(one), set(other)
    shared, either = mine & theirs, mine | theirs
    if shared and any(map(is_unspaced, either)):
        # A run of an unspaced script is a whole phrase: it counts by its length.
        return sum(map(len, shared)) >= SAME_WORDS * sum(map(len, either))
    return len(shared) >= SAME_WORDS * len(either)
