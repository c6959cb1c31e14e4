"""A look at SQL text without its literals and comments: what is in them is no SQL, and must not be taken for it."""

import re

_OPAQUE = re.compile(
    r"'(?:[^'\\]|\\.|'')*'"  # literals first come, first served: a quote in a comment opens none, and the reverse
    r'|"(?:[^"\\]|\\.|"")*"'
    r"|/\*(?!M?!).*?\*/|--(?:\s[^\n]*)?(?:\n|$)|#[^\n]*",
    re.DOTALL,
)
_QUOTED_NAME = re.compile(r"`((?:[^`]|``)*)`")


def bare(sql: str) -> str:
    """``sql`` with each literal as ``''``, each comment as a space and each quoted name without its quotes.

    Executable comments (``/*! … */``) stay: the server executes what they hold.
    """

    def blank(match: re.Match[str]) -> str:
        return "''" if match[0][0] in "'\"" else " "

    pieces = []
    at = 0
    for name in _names_outside(sql):
        pieces += [_OPAQUE.sub(blank, sql[at : name.start()]), name[1]]
        at = name.end()
    return "".join([*pieces, _OPAQUE.sub(blank, sql[at:])])


def _names_outside(sql: str) -> list[re.Match[str]]:
    """Quoted names that are not inside of literals or comments."""
    found = []
    at = 0
    while at < len(sql):
        opaque, name = _OPAQUE.search(sql, at), _QUOTED_NAME.search(sql, at)
        if name is None:
            break
        if opaque is not None and opaque.start() < name.start():
            at = opaque.end()
            continue
        found.append(name)
        at = name.end()
    return found
