"""Remembers which carts lack their products or their customer's row, and since when: the shop may be importing."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.events import CartKey

MOST_REMEMBERED = 100_000
"""Carts; of more the one that was noted first is forgotten, and would wait anew."""


@dataclass(frozen=True, slots=True)
class _Absence:
    since_us: int
    products: frozenset[int | str]


class Absences:
    """What each cart lacked when it was last read. Any thread.

    Kept in memory: after a restart a cart waits anew, which makes nothing wrong.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[CartKey, _Absence] = {}

    def note(self, cart: Cart, now_us: int) -> Cart:
        """The cart, which was read at ``now_us``, with the moment since when it lacks what it lacks."""
        with self._lock:
            if not (cart.missing or cart.lacks_customer):
                self._known.pop(cart.key, None)
                return cart
            known = self._known.get(cart.key)
            since_us = known.since_us if known else now_us
            self._known[cart.key] = _Absence(since_us, cart.missing)
            if len(self._known) > MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
        return replace(cart, lacking_since_us=since_us)

    def waiting_for(self, products: Collection[int | str]) -> list[CartKey]:
        """The carts that lack one of these products."""
        wanted = {str(product) for product in products}
        with self._lock:
            return [
                key
                for key, absence in self._known.items()
                if any(str(product) in wanted for product in absence.products)
            ]
