"""What the sample shop's products look like: ``drawings.toml`` beside this module, read once."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple


class Drawing(NamedTuple):
    """``marks``: SVG about the origin, some 200 units across; ``shape``: of the picture that it suits."""

    shape: Literal["landscape", "portrait", "square"]
    marks: str


@cache
def drawings() -> dict[str, Drawing]:
    """All of them by the name of what they show."""
    return {kind: Drawing(**parts) for kind, parts in _file()["drawings"].items()}


def drawing_of(name: str, category: str) -> Drawing:
    """What a product looks like, by its name, else by its category; a box for what nobody knows."""
    if category == "Books & Reading":
        return drawings()["book"]  # whatever their titles are about
    known = (kind for words, kind in _by_name() if words.search(name.lower()))
    return drawings()[next(known, _file()["by_category"].get(category, "box"))]


@cache
def _by_name() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(rf"\b(?:{words})"), kind) for words, kind in _file()["by_name"]]


@cache
def _file() -> dict[str, Any]:
    text = files("binlog_watcher.demo").joinpath("drawings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
