"""Whether mail may leave: the server takes our mail, this instance leads, and the customer did nothing meanwhile.

Two things stop all mail. The server refuses *us* or can't be reached: then it is asked again, without a mail. Or it
treats all mails alike, refusing or losing them: then the brake is on, and due mails are tried one at a time.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from binlog_watcher.core.backoff import pause
from binlog_watcher.core.log_status import Reason
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.brake import PROBE_US, Brake, End
from binlog_watcher.recovery.send.cancelled import is_cancelled
from binlog_watcher.recovery.send.pace import Pace
from binlog_watcher.recovery.stages import ComposedMail, DecidedCart
from mailer import RetryLaterError, SendError, SmtpSender

log = structlog.get_logger(__name__)

STOPPED_US = 60_000_000
"""How long nothing is sent after the server refused our login or its TLS; then it is asked again."""

UNREACHABLE_US = 1_000_000
"""The first pause after it could not be reached: the next ones are longer, up to ``STOPPED_US``."""

HELD_US = 1_000_000
"""How long mails wait while it is being asked, or another instance leads."""

WRITING_US = 500_000
"""What is left of a stop's time when the last hand-over ends: its outcome must be written."""

_ALIKE = {
    End.US: "the SMTP server would refuse every mail, as it refused one",
    End.REFUSED: "the SMTP server refused mails to {} different recipients in a row, and took none",
    End.LOST: "the SMTP server was lost {} times in a row while it had a mail, each to another recipient",
}


class SendingGate:
    """Shut while nothing can be sent; finds out by itself when it can be."""

    def __init__(
        self, sender: SmtpSender, runtime: Runtime, *, may_send: Callable[[], bool] = lambda: True
    ) -> None:
        """``may_send``: False while another instance may be the leader; then mails in hand are given back."""
        self._sender = sender
        self._runtime = runtime
        self._refused = asyncio.Event()
        self._stopped_until_us = 0
        self._unreached = 0  # how often in a row
        self._end_us: int | None = None
        self.brake = Brake()
        self.pace = Pace()
        self.may_send = may_send

    @property
    def refused(self) -> bool:
        """Whether the server will have none of our mails."""
        return self._refused.is_set()

    @property
    def stopped(self) -> bool:
        """Whether no mail can go out, for what the server does."""
        return self.refused or self.brake.is_on

    def end_by(self, end_us: int) -> None:
        """Begin no hand-over any more that would usually last longer than until then."""
        self._end_us = end_us

    def gives_back(self) -> Reason | None:
        """Why this instance begins nothing any more, whatever the server does; None: it goes on."""
        if not self.may_send():
            return Reason.NOT_LEADING
        last_us = self._runtime.clock.now_us() + self.pace.usual_us + WRITING_US
        return Reason.STOPPING if self._end_us is not None and last_us > self._end_us else None

    def wants(self, mail: ComposedMail) -> bool:
        """Whether the mail may go on, and its customer did nothing since it was taken in hand, as the binlog tells.

        Asked before the fence and once more right before DATA, also by one that was frozen on this side of SMTP.
        """
        key = mail.claimed.key
        return self.gives_back() is None and self.brake.lets(key) and not self._runtime.tracker.touched(key)

    def held_until_us(self, now_us: int) -> int:
        """Until when nothing can be sent; 0 while all is well."""
        if self.gives_back() is not None:
            return now_us + HELD_US
        until_us = max(self._stopped_until_us if self.refused else 0, self.brake.held_until_us(now_us))
        return max(until_us, now_us + HELD_US) if self.stopped else 0

    def admit(self, decided: Sequence[DecidedCart], now_us: int) -> Sequence[DecidedCart]:
        """Those whose mails may be begun now: all, none, or the one that shows whether the brake can go off."""
        if not self.held_until_us(now_us):
            return decided
        if self.refused or self.gives_back() is not None:
            return []
        probe = self.brake.probe(decided, now_us)
        return [] if probe is None else [probe]

    def took(self) -> None:
        """The server took a mail."""
        if self.brake.took():
            log.info("sender.resumed")

    def ended_alike(self, end: End, mail: ComposedMail, error: SendError) -> bool:
        """A mail ended in a way that any other might; True if by now all are taken to, and are held back."""
        if self.brake.ended(end, mail, self._runtime.clock.now_us()):
            why = _ALIKE[end].format(end.value)
            log.error("sender.stopped", error=f"{why}: {error}", retry_s=PROBE_US / 1e6)
        elif self.brake.is_probe(mail.claimed.key):
            log.error("sender.still_stopped", error=str(error))
        return self.brake.is_on

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
