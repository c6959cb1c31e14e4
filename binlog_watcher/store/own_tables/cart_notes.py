"""What the binlog told of carts and no table of the shop tells. See docs/design-activity.md, *Activity*."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from binlog_watcher.core.batches import in_batches
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.erased_keys import MARK, ErasedKeys
from binlog_watcher.core.events import CartKey
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables.log_rows import by_logged_key
from binlog_watcher.store.own_tables.log_upgrade import KEY_LENGTH
from binlog_watcher.store.own_tables.statement import Statement, rows_as_table
from binlog_watcher.store.own_tables.tables import CART, META
from binlog_watcher.store.times import UTC_COLUMN, utc_naive

NOTES_BATCH_SIZE = 500
"""Carts that one statement writes."""

NOTES_PAGE_SIZE = 5_000
"""Notes that one statement reads."""

PURGE_BATCH_SIZE = 1_000
"""Rows that one statement deletes."""

_FORM = "documents.{}"
"""The fact of the meta table by which form all documents of a shop were noted."""

# --- statements -----------------------------------------------------------------------------------------------------


def write(shop: str, notes: Sequence[CartNote]) -> Statement:
    """Note what there is of these carts: the latest activity, and the order after it, if any.

    A document that nobody saw being filled counts as filled at its first note: later changes are no new episodes.
    """
    rows = [
        (
            str(note.key), _moment(note.activity_us), _moment(note.ordered_us), _moment(note.filled_us),
            None if note.digest is None else note.digest.hex(),
        )
        for note in notes
    ]  # fmt: skip
    table, parameters = rows_as_table(("cart_key", "active", "ordered", "filled", "digest"), rows)
    active, ordered, filled = (f"CAST(v.{name} AS DATETIME(6))" for name in ("active", "ordered", "filled"))
    unseen = f"IF(v.digest IS NULL, NULL, {active})"
    return Statement(
        f"INSERT INTO {CART} (shop, cart_key, active_at, ordered_at, filled_at, digest, noted_at) "
        f"SELECT %s, v.cart_key, {active}, {ordered}, COALESCE({filled}, {unseen}), UNHEX(v.digest), "
        f"UTC_TIMESTAMP(6) FROM {table} v "
        "ON DUPLICATE KEY UPDATE "
        f"active_at = GREATEST(COALESCE({CART}.active_at, {active}), COALESCE({active}, {CART}.active_at)), "
        f"ordered_at = {ordered}, filled_at = COALESCE({filled}, {CART}.filled_at, {unseen}), "
        f"digest = COALESCE(UNHEX(v.digest), {CART}.digest), noted_at = UTC_TIMESTAMP(6)",
        [shop, *parameters],
    )


def revive(shop: str, names: Mapping[str, str]) -> Statement:
    """Erased carts that are used again have their keys again; ``names``: that of each key."""
    table, parameters = rows_as_table(("cart_key", "name"), list(names.items()))
    return Statement(
        f"UPDATE IGNORE {table} v STRAIGHT_JOIN {CART} n ON n.shop = %s AND n.cart_key = v.name COLLATE utf8mb4_bin "
        "SET n.cart_key = v.cart_key",
        [*parameters, shop],
    )


def take_back_orders(shop: str, keys: Sequence[CartKey]) -> Statement:
    """No order followed these carts' last activity after all."""
    return Statement(
        f"UPDATE {CART} SET ordered_at = NULL WHERE shop = %s AND cart_key IN %s AND ordered_at IS NOT NULL",
        (shop, tuple(map(str, keys))),
    )


def read(shop: str, keys: Iterable[CartKey]) -> Statement:
    """Cart, activity, order after it, when it was filled, digest: of those of these carts that there is a note of."""
    return Statement(
        f"SELECT cart_key, active_at, ordered_at, filled_at, digest FROM {CART} WHERE shop = %s AND cart_key IN %s",
        (shop, tuple(map(str, keys))),
    )


def form_noted(shop: str) -> Statement:
    """The form by which all documents of a shop were noted, if they were."""
    return Statement(f"SELECT value FROM {META} WHERE name = %s", (_FORM.format(shop),))


