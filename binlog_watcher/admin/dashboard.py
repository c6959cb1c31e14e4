"""The dashboard at ``/``: what stands and what came of it, the problems first."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from binlog_watcher.admin.app import Part
from binlog_watcher.admin.pages import page
from binlog_watcher.service.beside import Instance
from binlog_watcher.settings.settings import Settings


def dashboard(settings: Settings, instance: Instance) -> Part:
    """Its pages."""

    def front(_request: Request) -> Response:
        live = instance.live
        return page(
            "front.html",
            shop=settings.store_name,
            obstacle=instance.not_ready(),
            standing=None if live is None else live.standing(timers=20),
        )

    return Part([Route("/", front, methods=["GET"])])
