"""What follows from decisions in a dry run: they are told, each episode once, and nothing is written or sent."""

from collections.abc import Sequence

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Decision, Holdout, Send, Skip
from binlog_watcher.core.events import CartKey
from binlog_watcher.recovery.closing import finish_dropped, finish_skipped
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.stages import DecidedCart, UnmailedCart
from mailer import mask

log = structlog.get_logger(__name__)


class DryRun:
    """Tells of the decisions of a batch; ``Mailing`` acts on them."""

    claims = 0

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._told = dict[CartKey, int | None]()  # the version of each cart that was told

    def is_news(self, cart: Cart, decision: Decision) -> bool:
        """Whether this episode was not told before, since no log remembers it."""
        if not (isinstance(decision, Send | Holdout) or (isinstance(decision, Skip) and decision.logged)):
            return True
        known = self._told.get(cart.key) == cart.version
        self._told[cart.key] = cart.version
        return not known

    async def close(self, unmailed: Sequence[UnmailedCart]) -> None:
        """Tell of carts that are not mailed."""
        for one in unmailed:
            if one.activity_us is None:
                finish_dropped(self._runtime, one)
            else:
                finish_skipped(self._runtime, one)

    async def mail(self, decided: Sequence[DecidedCart], now_us: int) -> None:
        """Tell of mails that would go out."""
        for due, cart, send in decided:
            email = cart.customer.email if cart.customer else None
            log.info(
                "recovery.would_send", cart=due.key, to=mask(email or ""), cart_total=str(cart.total),
                items=cart.item_count, due_s_ago=(now_us - send.due_us) // 1_000_000,
            )  # fmt: skip
            self._runtime.metrics.mails.labels("dry_run").inc()
            self._runtime.tracker.finish(due.key)
