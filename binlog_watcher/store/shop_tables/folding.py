"""Which texts a collation holds for equal, as the server says: so that rows are told apart here as SQL does it.

Only single letters are asked about. What a collation takes for two letters (``ß`` for ``ss``), and letters beyond
Latin, Greek and Cyrillic in another case, count as different ones here.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from unicodedata import normalize

from binlog_watcher.store.database import Asks

_LATIN, _GREEK_AND_CYRILLIC = range(0xA0, 0x370), range(0x370, 0x530)
_LETTERS = (
    "".join(map(chr, [*range(0x20, 0x7F), *_LATIN])),
    "".join(map(chr, _GREEK_AND_CYRILLIC)),
)
"""Asked about in one statement each: a recursion may go 1,000 deep."""


@dataclass(frozen=True, slots=True)
class Folding:
    """Gives texts that are equal one form. ``letters``: those that have another form, by number; None: it is nothing.

    ``pads``: spaces at the end do not count. ``composes``: a letter is the same with its accent as a character of
    its own.
    """

    letters: Mapping[int, str | None] = field(default_factory=dict)
    pads: bool = False
    composes: bool = False

    def __call__(self, text: str) -> str:
        """The form of a text."""
        folded = normalize("NFC", text) if self.composes and not text.isascii() else text
        folded = folded.translate(self.letters) if self.letters else folded
        return folded.rstrip(" ") if self.pads else folded


EXACT = Folding()


def ask_folding(session: Asks, collation: str) -> Folding:
    """What the server does by a collation. Blocking; some milliseconds."""
    charset = collation.partition("_")[0]
    letters: dict[int, str | None] = {}
    for asked in _LETTERS:
        alike: dict[int, list[str]] = defaultdict(list)
        for letter, rank in session.rows(_alike(charset, collation), {"letters": asked}):
            alike[int(rank)].append(str(letter))
        for of_rank in alike.values():
            form = min(of_rank, key=_plainness)
            letters |= {ord(letter): form or None for letter in of_rank if letter != form}
    texts = {"short": "0", "padded": "0 ", "letter": "\u00e4", "composed": "a\u0308"}
    short, padded, letter, composed = (
        f"CONVERT(%({name})s USING {charset}) COLLATE {collation}" for name in texts
    )
    ((pads, composes),) = session.rows(f"SELECT {short} = {padded}, {letter} = {composed}", texts)
    return Folding(letters, pads=bool(pads), composes=bool(composes))


def _plainness(letter: str) -> tuple[bool, bool, str]:
    """Nothing comes before a small letter of ASCII, that before any other."""
    return letter != "", not letter.isascii() or letter != letter.lower(), letter


def _alike(charset: str, collation: str) -> str:
    """Letters with a number that equal ones share; between digits, lest they be taken for spaces at the end."""
    held, digit = f"CONVERT(one USING {charset})", f"CONVERT('0' USING {charset})"
    # All of it converted by itself: MySQL 9.7 makes latin1 of CONCAT('0', one, '0') and leaves UTF-8 in it.
    return (
        "WITH RECURSIVE place (nth) AS (SELECT 1 UNION ALL SELECT nth + 1 FROM place "
        "WHERE nth < CHAR_LENGTH(%(letters)s)), "
        "letter (one) AS (SELECT SUBSTRING(%(letters)s, nth, 1) FROM place UNION ALL SELECT '') "
        f"SELECT one, DENSE_RANK() OVER (ORDER BY CONCAT({digit}, {held}, {digit}) COLLATE {collation}) "
        # What the character set does not have becomes a question mark.
        f"FROM letter WHERE CONVERT({held} USING utf8mb4) COLLATE utf8mb4_bin = one"
    )
