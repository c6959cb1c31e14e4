"""Serves ADMIN_PORT beside a running service, in a thread of its own: no page holds up a mail.

To serve something more, make a ``Part`` (``admin/app.py``) of your routes and add it to ``_parts`` below:

- Its routes are starlette's ``Route``; handlers that are plain functions run in threads, and may ask MySQL.
- Only who is signed in gets there, by session or by ``Authorization: Bearer ADMIN_TOKEN``. A part with tokens of its
  own says ``own_door=True``, takes ``access``, and uses ``bearer(request)``, ``same(given, wanted)``, ``is_refused``
  before and ``wrong`` after a token that is none (``admin/access.py``).
- Host and Origin were checked before, and every answer gets the headers of ``admin/guard.py`` that it has not set.
- What it wants of the running service it gets from the ``Instance``: timers, queues, why it is not ready. Of MySQL it
  asks by ``open_resources(settings, write=False)`` of its own, so nothing of the service waits for it.

What all this is made of is imported only where it is served.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog

from binlog_watcher.clock import wall_s
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.beside import Instance
from binlog_watcher.settings.settings import Settings

if TYPE_CHECKING:
    from binlog_watcher.admin.access import Access
    from binlog_watcher.admin.app import Part

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def serving_admin(settings: Settings, instance: Instance) -> Iterator[None]:
    """Serve for a while; without ADMIN_PORT nothing is. Raises ConfigError when nobody can listen there."""
    if settings.admin_port is None or settings.admin_token is None:
        yield
        return
    from binlog_watcher.admin.access import Access, Door  # noqa: PLC0415 - see above
    from binlog_watcher.admin.app import admin_app  # noqa: PLC0415 - same
    from mailer.web import PageServer  # noqa: PLC0415 - same

    door = Door(
        settings.admin_token.get_secret_value(),
        url=settings.admin_url,
        host=settings.admin_host,
        proxies=settings.trusted_proxies,
    )
    access = Access(door, now=wall_s, counter=time.monotonic)
    app = admin_app(access, _parts(settings, instance, access))
    try:
        server = PageServer(app, settings.admin_host, settings.admin_port)
    except OSError as error:
        raise ConfigError(
            f"ADMIN_PORT={settings.admin_port}: can't listen on {settings.admin_host} ({error.strerror or error}); "
            "choose a free port from 1024 up, and in ADMIN_HOST an address of this machine"
        ) from error
    log.info("admin.served", host=settings.admin_host, port=server.port, url=settings.admin_url or None)
    try:
        yield
    finally:
        server.close()


def _parts(settings: Settings, instance: Instance, access: "Access") -> "list[Part]":
    """All that is served."""
    from binlog_watcher.admin.api import api  # noqa: PLC0415 - see above
    from binlog_watcher.admin.dashboard import dashboard  # noqa: PLC0415 - same

    served = [dashboard(settings, instance)]
    if settings.api_callers:
        served.append(api(settings, instance, access))
    return served
