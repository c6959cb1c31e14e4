"""Rows of the log that no recovery takes up again by itself, and what a human can do about each. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.transitions import PUT_BACK

IMPORTED = "imported"
"""Reason of rows that another tool wrote into the log before Cartwake."""

RESTORABLE = PUT_BACK.of_anybody
"""States that `cartwake retry` puts back."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row. Times in epoch microseconds; the total in ``currency``.

    ``logged_us``: when the cart was first claimed; ``mailed_us``: when its mail was handed over, if it may have been.
    ``newer_id``: a row of a later episode of this cart; ``owner_lives``: the instance that had it last still runs;
    ``ours``: False for a row of another shop.
    """

    id: int
    cart_key: str
    user_id: int | None
    status: str
    reason: str | None
    total: Decimal | None
    currency: str | None
    attempts: int
    error: str | None
    message_id: str | None
    logged_us: int | None
    mailed_us: int | None
    activity_us: int | None
    newer_id: int | None
    owner_lives: bool
    ours: bool = True


def why_not(row: DeadLetter, oldest_us: int) -> str | None:
    """Why this row can't be put back; None if it can. Carts of before ``oldest_us`` are too old to be mailed."""
    if row.status not in RESTORABLE:
        said = f"{row.status} ({row.reason})" if row.reason else row.status
        return f"it is {said}, neither failed nor unknown"
    if row.reason == IMPORTED:
        return "another tool logged it, before Cartwake"
    if is_erased(row.cart_key):
        return "it was erased (docs/privacy.md)"
    if not row.ours:
        return "it belongs to another preset (SHOP_SCHEMA, SHOP_VARIABLES)"
    if row.newer_id is not None:
        return f"the cart was logged again since, as row {row.newer_id}"
    if row.activity_us is not None and row.activity_us < oldest_us:
        return "its cart is older than MAX_CART_AGE_HOURS"
    if row.reason == Reason.UNREPORTED and row.owner_lives:
        return "the instance that handed it over still runs and may yet tell; stop that instance first"
    return None


def advice(row: DeadLetter, oldest_us: int, *, max_attempts: int) -> str:
    """What to do about a row, in words."""
    hindrance = why_not(row, oldest_us)
    again = f"cartwake retry --id {row.id}"
    if hindrance is not None:
        return f"nothing: {hindrance}"
    if row.status == Status.UNKNOWN:
        # The log has no Message-ID yet where the process ended inside the first attempt.
        name = row.message_id or f"cartwake.{row.id}."
        return f"look for {name} in the mail server's log; if it never arrived there: {again}"
    if row.reason == Reason.BOUNCED:
        return f"correct the customer's address, lift its suppression (cartwake optout remove ADDRESS), then: {again}"
    if row.attempts >= max_attempts:
        return f"once the mail server takes mail again: {again}"
    if row.message_id is not None:  # the message was built: it was the server that would not have it
        return f"mend what the mail server objects to (the address, the sender), then: {again}"
    return f"mend what the error says, then: {again}"
