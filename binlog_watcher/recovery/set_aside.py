"""Carts that can't be handled: they hold up no other, and the shop may have mended them when they come up again."""

import structlog

from binlog_watcher.core.events import CartKey
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery.runtime import Runtime

log = structlog.get_logger(__name__)

SET_ASIDE_US = 3_600_000_000
"""After what time a cart is looked at again that could not be handled; as long as it may be mailed."""


class SetAside:
    """Remembers which carts were set aside: since when, and until when."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._until_us: dict[CartKey, int] = {}
        self._since_us: dict[CartKey, int] = {}

    def add(self, due: DueCart, what: str, why: str, *, trace: bool = False) -> None:
        """Let the cart wait. ``what``: unreadable, unwritable or broken; ``trace``: log the present exception.

        One that can't be handled until it is too old is given up.
        """
        now_us = self._runtime.clock.now_us()
        forgotten_us = now_us - self._runtime.policy.max_age_us - 2 * SET_ASIDE_US
        self._since_us = {
            key: since_us for key, since_us in self._since_us.items() if since_us > forgotten_us
        }
        if now_us - self._since_us.setdefault(due.key, now_us) > self._runtime.policy.max_age_us:
            log.error("recovery.given_up", cart=due.key, what=what, error=why, hint="it is too old by now")
            self._runtime.tracker.finish(due.key)
            return
        log.error(
            "recovery.set_aside",
            cart=due.key,
            what=what,
            error=why,
            retry_s=SET_ASIDE_US // 1_000_000,
            exc_info=trace,
        )
        self._runtime.metrics.skips.labels(what).inc()
        self._until_us = {key: until_us for key, until_us in self._until_us.items() if until_us > now_us}
        self._until_us[due.key] = now_us + SET_ASIDE_US
        self._runtime.tracker.wait(due, now_us + SET_ASIDE_US)

    def __contains__(self, key: CartKey) -> bool:
        """Whether the cart could not be handled lately."""
        return self._until_us.get(key, 0) > self._runtime.clock.now_us()
