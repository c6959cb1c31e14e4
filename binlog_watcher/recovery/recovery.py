"""Due → decided: what happens to carts whose timer fired; see ``stages`` for the whole way.

Carts are handled in batches with a constant number of statements; a cart that breaks something is reported and
left behind, never the batch.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Decision, Holdout, Send, Skip, Wait, decide
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError
from binlog_watcher.recovery.loading import CartLoader
from binlog_watcher.recovery.row_times import RowTimes
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.set_aside import SetAside
from binlog_watcher.recovery.stages import DecidedCart, UnmailedCart
from binlog_watcher.recovery.unlisted import UnlistedStores
from binlog_watcher.recovery.waiting import wait

log = structlog.get_logger(__name__)

UNAVAILABLE_US = 2_000_000
"""How long carts wait when MySQL can't be read just now."""

SIFT_BATCH_SIZE = 2_000
"""Carts of which one statement tells which are young."""

AGE_MARGIN_US = 2 * 3_600_000_000
"""By how much more than MAX_CART_AGE_HOURS the newest row must be old for a cart to be dropped unread.

More than any hour that a clock repeats: who is near the limit is looked at.
"""


@dataclass(frozen=True, slots=True)
class Handled:
    """What was decided on one cart; reconcile reports it."""

    key: CartKey
    decision: Decision


class ActsOnDecisions(Protocol):
    """What follows from the decisions of a batch: ``Mailing``, or ``DryRun``."""

    @property
    def claims(self) -> int:
        """Claims so far."""

    def is_news(self, cart: Cart, decision: Decision) -> bool:
        """Whether anything follows from the decision; else the cart is finished."""

    async def close(self, unmailed: Sequence[UnmailedCart]) -> None:
        """Carts that are not mailed."""

    async def mail(self, decided: Sequence[DecidedCart], now_us: int) -> None:
        """Carts that are."""


class Recovery:
    """Decides on due carts and has that acted on."""

    def __init__(self, loader: CartLoader, acting: ActsOnDecisions, runtime: Runtime) -> None:
        self._loader = loader
        self._acting = acting
        self._runtime = runtime
        self._row_times = RowTimes()
        self._unlisted = UnlistedStores()
        self.set_aside = SetAside(runtime)

    @property
    def claims(self) -> int:
        """Claims so far."""
        return self._acting.claims

    def products_came(self, products: Sequence[int | str]) -> None:
        """Look now at the carts that wait for one of these products. Any thread."""
        now_us = self._runtime.clock.now_us()
        for key in self._loader.absences.waiting_for(products):
            self._runtime.tracker.hasten(key, now_us)

    async def process(self, due: Sequence[DueCart]) -> list[Handled]:
        """Handle a batch of carts in hand; each is finished, waiting or in the outbox when it returns."""
        try:
            return await self._process(due)
        except (DatabaseUnavailableError, ConfigError) as error:
            log.error("recovery.postponed", error=str(error), carts=len(due))  # noqa: TRY400 - one line is enough
            until_us = self._runtime.clock.now_us() + UNAVAILABLE_US
            for cart in due:
                self._runtime.tracker.wait(cart, until_us)
            return []
        except Exception as error:  # noqa: BLE001 - set aside with its trace, so that the others go on
            if len(due) > 1:
                # One of them is broken. Those that are done already are not in hand any more and are left alone.
                return [handled for one in due for handled in await self.process([one])]
            if isinstance(error, CartwakeError):
                self.set_aside.add(due[0], "unwritable", str(error))
            else:
                self.set_aside.add(due[0], "broken", f"{type(error).__name__}: {error}", trace=True)
            return []

    async def sift(self, woken: Sequence[DueCart]) -> None:
        """Drop the carts that are too old, which were woken all at once; the others are due now, like any other.

        A row of the log that is still open is the reconciliation's business.
        """
        tracker, clock = self._runtime.tracker, self._runtime.clock
        try:
            young = set(await self.young([cart.key for cart in woken]))
        except Exception as error:  # noqa: BLE001 - whatever it is, they are not lost by it
            log.error("recovery.not_sifted", error=str(error), carts=len(woken))  # noqa: TRY400 - one line
            tracker.sift_again(woken, clock.now_us() + UNAVAILABLE_US)
            return
        tracker.sifted(woken, young, clock.now_us())
        log.debug("recovery.sifted", carts=len(woken), young=len(young))

    async def young(self, keys: Sequence[CartKey]) -> list[CartKey]:
        """The carts among these that are not too old to be mailed, at a fraction of what loading them costs.

        Raises DatabaseUnavailableError.
        """
        since_us = self._runtime.clock.now_us() - self._runtime.policy.max_age_us - AGE_MARGIN_US
        found: list[CartKey] = []
        for start in range(0, len(keys), SIFT_BATCH_SIZE):
            some = keys[start : start + SIFT_BATCH_SIZE]
            found += await asyncio.to_thread(self._loader.young, some, since_us)
        return found

    async def _process(self, due: Sequence[DueCart]) -> list[Handled]:
        filled_us = {cart.key: cart.filled_us for cart in due}
        loaded = await asyncio.to_thread(self._loader.load, list(filled_us), filled_us)
        now_us = self._runtime.clock.now_us()
        handled: list[Handled] = []
        decided: list[DecidedCart] = []
        unmailed: list[UnmailedCart] = []
        for one in due:
            if self._runtime.tracker.touched(one.key):
                self._runtime.tracker.finish(one.key)  # activity has armed it again, or an order ended it
                continue
            cart = loaded.carts.get(one.key)
            if cart is None:
                self.set_aside.add(one, "unreadable", loaded.unreadable.get(one.key, "could not be read"))
                continue
            self._row_times.look_at(cart, one.activity_us, now_us)
            self._runtime.traces.begin(one.key, one.due_us, one.activity_us)
            decision = decide(
                cart,
                one.activity_us,
                now_us,
                self._runtime.policy,
                ordered=self._runtime.tracker.ordered(one.key),
            )
            log.debug("recovery.decided", cart=one.key, decision=repr(decision))
            self._runtime.traces.done(one.key, "decide", self._runtime.clock.now_us())
            if not self._acting.is_news(cart, decision):
                self._runtime.tracker.finish(one.key)
                continue
            handled.append(Handled(one.key, decision))
            match decision:
                case Send():
                    decided.append(DecidedCart(one, cart, decision))
                case Wait(until_us, reason):
                    waiting = one
                    if reason is Reason.ACTIVITY and one.activity_us is None:
                        # Else a row from the future would be taken for new each time.
                        waiting = replace(one, activity_us=until_us - self._runtime.policy.threshold_us)
                    self._runtime.traces.forget(one.key)
                    wait(self._runtime.tracker, waiting, until_us, reason, now_us)
                case Holdout(activity_us):
                    unmailed.append(UnmailedCart(one, cart, Reason.HOLDOUT, activity_us))
                case Skip(reason, activity_us):
                    if reason is Reason.STORE:
                        self._unlisted.tell(cart.store)
                    logged_us = activity_us if decision.logged else None
                    unmailed.append(UnmailedCart(one, cart, reason, logged_us))
        # Whatever can fail comes before the claims: a batch that is tried again has none in hand.
        await self._acting.close(unmailed)
        if decided:
            await self._acting.mail(decided, now_us)
        return handled