def last_note(shop: str) -> Statement:
    """When the last note of a shop was written."""
    return Statement(f"SELECT MAX(noted_at) FROM {CART} WHERE shop = %s", (shop,))


def note_form(shop: str, form: str) -> Statement:
    """All documents of a shop are noted by a form."""
    return Statement(
        f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = %s",
        (_FORM.format(shop), form, form),
    )


def forms_of_others(shop: str) -> Statement:
    """The facts of the meta table that say that all documents of other shops were noted."""
    return Statement(
        f"SELECT name FROM {META} WHERE name LIKE %s AND name <> %s AND value <> ''",
        (_FORM.format("%"), _FORM.format(shop)),
    )


def active_between(shop: str, after_us: int, until_us: int, last: str, page: int) -> Statement:
    """The carts behind ``last`` whose last activity lies in a span, in the order of their keys; not erased ones."""
    return Statement(
        # What is noted is noted after it happened; an index leads to noted_at.
        f"SELECT cart_key FROM {CART} WHERE shop = %s AND noted_at > %s AND active_at > %s AND active_at <= %s "
        "AND cart_key > %s AND cart_key NOT LIKE %s ORDER BY cart_key LIMIT %s",
        (shop, utc_naive(after_us), utc_naive(after_us), utc_naive(until_us), last, MARK + "%", page),
    )


def purge(before_us: int) -> Statement:
    """Delete notes that were written before a moment, some at a time; those of documents are asked about first."""
    return Statement(
        f"DELETE FROM {CART} WHERE noted_at < %s AND digest IS NULL LIMIT {PURGE_BATCH_SIZE}",
        (utc_naive(before_us),),
    )


def old_documents(shop: str, before_us: int) -> Statement:
    """Some of the carts with a note of their document that was written before a moment.

    Of an erased one nobody can tell whether it stands: its note is kept.
    """
    return Statement(
        f"SELECT cart_key FROM {CART} WHERE shop = %s AND noted_at < %s AND digest IS NOT NULL "
        f"AND cart_key NOT LIKE %s LIMIT {PURGE_BATCH_SIZE}",
        (shop, utc_naive(before_us), MARK + "%"),
    )


def renew(shop: str, keys: Sequence[CartKey]) -> Statement:
    """These notes hold as if they were written now."""
    return Statement(
        f"UPDATE {CART} SET noted_at = UTC_TIMESTAMP(6) WHERE shop = %s AND cart_key IN %s",
        (shop, tuple(map(str, keys))),
    )


def forget(shop: str, keys: Sequence[CartKey], before_us: int) -> Statement:
    """Delete the notes of these carts, but for those that were written since a moment."""
    return Statement(
        f"DELETE FROM {CART} WHERE shop = %s AND cart_key IN %s AND noted_at < %s",
        (shop, tuple(map(str, keys)), utc_naive(before_us)),
    )


def forget_shop(shop: str) -> Statement:
    """Delete some of a shop's notes."""
    return Statement(f"DELETE FROM {CART} WHERE shop = %s LIMIT {PURGE_BATCH_SIZE}", (shop,))


# --- what is done with them -----------------------------------------------------------------------------------------


