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
_TABLE = re.compile(
    r"(?:(?<!\.)\b(?:FROM|JOIN)\b|(?P<list>,))\s*\(*\s*(?P<name>[\w$]+)(?P<qualifies>\s*\.)?"
    r"(?:\s+(?:AS\s+)?(?!(?:WHERE|ON|JOIN|LEFT|RIGHT|INNER|CROSS|USING|GROUP|ORDER|LIMIT)\b)[\w$]+)?",
    re.IGNORECASE,
)
_OF_ITS_OWN = re.compile(
    r"(?:\bWITH|,)\s+(?:RECURSIVE\s+)?([\w$]+)\s*(?:\([^)]*\)\s*)?AS\s*\(", re.IGNORECASE
)


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


def defined_in(code: str) -> set[str]:
    """The names that a WITH of a ``bare`` SELECT defines, in lower case."""
    return {name.casefold() for name in _OF_ITS_OWN.findall(code)}


def tables_in(sql: str) -> list[str]:
    """The tables of the own database that a SELECT reads, each once, in the order of the text; as far as it tells."""
    code = bare(sql)
    own = defined_in(code)
    found: dict[str, None] = {}
    behind = -1  # where the last table ended: a comma right behind it is followed by another one
    for match in _TABLE.finditer(code):
        if (match["list"] and match.start() != behind) or not _begins_select(code, match.start()):
            continue
        name = match["name"]
        if name.casefold() == "select":
            continue
        behind = match.end()
        if name.casefold() not in own and not match["qualifies"]:
            found[name] = None
    return list(found)


def _begins_select(code: str, at: int) -> bool:
    """Whether the innermost parenthesis around ``at`` holds tables: FROM also stands in EXTRACT(YEAR FROM x)."""
    depth = 0
    for index in range(at - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(code[index], 0)
        if depth < 0:
            inner = code[index + 1 :].lstrip("( \n\t")
            called = (
                index > 0
                and re.search(r"[\w$]$", code[:index])
                and not re.search(
                    r"\b(?:IN|EXISTS|FROM|JOIN|AS|AND|OR|NOT|ON|WHERE|SELECT|ALL|ANY|WHEN|THEN|ELSE)$",
                    code[:index],
                    re.IGNORECASE,
                )
            )
            return bool(re.match(r"(?:SELECT|WITH)\b", inner, re.IGNORECASE)) or not called
    return True


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
