"""What can go wrong here, typed by what the caller does next."""


class RecommenderError(Exception):
    """Asked for something impossible (a count, threshold or product out of range): mend the call or the data.

    The message is one line that says what is wrong and what is allowed.
    """


class WriterError(Exception):
    """No usable text came from a writer: take the next one.

    ``reason`` is one line for the log; it never holds an API key or the model's answer.
    ``outage``: the service itself failed (network, quota, key), so asking again at once is of no use. False when
    it answered and only this answer was unusable, or when we did not ask because of our own rate limit.
    ``kind``: one of ``KINDS``, for a metric.
    """

    def __init__(self, reason: str, *, kind: str = "unexpected", outage: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.outage = outage


KINDS = (
    "key", "model", "quota", "server", "status", "timeout", "unreachable", "garbled",  # the service fails
    "blocked", "cut_off", "empty", "refused",  # it answered, and not with a text that may be sent
    "rate_limit", "left_alone", "language",  # it was not asked
    "unexpected",
)  # fmt: skip
"""Why there is no text: see docs/gemini.md."""
