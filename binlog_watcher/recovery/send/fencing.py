"""Composed → fenced: the last look at the shop's tables before SMTP.

Mails are fenced in micro-batches no larger than the free SMTP connections, so what passes is handed to SMTP at once:
connections are opened and asked before the fence, not behind it.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ComposedMail, FencedMail, as_fenced
from binlog_watcher.store.own_tables.log import EpisodeLog
from mailer import SmtpSender

log = structlog.get_logger(__name__)

GATHER_S = 0.005
"""How long a fence may wait for company: one statement does for all of it."""


class Fencing:
    """Takes mails from ``composed`` while connections are free; each goes to ``fenced``, or to ``again``."""

    def __init__(
        self,
        *,
        sender: SmtpSender,
        gate: SendingGate,
        clock: ServerClock,
        episodes: EpisodeLog,
        lease_us: int,
        composed: asyncio.Queue[ComposedMail],
        fenced: asyncio.Queue[FencedMail],
        again: asyncio.Queue[ComposedMail],
    ) -> None:
        self._sender = sender
        self._slots = sender.slots
        self._gate = gate
        self._clock = clock
        self._episodes = episodes
        self._lease_us = lease_us
        self._composed = composed
        self._fenced = fenced
        self._again = again
        self._many = max(1, self._slots.total // 2)

    async def run(self) -> None:
        """Fence until cancelled. Opening connections for some mails holds up no others."""
        async with asyncio.TaskGroup() as connecting:
            while True:
                mails = await self._next_micro_batch()
                if self._sender.ready(len(mails)):
                    await self._pass(mails)
                else:
                    connecting.create_task(self._connect_and_pass(mails))

    async def _next_micro_batch(self) -> list[ComposedMail]:
        """Wait for a mail and a free connection, then take as many mails as there are free connections."""
        mails = [await self._composed.get()]
        await self._any_free()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while self._slots.free < min(self._many, self._composed.qsize() + 1):
                    await self._slots.freed()
        await self._any_free()  # another user of the sender may have been faster
        while len(mails) < self._slots.free and not self._composed.empty():
            mails.append(self._composed.get_nowait())
        self._slots.take(len(mails))
        return mails

    async def _any_free(self) -> None:
        while not self._slots.free:
            await self._slots.freed()

    async def _connect_and_pass(self, mails: list[ComposedMail]) -> None:
        trouble = None
        if not self._gate.refused and any(self._gate.wants(mail) for mail in mails):
            trouble = await self._sender.prepare(len(mails))
        if trouble is None:
            await self._pass(mails)
            return
        # Before the fence: it is no mail's attempt. A server that serves others of our connections only wants fewer.
        if self._slots.total - self._slots.free == len(mails):
            self._gate.refuse(trouble)
        for mail in mails:
            self._again.put_nowait(mail)

    async def _pass(self, mails: list[ComposedMail]) -> None:
        """Those that may be sent this very moment go on; the others are decided again."""
        fenced_us = self._clock.elapsed_us()
        wanted = [mail for mail in mails if self._gate.wants(mail)]
        passed = await self._fence(wanted) if wanted and not self._gate.refused else set()
        for mail in mails:
            # Activity that arrived while the statement ran is seen right before DATA.
            if mail.claimed.log_id in passed:
                self._fenced.put_nowait(FencedMail(mail, fenced_us))
            else:
                self._again.put_nowait(mail)

    async def _fence(self, mails: Sequence[ComposedMail]) -> set[int]:
        """The log ids of those that nothing speaks against; one that the statement fails for holds up no other."""
        fenced = [as_fenced(mail) for mail in mails]
        try:
            return await asyncio.to_thread(self._episodes.fence, fenced, lease_us=self._lease_us)
        except DatabaseUnavailableError as error:
            log.error("fence.failed", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            return set()
        except Exception as error:  # noqa: BLE001 - no fence, no mail: the rows are tried again
            log.error("fence.failed", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            if len(mails) == 1:
                return set()
        alone = [await self._fence([mail]) for mail in mails]
        return set().union(*alone)
