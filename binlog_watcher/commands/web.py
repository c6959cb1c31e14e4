"""`cartwake web`: the pages behind the links of mails, alone; several may run behind a proxy."""

import asyncio

from binlog_watcher.commands.run import stop_at_signal
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.pages import serving_pages
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.logs import log_uncaught


def web(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Blocking. Raises ConfigError for what only a human can mend."""
    if settings.web_port is None:
        raise ConfigError("WEB_PORT is not set: give the port on which the pages are served")
    if settings.dry_run:
        raise ConfigError("DRY_RUN = true: the pages keep what customers ask for; take it out to serve them")
    log_uncaught()
    asyncio.run(_until_signal(settings))


async def _until_signal(settings: Settings) -> None:
    stop = stop_at_signal()
    with serving_pages(settings):
        await stop.wait()
