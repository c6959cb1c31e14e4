"""Which reads over all carts a shop's shape has."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from binlog_watcher.core.events import CartKey
from binlog_watcher.store.shop_tables.open_carts import CartScan, OpenCart
from binlog_watcher.store.shop_tables.open_documents import DocumentScan, Notes
from binlog_watcher.store.shop_tables.shop import Shop


class Scan(Protocol):
    """Reads of many carts, in pages; see ``CartScan``."""

    @property
    def by_time(self) -> bool:
        """Whether spans of time can be read (``between``), or ids must do (``id_watermark``, ``rows_after_id``)."""

    def open_carts(
        self, since_us: int, now_us: int | None = None, *, among: Sequence[CartKey] | None = None
    ) -> Iterator[list[OpenCart]]:
        """Pages of the carts that may be open; of ``among`` only, where that is given."""

    def newest(self, count: int) -> list[CartKey]:
        """Keys of some carts, as examples."""

    def between(self, after_us: int, until_us: int) -> Iterator[list[CartKey]]:
        """Keys with a moment in ``(after, until]``, in pages."""

    def id_watermark(self, created_us: int) -> Any:
        """The highest id of a row created up to ``created_us``."""

    def rows_after_id(self, after_id: Any, until_us: int, now_us: int) -> Iterator[tuple[list[CartKey], Any]]:
        """Keys of due rows with an id above the watermark, and the new watermark."""


def scan_of(shop: Shop, notes: Notes) -> Scan:
    """The reads over all carts of a shop. ``notes``: what is noted of its carts."""
    return CartScan(shop) if shop.schema.document is None else DocumentScan(shop, notes)
