"""How often a mail is tried, and when again. Pure; times are epoch microseconds."""

from dataclasses import dataclass

from binlog_watcher.core.backoff import pause
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.stages import ClaimedCart
from binlog_watcher.store.own_tables.log_rows import Outcome

MAX_ATTEMPTS = 8
"""Attempts on temporary failures, about two hours in all at a first pause of a minute; then the row is ``failed``."""

LONGEST_PAUSE_FACTOR = 60
"""How often the first pause fits into the longest one between two attempts."""


@dataclass(frozen=True, slots=True)
class Retries:
    """The pauses between attempts: 1, 2, 4 … times the first one, at most 60 times."""

    first_us: int

    def next_us(self, attempt: int, now_us: int) -> int:
        """When to try again after the ``attempt``-th failure."""
        return now_us + pause(self.first_us, self.first_us * LONGEST_PAUSE_FACTOR, attempt)


def is_last(attempt: int) -> bool:
    """Whether a mail is given up when this attempt fails for now."""
    return attempt >= MAX_ATTEMPTS


def outcome_of(
    claimed: ClaimedCart,
    status: Status,
    at_us: int,
    *,
    reason: Reason | None = None,
    error: str | None = None,
    next_us: int | None = None,
    message_id: str | None = None,
) -> Outcome:
    """How an attempt on this cart ended at ``at_us``; ``next_us``: when its cart is looked at again, if at all."""
    customer = claimed.cart.customer
    return Outcome(
        log_id=claimed.log_id,
        status=status,
        reason=reason,
        error=error,
        at_us=at_us,
        next_attempt_us=next_us,
        address_hash=customer.address_hash if customer else None,
        message_id=message_id,
    )
