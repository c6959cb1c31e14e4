"""What a change of a row made of the cart that one of its columns holds.

Shops write such a document anew at each page view, and nine of ten times the cart in it is as it was. So the bytes of
the cart's part are compared first; only where they differ is what is in them read, and compared as the customer sees
it: products, variants, quantities, the address.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from binlog_watcher.binlog.decoding.row_image import Row
from binlog_watcher.binlog.decoding.values import ABSENT, Value
from binlog_watcher.binlog.meaning.asked import States, after
from binlog_watcher.binlog.meaning.effects import Effects, Watched
from binlog_watcher.core.events import Change
from binlog_watcher.shop.documents.content import Content, content_of
from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.documents.sameness import Parts, alone, is_same, refer

_REMEMBERED = 5_000
"""Carts whose content is kept: what changes was often seen a minute ago, and reading it twice costs as much again."""

_MOST_ITEMS = 200
"""Of a cart whose content is kept: what robots fill has thousands."""

_REPLACED = 8
"""Rows that a transaction has deleted, and may put in again: the last of them."""

_UNKNOWN = Content(b"", frozenset())
"""The images did not say; it has no digest."""


class DocumentRows:
    """The rows of one table of documents, as they were decoded: key, id, state, and last the document as it stands.

    ``codec``: what decodes the document's text; None: its bytes are as they were written. ``clock``: in nanoseconds,
    bounds the time that one may take; None: its size alone does.
    """

    def __init__(
        self,
        watched: Watched,
        document: DocumentColumn,
        codec: str | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._watched = watched
        self._plan = document.content
        self._sameness = document.sameness
        self._codec = codec
        self._clock = clock
        self._seen: OrderedDict[Value, tuple[int, Content | None]] = OrderedDict()
        self._deleted: OrderedDict[Value, Row] = OrderedDict()
        self._deleted_in: Effects | None = None

    def forget(self) -> None:
        """What was seen last may be told once more, or never have happened: a connection broke inside of it."""
        self._seen.clear()

    def inserted(self, rows: Iterable[Row], effects: Effects) -> int:
        """Rows were written; returns their number. So do ``deleted`` and ``updated``."""
        count = 0
        for row in rows:
            count += 1
            key, _, *states, document = row
            deleted = self._replaced(key, effects)
            if deleted is None:
                self._write(key, document, states, effects)
            else:
                effects.put_back(self._watched, key)
                self._change(deleted, row, effects)
        return count

    def deleted(self, rows: Iterable[Row], effects: Effects) -> int:
        """Rows were deleted."""
        count = 0
        for row in rows:
            count += 1
            key, _, *states, _ = row
            effects.deleted(self._watched, key, states)
            self._remember_deleted(key, row, effects)
        return count

    def updated(self, pairs: Iterable[tuple[Row, Row]], effects: Effects) -> int:
        """Rows were changed."""
        count = 0
        for before, now in pairs:
            count += 1
            self._change(before, now, effects)
        return count

    def _remember_deleted(self, key: Value, row: Row, effects: Effects) -> None:
        self._seen.pop(key, None)
        if self._deleted_in is not effects:
            self._deleted_in = effects
            self._deleted.clear()
        self._deleted[key] = row
        if len(self._deleted) > _REPLACED:
            self._deleted.popitem(last=False)

    def _replaced(self, key: Value, effects: Effects) -> Row | None:
        """The row of the cart that this transaction has just deleted, if it has: REPLACE is told so."""
        return self._deleted.pop(key, None) if self._deleted_in is effects else None

    def _change(self, before: Row, now: Row, effects: Effects) -> None:
        old_key, _, *old_states, old = before
        new_key, _, *new_states, new = now
        key = old_key if new_key is ABSENT else new_key
        states = list(after(old_states, new_states))
        if old_key is not ABSENT and key != old_key:
            effects.deleted(self._watched, old_key, old_states)
            document = old if new is ABSENT else new
            if document is ABSENT:
                self._renamed(old_key, key, states, effects)
            else:
                self._write(key, document, states, effects)
        elif new is ABSENT or old == new:
            self._touched(key, old_states, states, effects)
        else:
            old_parts, parts = self._parts(old), self._parts(new)
            if old_parts is not None and parts is not None and is_same(old_parts, parts):
                self._touched(key, old_states, states, effects)
                return
            was = self._before(key, old, old_parts)
            self._put(key, was, self._read(key, new, parts), old_states, states, effects)

    def _write(self, key: Value, document: Value, states: States, effects: Effects) -> None:
        """A row is there that was not."""
        now = self._read(key, document, self._parts(document))
        self._put(key, None, now, states, states, effects)

    def _renamed(self, old_key: Value, key: Value, states: States, effects: Effects) -> None:
        """A cart has another key, and the images don't say what it holds: what it held, as far as that was seen."""
        seen = self._seen.pop(old_key, None)
        if seen is not None:
            self._seen[key] = seen
        self._put(key, None, _UNKNOWN if seen is None else seen[1], states, states, effects)

    def _touched(self, key: Value, old_states: States, states: States, effects: Effects) -> None:
        """A row's document is as it was."""
        if states != old_states:  # it may be a cart now, or none any more
            effects.updated(self._watched, key, key, old_states, states)

    def _put(
        self,
        key: Value,
        was: Content | None,
        now: Content | None,
        old_states: States,
        states: States,
        effects: Effects,
    ) -> None:
        """A cart's content was ``was`` and is ``now``; rows that a filter leaves out hold none."""
        watched = self._watched
        was = None if watched.is_no_row(old_states) else was
        now = None if watched.is_no_row(states) else now
        counted, counts = watched.asked.counts(old_states), watched.asked.counts(states)
        change = _change_of(was, now)
        if counted != counts and (change is None or counts is False):
            change = Change.UPDATE  # it is a cart now, or none any more
        if change is not None:
            effects.refilled(
                watched,
                key,
                change,
                None if now is None else now.digest or None,
                was=counted,
                counts=counts,
            )

    def _before(self, key: Value, old: Value, parts: Parts | None) -> Content | None:
        """What a cart held. What was seen last counts only where the row held that: it may have been rolled back."""
        seen = self._seen.get(key)
        if seen is not None and (old is ABSENT or seen[0] == _mark(old, parts)):
            return seen[1]
        return _UNKNOWN if old is ABSENT else self._content(old, parts)

    def _read(self, key: Value, document: Value, parts: Parts | None) -> Content | None:
        """What a cart holds now."""
        content = self._content(document, parts)
        self._seen.pop(key, None)
        if content is None or len(content.items) <= _MOST_ITEMS:
            self._seen[key] = _mark(document, parts), content
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return content

    def _parts(self, document: Value) -> Parts | None:
        """The parts of the document that tell what is in the cart; None: there is no document."""
        return self._sameness.parts(self._in_utf8(document)) if isinstance(document, bytes) else None

    def _content(self, document: Value, parts: Parts | None) -> Content | None:
        if not isinstance(document, bytes):
            return None
        return content_of(self._plan, self._in_utf8(document), self._clock, alone(parts))

    def _in_utf8(self, document: bytes) -> bytes:
        """As the shop's connection wrote it."""
        return document if self._codec is None else document.decode(self._codec, "replace").encode()


def _mark(document: Value, parts: Parts | None) -> int:
    """By which a document's parts are known again; good for this process."""
    if parts is None or refer(parts):
        return hash(document)
    return hash(frozenset(parts.items()))


def _change_of(was: Content | None, now: Content | None) -> Change | None:
    """What happened to a cart: something was put in, or another change, or it was emptied; None: nothing."""
    if was is _UNKNOWN:
        return Change.DELETE if now is None else Change.UPDATE
    if now is None:
        return None if was is None else Change.DELETE
    if was is None or now.items - was.items:
        return Change.INSERT
    return None if now.digest == was.digest else Change.UPDATE
