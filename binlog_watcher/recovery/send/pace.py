"""How long hand-overs take just now. Pure."""

from collections import deque

UNKNOWN_US = 1_000_000
"""What a hand-over is taken to last before the first one."""

REMEMBERED = 32


class Pace:
    """Goes by the last hand-overs, whatever came of them."""

    def __init__(self) -> None:
        self._last = deque[int](maxlen=REMEMBERED)

    def took(self, duration_us: int) -> None:
        """One more hand-over took so long."""
        self._last.append(max(0, duration_us))

    @property
    def usual_us(self) -> int:
        """How long the next one may take: as long as the longest of the last ones."""
        return max(self._last, default=UNKNOWN_US)
