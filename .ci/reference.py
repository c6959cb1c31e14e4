"""Writes the tables of settings into the pages of docs/ from the fields in the code: ``make reference``.

A table stands between ``<!-- settings: ClassName -->`` and ``<!-- end -->``. A row is a field: what it takes by its
type, its default, and the text below it in the source. ``<!-- preset: NAME -->`` gets the head of that preset, its
variables, and the indexes that it asks for. ``--check`` writes nothing, and ends with 1 where a page is
not as the code says.
"""

import ast
import inspect
import re
import sys
import tomllib
from decimal import Decimal
from enum import Enum
from importlib.resources import files
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from binlog_watcher.settings.mistakes import REQUIRED, allowed
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.takes import Takes
from binlog_watcher.shop import presets
from mailer import AddressPatterns
from mailer.languages import shipped

DOCS = Path(__file__).resolve().parents[1] / "docs"
TABLE = re.compile(r"(<!-- settings: ([\w, ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
PRESET = re.compile(r"(<!-- preset: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = "| name | takes | default | what it is |\n| --- | --- | --- | --- |\n"


def parts() -> dict[str, type[BaseModel]]:
    """The classes that fields of settings stand in, by name."""
    ours = (part for part in Settings.__mro__ if part.__module__.startswith("binlog_watcher"))
    return {part.__name__: part for part in ours if issubclass(part, BaseModel)}


def texts(part: type) -> dict[str, str]:
    """The text below each field of a class, in one line."""
    (tree,) = ast.parse(inspect.getsource(part)).body
    body = getattr(tree, "body", [])
    found: dict[str, str] = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = (
                below.value.value
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                else ""
            )
            found[field.target.id] = " ".join(str(text).split())
    return found


def takes(info: FieldInfo) -> str:
    """What a field takes, in a few words."""
    metadata = list(info.metadata)
    for one in get_args(info.annotation):
        metadata += get_args(one)[1:] if get_origin(one) is Annotated else []
    words = [one.what for one in metadata if isinstance(one, Takes)]
    text = allowed(info).removeprefix("one of ").replace("text in UTF-8", "path")
    return (
        words[-1] if words else text.replace("a number", "number").replace("a whole number", "whole number")
    )


def shown(name: str, default: Any) -> str:
    """A default as it would stand in ``.env``; of what has none, nothing."""
    if name.upper() in REQUIRED["mail"]:
        return "**needed**"
    match default:
        case bool():
            return str(default).lower()
        case Enum():
            return f"`{default.value}`"
        case Decimal() | float() | int():
            return f"{default:g}"
        case SecretStr() | AddressPatterns():
            return ""
        case frozenset() if default:
            return f"`{', '.join(sorted(default))}`"
    if default == shipped():
        return "`en, all`"
    return f"`{default}`" if default else ""


def table(part: type[BaseModel]) -> str:
    """The rows of a class. Raises SystemExit for a field without a text."""
    rows = []
    for name, text in texts(part).items():
        info = Settings.model_fields[name]
        if not text:
            raise SystemExit(f"{part.__name__}.{name} has no text below it: say what the setting is")
        default = "" if info.default_factory else shown(name, info.default)
        rows.append(f"| `{name.upper()}` | {takes(info)} | {default} | {text} |\n")
    return "".join(rows)


def head(name: str) -> str:
    """What a preset's head says, as Markdown; then its variables and the indexes to make."""
    path = files(presets).joinpath(f"{name}.toml")
    source = path.read_text(encoding="utf-8")
    lines = [line.removeprefix("#").removeprefix(" ") for line in takewhile(_is_comment, source.splitlines())]
    statements = re.findall(
        r"CREATE INDEX \w+ ON `?\w+`? \([\w, ]+(?:\(\d+\))?(?:, [\w]+)*\)", " ".join(lines)
    )
    text = re.sub(r"^ +(CREATE INDEX[^;]+;?)", r"  ``\1``", "\n".join(lines), flags=re.MULTILINE)
    variables = tomllib.loads(source).get("variables", {})
    told = ", ".join(f"`{key}={value}`" for key, value in variables.items())
    made = (
        [f"\n```sql\n{''.join(f'{one};{chr(10)}' for one in dict.fromkeys(statements))}```\n"]
        if statements
        else []
    )
    return "\n".join(["", text, "", f"Variables (`SHOP_VARIABLES`), with their defaults: {told}.", *made, ""])


def _is_comment(line: str) -> bool:
    return line.startswith("#")


def page(text: str) -> str:
    """A page with its tables made anew."""
    known = parts()
    tables = TABLE.sub(
        lambda found: (
            found[1] + HEAD + "".join(table(known[name]) for name in found[2].split(", ")) + found[3]
        ),
        text,
    )
    return PRESET.sub(lambda found: found[1] + head(found[2]) + found[3], tables)


def main() -> int:
    """Write the pages, or check them; the exit code."""
    stale, placed = [], []
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        placed += [name for found in TABLE.finditer(text) for name in found[2].split(", ")]
        if (anew := page(text)) != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(anew, encoding="utf-8")
    if sorted(placed) != sorted(parts()):
        sys.stderr.write(
            f"each once on a page: {', '.join(sorted(parts()))}; there are {', '.join(sorted(placed))}\n"
        )
        return 1
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"{', '.join(stale)}: not as the code says; run `make reference`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
