"""Claimed → composed: messages are built a chunk at a time; what can't be built has its outcome at once."""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from binlog_watcher.core.log_status import Status
from binlog_watcher.recovery.compose.pool import COMPOSE_BATCH_SIZE, Composed, ComposePool
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.attempts import Retries, outcome_of
from binlog_watcher.recovery.send.outbox import Outbox
from binlog_watcher.recovery.stages import ClaimedCart

log = structlog.get_logger(__name__)


class Composing:
    """Has claimed carts composed and puts their mails into the outbox."""

    def __init__(self, pool: ComposePool, outbox: Outbox, retries: Retries, runtime: Runtime) -> None:
        self._pool = pool
        self._outbox = outbox
        self._retries = retries
        self._runtime = runtime

    async def compose(self, claimed: Sequence[ClaimedCart]) -> None:
        """Compose all; when it returns each is in the outbox or has its outcome."""
        # One whose mail is under way already is left out.
        begun = [one for one in claimed if self._outbox.begin(one)]
        size = COMPOSE_BATCH_SIZE
        chunks = [begun[start : start + size] for start in range(0, len(begun), size)]
        await asyncio.gather(*(self._compose(chunk) for chunk in chunks))

    async def _compose(self, chunk: Sequence[ClaimedCart]) -> None:
        """Raises nothing: carts that are claimed would be claimed again, beside those that are in the outbox."""
        left = deque(await self._made(chunk))
        try:
            while left:
                await self._pass_on(*left[0])
                left.popleft()
        finally:
            for one, _ in left:  # cancelled: its lease ends, and then the row is anyone's
                self._outbox.abandon(one)

    async def _made(self, chunk: Sequence[ClaimedCart]) -> list[tuple[ClaimedCart, Composed | str]]:
        """Each cart with its message, or with the error why it has none; a text: the whole chunk broke."""
        try:
            made = await self._pool.compose(chunk, self._runtime.clock.now_us())
            return list(zip(chunk, made, strict=True))
        except asyncio.CancelledError:
            for one in chunk:
                self._outbox.abandon(one)
            raise
        except Exception as error:
            log.exception("compose.failed", error=f"{type(error).__name__}: {error}", carts=len(chunk))
            return [(one, str(error)) for one in chunk]

    async def _pass_on(self, one: ClaimedCart, made: Composed | str) -> None:
        now_us = self._runtime.clock.now_us()
        self._runtime.traces.done(one.key, "compose", now_us)
        if isinstance(made, str):
            next_us = self._retries.next_us(one.attempt, now_us)
            await self._outbox.settle(one, outcome_of(one, Status.RETRY, now_us, error=made, next_us=next_us))
        elif isinstance(made, Exception):
            why = f"{type(made).__name__}: {made}"
            log.error(
                "recovery.finished",
                cart=one.key,
                log_id=one.log_id,
                outcome="failed",
                error=why,
                exc_info=made,
            )
            self._runtime.metrics.mails.labels("failed").inc()
            await self._outbox.settle(one, outcome_of(one, Status.FAILED, now_us, error=why))
        else:
            await self._outbox.put(made)
