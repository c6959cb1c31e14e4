"""Decided → claimed: which of the carts that may be mailed are this instance's to mail now.

A claim is taken only with a token of MAX_EMAILS_PER_MINUTE in hand; the dearest carts get theirs first.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.episodes import EpisodeOf
from binlog_watcher.recovery.priority import in_turn
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.stages import ClaimedCart, DecidedCart
from binlog_watcher.recovery.waiting import wait
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Claims
from binlog_watcher.store.own_tables.mail_tokens import MailTokens

log = structlog.get_logger(__name__)

SOON_US = 100_000
"""The least time until a cart is looked at again that another mail holds back."""


class Claiming:
    """Claims carts in the log; those that get no token, or that another mail holds back, wait."""

    def __init__(
        self,
        episodes: EpisodeLog,
        runtime: Runtime,
        limiter: TokenBucket,
        episode_of: EpisodeOf,
        *,
        lease_us: int,
        is_too_dear: Callable[[Cart], bool] = lambda _: False,
        tokens: MailTokens | None = None,
    ) -> None:
        """``tokens``: those of all instances together; None: ``limiter`` is for this one alone.

        ``is_too_dear``: whether no discount is promised for a cart since its total is too high.
        """
        self._episodes = episodes
        self._runtime = runtime
        self.limiter = limiter
        self._episode_of = episode_of
        self._lease_us = lease_us
        self._is_too_dear = is_too_dear
        self._tokens = tokens
        self._claims = 0

    @property
    def claims(self) -> int:
        """Claims so far."""
        return self._claims

    async def claim(self, decided: Sequence[DecidedCart], now_us: int) -> list[ClaimedCart]:
        """The carts that are ours now. Raises what the database raises; no token is lost by that."""
        ordered = in_turn(decided, self._claims)
        granted = await self._take(len(ordered), now_us)
        for position, one in enumerate(ordered[granted:]):
            self._runtime.tracker.wait(one.due, now_us + self.limiter.wait_us(position))
        return await self._claim(ordered[:granted], now_us) if granted else []

    async def _claim(self, decided: Sequence[DecidedCart], now_us: int) -> list[ClaimedCart]:
        claims = Claims({}, {})
        try:
            claims = await asyncio.to_thread(
                self._episodes.claim,
                [self._episode_of(one.cart, one.send.activity_us) for one in decided],
                lease_us=self._lease_us,
                cooldown_us=self._runtime.policy.cooldown_us,
                now_us=now_us,
            )
        finally:
            await self._give_back(len(decided) - len(claims.ids))  # tokens that no claim was made with
        self._claims += len(claims.ids)
        return [ours for one in decided if (ours := self._claimed(one, claims, now_us)) is not None]

    async def _take(self, wanted: int, now_us: int) -> int:
        if self._tokens is None or not self.limiter.is_limit:
            return self.limiter.take(wanted, now_us)
        return await asyncio.to_thread(self._tokens.take, self.limiter, wanted, now_us)

    async def _give_back(self, tokens: int) -> None:
        if self._tokens is None or not self.limiter.is_limit:
            self.limiter.give_back(tokens)
        elif tokens:
            with contextlib.suppress(
                DatabaseUnavailableError
            ):  # they come again by themselves, a little later
                await asyncio.to_thread(self._tokens.give_back, self.limiter, tokens)

    def _claimed(self, one: DecidedCart, claims: Claims, now_us: int) -> ClaimedCart | None:
        due, cart, send = one
        if due.key in claims.ids:
            logged = cart.logged
            again = logged is not None and logged.version == cart.version
            attempt = logged.attempts + 1 if logged and again else 1
            log.info(
                "recovery.detected", cart=due.key, log_id=claims.ids[due.key], cart_total=str(cart.total),
                items=cart.item_count,
                quiet_s=(now_us - send.activity_us) // 1_000_000,
            )  # fmt: skip
            if self._is_too_dear(cart):
                log.warning(
                    "discount.too_dear", cart=due.key, log_id=claims.ids[due.key], cart_total=str(cart.total),
                    items=cart.item_count,
                    hint="mailed without a discount; DISCOUNT_MAX_TOTAL is the highest total that one is promised for",
                )  # fmt: skip
            self._runtime.traces.done(due.key, "claim", self._runtime.clock.now_us())
            return ClaimedCart(due, cart, send, claims.ids[due.key], attempt)
        if due.key in claims.waits:
            until_us, reason = claims.waits[due.key]
            wait(self._runtime.tracker, due, max(until_us, now_us + SOON_US), reason, now_us)
        else:
            log.info("recovery.finished", cart=due.key, outcome="taken", reason="claimed by another instance")
            self._runtime.traces.forget(due.key)
            self._runtime.tracker.finish(due.key)
        return None
