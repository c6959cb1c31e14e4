"""The timers of one partition: its wheels and its clock. Pure."""

from dataclasses import dataclass, field

from binlog_watcher.core.events import CartKey
from binlog_watcher.core.source import PartitionClock
from binlog_watcher.core.timer_wheel import TimerWheel


@dataclass(slots=True)
class Partition:
    """The wheels and the clock of one partition.

    ``woken``: timers of carts that no timer ran for, until they were changed without a new row or in a crowd. A
    statement over the whole table wakes a shop's whole past, so these wait until nothing in ``wheel`` is due.

    While hydration runs, ``previous`` holds what the old wheel still has, and the wheels before it when hydrations
    broke off half-way. A key that is read moves out of there: merging or dropping a million timers at once would
    hold the event loop up.
    """

    wheel: TimerWheel
    woken: TimerWheel
    clock: PartitionClock = field(default_factory=PartitionClock)
    previous: list[TimerWheel] = field(default_factory=list)
    open: bool = True
    hydrated: bool = False

    @property
    def wheels(self) -> tuple[TimerWheel, ...]:
        """All that may have a key's timer, the one that goes first in front."""
        return (self.wheel, self.woken, *self.previous)

    def up_to_date(self, now_us: int) -> bool:
        """Whether the history of its carts is known up to now."""
        return self.open and self.hydrated and self.clock.goes_with(now_us)

    def arm(self, key: CartKey, due_us: int) -> None:
        """Set the key's timer among those that go first."""
        self.woken.cancel(key)
        self.wheel.arm(key, due_us)

    def due_of(self, key: CartKey) -> int | None:
        """When the key is due. A timer that hydration has not come to yet still counts."""
        for wheel in self.wheels:
            due_us = wheel.due_of(key)
            if due_us is not None:
                return due_us
        return None

    def cancel(self, key: CartKey) -> None:
        """Drop the key's timer, the one from before a reset as well."""
        for wheel in self.wheels:
            wheel.cancel(key)
