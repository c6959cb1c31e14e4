"""What the recommender learns from: the shop's orders at the start, new ones as the binlog tells of them.

All of it is read in threads, after the timers have begun; which weights suit the shop is tried in a process of its own,
some minutes after the start and then once a week.
"""

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.events import CustomerOrdered, OrderPlaced
from binlog_watcher.errors import CartwakeError
from binlog_watcher.recovery.compose.pool import ComposePool
from binlog_watcher.store.shop_tables.order_items import OrderedTogether
from binlog_watcher.store.shop_tables.shop import Shop
from recommender import Choice, LiveRecommender, Order, OrderLog, choose_in_subprocess

log = structlog.get_logger(__name__)

INTERVAL_S = 60.0
"""New orders are read so often at most, and only when there were any."""

ALL_ANEW_S = 24 * 3600.0
"""All orders are read again so often: some count later than they came, or count no more."""

FIRST_CHOICE_S = 600.0
CHOICE_S = 7 * 24 * 3600.0

_MONTH_US = 30 * 24 * 3_600_000_000


class OrderLearning:
    """Feeds the recommender of this process, and those of its workers."""

    def __init__(
        self,
        shop: Shop,
        clock: ServerClock,
        recommender: LiveRecommender,
        pool: ComposePool,
        *,
        months: int,
        lines: int,
    ) -> None:
        """``months``, ``lines``: how far back orders are read; 0: none are."""
        self._shop = shop
        self._clock = clock
        self._recommender = recommender
        self._pool = pool
        self._months = months
        self._lines = lines if months else 0
        self._last: int | str | None = None
        self._ordered = False
        self._read_at = float("-inf")
        self._choose_at = time.monotonic() + FIRST_CHOICE_S
        self._ended = threading.Event()

    def note(self, events: Iterable[object]) -> None:
        """Remember whether there are new orders. Any thread."""
        if not self._ordered and any(isinstance(one, OrderPlaced | CustomerOrdered) for one in events):
            self._ordered = True

    async def run(self) -> None:
        """Learn, until cancelled: what a thread reads or waits for then is given up, so that it holds up no end."""
        try:
            while self._lines and self._recommender.options.blend:
                try:
                    await asyncio.to_thread(self.read)
                    await self._choose()
                except CartwakeError as error:
                    log.warning("orders.not_read", error=str(error))
                except Exception:
                    log.exception("orders.not_learnt")
                await asyncio.sleep(INTERVAL_S)
        finally:
            self._ended.set()

    def read(self) -> None:
        """Read all orders, or the new ones if there are any. Blocking. Raises DatabaseUnavailableError."""
        now = time.monotonic()
        if now - self._read_at >= ALL_ANEW_S or (self._ordered and self._last is None):
            self._ordered = False
            found = ordered_lately(
                self._shop, self._clock.now_us(), months=self._months, lines=self._lines, ended=self._ended
            )
            self._read_at = now  # what could not be read is tried again
            log.info("orders.read", orders=len(found))
            self._take(found, anew=True)
        elif self._ordered:
            self._ordered = False
            try:
                fresh = [order for page in self._shop.ordered(self._last) for order in page]
            except CartwakeError:
                self._ordered = True
                raise
            self._take(fresh, anew=False)

    def _take(self, found: Sequence[OrderedTogether], *, anew: bool) -> None:
        if found:
            self._last = found[0].order_id
        orders = as_orders(found)
        self._pool.orders_came(orders, anew=anew)

    async def _choose(self) -> None:
        if time.monotonic() < self._choose_at:
            return
        self._choose_at = time.monotonic() + CHOICE_S
        choice = await asyncio.to_thread(chosen, self._recommender, self._ended)
        log.info("recommender.weights", why=choice.why, weights=str(choice.weights))
        self._pool.options_chosen(replace(self._recommender.options, weights=choice.weights))


def ordered_lately(
    shop: Shop, now_us: int, *, months: int, lines: int, ended: threading.Event | None = None
) -> list[OrderedTogether]:
    """The newest orders by id, until all of a page are too old or there are enough lines. Blocking.

    ``ended``: when it is set no further page is read. Raises CartwakeError then.
    """
    found: list[OrderedTogether] = []
    read = 0
    for page in shop.ordered() if months and lines else ():
        if ended is not None and ended.is_set():
            raise CartwakeError("the service ends")
        young = [one for one in page if one.at_us is None or one.at_us >= now_us - months * _MONTH_US]
        found += young
        read += sum(len(one.products) for one in young)
        if not young or read >= lines:
            break
    return found


def as_orders(found: Iterable[OrderedTogether]) -> list[Order]:
    """As the recommender takes them."""
    return [
        Order(one.products, None if one.at_us is None else one.at_us / 1e6) for one in found if one.products
    ]


def chosen(
    recommender: LiveRecommender,
    ended: threading.Event | None = None,
    choose: Callable[..., Choice] = choose_in_subprocess,
) -> Choice:
    """The weights that suit the shop's orders. Blocking, for minutes, until ``ended``. Raises CartwakeError."""
    orders: OrderLog = recommender.orders()
    try:
        return choose(recommender.catalog.snapshot().products.values(), orders, recommender.options, ended)
    except (OSError, subprocess.SubprocessError) as error:
        raise CartwakeError(f"no weights were chosen: {error}") from error
