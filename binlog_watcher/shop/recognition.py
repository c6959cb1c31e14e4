"""Which kind of shop a database has: every shipped preset is held against the names of its tables and columns. Pure.

There is no second list of what shops look like: the tables are those that the presets name, with the prefix left open.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, product, zip_longest
from typing import Any

from binlog_watcher.shop.placeholders import PLACEHOLDER, Variables
from binlog_watcher.shop.presets import load_schema, preset_names, preset_text
from binlog_watcher.shop.presets.choices import CHOOSE, chosen
from binlog_watcher.shop.schema import Schema

Tables = Mapping[str, AbstractSet[str]]
"""Table → its columns, as the server names them; upper and lower case are the same here."""

_SECTIONS = ("cart", "lines", "orders", "customers", "products", "order_items")
_PIECE = r"[0-9A-Za-z_$]*"
_NEAR = 0.5
"""The share of a preset's tables, and of its columns, from which on it is worth a word."""


@dataclass(frozen=True, slots=True)
class Match:
    """A preset that a database was held against. ``settled``: the variables that its tables tell, by name.

    ``variables``: those of them that differ from the preset's own.

    ``missing``: what its sections name and is not there, as ``table`` or ``table.column``; ``unread``: the same of
    tables that only its SELECTs read. ``columns``: how many are there of those that it names.
    """

    preset: str
    settled: frozenset[str]
    variables: tuple[tuple[str, str], ...]
    schema: Schema
    columns: int
    missing: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether all is there, as far as names tell."""
        return not (self.missing or self.unread)

    @property
    def variables_text(self) -> str:
        """As SHOP_VARIABLES takes them."""
        return ", ".join(f"{name}={value}" for name, value in self.variables)

    def in_words(self) -> str:
        """Such as ``WooCommerce with prefix wp_ (preset woocommerce)``."""
        title = self.schema.description.partition(": ")[2].partition(" (")[0] or self.preset
        # A prefix tells the shop's people which shop it is, also where it is the usual one.
        told = {name: str(self.schema.variables[name]) for name in _pieces_of_tables(self.preset)}
        told |= {name: value for name, value in self.variables if value not in told.values()}
        parts = ", ".join(f"{name} {value}" for name, value in told.items() if value)
        return f"{title}{' with ' if parts else ''}{parts} (preset {self.preset})"


def recognise(there: Tables) -> list[Match]:
    """What the tables may be, the most likely first: those that fit, then those that nearly do."""
    folded = {table.casefold(): {column.casefold() for column in columns} for table, columns in there.items()}
    found = [match for preset in preset_names() for match in _matches(preset, there, folded)]
    return sorted(found, key=_rank)


def _rank(match: Match) -> tuple[int, int, int, int]:
    return (len(match.missing), len(match.unread), -match.columns, len(match.variables))


def _matches(preset: str, there: Tables, folded: Tables) -> Iterator[Match]:
    raw = tomllib.loads(preset_text(preset))
    own: Variables = raw.get("variables", {})
    for choice in _choices(raw):
        templates = _templates(raw, {**own, **choice})
        for bound in _bindings(templates, there, own):
            names = [_filled(template, bound) for template in templates]
            if sum(name.casefold() in folded for name in names) < _NEAR * len(names):
                continue
            match = _held(preset, choice | bound, own, folded)
            if match is not None:
                yield match


def _filled(template: str, bound: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: bound[found[1]], template)


def _choices(raw: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Each way to choose among the preset's sections."""
    ways = raw.get(CHOOSE, {})
    for values in product(*ways.values()):
        yield dict(zip(ways, values, strict=True))


def _templates(raw: Mapping[str, Any], variables: Variables) -> list[str]:
    """The tables' names as the preset writes them, the carts' first."""
    preset = chosen(raw, variables, [])
    tables = (preset[section].get("table") for section in _SECTIONS if section in preset)
    return list(dict.fromkeys(filter(None, tables)))


def _bindings(templates: list[str], there: Tables, own: Variables) -> list[dict[str, str]]:
    """The pieces of names with which the carts' table is there; of further tables those that have other ones, too.

    A piece by which no table is there has its usual value: what is missing is told by that name.
    """
    found = list(_bound(templates[0], {}, there))
    for template in templates[1:]:
        found = [bound | more for bound in found for more in _more(template, bound, there, own)]
    return found


def _more(template: str, bound: Mapping[str, str], there: Tables, own: Variables) -> list[dict[str, str]]:
    still_open = set(PLACEHOLDER.findall(template)) - bound.keys()
    if not still_open:
        return [{}]
    return list(_bound(template, bound, there)) or [{name: str(own[name]) for name in still_open}]


def _bound(template: str, bound: Mapping[str, str], there: Tables) -> Iterator[dict[str, str]]:
    """What the open pieces of a table's name are, for each table that has such a name."""
    texts, names = PLACEHOLDER.split(template)[::2], PLACEHOLDER.findall(template)
    pieces = (re.escape(bound[name]) if name in bound else f"(?P<{name}>{_PIECE})" for name in names)
    pattern = "".join(chain(*zip_longest(map(re.escape, texts), pieces, fillvalue="")))
    for table in there:
        if match := re.fullmatch(pattern, table, re.IGNORECASE):
            yield match.groupdict()


def _held(preset: str, settled: Mapping[str, str], own: Variables, folded: Tables) -> Match | None:
    variables = {name: value for name, value in settled.items() if value != str(own[name])}
    schema = load_schema(preset, variables)
    missing = []
    columns = 0
    for table, names in schema.columns().items():
        has = folded.get(table.casefold())
        if has is None:
            missing.append(table)
            continue
        lacks = [f"{table}.{name}" for name in names if name.casefold() not in has]
        missing += lacks
        columns += len(names) - len(lacks)
    if columns < _NEAR * sum(map(len, schema.columns().values())):
        return None
    unread = [table for table in schema.tables() if table.casefold() not in folded and table not in missing]
    return Match(
        preset, frozenset(settled), tuple(variables.items()), schema, columns, tuple(missing), tuple(unread)
    )


def _pieces_of_tables(preset: str) -> list[str]:
    """The variables that its carts' table is called by."""
    raw = tomllib.loads(preset_text(preset))
    choice = next(_choices(raw))
    return PLACEHOLDER.findall(_templates(raw, {**raw.get("variables", {}), **choice})[0])
