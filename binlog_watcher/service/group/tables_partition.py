"""What the topic does not bring: carts that wait for something else than quiet, and those of which nothing was told.

Each owner's timers follow from records. A cart that waits for the end of a cool-down, for a product that is being
imported, for the rate limit or for MySQL is known to its owner alone: when the partition goes, so does the wait. One
instance of the group therefore reads all open carts when partitions have moved, and arms those that no record will
bring up again: held back, or due already. They are a partition of their own, whose clock is the lowest of all: up to
then all is known and noted, whoever knows it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence

import structlog

from binlog_watcher.core.events import Assigned, CartRead, Event, Hydrated, Revoked
from binlog_watcher.core.source import Batch, Deliver, Hydrate, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.recovery.reconcile import GRACE_US
from binlog_watcher.store.own_tables.group import Noted

TABLES = "tables"

BEHIND_US = 10_000_000
"""How old the lowest clock may be: a mark, the owner's notes, and the look at them come one after the other."""

READ_INTERVAL_US = 60_000_000
"""The tables are read again no sooner than this, however often partitions move."""

log = structlog.get_logger(__name__)


class TablesPartition:
    """Lives while this instance keeps it. ``hydrate``: reads all open carts; ``clocks``: what all owners have noted."""

    def __init__(
        self,
        deliver: Deliver,
        tracker: Tracker,
        *,
        hydrate: Hydrate,
        clocks: Callable[[], Sequence[Noted]],
        threshold_us: int,
        now_us: Callable[[], int],
        read_interval_us: int = READ_INTERVAL_US,
    ) -> None:
        self._deliver = deliver
        self._tracker = tracker
        self._hydrate = hydrate
        self._clocks = clocks
        self._threshold_us = threshold_us
        self._now_us = now_us
        self._read_interval_us = read_interval_us
        self._owners: object = None  # as they were when the tables were read last
        self._read_us = 0
        self._lowest_us: int | None = None
        self._lock = threading.Lock()
        self._closed = False

    def open(self) -> None:
        """From now on it is this instance's."""
        self._tell(Assigned(TABLES))

    def close(self) -> None:
        """It is somebody else's by now: a look that is still under way tells nothing any more."""
        self._tell(Revoked(TABLES, "deposed", for_good=True), last=True)

    def look(self, partitions: Sequence[str]) -> None:
        """Go on up to the lowest clock of all partitions; read the tables if any has moved. Blocking.

        Raises DatabaseUnavailableError.
        """
        noted = {one.partition: one for one in self._clocks()}
        if missing := [name for name in partitions if name not in noted]:
            log.debug("group.not_complete", partitions=len(missing))
            return
        ours = [noted[name] for name in partitions]
        # Of whom a record told too little, he says so with the number of such records.
        owners = [(one.partition, one.member, one.troubles) for one in ours]
        now_us = self._now_us()
        if owners != self._owners and now_us - self._read_us >= self._read_interval_us:
            self._read(now_us)
            self._owners, self._read_us = owners, now_us
        self._lowest_us = min((one.clock_us for one in ours), default=None)
        self._tell()

    def _read(self, now_us: int) -> None:
        carts = 0
        for page in self._hydrate():
            if found := list(self._left_over(page, now_us)):
                carts += len(found)
                self._tell(*found)
        self._tell(Hydrated(TABLES))
        log.info("group.tables_read", carts=carts, ms=(self._now_us() - now_us) // 1000)

    def _left_over(self, page: Sequence[CartRead], now_us: int) -> Iterator[CartRead]:
        """Those that wait for quiet have a timer at their owner's, or fall due before the reconciliation's eyes."""
        for cart in page:
            waits_for_quiet = cart.due_us == cart.activity_us + self._threshold_us
            if waits_for_quiet and cart.due_us > now_us - GRACE_US:
                continue
            if not self._tracker.knows(cart.key):
                yield cart

    def _tell(self, *events: Event, last: bool = False) -> None:
        now_us = self._now_us()
        progress = Progress("", self._lowest_us, False, 0, now_us, BEHIND_US)
        with self._lock:
            if not self._closed:
                self._closed = last
                self._deliver(Batch(TABLES, events, progress))
