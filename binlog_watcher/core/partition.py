"""The timers of one partition: its wheel and its clock. Pure."""

from dataclasses import dataclass, field

from binlog_watcher.core.events import CartKey
from binlog_watcher.core.source import PartitionClock
from binlog_watcher.core.timer_wheel import TimerWheel


@dataclass(slots=True)
class Partition:
    """The wheel and the clock of one partition.

    While hydration runs, ``previous`` holds what the old wheel still has, and the wheels before it when hydrations
    broke off half-way. A key that is read moves out of there: merging or dropping a million timers at once would
    hold the event loop up.
    """

    wheel: TimerWheel
    clock: PartitionClock = field(default_factory=PartitionClock)
    previous: list[TimerWheel] = field(default_factory=list)
    open: bool = True
    hydrated: bool = False

    def due_of(self, key: CartKey) -> int | None:
        """When the key is due. A timer that hydration has not come to yet still counts."""
        for wheel in (self.wheel, *self.previous):
            due_us = wheel.due_of(key)
            if due_us is not None:
                return due_us
        return None

    def cancel(self, key: CartKey) -> None:
        """Drop the key's timer, the one from before a reset as well."""
        for wheel in (self.wheel, *self.previous):
            wheel.cancel(key)
