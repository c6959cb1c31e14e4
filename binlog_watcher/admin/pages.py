"""Templates to answers."""

from functools import cache
from typing import Any

import jinja2
from starlette.responses import HTMLResponse


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("binlog_watcher.admin"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(template: str, **values: Any) -> str:
    """A page, or a part of one."""
    return _templates().get_template(template).render(values)


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The same as an answer."""
    return HTMLResponse(rendered(template, **values), status)