class CartNotes:
    """The notes of one shop. Every method blocks, and raises DatabaseUnavailableError.

    ``present``: False where the table is not there yet, before the first run that writes. ``form``: by
    what digests of documents are made (None: carts are none). ``standing``: which of some carts, as text, still have a
    document. ``erased``: by what names erased documents have their notes.
    """

    def __init__(
        self,
        database: Database,
        shop: str,
        *,
        present: bool = True,
        form: str | None = None,
        standing: Callable[[Sequence[str]], Collection[str]] = lambda _keys: (),
        erased: ErasedKeys | None = None,
    ) -> None:
        self._database = database
        self._erased = None if form is None else erased  # notes of others are deleted when they are erased
        self._shop = shop
        self._form = form
        self._standing = standing
        self._present = present

    @property
    def present(self) -> bool:
        """Whether what has no note is known to be old: not before the first run that writes."""
        return self._present

    def write(self, notes: Sequence[CartNote]) -> None:
        """Write notes down, a batch a statement; not of carts whose key is too long for our tables: none is mailed."""
        notes = [note for note in notes if len(str(note.key)) <= KEY_LENGTH]
        told = [note for note in notes if not note.only_takes_back]
        taken_back = [note.key for note in notes if note.only_takes_back]
        with self._database.session() as session:
            for some in in_batches(told, NOTES_BATCH_SIZE):
                if self._erased is not None:
                    session.run(
                        *revive(self._shop, {str(note.key): self._erased(str(note.key)) for note in some})
                    )
                session.run(*write(self._shop, some))
            for keys in in_batches(taken_back, NOTES_BATCH_SIZE):
                session.run(*take_back_orders(self._shop, keys))

    def read(self, keys: Sequence[CartKey]) -> dict[CartKey, CartNote]:
        """What is noted of these carts."""
        if not self._present or not keys:
            return {}
        by_text = by_logged_key(keys, self._erased)
        with self._database.session() as session:
            rows = session.rows(*read(self._shop, keys if self._erased is None else by_text))
        return {
            key: CartNote(
                key,
                UTC_COLUMN.to_us(active_at),
                UTC_COLUMN.to_us(ordered_at),
                UTC_COLUMN.to_us(filled_at),
                None if digest is None else bytes(digest),
            )
            for text, active_at, ordered_at, filled_at, digest in rows
            for key in by_text[text.rstrip(" ")]
        }

    def active_between(self, after_us: int, until_us: int) -> Iterator[list[str]]:
        """Pages of the carts, as text, whose last activity lies in ``(after, until]``."""
        last = ""
        while self._present:
            with self._database.session() as session:
                asked = active_between(self._shop, after_us, until_us, last, NOTES_PAGE_SIZE)
                page = [str(key) for (key,) in session.rows(*asked)]
            yield page
            if len(page) < NOTES_PAGE_SIZE:
                return
            last = page[-1]

    def tell_of_all(self) -> bool:
        """Whether what has no note, or another digest, is new: not before all documents were noted by this form."""
        if self._form is None:
            return True
        if not self._present:
            return False
        with self._database.session() as session:
            return session.row(*form_noted(self._shop)) == (self._form,)

    def last_written_us(self) -> int | None:
        """When the last note was written, of documents: until then a service followed them. None: there is none."""
        if self._form is None or not self._present:
            return None
        with self._database.session() as session:
            row = session.row(*last_note(self._shop))
        return None if row is None else UTC_COLUMN.to_us(row[0])

    def all_written(self) -> None:
        """All documents that there are have a note now."""
        with self._database.session() as session:
            session.run(*note_form(self._shop, self._form or ""))

    def purge(self, before_us: int) -> int:
        """Delete what was written before a moment; how many carts' notes that were.

        A document that still stands keeps its note: without one it would pass for filled at the next start.
        """
        deleted = 0
        with self._database.session() as session:
            while keys := [str(key) for (key,) in session.rows(*old_documents(self._shop, before_us))]:
                standing = set(self._standing(keys))
                gone = [key for key in keys if key not in standing]
                if standing:
                    session.run(*renew(self._shop, list(standing)))
                deleted += session.run(*forget(self._shop, gone, before_us)) if gone else 0
            while some := session.run(*purge(before_us)):
                deleted += some
            return deleted + self._purge_others(session, before_us)

    def _purge_others(self, session: Session, before_us: int) -> int:
        """Delete the notes of shops, that is of other presets, of which none was written or renewed since a moment.

        Should one come back, it starts as it did at first: what has no note then is old.
        """
        deleted = 0
        for (name,) in session.rows(*forms_of_others(self._shop)):
            shop = str(name).removeprefix(_FORM.format(""))
            row = session.row(*last_note(shop))
            last_us = None if row is None else UTC_COLUMN.to_us(row[0])
            if last_us is None or last_us < before_us:
                session.run(*note_form(shop, ""))
                while some := session.run(*forget_shop(shop)):
                    deleted += some
        return deleted


def _moment(us: int | None) -> object:
    return None if us is None else utc_naive(us)
