"""What mail providers post about our mails: acted on as if it had come to the bounce mailbox."""

from collections import OrderedDict
from collections.abc import Sequence

import structlog

from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.returned_mail import ReturnedMailDesk, desk_on
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.telemetry.metrics import Metrics
from mailer.web import UnavailableError
from mailer.webhooks import Event, Provider, mailgun, postmark, sendgrid, ses

log = structlog.get_logger(__name__)

MOST_KEYS = 50_000
"""Events that are remembered, so that one that is posted again is not counted again."""

_PROVIDERS = {"sendgrid": sendgrid, "mailgun": mailgun, "postmark": postmark, "ses": ses}


class ProviderReports:
    """``mailer.web.Reports``. Works while MySQL is away, too: providers are asked to come again."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self._settings = settings
        self._metrics = metrics or Metrics()
        self._database = Database(settings.connection, pool_size=1)
        self._desk: ReturnedMailDesk | None = None
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._is_down = False

    def take(self, events: Sequence[Event]) -> None:
        """Each is remembered when it is stored: if we end in between, it is taken in again, and changes nothing."""
        try:
            desk = self._desk = self._desk or self._open()
            fresh = [event for event in events if not event.key or event.key not in self._seen]
            for event in fresh:
                if event.kind is not None:
                    desk.report(event)
                    self._remember(event.key)
            if no_news := sum(event.kind is None for event in fresh):
                desk.no_news(no_news)
                for event in fresh:
                    self._remember(event.key)
        except Exception as error:
            if not self._is_down:
                known = isinstance(error, CartwakeError)
                log.error("webhooks.unavailable", error=str(error), exc_info=not known)  # noqa: TRY400 - one line, if known
            self._is_down = True
            raise UnavailableError(str(error)) from error
        self._is_down = False

    def _open(self) -> ReturnedMailDesk:
        secret, salt = (recipients.meta(self._database, name) for name in ("link_secret", "address_salt"))
        if salt is None:
            raise CartwakeError("Cartwake's tables are not there yet: `cartwake run` makes them")
        hasher = recipients.AddressHasher(salt)
        return desk_on(self._settings, self._database, hasher, secret, self._metrics)

    def _remember(self, key: str) -> None:
        if key:
            self._seen[key] = None
            if len(self._seen) > MOST_KEYS:
                self._seen.popitem(last=False)

    def close(self) -> None:
        """Close all sessions."""
        self._database.close()


def providers(settings: Settings) -> dict[str, Provider]:
    """Those whose setting is set, by the name in their address."""
    return {name: _PROVIDERS[name](secret) for name, secret in settings.webhook_secrets().items()}
