"""What becomes of a row when SMTP took its mail, or would not. Each way in which a hand-over can end is an outcome."""

from typing import Any

import structlog

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.attempts import Retries, is_last, outcome_of
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ComposedMail
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import OutcomeUnknownError, RejectedForeverError, RetryLaterError, SenderStoppedError, mask

log = structlog.get_logger(__name__)


class Verdicts:
    """Turns the server's word into an outcome, and tells it."""

    def __init__(self, gate: SendingGate, retries: Retries, runtime: Runtime) -> None:
        self._gate = gate
        self._retries = retries
        self._runtime = runtime

    def sent(self, mail: ComposedMail, handed_us: int, reply: str) -> Outcome:
        """The server took it; it was handed over at ``handed_us``."""
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

    def not_sent(self, mail: ComposedMail, error: Exception) -> Outcome:
        """It did not; or nobody knows."""
        match error:
            case RetryLaterError():
                return self._refused_for_now(mail, str(error))
            case SenderStoppedError():
                return self._sender_stopped(mail, error)
            case _:
                return self._ended(mail, error)

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
