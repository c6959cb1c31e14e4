"""MAX_EMAILS_PER_MINUTE as a token bucket. Pure: the time is an argument."""

TOKEN = 60_000_000
"""What a token costs, where each microsecond earns as much as there are tokens a minute: all numbers are whole.

Whoever waits for the same token is told the same microsecond, whenever they ask: they meet there, and the dearest
cart among them goes first. Told different ones, those that have waited longest would come a little after the others
each time, and find no token.
"""

LATE_US = 100_000
"""How late a token may be fetched before the next one is late with it: timers have ticks, and statements take time."""


APART_US = 1_000_000
"""How far the clocks of instances that share a bucket may be apart: one behind another's earns nothing twice by that.

A clock that is further behind was set back, and the bucket goes on from there.
"""


class TokenBucket:
    """``per_minute`` tokens a minute, at most a second's worth (and at least one) saved up; None: no limit.

    ``burst``: how many are saved up instead.
    """

    def __init__(self, per_minute: int | None, now_us: int, *, burst: int | None = None) -> None:
        self._per_minute = per_minute
        rate = per_minute or 0
        self._credit = max(TOKEN, 1_000_000 * rate) if burst is None else burst * TOKEN
        # One microsecond more: the moment of a token is rounded up to a whole one.
        self._most = max(self._credit, TOKEN + (LATE_US + 1) * rate)
        self._filled_us = now_us

    def take(self, wanted: int, now_us: int) -> int:
        """Take up to ``wanted`` tokens; how many there were."""
        if self._per_minute is None:
            return wanted
        if now_us > self._filled_us or now_us < self._filled_us - APART_US:
            earned = max(0, now_us - self._filled_us) * self._per_minute
            self._credit = min(self._most, self._credit + earned)
            self._filled_us = now_us
        granted = min(wanted, self._credit // TOKEN)
        self._credit -= granted * TOKEN
        return granted

    @property
    def state(self) -> tuple[int, int]:
        """What another instance goes on from: the credit, and when it was counted."""
        return self._credit, self._filled_us

    def resume(self, credit: int, filled_us: int) -> None:
        """Go on from what another instance left."""
        self._credit, self._filled_us = min(self._most, credit), filled_us

    @property
    def is_limit(self) -> bool:
        """Whether there is one."""
        return self._per_minute is not None

    def give_back(self, tokens: int) -> None:
        """Return tokens that were not needed after all."""
        self._credit = min(self._most, self._credit + tokens * TOKEN)

    def wait_us(self, position: int) -> int:
        """How long until the ``position``-th (from 0) token from now is there, in microseconds."""
        if self._per_minute is None:
            return 0
        missing = (position + 1) * TOKEN - self._credit
        return max(0, -(-missing // self._per_minute))
