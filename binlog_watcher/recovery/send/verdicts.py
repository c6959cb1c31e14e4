"""What becomes of a row when SMTP took its mail, or would not. Each way in which a hand-over can end is an outcome."""

from dataclasses import replace
from typing import Any

import structlog

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.attempts import Retries, is_last, outcome_of
from binlog_watcher.recovery.send.brake import End
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ComposedMail
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import (
    MailboxRefusedError,
    OutcomeUnknownError,
    RefusedUsError,
    RejectedForeverError,
    RetryLaterError,
    SendError,
    SenderStoppedError,
    UnreachableError,
    mask,
)

log = structlog.get_logger(__name__)


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (UnreachableError, "unreachable"),
    (SenderStoppedError, "stopped"),
    (RetryLaterError, "later"),
    (MailboxRefusedError, "mailbox"),
    (RefusedUsError, "refused_us"),
    (RejectedForeverError, "refused"),
    (OutcomeUnknownError, "unknown"),
)
"""Of errors one of which may be a kind of another, the narrower ones first."""


def _kind(error: Exception) -> str:
    return next((kind for known, kind in _KINDS if isinstance(error, known)), "other")


class Verdicts:
    """Turns the server's word into an outcome, and tells it."""

    def __init__(self, gate: SendingGate, retries: Retries, runtime: Runtime) -> None:
        self._gate = gate
        self._retries = retries
        self._runtime = runtime

    def sent(self, mail: ComposedMail, handed_us: int, reply: str) -> Outcome:
        """The server took it; it was handed over at ``handed_us``."""
        self._gate.took()
        now_us, metrics = self._runtime.clock.now_us(), self._runtime.metrics
        self._gate.pace.took(now_us - handed_us)
        lateness_us = max(0, handed_us - mail.claimed.send.due_us)
        metrics.mails.labels("sent").inc()
        metrics.lateness.observe(lateness_us / 1e6)
        metrics.due_to_sent.observe(max(0, now_us - mail.claimed.send.due_us) / 1e6)
        log.info(
            "recovery.finished",
            outcome="sent",
            lateness_ms=lateness_us // 1000,
            reply=reply[:80],
            **_names(mail),
        )
        return outcome_of(mail.claimed, Status.SENT, handed_us, message_id=mail.message_id)

    def not_sent(self, mail: ComposedMail, handed_us: int, error: Exception) -> Outcome:
        """It did not; or nobody knows."""
        self._gate.pace.took(self._runtime.clock.now_us() - handed_us)
        self._runtime.metrics.smtp_errors.labels(_kind(error)).inc()
        match error:
            case SenderStoppedError():
                return self._sender_stopped(mail, error)
            case RetryLaterError():
                return self._refused_for_now(mail, error)
            case MailboxRefusedError():
                return self._bounced(mail, error)
            case RejectedForeverError():
                return self._failed(mail, error)
            case OutcomeUnknownError():
                self._gate.ended_alike(End.LOST, mail, error)
                return self._unknown(mail, str(error))
            case _:
                return self._unknown(mail, f"{type(error).__name__}: {error}", trace=error)

    def unreached(self, error: UnreachableError) -> None:
        """The server is gone: nothing is sent until it answers."""
        self._runtime.metrics.smtp_errors.labels(_kind(error)).inc()
        self._gate.refuse(error)

    def rows_to_give_back(self) -> tuple[int, ...]:
        """Rows that failed, and would have been refused whoever they were for: the server refuses all."""
        return self._gate.brake.take_burnt()

    def _refused_for_now(self, mail: ComposedMail, error: RetryLaterError | SenderStoppedError) -> Outcome:
        attempt, now_us = mail.claimed.attempt, self._runtime.clock.now_us()
        if is_last(attempt):
            return self._failed(mail, error)
        # Some refuse all for a time in words that mean "for good", such as a quota of ours (5.4.5).
        if (error.code or 0) >= 500 and self._gate.ended_alike(End.REFUSED, mail, error):
            return self._held(mail, error)
        log.error("recovery.finished", outcome="retry", error=str(error), **_names(mail))
        self._runtime.metrics.mails.labels("retry").inc()
        next_us = self._retries.next_us(attempt, now_us)
        return self._outcome(mail, Status.RETRY, str(error), next_us=next_us)

    def _failed(self, mail: ComposedMail, error: SendError) -> Outcome:
        """Given up, unless the server treats all mails so: then it is no fault of this one's."""
        end = End.US if isinstance(error, RefusedUsError) else End.REFUSED
        if self._gate.ended_alike(end, mail, error):
            return self._held(mail, error)
        self._gate.brake.failed(mail.claimed.log_id)
        return self._ended(mail, Status.FAILED, str(error))

    def _held(self, mail: ComposedMail, error: SendError) -> Outcome:
        """It was certainly not sent, waits until others are, and that was none of its attempts."""
        log.info("recovery.finished", outcome="retry", reason=Reason.SMTP_STOPPED, **_names(mail))
        held_us = self._gate.held_until_us(self._runtime.clock.now_us())
        return replace(
            self._outcome(mail, Status.RETRY, str(error), reason=Reason.SMTP_STOPPED, next_us=held_us),
            is_attempt=False,
        )

    def _bounced(self, mail: ComposedMail, error: MailboxRefusedError) -> Outcome:
        outcome = self._ended(mail, Status.FAILED, str(error))
        return (
            replace(outcome, reason=Reason.BOUNCED, bounced=mask(mail.recipient)) if error.gone else outcome
        )

    def _unknown(self, mail: ComposedMail, why: str, *, trace: Exception | None = None) -> Outcome:
        return self._ended(mail, Status.UNKNOWN, why, trace=trace)

    def _sender_stopped(self, mail: ComposedMail, error: SenderStoppedError) -> Outcome:
        """The server will have nothing of us: no fault of this mail's, unless it is asked again and again."""
        attempt = mail.claimed.attempt
        asked = self._gate.refuse(error)
        if asked and is_last(attempt):
            # The server was content each time that it was asked without a mail: it is about this one after all.
            return self._refused_for_now(mail, error)
        log.info("recovery.finished", outcome="retry", reason=Reason.SMTP_STOPPED, **_names(mail))
        now_us = self._runtime.clock.now_us()
        pause_us = self._retries.next_us(attempt - 1, now_us) if asked and attempt > 1 else now_us
        next_us = max(self._gate.held_until_us(now_us), pause_us)
        return self._outcome(mail, Status.RETRY, str(error), reason=Reason.SMTP_STOPPED, next_us=next_us)

    def _ended(
        self, mail: ComposedMail, status: Status, error: str, *, trace: Exception | None = None
    ) -> Outcome:
        """Nothing more is done by itself."""
        log.error("recovery.finished", outcome=str(status), error=error, exc_info=trace, **_names(mail))
        self._runtime.metrics.mails.labels(str(status)).inc()
        return self._outcome(mail, status, error)

    def _outcome(
        self,
        mail: ComposedMail,
        status: Status,
        error: str,
        *,
        reason: Reason | None = None,
        next_us: int | None = None,
    ) -> Outcome:
        return outcome_of(
            mail.claimed, status, self._runtime.clock.now_us(), reason=reason, error=error, next_us=next_us,
            message_id=mail.message_id,
        )  # fmt: skip


def _names(mail: ComposedMail) -> dict[str, Any]:
    """Which mail a log line is about."""
    claimed = mail.claimed
    return {
        "cart": claimed.key,
        "to": mask(mail.recipient),
        "log_id": claimed.log_id,
        "attempt": claimed.attempt,
    }
