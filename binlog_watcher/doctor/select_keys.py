"""Whether a preset's SELECT finds the wanted keys by an index, as far as its text tells. Pure.

An index serves when it begins with the column that is compared with ``{keys}``, or with columns that the SELECT
compares with constants before that one: ``c.api_id = 0 AND c.customer_id IN {keys}`` is found by an index on
``(api_id, customer_id, …)``. A constant counts only where it surely goes along with the keys: on the same level of
parentheses, behind the same FROM, and with no OR behind that.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from binlog_watcher.shop.sql_text import bare, defined_in
from binlog_watcher.store.shop_tables.columns import not_fixed

_KEYS = re.compile(r"(?:([\w$]+)\.)?([\w$]+)\s+IN\s*\{keys\}", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+([\w$]+)(?:\s+(?:AS\s+)?([\w$]+))?", re.IGNORECASE)
_CONSTANT = r"(?:-?\d+(?:\.\d+)?|''|\{(?!keys\})\w+\})"
"""Literals of text are empty in what ``bare`` gives."""

_CONSTANTS = re.compile(rf"\s*{_CONSTANT}(?:\s*,\s*{_CONSTANT})*\s*")
_NEXT_SELECT = re.compile(r"\b(?:UNION|EXCEPT|INTERSECT)\b", re.IGNORECASE)
_FIXED = re.compile(
    rf"\b(?:WHERE|AND|ON)\s+([\w$]+)\.([\w$]+)\s*"
    rf"(?:(?:=|<=>)\s*{_CONSTANT}|\bIN\s*\({_CONSTANTS.pattern}\)|\bIS\s+NULL\b)"
    r"(?=\s*(?:$|[;)]|(?:AND|WHERE|GROUP|ORDER|HAVING|LIMIT|LEFT|RIGHT|INNER|CROSS|JOIN|STRAIGHT_JOIN|UNION)\b))",
    re.IGNORECASE,
)


def check_keys(text: str, indexes: Callable[[str], list[list[str]]]) -> Iterator[str]:
    """What is wrong, one line a problem. ``indexes``: the columns of each index of a table, in lower case."""
    code = bare(text)
    own = defined_in(code)
    tables = {name.casefold(): name for name, _ in _TABLE.findall(code)}
    tables |= {alias.casefold(): name for name, alias in _TABLE.findall(code) if alias}
    for found in _KEYS.finditer(code):
        alias, column = found.groups(default="")
        table = tables.get(alias.casefold())
        if table is None or table.casefold() in own:
            continue
        fixed = _fixed_columns(_level(code, found.start()), alias) - {column.casefold()}
        if all(not_fixed(index, fixed)[:1] != [column.casefold()] for index in indexes(table)):
            before = f" behind {', '.join(sorted(fixed))}" if fixed else ""
            yield (
                f"finds {{keys}} by {table}.{column}, with which no index begins{before}: it would read all of it"
            )


def _fixed_columns(level: str, alias: str) -> set[str]:
    """The columns of a table that are compared with constants."""
    behind_from = re.search(r"\bFROM\b.*", level, re.IGNORECASE | re.DOTALL)
    if behind_from is None or re.search(r"\bOR\b|\|\||\bXOR\b", behind_from[0], re.IGNORECASE):
        return set()
    compared = _FIXED.findall(behind_from[0])
    return {column.casefold() for of, column in compared if of.casefold() == alias.casefold()}


def _level(code: str, at: int) -> str:
    """What stands on the same level of parentheses as ``at``, in one SELECT; lists of constants stay, too."""
    start, end = _bounds(code, at)
    level = list(code[start:end])
    depth, opened = 0, 0
    for nth, char in enumerate(code[start:end]):
        if char == "(":
            opened = nth if depth == 0 else opened
            depth += 1
        elif char == ")":
            depth -= 1
            inner = slice(opened + 1, nth)
            if depth == 0 and not _CONSTANTS.fullmatch("".join(level[inner])):
                level[inner] = " " * (nth - opened - 1)
    text = "".join(level)
    unions = [0, *(one.end() for one in _NEXT_SELECT.finditer(text)), len(text)]
    return next(text[one:two] for one, two in pairwise(unions) if at - start < two)


def _bounds(code: str, at: int) -> tuple[int, int]:
    """Where the parentheses around ``at`` begin and end; all of the text without such."""
    start, depth = at, 0
    while start > 0 and not (code[start - 1] == "(" and depth == 0):
        depth += {")": 1, "(": -1}.get(code[start - 1], 0)
        start -= 1
    end, depth = at, 0
    while end < len(code) and not (code[end] == ")" and depth == 0):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        end += 1
    return start, end
