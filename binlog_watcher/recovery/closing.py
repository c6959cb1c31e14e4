"""How a cart's recovery ends without a mail: why its row is closed, and the last word in the log."""

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.log_status import Reason
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.stages import UnmailedCart

log = structlog.get_logger(__name__)


def closing_reason(cart: Cart, reason: Reason, claimed: Cart | None = None) -> Reason:
    """The reason that its row is closed with; ``claimed``: the cart as it was when its mail was composed."""
    if reason not in {Reason.EMPTY, Reason.CLOSED}:
        return reason
    before = claimed.newest_order_us if claimed is not None else None
    version = claimed.version if claimed is not None else (cart.logged.version if cart.logged else None)
    order_us = cart.newest_order_us
    if order_us is not None and order_us != before and (version is None or order_us >= version - 1_000_000):
        return Reason.BOUGHT_MEANWHILE
    return Reason.EMPTIED if reason is Reason.EMPTY else reason


def finish_skipped(runtime: Runtime, one: UnmailedCart, log_id: int | None = None) -> None:
    """An episode that is not mailed: its recovery is over. ``log_id``: its row; None in a dry run."""
    log.info(
        "recovery.finished",
        cart=one.due.key,
        log_id=log_id,
        outcome="skipped",
        reason=one.reason,
        cart_total=str(one.cart.total),
    )
    runtime.metrics.skips.labels(str(one.reason)).inc()
    runtime.traces.end(one.due.key, "skipped", str(one.reason), log_id=log_id)
    runtime.tracker.finish(one.due.key)


def finish_dropped(runtime: Runtime, one: UnmailedCart) -> None:
    """No episode: its recovery is over."""
    log.debug("recovery.dropped", cart=one.due.key, reason=one.reason)
    runtime.traces.forget(one.due.key)
    runtime.metrics.skips.labels(str(one.reason)).inc()
    runtime.tracker.finish(one.due.key)
