"""Serves the pages behind the links of mails, beside the service or alone.

What they are made of is imported only where they are served.
"""

import contextlib
from collections.abc import Iterator

import structlog

from binlog_watcher.clock import wall_s
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def serving_pages(settings: Settings, metrics: Metrics | None = None) -> Iterator[None]:
    """Serve for a while, in threads and with sessions of their own; without WEB_PORT nothing is served.

    Works while MySQL is away, too: visitors are asked to come again. Raises ConfigError when nobody can listen there.
    """
    if settings.web_port is None:
        yield
        return
    if settings.dry_run:
        log.warning("pages.not_served", hint="DRY_RUN writes nothing, and sends no mail that has links")
        yield
        return
    from binlog_watcher.service.provider_reports import ProviderReports  # noqa: PLC0415 - see above
    from binlog_watcher.service.stored_visits import StoredVisits, web_settings  # noqa: PLC0415 - same
    from mailer.web import PageServer, pages_app  # noqa: PLC0415 - same

    visits, reports = StoredVisits(settings), ProviderReports(settings, metrics)
    app = pages_app(web_settings(settings), visits, now=wall_s, reports=reports)
    try:
        server = PageServer(app, settings.web_host, settings.web_port)
    except OSError as error:
        raise ConfigError(
            f"WEB_PORT={settings.web_port}: can't listen on {settings.web_host} ({error.strerror or error}); "
            "choose a free port from 1024 up, and in WEB_HOST an address of this machine"
        ) from error
    log.info("pages.served", host=settings.web_host, port=server.port, public=settings.public_url)
    try:
        yield
    finally:
        server.close()
        visits.close()
        reports.close()
