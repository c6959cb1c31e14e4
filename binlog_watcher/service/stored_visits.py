"""What the pages keep and ask, in the shop's MySQL: by sessions of their own, so that no page waits for a mail."""

import contextlib
from collections.abc import Iterator, Sequence

import structlog

from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.provider_reports import providers
from binlog_watcher.service.wiring import mail_languages, mail_theme
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import recipients, visits
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from mailer.web import ShopPages, UnavailableError, Visit, WebSettings

log = structlog.get_logger(__name__)

SESSIONS = 4
"""Kept open; as many more while visitors come in crowds."""


class StoredVisits:
    """``mailer.web.Visits``. Whatever MySQL says is told to the log once, and to visitors as "come again"."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.connection, pool_size=SESSIONS)
        self._versions_are_times = settings.preset().version is None
        self._events = WebhookEvents(settings.told_events)
        self._is_down = False

    def secrets(self) -> Sequence[str]:
        """LINK_SECRET, and the one in our table."""
        with self._told():
            keys = self._settings.link_keys(recipients.meta(self._database, "link_secret"))
            if not keys:
                raise CartwakeError("there is no secret that signs links: `cartwake run` makes one")
            return keys

    def record(self, visit: Visit, *, max_age_s: float | None = None) -> bool:
        """Into the table of clicks."""
        with self._told():
            return visits.record(
                self._database, visit.log_id, visit.kind, visit.link_no, visit.flag, max_age_s=max_age_s,
                events=self._events,
            )  # fmt: skip

    def stop_mails(self, log_id: int) -> bool:
        """Suppress the address that was mailed; the fence of every mail looks there."""
        with self._told():
            try:
                new = recipients.suppress_recipient_of(self._database, log_id, events=self._events)
            except recipients.UnknownMailError:
                return False
            log.info("pages.opted_out", log_id=log_id, new=new)
            return True

    def leave_cart(self, log_id: int) -> bool:
        """Log what is in the cart as handled."""
        with self._told():
            cart = visits.leave_cart(self._database, log_id, versions_are_times=self._versions_are_times)
            log.info("pages.cart_left", cart=cart, log_id=log_id, known=cart is not None)
            return cart is not None

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Raises UnavailableError for whatever is wrong."""
        try:
            yield
        except Exception as error:
            if not self._is_down:
                known = isinstance(error, CartwakeError)
                log.error("pages.unavailable", error=str(error), exc_info=not known)  # noqa: TRY400 - one line, if known
            self._is_down = True
            raise UnavailableError(str(error)) from error
        if self._is_down:
            log.info("pages.available")
            self._is_down = False

    def close(self) -> None:
        """Close all sessions."""
        self._database.close()


def web_settings(settings: Settings) -> WebSettings:
    """The pages' own settings, with each storefront that is listed."""
    shops = {"": settings} | dict(settings.stores or {})
    return WebSettings(
        shops={
            name: ShopPages(one.store_name, one.store_url, one.cart_url, mail_languages(one), mail_theme(one))
            for name, one in shops.items()
        },
        issuer=settings.public_url,
        return_secret=settings.return_secret.get_secret_value() if settings.return_secret else None,
        return_days=settings.return_link_days,
        utm=settings.utm_parameters,
        trusted_proxies=settings.trusted_proxies,
        pixel=settings.open_pixel,
        webhooks=providers(settings),
    )
