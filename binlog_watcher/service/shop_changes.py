"""What the events tell besides activity: products that changed, and customers whose orders did. Read once a second.

However many events there were: the service's catalogue follows, and all carts of such a customer are looked at again.
Orders come first. Products of an import are read some at a time, with a rest behind each that is as long: these may
wait, mails that are due may not.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import structlog

from binlog_watcher.core.batches import in_batches
from binlog_watcher.core.events import (
    CartKey,
    CustomerOrdered,
    CustomerOrdersChanged,
    ProductChanged,
    ShopChange,
)
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.catalogue import product, read_catalogue
from binlog_watcher.store.shop_tables.shop import Shop
from recommender import Catalog, Product

log = structlog.get_logger(__name__)

INTERVAL_S = 1.0

CATALOGUE_INTERVAL_S = 60.0
"""The whole catalogue is read again no sooner than this."""

KEYS_BATCH_SIZE = 1000
"""Customers that one statement asks for."""

PRODUCTS_BATCH_SIZE = 250
"""Products that are read at a time."""


class ShopChanges:
    """Keeps ``catalog`` as the shop's tables are. ``on_products`` is told what changed and what is gone, in any thread.

    ``partition``: the tracker's, in which carts are armed whose customer's orders changed; None: they are left to the
    tables, which are read before each mail.
    """

    def __init__(
        self,
        shop: Shop,
        catalog: Catalog,
        tracker: Tracker,
        *,
        partition: str | None,
        on_products: Callable[[Sequence[Product], Sequence[int | str]], None],
    ) -> None:
        self._shop = shop
        self._catalog = catalog
        self._tracker = tracker
        self._partition = partition
        self._on_products = on_products
        self._noted: deque[ShopChange] = deque()
        self._waiting: dict[int | str, None] = {}
        self._catalogue_is_old = False
        self._catalogue_read_at = float("-inf")

    def note(self, changes: Iterable[ShopChange]) -> None:
        """Remember what is to be read. Any thread."""
        self._noted.extend(changes)

    async def load_catalogue(self) -> None:
        """Read all products, at the start. Raises DatabaseUnavailableError."""
        self._catalog.replace(await asyncio.to_thread(read_catalogue, self._shop))

    async def follow(self) -> None:
        """Read what was noted, until cancelled; what can't be read now is tried again."""
        rest_s = INTERVAL_S
        while True:
            await asyncio.sleep(rest_s)
            changes = [self._noted.popleft() for _ in range(len(self._noted))]
            began, rest_s = time.monotonic(), INTERVAL_S
            try:
                await self.read(changes)
            except Exception as error:
                self.note(changes)
                log.warning(
                    "changes.not_read", error=str(error), changes=len(changes),
                    exc_info=not isinstance(error, CartwakeError),
                )  # fmt: skip
            else:
                if self._waiting:
                    rest_s = min(time.monotonic() - began, INTERVAL_S)

    async def read(self, changes: Sequence[ShopChange]) -> None:
        """Read what these changes are about, of products no more than a batch; the others wait for the next call.

        Raises DatabaseUnavailableError.
        """
        named = dict.fromkeys(one.product_id for one in changes if isinstance(one, ProductChanged))
        orders = [one for one in changes if isinstance(one, CustomerOrdered | CustomerOrdersChanged)]
        self._catalogue_is_old = self._catalogue_is_old or None in named
        self._waiting |= {one: None for one in named if one is not None}
        await asyncio.to_thread(self._look_at_carts, orders)
        if some := list(islice(self._waiting, PRODUCTS_BATCH_SIZE)):
            await asyncio.to_thread(self._read_products, some)
            for one in some:
                del self._waiting[one]
        await asyncio.to_thread(self._read_catalogue_again)

    def _read_products(self, ids: Sequence[int | str]) -> None:
        rows = [row for page in self._shop.catalogue(ids) for row in page]
        changed = [item for row in rows if (item := product(row)) is not None]
        gone = list(set(ids) - {item.id for item in changed})
        for item in changed:
            self._catalog.upsert(item)
        for product_id in gone:
            self._catalog.remove(product_id)
        self._on_products(changed, gone)

    def _look_at_carts(self, orders: Sequence[CustomerOrdered | CustomerOrdersChanged]) -> None:
        """Those of each customer with an order, in the order in which these came."""
        partition = self._partition
        if partition is None:
            return
        keys: dict[int | str, list[CartKey]] = defaultdict(list)
        for some in in_batches(list(dict.fromkeys(order.customer for order in orders)), KEYS_BATCH_SIZE):
            for key, customer in self._shop.carts_of(some).items():
                keys[customer].append(key)
        for order in orders:
            for key in keys[order.customer]:
                if isinstance(order, CustomerOrdered):
                    self._tracker.customer_ordered(key, order.at_us, partition)
                else:
                    self._tracker.customer_orders_changed(key, order.at_us, partition, counts=order.counts)

    def _read_catalogue_again(self) -> None:
        """All of it, since nobody knows what changed; once a minute at most."""
        now = time.monotonic()
        if not self._catalogue_is_old or now - self._catalogue_read_at < CATALOGUE_INTERVAL_S:
            return
        self._catalogue_read_at = now
        old = set(self._catalog.snapshot().products)
        fresh = read_catalogue(self._shop)
        self._catalogue_is_old = False
        self._catalog.replace(fresh)
        self._on_products(list(fresh), list(old - set(fresh.snapshot().products)))
