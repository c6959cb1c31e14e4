"""Presets: how the tables of a kind of shop are called, one TOML file each; and reading such a file into a Schema."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.placeholders import Variables, fill_in, fill_in_names
from binlog_watcher.shop.presets.choices import chosen
from binlog_watcher.shop.presets.fragments import FRAGMENTS, SELECTS, with_fragments
from binlog_watcher.shop.presets.gaps import gaps
from binlog_watcher.shop.schema import Schema

_NO_NAMES = SELECTS | {
    "description", "variables", "in", "not_in", "guests", "timezone", "url_pattern", "format", "say",
}  # fmt: skip
"""Keys whose values are no names of tables or columns: a brace in them stays one."""

_VALUES = frozenset({"in", "not_in"})
"""Keys of a condition's values, where ``{name}`` alone is the variable of that name."""

_IN_A_DOCUMENT = {
    "codec": "how its bytes become a document: php, php-session or json",
    "lines": "the path to the lines, such as cart.*",
}

_CONDITIONS = frozenset({"open", "bought", "available", "only"})


def preset_names() -> list[str]:
    """The presets that come with Cartwake."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def preset_text(name: str) -> str:
    """A shipped preset as it is written. Raises ConfigError for a name that is none."""
    if name not in preset_names():
        near = difflib.get_close_matches(name, preset_names(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"there is no preset {name!r}; {hint}there are: {', '.join(preset_names())}")
    return resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def load_schema(name_or_file: str, variables: Mapping[str, str | int] | None = None) -> Schema:
    """The Schema of a shipped preset, or of a file: a name that ends in .toml or holds a slash.

    ``variables`` replace those of the preset. Raises ConfigError with one line a mistake: file, key, what to do.
    """
    if name_or_file.endswith(".toml") or "/" in name_or_file:
        return parse_schema(_read(Path(name_or_file)), name_or_file, variables)
    return parse_schema(preset_text(name_or_file), name_or_file, variables)


def parse_schema(text: str, origin: str, variables: Mapping[str, str | int] | None = None) -> Schema:
    """Parse a preset's text; ``origin`` names it in messages. Raises ConfigError."""
    try:
        raw = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # TOMLDecodeError is a ValueError; so is a number of 5,000 digits
        what = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(f"{origin}: {what}; the file is TOML, docs/schemas.md shows its form") from None
    problems = ["origin: there is no such key"] if "origin" in raw else []
    filled = _with_variables(raw, variables or {}, problems)
    schema = None
    if not problems:
        try:
            schema = Schema.model_validate(filled)
        except ValidationError as error:
            problems += [line for detail in error.errors() for line in _explain(detail)]
        else:
            problems += gaps(schema)
    if schema is None or problems:  # out here, so that no traceback drags the validation error along
        raise ConfigError(*(f"{origin}: {problem}" for problem in dict.fromkeys(problems)))
    return schema.model_copy(update={"origin": origin})


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file; `cartwake schema show sample` prints one to start from"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8; save the file with the encoding UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from None


def _with_variables(
    raw: dict[str, Any], overrides: Mapping[str, str | int], problems: list[str]
) -> dict[str, Any]:
    """The preset with its variables put into the names."""
    own = raw.get("variables", {})
    if not isinstance(own, dict) or not all(isinstance(value, str | int) for value in own.values()):
        problems.append("variables: give name = text or whole number")
        return raw
    for name in overrides.keys() - own.keys():
        near = difflib.get_close_matches(name, own, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(own) or 'none'}"
        problems.append(
            f"variables.{name}: SHOP_VARIABLES sets it, but the preset has no such variable; {hint}"
        )
    for name, value in overrides.items():
        if isinstance(own.get(name), int) and not str(value).lstrip("-").isdigit():
            problems.append(f"variables.{name}: is {value!r}; give a whole number")
    # A number stays one: a value for SQL is compared by its type.
    merged: Variables = {
        name: int(value) if isinstance(own.get(name), int) and str(value).lstrip("-").isdigit() else value
        for name, value in {**own, **overrides}.items()
    }
    preset = with_fragments(chosen(raw, merged, problems), merged, problems)
    filled = {key: _filled(value, merged, (key,), problems) for key, value in preset.items()}
    return filled | {"variables": merged}


