"""Templates to answers."""

import html
import re
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("binlog_watcher.admin"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": _code, "unescaped": _unescaped}
    return environment


def prepare() -> None:
    """Compile all templates, so that nobody's first visit waits for that; some 50 ms."""
    templates = _templates()
    for name in templates.list_templates():
        templates.get_template(name)


def _code(text: str) -> Markup:
    """A sentence whose `words in backticks` are commands and names."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _unescaped(text: str) -> str:
    """Some shops keep names as HTML."""
    return " ".join(html.unescape(text).split())


def rendered(template: str, **values: Any) -> str:
    """A page, or a part of one."""
    return _templates().get_template(template).render(values)


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The same as an answer."""
    return HTMLResponse(rendered(template, **values), status)
