"""What becomes of a cart if nothing happens to it any more: ``decide`` asked again whenever it would be. Pure."""

from dataclasses import dataclass

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Decision, Policy, Wait, decide
from binlog_watcher.core.log_status import Reason

ENDS_BY_ITSELF = frozenset({Reason.ACTIVITY, Reason.COOLDOWN, Reason.RETRY})
"""What time alone ends. The others end when somebody does something: the shop, another instance."""

_MOST_LOOKS = 8
"""A cart has at most one wait of each kind."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is decided at a moment, in epoch microseconds of MySQL's clock."""

    at_us: int
    decision: Decision


def outlook(cart: Cart, known_activity_us: int | None, now_us: int, policy: Policy) -> list[Look]:
    """The decision now, and those that follow while it is to wait; the last one is what the cart comes to.

    That is a Wait where nobody can tell its end: see ``ENDS_BY_ITSELF``.
    """
    looks: list[Look] = []
    at_us = now_us
    while len(looks) < _MOST_LOOKS:
        decision = decide(cart, known_activity_us, at_us, policy)
        looks.append(Look(at_us, decision))
        if not isinstance(decision, Wait) or decision.reason not in ENDS_BY_ITSELF:
            break
        at_us = decision.until_us
    return looks
