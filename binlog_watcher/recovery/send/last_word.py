"""Right before DATA: may this mail leave this very moment? See docs/design-sending.md, *The fence*.

A server may answer MAIL and RCPT slowly, and the process may have been frozen meanwhile (a paused virtual machine, a
stopped process). What the binlog tells counts only while it is followed, and a fence only for a second.
"""

import asyncio
from collections.abc import Callable

import structlog

from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ComposedMail, FencedMail, as_fenced
from binlog_watcher.store.own_tables.log import EpisodeLog

log = structlog.get_logger(__name__)

FENCE_HOLDS_US = 1_000_000
"""How old a fence may be at DATA, by a clock that goes on while this process or the machine stands still."""

MOST_FENCES = 5
"""How often a mail is fenced again at one hand-over; a machine too slow for that sends it later."""


class LastWord:
    """Asked in the SMTP transaction, when the server has accepted the recipient."""

    def __init__(
        self,
        *,
        gate: SendingGate,
        runtime: Runtime,
        episodes: EpisodeLog,
        lease_us: int,
        alone: Callable[[], bool] = lambda: True,
    ) -> None:
        """``alone``: whether the tables alone may decide, since the binlog is not followed at all."""
        self._gate = gate
        self._runtime = runtime
        self._episodes = episodes
        self._lease_us = lease_us
        self._alone = alone

    def wants(self, mail: ComposedMail) -> bool:
        """What is known without asking: we lead, and the binlog tells of nothing."""
        return self._gate.wants(mail)

    async def may_leave(self, fenced: FencedMail) -> bool:
        """Whether nothing speaks against the mail, by a fence and a binlog that are fresh enough. Raises nothing."""
        fenced_us, clock = fenced.fenced_us, self._runtime.clock
        for _ in range(MOST_FENCES):
            asked_us = clock.elapsed_us()
            if not self._gate.wants(fenced.mail) or not self._is_followed(fenced.mail, clock.now_us()):
                return False
            if asked_us - fenced_us <= FENCE_HOLDS_US:
                return True
            fenced_us = asked_us
            if not await self._fence_again(fenced.mail):
                return False
        return False

    def _is_followed(self, mail: ComposedMail, now_us: int) -> bool:
        return self._runtime.tracker.up_to_date(now_us, mail.claimed.due.partition) or self._alone()

    async def _fence_again(self, mail: ComposedMail) -> bool:
        try:
            return await asyncio.to_thread(
                self._episodes.fence_again, as_fenced(mail), lease_us=self._lease_us
            )
        except Exception as error:  # noqa: BLE001 - no fence, no mail: it is tried again
            log.error("fence.failed", error=str(error), mails=1)  # noqa: TRY400 - one line is enough
            return False