def _filled(value: Any, variables: Variables, place: tuple[str, ...], problems: list[str]) -> Any:
    if isinstance(value, dict) and place[-1] not in _NO_NAMES:
        return {
            _filled(key, variables, place, problems) if place[-1] == "watch" else key: _filled(
                inner, variables, (*place, key), problems
            )
            for key, inner in value.items()
        }
    if isinstance(value, list) and place[-1] in _VALUES:
        return [
            variables.get(one[1:-1], one) if isinstance(one, str) and one[:1] == "{" else one for one in value
        ]
    if isinstance(value, list) and place[-1] not in _NO_NAMES:
        return [_filled(inner, variables, place, problems) for inner in value]
    is_sql = place[-1] in SELECTS or place[0] == FRAGMENTS
    if not isinstance(value, str) or (place[-1] in _NO_NAMES and not is_sql):
        return value
    try:
        return (fill_in_names if is_sql else fill_in)(value, variables)
    except ValueError as error:
        # A variable's own fault is reported once, however many names it is in.
        whole = str(error).startswith("variables.")
        problems.append(str(error) if whole else f"{'.'.join(place)}: {error}")
        return value


def _explain(detail: ErrorDetails) -> Iterator[str]:
    """``section.key: what to do`` lines for one of pydantic's errors."""
    # The members of a union (a value that is text or a number) and "[key]" stand in the place as well.
    place = [str(part) for part in detail["loc"] if part not in {"str", "int", "[key]"}]
    # One condition stands without a list: its mistakes have no number.
    place = [part for nth, part in enumerate(place) if part != "0" or place[nth - 1] not in _CONDITIONS]
    where = ".".join(place)
    match detail["type"]:
        case "missing" if len(place) == 1:
            yield f"{where}: this section is missing"
        case "missing" if place[-1] in _IN_A_DOCUMENT:
            yield f"{where}: is missing; give {_IN_A_DOCUMENT[place[-1]]}"
        case "missing" if place[-1] == "column" or place[-1] != "table":
            yield f"{where}: is missing; give the column's name"
        case "missing":
            yield f"{where}: is missing; give the table's name"
        case "extra_forbidden":
            known = _known_keys(place[:-1])
            near = difflib.get_close_matches(place[-1], known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            yield f"{where}: there is no such key; {hint}"
        case "value_error":
            yield f"{where}: give {detail['msg'].removeprefix('Value error, ')}"
        case "model_type" if len(place) > 1 and {place[-1], place[-2]} & _CONDITIONS:
            yield f"{where}: give {{ column = …, in = […] }}, or a list of such, all of which must hold"
        case "model_type" | "dict_type" | "model_attributes_type":
            yield f"{where}: give keys with values: [{where}] as a section, or {{ column = …, in = […] }}"
        case "tuple_type" | "list_type":
            yield f'{where}: give a list, such as ["a", "b"]'
        case "int_type" | "string_type" if len(place) > 2 and place[-1].isdigit():
            yield f"{where}: give text or a whole number"
        case "string_type":
            yield f"{where}: give text in quotes"
        case _:
            yield f"{where}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _known_keys(place: list[str]) -> list[str]:
    """What there may be in a section, or in a condition within one."""
    model: Any = Schema
    for part in (part for part in place if not part.isdigit()):
        field = model.model_fields.get(part)
        candidates = () if field is None else (field.annotation, *getattr(field.annotation, "__args__", ()))
        model = next((one for one in candidates if hasattr(one, "model_fields")), None)
        if model is None:
            return []
    names = [info.alias or name for name, info in model.model_fields.items()]
    return [name for name in names if name != "origin"]


SAMPLE = load_schema("sample")
"""The four tables of the sample shop."""
