"""A mailbox in memory that a test can fill and break."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailer.mailbox import MailboxError


@dataclass
class FakeMailbox:
    """``error``: what opening it raises; ``settled``: each message with whether it was understood."""

    messages: list[bytes] = field(default_factory=list)
    settled: list[tuple[bytes, bool]] = field(default_factory=list)
    error: str | None = None
    opens: int = 0

    @contextlib.contextmanager
    def opened(self) -> Iterator["FakeMailbox"]:
        self.opens += 1
        if self.error is not None:
            raise MailboxError(self.error)
        yield self

    def fresh(self, most: int) -> Iterator["FakeMessage"]:
        for raw in self.messages[:most]:
            yield FakeMessage(self, raw)


@dataclass
class FakeMessage:
    mailbox: FakeMailbox
    raw: bytes

    def settle(self, *, understood: bool) -> None:
        self.mailbox.messages.remove(self.raw)
        self.mailbox.settled.append((self.raw, understood))
