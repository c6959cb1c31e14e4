"""The application on ADMIN_PORT: the parts that are served, each behind the door."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from binlog_watcher.admin.access import Access, SignedIn
from binlog_watcher.admin.guard import Guard
from binlog_watcher.admin.login import Login

STATIC = {
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "dashboard.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "htmx-2.0.11.min.js": "text/javascript; charset=utf-8",
    "uplot-1.6.32.min.js": "text/javascript; charset=utf-8",
    "uplot-1.6.32.min.css": "text/css; charset=utf-8",
}
"""What pages are made of beside HTML; nothing in it is about a shop, so it stands before the door."""


def _nothing() -> None:
    """Nothing is to be closed."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is served.

    ``own_door``: it asks for tokens of its own, as the API does; else only who is signed in gets to its routes.
    ``errors``: what it makes of its own exceptions; ``close`` is called when the server stops.
    """

    routes: Sequence[Route]
    own_door: bool = False
    errors: dict[type[Exception], Callable[[Request, Exception], Response]] = field(default_factory=dict)
    close: Callable[[], None] = _nothing


def admin_app(access: Access, parts: Sequence[Part]) -> Starlette:
    """The ASGI application."""
    login = Login(access)
    routes = [
        Route("/login", login.page, methods=["GET"]),
        Route("/login", login.posted, methods=["POST"]),
        Route("/logout", login.left, methods=["POST"]),
        Route("/static/{name}", _static, methods=["GET"]),
    ]
    for part in parts:
        for route in part.routes:
            if not part.own_door:
                route.app = SignedIn(route.app, access)
            routes.append(route)

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        for part in parts:
            part.close()

    app = Starlette(
        routes=routes,
        lifespan=life,
        middleware=[Middleware(Guard, access.door)],
        exception_handlers={error: answer for part in parts for error, answer in part.errors.items()},
    )
    app.router.redirect_slashes = False
    return app


def _static(request: Request) -> Response:
    kind = STATIC.get(request.path_params["name"])
    if kind is None:
        return Response("there is nothing here\n", 404, media_type="text/plain")
    # The version is in the name of what others made; our own style changes with ours.
    return Response(
        _content(request.path_params["name"]), 200, {"Cache-Control": "private, max-age=300"}, media_type=kind
    )


@cache
def _content(name: str) -> bytes:
    return files("binlog_watcher.admin").joinpath("static", name).read_bytes()
