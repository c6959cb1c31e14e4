"""MySQL's clock on this machine: the one time that decides anything (docs/design-activity.md, *Time*)."""

import time
from collections.abc import Callable


class ServerClock:
    """Epoch microseconds of MySQL's clock, from a local counter that no clock change can move.

    The counter is CLOCK_BOOTTIME, which goes on while the machine sleeps. ``refresh`` measures the offset; until
    then the local clock is taken.
    """

    def __init__(self) -> None:
        self._offset_us = time.time_ns() // 1000 - counter_us()

    def now_us(self) -> int:
        """MySQL's time now."""
        return counter_us() + self._offset_us

    def elapsed_us(self) -> int:
        """The counter itself, for ages and pauses: MySQL's clock may be set while they last."""
        return counter_us()

    def refresh(self, read_server_us: Callable[[], int], *, samples: int = 3) -> int:
        """Measure the offset: of a few readings the one with the shortest round trip counts.

        The answer is how far the clock was moved, in microseconds.
        """
        best: tuple[int, int] | None = None
        for _ in range(samples):
            before = counter_us()
            server_us = read_server_us()
            after = counter_us()
            offset = server_us - (before + after) // 2
            if best is None or after - before < best[0]:
                best = (after - before, offset)
        if best is None:
            return 0
        moved = best[1] - self._offset_us
        self._offset_us = best[1]
        return moved


def wall_s() -> float:
    """Epoch seconds of the local clock: for what other machines compare with theirs."""
    return time.time()


def counter_us() -> int:
    """Microseconds of a local counter that goes on while this process is stopped or the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
