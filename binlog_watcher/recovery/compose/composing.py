"""Claimed → composed: messages are built a chunk at a time; what can't be built has its outcome at once."""

import asyncio
from collections.abc import Sequence

import structlog

from binlog_watcher.core.log_status import Status
from binlog_watcher.recovery.compose.pool import COMPOSE_BATCH_SIZE, ComposePool
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
        """Never raises: carts that are claimed would be claimed again, beside those that are in the outbox."""
        try:
            made = await self._pool.compose(chunk, self._runtime.clock.now_us())
        except Exception as error:
            log.exception("compose.failed", error=f"{type(error).__name__}: {error}", carts=len(chunk))
            for one in chunk:
                now_us = self._runtime.clock.now_us()
                next_us = self._retries.next_us(one.attempt, now_us)
                put_off = outcome_of(one, Status.RETRY, now_us, error=str(error), next_us=next_us)
                await self._outbox.settle(one, put_off)
            return
        for one, mail in zip(chunk, made, strict=True):
            if isinstance(mail, Exception):
                why = f"{type(mail).__name__}: {mail}"
                log.error("recovery.finished", user=one.due.key, outcome="failed", error=why, exc_info=mail)
                self._runtime.metrics.mails.labels("failed").inc()
                failed = outcome_of(one, Status.FAILED, self._runtime.clock.now_us(), error=why)
                await self._outbox.settle(one, failed)
            else:
                await self._outbox.put(mail)
