"""What is done with a mail that came back: read, judged, acted on once, counted."""

from collections.abc import Callable

import structlog

from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.service.resources import Resources
from binlog_watcher.service.signers import mail_ids
from binlog_watcher.service.wiring import links
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.recipients import (
    COMPLAINED,
    UNSUBSCRIBED,
    AddressHasher,
    OptOuts,
    UnknownMailError,
)
from binlog_watcher.store.own_tables.returned_mails import BounceRules, ReturnedMails
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from binlog_watcher.telemetry.metrics import Metrics
from mailer import Links, MailIds
from mailer.bounces import Incoming, Kind, read_mail
from mailer.webhooks import Event

log = structlog.get_logger(__name__)

UNSIGNED = "unsigned"
"""A report without a valid id of ours: anybody may have written it."""

UNKNOWN_ROW = "unknown_row"
UNREADABLE = "unreadable"
NO_NEWS = "no_news"
FOR_A_PERSON = frozenset({Kind.OTHER, UNREADABLE})
"""Sorts that somebody should look at."""


class ReturnedMailDesk:
    """Takes mails in, one after the other. ``handle`` may be given the same one again: nothing happens twice."""

    def __init__(
        self, *, ids: MailIds, links: Links, mails: ReturnedMails, opt_outs: OptOuts, metrics: Metrics
    ) -> None:
        self._ids = ids
        self._links = links
        self._mails = mails
        self._opt_outs = opt_outs
        self._metrics = metrics

    def look(self, raw: bytes) -> str:
        """Which sort it is, as far as the mail itself tells; nothing follows."""
        incoming = read_mail(raw, self._ids, self._links)
        return UNSIGNED if _lacks_id(incoming) else incoming.kind

    def handle(self, raw: bytes) -> str:
        """Do what it asks for; the sort that it was counted as. Blocking.

        Raises DatabaseUnavailableError, and ConfigError for a missing right: then it must be given again.
        """
        return self._settled(lambda: read_mail(raw, self._ids, self._links), len(raw))

    def report(self, event: Event) -> str:
        """What a provider's event asks for, as ``handle`` does; it asks for something. Blocking."""
        return self._settled(lambda: self._incoming(event), sum(map(len, event.about)))

    def _incoming(self, event: Event) -> Incoming:
        found = (self._ids.find(text) for text in event.about)
        log_id = next((one for one in found if one is not None), None)
        return Incoming(event.kind or Kind.OTHER, log_id, event.results)

    def _settled(self, read: Callable[[], Incoming], size: int) -> str:
        try:
            kind = self._act(read())
        except (DatabaseUnavailableError, ConfigError):
            raise
        except Exception as error:  # a mail that nobody thought of must not keep the next ones waiting
            log.exception("mail.not_handled", error=str(error), bytes=size)
            kind = UNREADABLE
        self._count(kind)
        return kind

    def no_news(self, events: int) -> None:
        """So many events of providers from which nothing follows."""
        self._count(NO_NEWS, events)

    def _count(self, kind: str, mails: int = 1) -> None:
        self._mails.count(kind, mails)
        self._metrics.returned.labels(kind).inc(mails)

    def _act(self, incoming: Incoming) -> str:
        if _lacks_id(incoming):
            log.info("mail.returned", kind=UNSIGNED, claims=str(incoming.kind))
            return UNSIGNED
        kind = str(incoming.kind)
        log_id = incoming.log_id
        if log_id is not None:
            match incoming.kind:
                case Kind.BOUNCE:
                    return self._bounced(log_id, incoming)
                case Kind.COMPLAINT:
                    kind = self._opted_out(log_id, kind, COMPLAINED)
                case Kind.UNSUBSCRIBE:
                    kind = self._opted_out(log_id, kind, UNSUBSCRIBED)
        log.info("mail.returned", kind=kind, log_id=log_id)
        return kind

    def _bounced(self, log_id: int, incoming: Incoming) -> str:
        bounced = self._mails.bounced(log_id, incoming.results)
        said = bounced.said
        kind = UNKNOWN_ROW if said is None else str(said.severity)
        log.info("mail.returned", kind=kind, log_id=log_id, status=said.status if said else None)
        if bounced.suppressed:
            log.warning(
                "recipient.suppressed", addresses=1, reason=Reason.BOUNCED, log_id=log_id,
                hint="it is mailed no more; see `cartwake optout list`",
            )  # fmt: skip
        return kind

    def _opted_out(self, log_id: int, kind: str, reason: str) -> str:
        try:
            self._opt_outs.add_recipient_of(log_id, reason=reason)
        except UnknownMailError:
            return UNKNOWN_ROW
        return kind


def _lacks_id(incoming: Incoming) -> bool:
    return incoming.log_id is None and incoming.kind in {Kind.BOUNCE, Kind.COMPLAINT, Kind.UNSUBSCRIBE}


def bounce_rules(settings: Settings) -> BounceRules:
    """When an address is suppressed for bounces, and for how long."""
    return BounceRules(
        hard_count=settings.bounce_hard_count,
        soft_count=settings.bounce_soft_count,
        soft_days=settings.bounce_soft_days,
        suppress_days=settings.bounce_suppress_days,
    )


def returned_mails(settings: Settings, resources: Resources) -> ReturnedMails:
    """The log's part of it."""
    return ReturnedMails(
        resources.database, resources.hasher, bounce_rules(settings), WebhookEvents(settings.told_events)
    )


def desk(settings: Settings, resources: Resources, metrics: Metrics | None = None) -> ReturnedMailDesk:
    """For the shop that was opened."""
    return desk_on(
        settings, resources.database, resources.hasher, resources.link_secret, metrics or Metrics()
    )


def desk_on(
    settings: Settings, database: Database, hasher: AddressHasher, link_secret: str | None, metrics: Metrics
) -> ReturnedMailDesk:
    """On these sessions. ``link_secret``: of our own table."""
    events = WebhookEvents(settings.told_events)
    return ReturnedMailDesk(
        ids=mail_ids(settings, link_secret),
        links=links(settings, link_secret),
        mails=ReturnedMails(database, hasher, bounce_rules(settings), events),
        opt_outs=OptOuts(database, hasher, events),
        metrics=metrics,
    )
