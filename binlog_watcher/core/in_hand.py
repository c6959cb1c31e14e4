"""Carts in hand: their timers fired, and their recoveries are not over. Pure."""

from dataclasses import dataclass

from binlog_watcher.core.events import CartKey


@dataclass(slots=True)
class _Hand:
    """``touched``: there was activity, or an order, since the cart was taken."""

    partition: str
    due_us: int
    touched: bool = False


class InHand:
    """By cart key. Times are epoch microseconds."""

    def __init__(self) -> None:
        self._hands: dict[CartKey, _Hand] = {}

    def __len__(self) -> int:
        return len(self._hands)

    def __contains__(self, key: CartKey) -> bool:
        return key in self._hands

    def take(self, key: CartKey, partition: str, due_us: int) -> None:
        """A cart is taken in hand, whose timer was due at ``due_us``."""
        self._hands[key] = _Hand(partition, due_us)

    def touch(self, key: CartKey) -> None:
        """There was activity, or an order; of what is not in hand that is no matter."""
        hand = self._hands.get(key)
        if hand is not None:
            hand.touched = True

    def touch_all(self, partition: str) -> None:
        """Nobody knows any more whether there was activity in the carts of a partition."""
        for hand in self._hands.values():
            hand.touched = hand.touched or hand.partition == partition

    def touched(self, key: CartKey) -> bool:
        """Whether there was activity or an order since the key was taken in hand."""
        hand = self._hands.get(key)
        return hand is None or hand.touched

    def finish(self, key: CartKey) -> None:
        """The key is in hand no more."""
        self._hands.pop(key, None)

    def earliest_due(self, partition: str) -> int | None:
        """When the earliest of a partition's carts in hand was due."""
        return min((one.due_us for one in self._hands.values() if one.partition == partition), default=None)
