"""Named pieces of SQL that a preset's SELECTs share, so that they read as joins and rules. Pure.

[fragments]
special = "(SELECT s.price FROM {prefix}special s WHERE s.product_id = p.product_id ORDER BY s.priority LIMIT 1)"

[products]
select = "SELECT p.product_id AS id, COALESCE({special}, p.price) AS price … WHERE p.product_id IN {keys}"
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from binlog_watcher.shop.placeholders import KEYS, NAME, PLACEHOLDER, Variables, touching
from binlog_watcher.shop.sql_text import bare

FRAGMENTS = "fragments"
SELECTS = frozenset({"select", "by_customer", "by_email", "unpaid"})
"""Keys of a preset whose values are SELECTs."""

LONGEST = 100_000
"""Characters of a fragment with those that it holds: each may hold another one twice, and that one, too."""


def with_fragments(preset: Mapping[str, Any], variables: Variables, problems: list[str]) -> dict[str, Any]:
    """The preset with its fragments put into its SELECTs, and into each other.

    Adds to ``problems`` what can't be, one line each.
    """
    if FRAGMENTS not in preset:
        return dict(preset)
    named = preset[FRAGMENTS]
    if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
        problems.append(f"{FRAGMENTS}: give name = SQL text")
        return {key: value for key, value in preset.items() if key != FRAGMENTS}
    problems += _names(named, variables)
    fragments = _Fragments(named, problems)
    filled = {key: fragments.put_into(value, (key,)) for key, value in preset.items() if key != FRAGMENTS}
    asked = sorted(fragments.asked - named.keys() - variables.keys() - {KEYS})
    problems += (_unused(name, asked) for name in named if name not in fragments.used)
    return {**filled, FRAGMENTS: {name: fragments.text(name) for name in named}}


def _names(named: Mapping[str, str], variables: Variables) -> Iterator[str]:
    for name, text in named.items():
        if name in variables or name == KEYS:
            yield f"{FRAGMENTS}.{name}: {'{keys}' if name == KEYS else 'a variable'} has this name; give it another"
        elif not NAME.fullmatch(name):
            yield f"{FRAGMENTS}.{name}: a name has letters, digits and _, and begins with no digit"
        elif not text.strip():
            yield f"{FRAGMENTS}.{name}: is empty; give a piece of SQL"


def _unused(name: str, asked: list[str]) -> str:
    """``asked``: what SELECTs have in braces, and nothing is called."""
    near = difflib.get_close_matches(name, asked, n=1)
    hint = f"one has {{{near[0]}}}: give both one name" if near else "take it out"
    return f"{FRAGMENTS}.{name}: no SELECT uses it; {hint}"


class _Fragments:
    """Each is put together once, however often it is used.

    ``used``: those that a SELECT has; ``asked``: all that stands in braces there.
    """

    def __init__(self, named: Mapping[str, str], problems: list[str]) -> None:
        self.used: set[str] = set()
        self.asked: set[str] = set()
        self._named = named
        self._problems = problems
        self._texts: dict[str, str] = {}

    def put_into(self, value: Any, place: tuple[str, ...]) -> Any:
        """A part of the preset, with the fragments in all SELECTs that it holds."""
        if isinstance(value, dict):
            return {key: self.put_into(inner, (*place, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.put_into(inner, (*place, str(nth))) for nth, inner in enumerate(value)]
        if isinstance(value, str) and place[-1] in SELECTS:
            self.used |= self._all_within(value, set())
            return self._expand(value, ".".join(place), ())
        return value

    def text(self, name: str, within: tuple[str, ...] = ()) -> str:
        """A fragment with those that it holds. ``within``: those that hold it, from the outermost on."""
        if name not in self._texts:
            text = self._expand(self._named[name].strip(), f"{FRAGMENTS}.{name}", (*within, name))
            if len(text) > LONGEST:
                self._complain(
                    f"{FRAGMENTS}.{name}: has more than {LONGEST:,} characters with those that it holds"
                )
                text = ""
            self._texts[name] = text
        return self._texts[name]

    def _all_within(self, text: str, found: set[str]) -> set[str]:
        self.asked |= set(PLACEHOLDER.findall(text))
        for name in set(PLACEHOLDER.findall(text)) & self._named.keys() - found:
            found.add(name)
            self._all_within(self._named[name], found)
        return found

    def _expand(self, text: str, place: str, within: tuple[str, ...]) -> str:
        pieces, at, code = [], 0, bare(text)
        for match in PLACEHOLDER.finditer(text):
            name = match[1]
            if name not in self._named:
                continue
            if name in within:
                self._complain(f"{FRAGMENTS}.{name}: holds itself, by {' → '.join((*within, name))}")
                continue
            if touching(match):
                self._complain(
                    f"{place}: {{{name}}} is a fragment and touches a name; put a space between them"
                )
            if text.count(match[0]) != code.count(match[0]):
                self._complain(f"{place}: {{{name}}} stands in quotes or in a comment; take it out of them")
            pieces += [text[at : match.start()], _closed(self.text(name, within))]
            at = match.end()
        return "".join([*pieces, text[at:]])

    def _complain(self, problem: str) -> None:
        if problem not in self._problems:
            self._problems.append(problem)


def _closed(text: str) -> str:
    """A comment at its end must not swallow what comes after it."""
    last = text.rpartition("\n")[2]
    return f"{text}\n" if "--" in last or "#" in last else text
