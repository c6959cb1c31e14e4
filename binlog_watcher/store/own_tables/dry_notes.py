"""The notes of a run that writes nothing: kept in memory, on top of those that the table has from runs that did."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import structlog

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.events import CartKey
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.cart_notes import NOTES_PAGE_SIZE, CartNotes

log = structlog.get_logger(__name__)

MOST_NOTES = 200_000
"""Carts that are remembered, which take some 80 MB; of more the oldest are forgotten."""


class DryNotes(CartNotes):
    """``now_us``: MySQL's clock; ``most``: how many carts are remembered. The rest as in ``CartNotes``."""

    def __init__(
        self,
        database: Database,
        shop: str,
        *,
        now_us: Callable[[], int],
        present: bool,
        form: str | None = None,
        erased: ErasedKeys | None = None,
        most: int = MOST_NOTES,
    ) -> None:
        super().__init__(database, shop, present=present, form=form, erased=erased)
        self._now_us = now_us
        self._most = most
        self._notes: dict[str, tuple[CartNote, int]] = {}  # and when it was noted; the oldest first
        self._written_us: int | None = None
        self._tell_of_all = False
        self._told = False

    @property
    def present(self) -> bool:
        """Whether what has no note is known to be old."""
        return self._tell_of_all or super().present

    def write(self, notes: Sequence[CartNote]) -> None:
        """Remember these."""
        now_us, known = self._now_us(), self.read([note.key for note in notes])
        for note in notes:
            self._notes.pop(_text(note.key), None)
            self._notes[_text(note.key)] = (_over(known.get(note.key), note), now_us)
        if notes:
            self._written_us = now_us
        if len(self._notes) > self._most and not self._told:
            log.warning("notes.full", carts=self._most, hint="a dry run forgets what it knows of the oldest")
            self._told = True
        while len(self._notes) > self._most:
            del self._notes[next(iter(self._notes))]

    def read(self, keys: Sequence[CartKey]) -> dict[CartKey, CartNote]:
        """What is noted of these carts, here or in the table."""
        found = super().read(keys)
        for key in keys:
            note, _ = self._notes.get(_text(key), (None, 0))
            if note is not None:
                found[key] = replace(note, key=key)
        return found

    def active_between(self, after_us: int, until_us: int) -> Iterator[list[str]]:
        """Pages of the carts, as text, whose last activity lies in ``(after, until]``."""
        active = ((text, note.activity_us) for text, (note, _) in self._notes.items())
        here = [text for text, at_us in active if at_us is not None and after_us < at_us <= until_us]
        for start in range(0, len(here), NOTES_PAGE_SIZE):
            yield here[start : start + NOTES_PAGE_SIZE]
        for page in super().active_between(after_us, until_us):
            yield [text for text in page if text not in self._notes]

    def tell_of_all(self) -> bool:
        """See ``CartNotes``."""
        return self._tell_of_all or super().tell_of_all()

    def last_written_us(self) -> int | None:
        """See ``CartNotes``."""
        return super().last_written_us() if self._written_us is None else self._written_us

    def all_written(self) -> None:
        """All documents that there are have a note now."""
        self._tell_of_all = True

    def purge(self, before_us: int) -> int:
        """Forget what was noted before a moment, but for documents: they may stand."""
        old = [
            text for text, (note, at_us) in self._notes.items() if at_us < before_us and note.digest is None
        ]
        for text in old:
            del self._notes[text]
        return len(old)


def _text(key: CartKey) -> str:
    """A key as our tables compare it."""
    return str(key).rstrip(" ")


def _over(before: CartNote | None, note: CartNote) -> CartNote:
    """What the table would have, once the note was written over the one before."""
    before = before or CartNote(note.key)
    active = [us for us in (before.activity_us, note.activity_us) if us is not None]
    unseen_us = None if note.digest is None else note.activity_us
    filled = (us for us in (note.filled_us, before.filled_us, unseen_us) if us is not None)
    return CartNote(
        note.key,
        max(active, default=None),
        note.ordered_us,
        next(filled, None),
        before.digest if note.digest is None else note.digest,
    )
