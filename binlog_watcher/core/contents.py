"""What is in carts that are documents, as the binlog told, until it is written down. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import CartKey


@dataclass(frozen=True, slots=True)
class Content:
    """``filled_us``: when something was last put into the cart, in epoch microseconds; ``digest``: of what is in it.

    None: as noted before.
    """

    filled_us: int | None = None
    digest: bytes | None = None


NOTHING_NEW = Content()


class Contents:
    """By cart key. What is written down is forgotten: there are as many open documents as a shop has visitors."""

    def __init__(self) -> None:
        self._unsaved: dict[CartKey, Content] = {}

    def filled_us(self, key: CartKey) -> int | None:
        """When something was last put into a cart, if that is not written down yet."""
        return self._unsaved.get(key, NOTHING_NEW).filled_us

    def changed(self, key: CartKey, filled_us: int | None, digest: bytes | None) -> bool:
        """Something was put in at ``filled_us`` (None: nothing), and now it holds ``digest``; whether that is new.

        Both None: the tables have it as it is written down. What was told since then was lost with its server.
        """
        if filled_us is None and digest is None:
            self._unsaved.pop(key, None)
            return False
        before = self._unsaved.get(key, NOTHING_NEW)
        self._unsaved[key] = Content(
            before.filled_us if filled_us is None else max(filled_us, before.filled_us or 0),
            before.digest if digest is None else digest,
        )
        return True

    def note(self, key: CartKey, activity_us: int | None, ordered_us: int | None) -> CartNote:
        """A note of a cart, with what is known of its content."""
        content = self._unsaved.get(key, NOTHING_NEW)
        return CartNote(key, activity_us, ordered_us, content.filled_us, content.digest)

    def saved(self, notes: Iterable[CartNote]) -> None:
        """These were written down, and are forgotten unless they changed meanwhile."""
        for note in notes:
            if self._unsaved.get(note.key) == Content(note.filled_us, note.digest):
                del self._unsaved[note.key]
