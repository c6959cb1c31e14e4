"""Whether mail may leave: the server takes our mail, this instance leads, and the customer did nothing meanwhile."""

import asyncio
from collections.abc import Callable

import structlog

from binlog_watcher.core.backoff import pause
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.cancelled import is_cancelled
from binlog_watcher.recovery.stages import ComposedMail
from mailer import RetryLaterError, SendError, SmtpSender

log = structlog.get_logger(__name__)

STOPPED_US = 60_000_000
"""How long nothing is sent after the server refused our login or its TLS; then it is asked again."""

UNREACHABLE_US = 1_000_000
"""The first pause after it could not be reached: the next ones are longer, up to ``STOPPED_US``."""

HELD_US = 1_000_000
"""How long mails wait while it is being asked, or another instance leads."""


class SendingGate:
    """Shut after the server refused *us*, or could not be reached; asks it again, and opens by itself."""

    def __init__(
        self, sender: SmtpSender, runtime: Runtime, *, may_send: Callable[[], bool] = lambda: True
    ) -> None:
        """``may_send``: False while another instance may be the leader; then mails in hand are given back."""
        self._sender = sender
        self._runtime = runtime
        self._refused = asyncio.Event()
        self._stopped_until_us = 0
        self._unreached = 0  # how often in a row
        self.may_send = may_send

    @property
    def refused(self) -> bool:
        """Whether the server will have none of our mails."""
        return self._refused.is_set()

    def wants(self, mail: ComposedMail) -> bool:
        """Whether we lead and the customer did nothing since the cart was taken in hand, as far as the binlog tells.

        Asked before the fence and once more right before DATA, also by one that was frozen on this side of SMTP.
        """
        return self.may_send() and not self._runtime.tracker.touched(mail.claimed.key)

    def held_until_us(self, now_us: int) -> int:
        """Until when nothing can be sent; 0 while all is well."""
        if not self.may_send():
            return now_us + HELD_US
        return max(self._stopped_until_us, now_us + HELD_US) if self.refused else 0

    def refuse(self, error: SendError) -> bool:
        """The server would have no mail at all; False if that was known, and it was not asked by this mail."""
        if self.refused:
            return False
        self._unreached = 0
        retry_s = self._stop(error)
        self._refused.set()
        log.error("sender.stopped", error=str(error), retry_s=retry_s)
        return True

    def _stop(self, error: Exception) -> float:
        """Send nothing for a while; for how many seconds. A human's mending takes longer than a restart."""
        pause_us = STOPPED_US
        if isinstance(error, RetryLaterError):
            self._unreached += 1
            pause_us = pause(UNREACHABLE_US, STOPPED_US, self._unreached)
        self._stopped_until_us = self._runtime.clock.now_us() + pause_us
        return pause_us / 1e6

    async def run(self) -> None:
        """While the server will have none of our mails, ask it again and again; until cancelled."""
        while not is_cancelled():
            await self._refused.wait()
            await asyncio.sleep(max(0, self._stopped_until_us - self._runtime.clock.now_us()) / 1e6)
            try:
                await self._sender.verify()
            except SendError as error:
                log.error("sender.still_stopped", error=str(error), retry_s=self._stop(error))  # noqa: TRY400 - one line
            except Exception as error:
                log.exception("sender.still_stopped", error=str(error), retry_s=self._stop(error))
            else:
                self._refused.clear()
                log.info("sender.resumed")
