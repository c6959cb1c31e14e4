"""MAX_EMAILS_PER_MINUTE as a token bucket. Pure: the time is an argument."""


class TokenBucket:
    """``per_minute`` tokens a minute, at most a second's worth (and at least one) saved up; None: no limit."""

    def __init__(self, per_minute: int | None, now_us: int) -> None:
        self._interval_us = None if per_minute is None else 60_000_000 / per_minute
        self._burst = 1.0 if per_minute is None else max(1.0, per_minute / 60)
        self._tokens = self._burst
        self._filled_us = now_us

    def take(self, wanted: int, now_us: int) -> int:
        """Take up to ``wanted`` tokens; how many there were."""
        if self._interval_us is None:
            return wanted
        self._tokens = min(self._burst, self._tokens + max(0, now_us - self._filled_us) / self._interval_us)
        self._filled_us = now_us
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted

    def give_back(self, tokens: int) -> None:
        """Return tokens that were not needed after all."""
        self._tokens = min(self._burst, self._tokens + tokens)

    def wait_us(self, position: int) -> int:
        """How long until the ``position``-th (from 0) token from now is there, in microseconds."""
        if self._interval_us is None:
            return 0
        return int(max(0.0, position + 1 - self._tokens) * self._interval_us) + 1
