"""Sections of a preset that one of its variables chooses, for shops that keep something in one way or in another. Pure.

[variables]
storage = "new"

[choose.storage.new.orders]
table = "wc_orders"

[choose.storage.old.orders]
table = "posts"
"""

from collections.abc import Iterator, Mapping
from typing import Any

from binlog_watcher.shop.placeholders import Variables
from binlog_watcher.shop.presets.fragments import FRAGMENTS

CHOOSE = "choose"
_FORM = "give [choose.VARIABLE.VALUE.SECTION]"


def chosen(raw: Mapping[str, Any], variables: Variables, problems: list[str]) -> dict[str, Any]:
    """The preset with the sections that are chosen; adds to ``problems`` what can't be, one line each."""
    preset = {key: value for key, value in raw.items() if key != CHOOSE}
    for name, ways in _tables(raw.get(CHOOSE, {}), CHOOSE, problems):
        if name not in variables:
            problems.append(f"{CHOOSE}.{name}: there is no variable {name}; add it to [variables]")
            continue
        value = str(variables[name])
        if value not in ways:
            problems.append(f"variables.{name}: is {value!r}; give one of {', '.join(ways)}")
            continue
        for section, content in _tables(ways[value], f"{CHOOSE}.{name}.{value}", problems):
            if section == FRAGMENTS:
                preset[section] = _joined(preset.get(section, {}), content, name, problems)
                continue
            if section in preset:
                problems.append(f"{section}: is given twice; take [{section}] out, or its choice by {name}")
            preset[section] = content
    return preset


def _joined(all_have: Any, chosen_ones: dict[str, Any], by: str, problems: list[str]) -> Any:
    """The fragments of both: a choice adds to those that all have."""
    if not isinstance(all_have, dict):
        return all_have
    problems += (
        f"{FRAGMENTS}.{name}: is given twice; take it out, or its choice by {by}"
        for name in chosen_ones
        if name in all_have
    )
    return {**all_have, **chosen_ones}


def _tables(value: Any, place: str, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        problems.append(f"{place}: {_FORM}")
        return
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield key, inner
        else:
            problems.append(f"{place}.{key}: {_FORM}")
