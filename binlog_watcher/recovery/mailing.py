"""What follows from decisions, for real: carts are claimed and composed, or their rows are logged and closed."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Decision
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.transitions import OPEN
from binlog_watcher.recovery.claiming import Claiming
from binlog_watcher.recovery.closing import closing_reason, finish_dropped, finish_skipped
from binlog_watcher.recovery.composing import Composing
from binlog_watcher.recovery.episodes import EpisodeOf
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import DecidedCart, UnmailedCart
from binlog_watcher.store.own_tables.log import EpisodeLog

log = structlog.get_logger(__name__)


class Mailing:
    """Acts on the decisions of a batch; ``DryRun`` only tells of them."""

    def __init__(
        self,
        *,
        episodes: EpisodeLog,
        runtime: Runtime,
        gate: SendingGate,
        claiming: Claiming,
        composing: Composing,
        episode_of: EpisodeOf,
    ) -> None:
        self._episodes = episodes
        self._runtime = runtime
        self._gate = gate
        self._claiming = claiming
        self._composing = composing
        self._episode_of = episode_of

    @property
    def claims(self) -> int:
        """Claims so far."""
        return self._claiming.claims

    def is_news(self, cart: Cart, decision: Decision) -> bool:  # noqa: ARG002 - a dry run looks at both
        """Always: the log remembers what was done."""
        return True

    async def close(self, unmailed: Sequence[UnmailedCart]) -> None:
        """Log the episodes that are not mailed, and close the rows of what is none any more."""
        for reason, carts in _by_reason(one for one in unmailed if one.activity_us is None):
            await self._drop(reason, carts)
        for reason, carts in _by_reason(one for one in unmailed if one.activity_us is not None):
            episodes = [self._episode_of(one.cart, one.activity_us or 0) for one in carts]
            rows = await asyncio.to_thread(self._episodes.skip, episodes, reason)
            for one in carts:
                finish_skipped(self._runtime, one, rows.get(one.due.key))

    async def _drop(self, reason: Reason, carts: Sequence[UnmailedCart]) -> None:
        """No episode (any more): nothing is logged, but a row that is still open is closed.

        That of a store which is not listed is left for the instance that lists it.
        """
        open_rows = [
            one
            for one in carts
            if one.cart.logged is not None
            and one.cart.logged.status in OPEN
            and one.cart.logged.ours
            and reason is not Reason.STORE
        ]
        closing: dict[Reason, list[UnmailedCart]] = defaultdict(list)
        for one in open_rows:
            closing[closing_reason(one.cart, reason)].append(one)
        for why, some in closing.items():
            rows = [one.cart.logged for one in some if one.cart.logged is not None]
            await asyncio.to_thread(self._episodes.close, rows, why)
            for one in some:
                logged = one.cart.logged
                log.info(
                    "recovery.finished",
                    cart=one.due.key,
                    log_id=logged and logged.id,
                    outcome="skipped",
                    reason=why,
                )
        for one in carts:
            finish_dropped(self._runtime, one)

    async def mail(self, decided: Sequence[DecidedCart], now_us: int) -> None:
        """Claim what may go out now and compose it; when it returns each is waiting, in the outbox or finished."""
        admitted = self._gate.admit(decided, now_us)
        if len(admitted) < len(decided):
            held_us = self._gate.held_until_us(now_us)
            for one in decided:
                if one not in admitted:
                    self._runtime.tracker.wait(one.due, held_us)
        if admitted:
            await self._composing.compose(await self._claiming.claim(admitted, now_us))


def _by_reason(unmailed: Iterable[UnmailedCart]) -> Iterable[tuple[Reason, list[UnmailedCart]]]:
    found: dict[Reason, list[UnmailedCart]] = defaultdict(list)
    for one in unmailed:
        found[one.reason].append(one)
    return found.items()
