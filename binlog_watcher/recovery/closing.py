"""Why an episode that was begun ends without a mail. Pure."""

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.log_status import Reason


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
