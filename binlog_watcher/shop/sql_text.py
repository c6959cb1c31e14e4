"""Names and text of SQL: identifiers quoted, and a look at text without its literals and comments.

What is in literals and comments is no SQL, and must not be taken for it.
"""

import re

from binlog_watcher.errors import ConfigError

_OPAQUE = re.compile(
    r"'(?:[^'\\]|\\.|'')*'"  # literals first come, first served: a quote in a comment opens none, and the reverse
    r'|"(?:[^"\\]|\\.|"")*"'
    r"|/\*(?!M?!).*?\*/|--(?:\s[^\n]*)?(?:\n|$)|#[^\n]*",
    re.DOTALL,
)
_QUOTED_NAME = re.compile(r"`((?:[^`]|``)*)`")


def quoted(name: str) -> str:
    """A name as an identifier, whatever it holds."""
    return "`" + name.replace("`", "``") + "`"


def quote(identifier: str) -> str:
    """A quoted identifier for a statement with parameters.

    Raises ConfigError for what can't be one (empty, too long, NUL or % in it).
    """
    if not identifier or len(identifier) > 64 or "\0" in identifier or "%" in identifier:
        raise ConfigError(f"{identifier!r} is no table or column name")
    return quoted(identifier)


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
