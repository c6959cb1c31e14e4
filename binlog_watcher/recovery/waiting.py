"""A cart that is told to wait: back to the timers, with a word in the log."""

import structlog

from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.tracker import DueCart, Tracker

log = structlog.get_logger(__name__)


def wait(tracker: Tracker, due: DueCart, until_us: int, reason: Reason, now_us: int) -> None:
    """Look at the cart again at ``until_us``, epoch microseconds."""
    # Two carts of one address take turns every other second: no news.
    (log.debug if reason is Reason.ADDRESS_BUSY else log.info)(
        "recovery.waits", cart=due.key, reason=reason, seconds=max(0, until_us - now_us) // 1_000_000
    )
    tracker.wait(due, until_us)
