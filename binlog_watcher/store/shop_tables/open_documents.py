"""Reads over all carts that are documents: those that hold something, and those that fell due in a span.

No table of the shop says when a document's cart was changed. The notes do, as long as the document is as it was noted.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.documents.content import content_of
from binlog_watcher.shop.keys import as_key
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.open_carts import OpenCart
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.shop_tables.values import newest

DOCUMENT_PAGE_SIZE = 200
"""Documents a page: of 40 KB each they are 8 MB, of a megabyte each the most that a page may be."""


class Notes(Protocol):
    """What is noted of carts."""

    def read(self, keys: Sequence[CartKey]) -> dict[CartKey, CartNote]:
        """The notes of these carts."""

    def active_between(self, after_us: int, until_us: int) -> Iterator[list[str]]:
        """Pages of the carts, as text, whose last noted activity lies in ``(after, until]``."""


class DocumentScan:
    """Reads of many documents, in keyset pages. ``by_time``: spans of time can be read, see ``CartScan``."""

    by_time = True

    def __init__(self, shop: Shop, notes: Notes) -> None:
        self._shop = shop
        self._notes = notes

    def open_carts(
        self, since_us: int, now_us: int | None = None, *, among: Sequence[CartKey] | None = None
    ) -> Iterator[list[OpenCart]]:
        """Pages of the carts that hold something and were active since ``since_us``, in key order.

        A cart that is not as its note says was active when the shop's update columns say, else ``now_us`` (None: at a
        time that nobody knows); its ``digest`` is to be noted. ``among``: of these carts only.
        """
        last: Any = None
        while True:
            parameters = self._shop.parameters(
                last=last, page=DOCUMENT_PAGE_SIZE, keys=self._shop.keys(among or ())
            )
            with self._shop.database.session() as session:
                statement = self._statement(after=last is not None, some=among is not None)
                rows = session.rows(statement, parameters)
            notes = self._notes.read([as_key(row[0]) for row in rows])
            found = (self._open_cart(row, notes, now_us) for row in rows)
            page = [cart for cart in found if cart is not None and cart.activity_us >= since_us]
            if page:
                yield page
            if len(rows) < DOCUMENT_PAGE_SIZE:
                return
            last = rows[-1][0]

    def _statement(self, *, after: bool, some: bool) -> str:
        """Key, document, each update column."""
        queries, cart = self._shop.queries, self._shop.schema.cart
        key = named("h", cart.id or "")
        fields = [key, queries.document, *(named("h", name) for name in cart.updated)]
        document = named("h", cart.document.column if cart.document else "")
        where = f"{queries.open} AND {document} <> ''{f' AND {key} > %(last)s' if after else ''}"
        where += f" AND {key} IN %(keys)s" if some else ""
        return f"SELECT {', '.join(fields)} FROM {quote(cart.table)} h WHERE {where} ORDER BY {key} LIMIT %(page)s"

    def _open_cart(
        self, row: Sequence[Any], notes: Mapping[CartKey, CartNote], now_us: int | None
    ) -> OpenCart | None:
        key, document, *updates = as_key(row[0]), *row[1:]
        column = self._shop.schema.document
        content = None if column is None else content_of(column.content, document, time.thread_time_ns)
        if content is None:
            return None
        note = notes.get(key)
        if note is not None and note.digest == content.digest:
            # An order that came at once left no timer, and so no activity to be noted: it was active when filled.
            active_us = max(note.activity_us or 0, note.filled_us or 0)
            filled_us = note.filled_us or active_us
            if active_us:
                return OpenCart(key, filled_us, active_us, filled_us)
        updated_us = newest(zip(self._shop.header_updates, updates, strict=True))
        at_us = (now_us or 0) if updated_us is None else min(updated_us, now_us or updated_us)
        return OpenCart(key, at_us, at_us, at_us, content.digest)

    def newest(self, count: int) -> list[CartKey]:
        """Keys of some carts that hold something, as examples."""
        keys: list[CartKey] = []
        for page in self.open_carts(0):
            keys += [cart.key for cart in page]
            if len(keys) >= count:
                break
        return keys[:count]

    def between(self, after_us: int, until_us: int) -> Iterator[list[CartKey]]:
        """Keys with noted activity in ``(after, until]``, in pages."""
        for page in self._notes.active_between(after_us, until_us):
            yield [key for text in page if (key := self._shop.key(text)) is not None]

    def id_watermark(self, created_us: int) -> Any:
        """None: there is no need of one, see ``by_time``."""

    def rows_after_id(self, after_id: Any, until_us: int, now_us: int) -> Iterator[tuple[list[CartKey], Any]]:
        """Nothing, see ``by_time``."""
        del until_us, now_us
        yield [], after_id
