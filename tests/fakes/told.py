"""What the stream tells of carts, and a mail its reader, in the few words that tests compare."""

from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

from binlog_watcher.core.events import CartChanged, CartRead, Event


def said(events: Sequence[Event]) -> list[tuple[Any, str]]:
    """Of each event about a cart: which one, and what."""
    return [(event.key, _what(event)) for event in events if hasattr(event, "key")]


def said_of(events: Sequence[Event], key: Any) -> list[str]:
    """What was said of one cart, in order, since it was read."""
    return [
        _what(event)
        for event in events
        if getattr(event, "key", None) == key and not isinstance(event, CartRead)
    ]


def _what(event: Event) -> str:
    return event.change.name if isinstance(event, CartChanged) else type(event).__name__


def plain_text(mail: EmailMessage) -> str:
    """A mail's plain text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
