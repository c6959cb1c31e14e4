"""The two templates of a mail as Jinja compiles them: blocks filled, styles inlined, sides mirrored where text is."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from mailer.themes.inlining import inline_styles
from mailer.themes.styles import filled_in
from mailer.themes.theme import Theme, ThemeError

_BLOCK = re.compile(r"\{% block (\w+) %\}\n(.*?)\{% endblock %\}\n", re.DOTALL)
_SIDES = {"left": "right", "right": "left"}
_SIDE_IN_CSS = re.compile(r"\b(left|right)\b")
_SIDE_IN_HTML = re.compile(r'(?<= align=")(left|right)(?=")')


@cache
def html_source(theme: Theme, direction: Literal["ltr", "rtl"]) -> str:
    """Jinja over HTML; its styles stand at the tags, and in its style element what can't. Raises ThemeError."""
    try:
        return _html_source(theme, direction)
    except ValueError as error:
        raise ThemeError(f"theme {theme.name}: {error}") from None


def _html_source(theme: Theme, direction: Literal["ltr", "rtl"]) -> str:
    html = with_blocks(_base("mail.html"), _blocks(theme, ".html"))
    css, kept_css = _base("mail.css") + theme.style, _base("responsive.css") + theme.responsive
    if direction == "rtl":
        html = _SIDE_IN_HTML.sub(_other_side, html)
        css, kept_css = (_SIDE_IN_CSS.sub(_other_side, sheet) for sheet in (css, kept_css))
    html, css, kept_css = (filled_in(source, theme) for source in (html, css, kept_css))
    # Lines of a template that hold only a Jinja tag, and the indentation, would be half of the mail.
    html = re.sub(r">\s*\n\s*", ">", html)
    html = re.sub(r"%\}\s*\n\s*", "%}", html)
    return inline_styles(html, css, kept_css)


@cache
def text_source(theme: Theme) -> str:
    """Jinja over plain text. Raises ThemeError."""
    try:
        return with_blocks(_base("mail.txt"), _blocks(theme, ".txt"))
    except ValueError as error:
        raise ThemeError(f"theme {theme.name}: {error}") from None


def block_source(name: str) -> str:
    """The text of a block as it is built in, such as ``cart.html``. Raises ValueError for one that there is not."""
    block, _, ending = name.partition(".")
    found: dict[str, str] = dict(_BLOCK.findall(_base(f"mail.{ending}"))) if ending in {"html", "txt"} else {}
    if block not in found:
        raise ValueError(f"there is no block {name}; the blocks are {', '.join(block_names())}")
    return found[block]


def block_names() -> list[str]:
    """Of all blocks, with the ending of the template that they are of."""
    return [
        f"{name}.{ending}"
        for ending in ("html", "txt")
        for name, _ in _BLOCK.findall(_base(f"mail.{ending}"))
    ]


def _blocks(theme: Theme, ending: str) -> dict[str, str]:
    return {
        name.removesuffix(ending): text.rstrip("\n") + "\n"
        for name, text in theme.blocks
        if name.endswith(ending)
    }


def with_blocks(template: str, replaced: Mapping[str, str]) -> str:
    """``template`` with the blocks that are named in ``replaced`` filled by that, and the others by their own text.

    Raises ValueError for a block that the template does not have.
    """
    known = [name for name, _ in _BLOCK.findall(template)]
    if unknown := sorted(replaced.keys() - set(known)):
        raise ValueError(f"there is no block {', '.join(unknown)}; the blocks are {', '.join(known)}")
    return _BLOCK.sub(lambda found: replaced.get(found[1], found[2]), template)


def _other_side(found: re.Match[str]) -> str:
    return _SIDES[found[1]]


def _base(name: str) -> str:
    return (files(__package__) / "base" / name).read_text(encoding="utf-8")
