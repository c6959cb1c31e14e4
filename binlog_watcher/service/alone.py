"""`cartwake run`: one service, with what is served beside it."""

import asyncio

from binlog_watcher.service.beside import Beside, nothing_beside
from binlog_watcher.service.binlog_following import BinlogFollowing
from binlog_watcher.service.following import Follow
from binlog_watcher.service.live import Live
from binlog_watcher.service.pages import serving_pages
from binlog_watcher.service.service import Service, opened, use_worker_threads
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics_server import Obstacle, serving


class Alone:
    """An instance whose service is there from the start to the end."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def live(self) -> Live | None:
        """See ``beside.Instance``."""
        return self._service.live

    def not_ready(self) -> Obstacle | None:
        """See ``beside.Instance``."""
        return self._service.not_ready()


async def run_service(
    settings: Settings,
    stop: asyncio.Event,
    *,
    include_older_us: int = 0,
    beside: Beside = nothing_beside,
    follow: Follow = BinlogFollowing,
) -> None:
    """Check the server, open everything, run until ``stop``; for ``include_older_us`` and ``follow`` see ``opened``.

    ``beside``: what else is served while it runs.
    """
    use_worker_threads()
    async with opened(settings, include_older_us=include_older_us, follow=follow) as service:
        where = settings.metrics_host, settings.metrics_port
        with (
            serving(service.metrics, *where, service.not_ready),
            serving_pages(settings, service.metrics),
            beside(settings, Alone(service)),
        ):
            await service.run(stop)
