"""How often we may ask: a token bucket; time is an argument."""

from recommender.errors import RecommenderError


class TokenBucket:
    """``per_minute`` tokens a minute, evenly; at most ``burst`` in hand (all at the start).

    Default burst: a tenth of a minute's worth. The provider counts requests per minute, so burst and refill together
    stay near the limit; what it refuses all the same (429) becomes a template text.
    """

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        if not per_minute > 0:
            raise RecommenderError(f"requests per minute is {per_minute}, it must be above 0")
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute / 10 if burst is None else burst)
        self._tokens = self._burst
        self._seen: float | None = None
        self._held_until = float("-inf")

    def take(self, now_s: float) -> float:
        """Take a token that will be ours in the returned number of seconds (0: at once)."""
        self._fill(now_s)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._per_second, self._held_until - now_s)

    def wait_s(self, now_s: float) -> float:
        """How long ``take`` would have to wait, without taking."""
        self._fill(now_s)
        return max(0.0, (1 - self._tokens) / self._per_second, self._held_until - now_s)

    def hold_until(self, moment_s: float) -> None:
        """No token before ``moment_s``: the provider has said so."""
        self._held_until = max(self._held_until, moment_s)

    def _fill(self, now_s: float) -> None:
        if self._seen is not None:
            self._tokens = min(self._burst, self._tokens + max(0.0, now_s - self._seen) * self._per_second)
        self._seen = now_s
