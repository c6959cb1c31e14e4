"""What all mailboxes have in common."""

import contextlib
from collections.abc import Iterator
from typing import Protocol

LONGEST = 1_000_000
"""Bytes of a message that are fetched."""


class MailboxError(Exception):
    """The mailbox can't be read just now, or not with these settings. The message shows no password."""


class Message(Protocol):
    """One that nobody has looked at yet."""

    @property
    def raw(self) -> bytes:
        """Its first bytes, ``LONGEST`` at most."""

    def settle(self, *, understood: bool) -> None:
        """Mark it, so that it is not given again. Raises MailboxError; then it is given again."""


class MessageStore(Protocol):
    """An opened mailbox."""

    def fresh(self, most: int) -> Iterator[Message]:
        """Messages that were not settled yet, so many at most. Raises MailboxError."""


class Mailbox(Protocol):
    """A mailbox that can be opened again and again."""

    def opened(self) -> contextlib.AbstractContextManager[MessageStore]:
        """Open it. Raises MailboxError, which says what to do."""
