"""`cartwake optout`: addresses that are never mailed."""

import contextlib
from collections.abc import Iterable

from rich.table import Table

from binlog_watcher.service.resources import open_resources
from binlog_watcher.service.wiring import links
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.recipients import OptOut, OptOuts
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from mailer import MalformedTokenError


def optouts(settings: Settings) -> OptOuts:
    """The suppression list; creates our tables where they are missing. Blocking."""
    resources = open_resources(settings, write=True, activate=False)
    return OptOuts(resources.database, resources.hasher, WebhookEvents(settings.told_events))


def add_by_token(settings: Settings, token: str) -> bool:
    """Opt out whoever got the mail whose unsubscribe token this is; False if that was done already. Blocking.

    ``token``: alone, or in the subject or link of the mail. Raises InvalidTokenError, and CartwakeError when the
    log has no such mail.
    """
    with contextlib.closing(open_resources(settings, write=True, activate=False)) as resources:
        log_id = links(settings, resources.link_secret).read(token)
        if not isinstance(log_id, int):
            raise MalformedTokenError("the unsubscribe token is of no mail of Cartwake's log")
        events = WebhookEvents(settings.told_events)
        return OptOuts(resources.database, resources.hasher, events).add_recipient_of(log_id)


def shown(entries: Iterable[OptOut]) -> Table:
    """The list on a terminal. Times in UTC."""
    table = Table("address", "since (UTC)", "reason")
    for entry in entries:
        table.add_row(entry.hint, f"{entry.since:%Y-%m-%d %H:%M}", entry.reason)
    return table
