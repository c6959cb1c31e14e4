"""Fenced → handed over: SMTP takes the mail, or says why not; every way in which that can end is an outcome.

A slow server holds up its own connection only. Right before DATA the binlog has another say.
"""

import asyncio
from typing import Any

import structlog

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.attempts import Retries, is_last, outcome_of
from binlog_watcher.recovery.send.outcome_writer import OutcomeWriter
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ComposedMail, FencedMail, Settlement
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import (
    OutcomeUnknownError,
    RejectedForeverError,
    RetryLaterError,
    SenderStoppedError,
    SmtpSender,
    WithdrawnError,
    mask,
)

log = structlog.get_logger(__name__)


class HandOver:
    """Takes mails from ``fenced``; their outcomes go to the writer. Withdrawn ones go to ``again``."""

    def __init__(
        self,
        *,
        sender: SmtpSender,
        mail_from: str,
        gate: SendingGate,
        retries: Retries,
        runtime: Runtime,
        fenced: asyncio.Queue[FencedMail],
        again: asyncio.Queue[ComposedMail],
        writer: OutcomeWriter,
    ) -> None:
        self._sender = sender
        self._mail_from = mail_from
        self._gate = gate
        self._retries = retries
        self._runtime = runtime
        self._fenced = fenced
        self._again = again
        self._writer = writer

    async def run(self) -> None:
        """Send until cancelled, one mail a connection at a time."""
        async with asyncio.TaskGroup() as connections:
            for _ in range(self._sender.slots.total):
                connections.create_task(self._send_one_after_the_other())

    async def _send_one_after_the_other(self) -> None:
        while True:
            mail = (await self._fenced.get()).mail
            outcome = await self._attempt(mail)
            if outcome is None:
                self._again.put_nowait(mail)
            else:
                await self._writer.put(Settlement(mail.claimed, outcome, connections=1))

    async def _attempt(self, mail: ComposedMail) -> Outcome | None:
        """Hand one mail to SMTP. None: it was withdrawn on this side of DATA, so it was not sent."""
        if not self._gate.wants(mail):
            return None
        handed_us = self._runtime.clock.now_us()
        try:
            reply = await self._sender.send(
                self._mail_from,
                mail.recipient,
                mail.message,
                checked=True,
                slot_taken=True,
                still_wanted=lambda: self._gate.wants(mail),
            )
        except WithdrawnError:
            return None
        except RetryLaterError as error:
            return self._refused_for_now(mail, str(error))
        except SenderStoppedError as error:
            return self._sender_stopped(mail, error)
        except Exception as error:  # noqa: BLE001 - the mail has an outcome, whatever it was
            return self._ended(mail, error)
        lateness_us = max(0, handed_us - mail.claimed.send.due_us)
        self._runtime.metrics.mails.labels("sent").inc()
        self._runtime.metrics.lateness.observe(lateness_us / 1e6)
        log.info(
            "recovery.finished",
            outcome="sent",
            lateness_ms=lateness_us // 1000,
            reply=reply[:80],
            **_names(mail),
        )
        return outcome_of(mail.claimed, Status.SENT, handed_us, message_id=mail.message_id)

    def _refused_for_now(self, mail: ComposedMail, error: str) -> Outcome:
        attempt, now_us = mail.claimed.attempt, self._runtime.clock.now_us()
        status = Status.FAILED if is_last(attempt) else Status.RETRY
        log.error("recovery.finished", outcome=str(status), error=error, **_names(mail))
        self._runtime.metrics.mails.labels(str(status)).inc()
        next_us = self._retries.next_us(attempt, now_us) if status is Status.RETRY else None
        return outcome_of(
            mail.claimed, status, now_us, error=error, next_us=next_us, message_id=mail.message_id
        )

    def _sender_stopped(self, mail: ComposedMail, error: SenderStoppedError) -> Outcome:
        """The server will have nothing of us: no fault of this mail's, unless it is asked again and again."""
        attempt = mail.claimed.attempt
        asked = self._gate.refuse(error)
        if asked and is_last(attempt):
            # The server was content each time that it was asked without a mail: it is about this one after all.
            return self._refused_for_now(mail, str(error))
        log.info("recovery.finished", outcome="retry", reason=Reason.SMTP_STOPPED, **_names(mail))
        now_us = self._runtime.clock.now_us()
        pause_us = self._retries.next_us(attempt - 1, now_us) if asked and attempt > 1 else now_us
        return outcome_of(
            mail.claimed,
            Status.RETRY,
            now_us,
            reason=Reason.SMTP_STOPPED,
            error=str(error),
            next_us=max(self._gate.held_until_us(now_us), pause_us),
            message_id=mail.message_id,
        )

    def _ended(self, mail: ComposedMail, error: Exception) -> Outcome:
        """Refused for good, or nobody knows."""
        match error:
            case RejectedForeverError():
                status, why, trace = Status.FAILED, str(error), False
            case OutcomeUnknownError():
                status, why, trace = Status.UNKNOWN, str(error), False
            case _:
                status, why, trace = Status.UNKNOWN, f"{type(error).__name__}: {error}", True
        log.error("recovery.finished", outcome=str(status), error=str(error), exc_info=trace, **_names(mail))
        self._runtime.metrics.mails.labels(str(status)).inc()
        return outcome_of(
            mail.claimed, status, self._runtime.clock.now_us(), error=why, message_id=mail.message_id
        )


def _names(mail: ComposedMail) -> dict[str, Any]:
    """Which mail a log line is about."""
    claimed = mail.claimed
    return {
        "user": claimed.key,
        "to": mask(mail.recipient),
        "log_id": claimed.log_id,
        "attempt": claimed.attempt,
    }
