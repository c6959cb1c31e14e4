"""One partition while this instance has it: its records, how far they tell, and from where they would be read again.

What was read by the owner before is replayed first. Until then the partition's timers can't fire: its clock is told
only of marks that come when all is told again. Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from binlog_watcher.core.events import Event
from binlog_watcher.core.source import Progress
from binlog_watcher.kafka.envelope import Headers
from binlog_watcher.kafka.marks import BEHIND_US
from binlog_watcher.kafka.partition import PartitionReader, Place, Trouble
from binlog_watcher.kafka.positions import Commit, LookAgain, Positions


class Message(Protocol):
    """What a Kafka client hands over."""

    def offset(self) -> int | None:
        """Where it lies in its partition."""

    def value(self) -> bytes | None:
        """None: a tombstone."""

    def headers(self) -> Headers | None:
        """Name and value of each."""


class Holding:
    """``begin``: from where it is read, and up to where its last owner had read; ``end``: what is retained now.

    ``topic`` and ``number``: of the partition.
    """

    def __init__(
        self,
        topic: str,
        number: int,
        reader: PartitionReader,
        *,
        begin: Commit,
        end: int,
        threshold_us: int,
        now_us: int,
    ) -> None:
        self.name = f"{topic}[{number}]"
        self.topic = topic
        self.number = number
        self.committed: Commit | None = None
        self._reader = reader
        self._positions = Positions(begin.position, threshold_us)
        self._look_again: LookAgain | None = LookAgain(begin.read_until)
        self._until = begin.read_until
        self._end = max(end, begin.position)
        self._next = begin.position
        self._heard_us = now_us
        self._mark_us: int | None = None
        self.hydrated = False

    @property
    def next(self) -> int:
        """The offset behind what was taken."""
        return self._next

    @property
    def mark_us(self) -> int | None:
        """Up to when the shop's history is known."""
        return self._mark_us

    def take(self, messages: Iterable[Message], now_us: int) -> list[Event]:
        """Take records in their order; the events of the transactions that are complete by that."""
        reader, positions = self._reader, self._positions
        take_plain, took = reader.take_plain, positions.took
        told: list[Event] = []
        for message in messages:
            offset = message.offset()
            if offset is None or offset < self._next:  # told before
                continue
            value = message.value()
            if not take_plain(value, message.headers):
                reader.take(Place(self.topic, self.number, offset), value, message.headers())
            took(offset, reader.committed_us)
            if self._look_again is not None and offset >= self._until:
                told += self._events()
            self._next = offset + 1
        told += self._events()
        if reader.mark_us != self._mark_us:
            self._mark_us, self._heard_us = reader.mark_us, now_us
        return told

    def flush(self) -> list[Event]:
        """No more records are there for now; the events of the last transaction."""
        self._reader.flush()
        return self._events() if self._reader.events else []

    def becomes_hydrated(self) -> bool:
        """Whether just now all was told that was there when the partition was assigned."""
        if self.hydrated or self._next < self._end:
            return False
        self.hydrated = True
        return True

    def troubles(self) -> Sequence[Trouble]:
        """What the records did not tell, since the last time."""
        found, self._reader.troubles = self._reader.troubles, []
        return found

    def progress(self, now_us: int) -> Progress:
        """What the partition's clock goes by."""
        known_us = self._mark_us if self.hydrated else None
        lag_us = 0 if known_us is None else max(0, self._heard_us - known_us)
        return Progress(str(self._next), known_us, False, lag_us, min(self._heard_us, now_us), BEHIND_US)

    def needed(self, next_due_us: int | None) -> Commit:
        """What to commit; see ``Positions``. All that was taken must have been told."""
        return self._positions.needed(next_due_us)

    def _events(self) -> list[Event]:
        """Told by the record before this one, or earlier: a transaction ends where the next begins."""
        events, self._reader.events = self._reader.events, []
        if self._look_again is None:
            return events
        found = self._look_again.at(events, self._next - 1)
        if self._next > self._until:
            self._look_again = None
        return found
