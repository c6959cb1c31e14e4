"""From which record on a partition must be read again, so that its next owner arms the same timers. Pure.

A timer is due a threshold after the event that armed or moved it. So of all that are armed none needs a record that
was committed more than a threshold before the earliest is due; a cart that a cool-down or a retry holds back is due
later, and does not hold the position back.

But for one case: a deletion moves a timer, and arms none. Its timer lives on while what armed it lies before the
position. So with the position goes how far was read, and whoever begins there has the carts of deletions up to that
looked at (``LookAgain``); most are empty, which costs a statement. From there on it knows all timers itself.
"""

import re
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from binlog_watcher.core.events import CartChanged, Change, Event, OrderChanged

STEPS = 1000
"""Places that are remembered for each threshold's length: the position is that much earlier than it could be."""


class Commit(NamedTuple):
    """What is committed for a partition: from where to read, and up to where the owner had read. Both are offsets."""

    position: int
    read_until: int

    @property
    def metadata(self) -> str:
        """What Kafka keeps beside the position."""
        return f"read until {self.read_until}"

    @classmethod
    def parse(cls, position: int, metadata: str | None) -> "Commit":
        """As it was committed. Where somebody else did, nothing had been read."""
        found = re.fullmatch(r"read until (\d{1,19})", metadata or "")
        return cls(position, max(position, int(found[1])) if found else position)


class Positions:
    """The offsets of one partition by time. ``start``: the first that is read. Times are epoch microseconds."""

    def __init__(self, start: int, threshold_us: int) -> None:
        self._threshold_us = threshold_us
        self._step_us = max(threshold_us // STEPS, 1)
        self._places: deque[tuple[int, int]] = deque()  # offset, the latest commit before it
        self._position = self._next = start
        self._latest_us = 0

    def took(self, offset: int, committed_us: int | None) -> None:
        """The record at ``offset`` was read and applied. ``committed_us``: None where it has no such time."""
        places = self._places
        if not places or self._latest_us - places[-1][1] >= self._step_us:
            places.append((offset, self._latest_us))
        self._next = offset + 1
        if committed_us is not None and committed_us > self._latest_us:
            self._latest_us = committed_us

    def needed(self, next_due_us: int | None) -> Commit:
        """What to commit. ``next_due_us``: when the earliest is due of what is armed or in hand; None: nothing.

        The position never goes back.
        """
        if next_due_us is None or self._latest_us < next_due_us - self._threshold_us:
            self._position = self._next
            self._places.clear()
            return Commit(self._next, self._next)
        since_us = next_due_us - self._threshold_us
        places = self._places
        while len(places) > 1 and places[1][1] < since_us:
            places.popleft()
        if places and places[0][1] < since_us:
            self._position = max(self._position, places[0][0])
        return Commit(self._position, self._next)


class LookAgain:
    """Adds to deletions what has their carts looked at. ``until``: an offset, see ``Commit.read_until``."""

    def __init__(self, until: int) -> None:
        self._until = until

    def at(self, events: Iterable[Event], offset: int) -> list[Event]:
        """The events of a record, or of a transaction that begins at ``offset``, and what they need."""
        if offset >= self._until:
            return list(events)
        found: list[Event] = []
        for event in events:
            found.append(event)
            if isinstance(event, CartChanged) and event.change is Change.DELETE:
                # As if an order had been changed that still counts: arms what is not armed, and forgets no order.
                found.append(OrderChanged(event.key, event.at_us, counts=True))
        return found
