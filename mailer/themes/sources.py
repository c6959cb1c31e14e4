"""The two templates of a mail as Jinja compiles them: blocks filled, styles inlined, sides mirrored where text is."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from mailer.themes.inlining import inline_styles

_BLOCK = re.compile(r"\{% block (\w+) %\}\n(.*?)\{% endblock %\}\n", re.DOTALL)
_SIDES = {"left": "right", "right": "left"}
_SIDE_IN_CSS = re.compile(r"\b(left|right)\b")
_SIDE_IN_HTML = re.compile(r'(?<= align=")(left|right)(?=")')


@cache
def html_source(direction: Literal["ltr", "rtl"]) -> str:
    """Jinja over HTML; its styles stand at the tags, and in its style element what can't."""
    html, css, kept_css = _base("mail.html"), _base("mail.css"), _base("responsive.css")
    if direction == "rtl":
        html = _SIDE_IN_HTML.sub(_other_side, html)
        css, kept_css = (_SIDE_IN_CSS.sub(_other_side, sheet) for sheet in (css, kept_css))
    html = with_blocks(html, {})
    # Lines of a template that hold only a Jinja tag, and the indentation, would be half of the mail.
    html = re.sub(r">\s*\n\s*", ">", html)
    html = re.sub(r"%\}\s*\n\s*", "%}", html)
    return inline_styles(html, css, kept_css)


@cache
def text_source() -> str:
    """Jinja over plain text."""
    return with_blocks(_base("mail.txt"), {})


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
