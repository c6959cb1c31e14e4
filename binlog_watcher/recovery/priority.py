"""Who goes first when there are more carts than MAX_EMAILS_PER_MINUTE allows. Pure."""

from collections.abc import Sequence

from binlog_watcher.core.events import CartKey
from binlog_watcher.recovery.stages import DecidedCart


def in_turn(decided: Sequence[DecidedCart], taken: int) -> list[DecidedCart]:
    """The order in which carts get what there is of MAX_EMAILS_PER_MINUTE, after ``taken`` that got theirs.

    The highest total first, but every fourth time the cart that is due longest, so that no cart starves.
    """
    by_total = sorted(decided, key=lambda one: one.cart.worth)
    by_age = sorted(decided, key=lambda one: one.send.due_us, reverse=True)
    order: list[DecidedCart] = []
    done = set[CartKey]()
    while len(order) < len(decided):
        line = by_age if (taken + len(order)) % 4 == 3 else by_total
        one = line.pop()
        if one.due.key not in done:
            done.add(one.due.key)
            order.append(one)
    return order
