"""LOG_RETENTION_DAYS: old rows of the log are erased beside the mails, some at a time, and behind them."""

import asyncio
from collections.abc import Callable

import structlog

from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import CartwakeError
from binlog_watcher.store.own_tables.erasure import Erased

log = structlog.get_logger(__name__)

INTERVAL_S = 3600.0
"""When all old rows are erased it is looked for new ones after this time."""

FIRST_S = 60.0
"""After a start: carts come first, and whatever a dead instance left becomes unknown by then."""

BATCH_PAUSE_S = 0.1
BUSY_S = 1.0
SOON_US = 1_000_000
LONGEST_BUSY = 60
"""A service that is busy all the time erases some rows after so many looks all the same."""


class Retention:
    """``erase_some``: erases some rows from before a moment, None when there are none left; blocking.

    ``tracker``: knows what is due, or in hand; ``keep_us``: how old a row may be (None: nothing is erased).
    """

    def __init__(
        self,
        erase_some: Callable[[int], Erased | None],
        tracker: Tracker,
        *,
        keep_us: int | None,
        now_us: Callable[[], int],
    ) -> None:
        self._erase_some = erase_some
        self._tracker = tracker
        self._keep_us = keep_us
        self._now_us = now_us

    async def run(self) -> None:
        """Until cancelled; what goes wrong is logged, and tried again."""
        if self._keep_us is None:
            return
        pause_s = FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = INTERVAL_S
            try:
                rows = await self.erase_all(self._keep_us)
            except CartwakeError as error:
                log.warning("retention.postponed", error=str(error), retry_s=INTERVAL_S)
            except Exception as error:
                log.exception("retention.failed", error=str(error))
            else:
                (log.info if rows else log.debug)("retention.done", rows=rows)

    async def erase_all(self, keep_us: int) -> int:
        """Erase all rows that are older, batch after batch; how many there were."""
        before_us, rows = self._now_us() - keep_us, 0
        while True:
            await self._quiet()
            done = await asyncio.to_thread(self._erase_some, before_us)
            if done is None:
                return rows
            rows += done.rows
            if done.busy:
                return rows
            await asyncio.sleep(BATCH_PAUSE_S)

    async def _quiet(self) -> None:
        """Wait while carts are in hand, or one falls due within a second; not for ever."""
        for _ in range(LONGEST_BUSY):
            if not self._is_busy():
                return
            await asyncio.sleep(BUSY_S)

    def _is_busy(self) -> bool:
        next_us = self._tracker.next_due()
        return self._tracker.in_hand > 0 or (next_us is not None and next_us <= self._now_us() + SOON_US)
