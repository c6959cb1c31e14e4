"""The last steps of a mail: fence → SMTP → outcome.

Mails are fenced in micro-batches no larger than the free SMTP connections, so what passes the fence is handed to
SMTP at once: connections are opened and asked before the fence, not behind it, and right before DATA the binlog has
another say. A slow server holds up its own connection only. Outcomes are written in groups by one task, and a
connection is given the next mail when the outcome of its last one is in the log: so a crash leaves at most as many
mails of unknown outcome as there are connections, also after MySQL was away.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.recovery.composer import ReadyMail
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Fenced, Outcome
from binlog_watcher.telemetry.metrics import Metrics
from mailer import (
    OutcomeUnknownError,
    RejectedForeverError,
    RetryLaterError,
    SendError,
    SenderStoppedError,
    SmtpSender,
    WithdrawnError,
    mask,
)

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
"""Attempts on temporary failures, about two hours in all at a first pause of a minute; then the row is ``failed``."""

LONGEST_PAUSE = 60
"""How often the first pause fits into the longest one between two attempts."""

STOPPED_US = 60_000_000
"""How long nothing is sent after the server refused our login or its TLS; then it is asked again."""

GATHER_S = 0.005
"""How long a fence, or the writing of outcomes, may wait for company: one statement does for all of it."""

LONGEST_WAIT_S = 2.0
"""Between two tries to write outcomes while MySQL is gone; nothing is sent until they are written."""

HELD_US = 1_000_000
"""How long mails wait while it is being asked."""

LookAgain = Callable[[Sequence[ReadyMail]], Awaitable[None]]
"""What becomes of mails that did not pass the fence."""


class Outbox:
    """Sends ready mails through the pool of SMTP connections."""

    def __init__(
        self,
        *,
        sender: SmtpSender,
        mail_from: str,
        episodes: EpisodeLog,
        tracker: Tracker,
        clock: ServerClock,
        metrics: Metrics,
        lease_us: int,
        first_retry_us: int,
        may_send: Callable[[], bool] = lambda: True,
        capacity: int = 200,
    ) -> None:
        """``may_send``: False while another instance may be the leader; then mails in hand are given back."""
        self._sender = sender
        self._mail_from = mail_from
        self._episodes = episodes
        self._tracker = tracker
        self._clock = clock
        self._metrics = metrics
        self._lease_us = lease_us
        self._may_send = may_send
        self._first_retry_us = first_retry_us
        self._queue: asyncio.Queue[ReadyMail] = asyncio.Queue(capacity)
        self._free = sender.connections
        self._many = max(1, sender.connections // 2)
        self._freed = asyncio.Event()
        # With each the connections that are free once it is written: 1, or 0 for what was found before the fence.
        self._outcomes: asyncio.Queue[tuple[ReadyMail, Outcome, int]] = asyncio.Queue(capacity)
        self._refused = asyncio.Event()
        self._under_way: set[int] = set()  # log rows; a second mail of one would pass the first one's fence
        self._unsettled = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._stopped_until_us = 0
        self.on_settled: Callable[[], None] = lambda: None
        """Called when a mail has its outcome in the log: there is room for another cart."""

    def held_until_us(self, now_us: int) -> int:
        """Until when nothing can be sent: the server refused us, or we may not lead any more; 0 while all is well."""
        if not self._may_send():
            return now_us + HELD_US
        return max(self._stopped_until_us, now_us + HELD_US) if self._refused.is_set() else 0

    async def put(self, mail: ReadyMail) -> None:
        """Queue a mail; waits while the queue is full. One whose row is under way already is left out."""
        if mail.claimed.log_id in self._under_way:
            log.error("outbox.doubled", log_id=mail.claimed.log_id)
            return
        self._under_way.add(mail.claimed.log_id)
        self._begin()
        await self._queue.put(mail)

    def _begin(self) -> None:
        self._unsettled += 1
        self._settled.clear()

    async def drained(self) -> None:
        """Wait until every mail put so far has its outcome in the log."""
        await self._settled.wait()

    def retry_at(self, attempt: int, now_us: int) -> int:
        """When to try again after the ``attempt``-th failure: 1, 2, 4 … times the first pause, at most 60 times."""
        return now_us + self._first_retry_us * int(min(2 ** (attempt - 1), LONGEST_PAUSE))

    async def run(self, look_again: LookAgain) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_outcomes())
            group.create_task(self._revive_sender())
            while True:
                mails = await self._next_micro_batch()
                if self._sender.ready(len(mails)):
                    await self._pass(mails, look_again, group)
                else:
                    group.create_task(self._connect_and_pass(mails, look_again, group))

    async def _connect_and_pass(
        self, mails: list[ReadyMail], look_again: LookAgain, group: asyncio.TaskGroup
    ) -> None:
        if not self._refused.is_set() and self._may_send():
            await self._sender.prepare(len(mails))
        await self._pass(mails, look_again, group)

    async def _pass(self, mails: list[ReadyMail], look_again: LookAgain, group: asyncio.TaskGroup) -> None:
        for mail in await self._fence(mails, look_again):
            group.create_task(self._send(mail, look_again))

    async def _revive_sender(self) -> None:
        """After the server refused us, ask it once a minute whether a human has mended that."""
        while True:
            await self._refused.wait()
            await asyncio.sleep(max(0, self._stopped_until_us - self._clock.now_us()) / 1e6)
            try:
                await self._sender.verify()
            except SendError as error:
                self._stopped_until_us = self._clock.now_us() + STOPPED_US
                log.error("sender.still_stopped", error=str(error), retry_s=STOPPED_US // 1_000_000)  # noqa: TRY400
            except Exception as error:
                self._stopped_until_us = self._clock.now_us() + STOPPED_US
                log.exception("sender.still_stopped", error=str(error), retry_s=STOPPED_US // 1_000_000)
            else:
                self._refused.clear()
                log.info("sender.resumed")

    async def _next_micro_batch(self) -> list[ReadyMail]:
        """Wait for a mail and a free connection, then take as many mails as there are free connections."""
        first = await self._queue.get()
        while self._free == 0:
            self._freed.clear()
            await self._freed.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while self._free < min(self._many, self._queue.qsize() + 1):
                    self._freed.clear()
                    await self._freed.wait()
        mails = [first]
        while len(mails) < self._free and not self._queue.empty():
            mails.append(self._queue.get_nowait())
        self._free -= len(mails)
        return mails

    def _release(self, connections: int) -> None:
        self._free += connections
        self._freed.set()

    async def _fence(self, mails: list[ReadyMail], look_again: LookAgain) -> list[ReadyMail]:
        """Those that may be sent this very moment; the others are looked at again."""
        if not self._may_send():
            for mail in mails:
                await self.record(mail, self._given_back(mail), queued=True)
            return []
        quiet = [mail for mail in mails if not self._tracker.touched(mail.claimed.due.key)]
        passed: set[int] = set()
        if quiet and not self._refused.is_set():
            passed = await self._pass_fence(quiet)
        # Activity that arrived while the statement ran is caught here, still on this side of the hand-over.
        passed = {log_id for mail in quiet if (log_id := mail.claimed.log_id) in passed
                  and not self._tracker.touched(mail.claimed.due.key)}  # fmt: skip
        sendable = [mail for mail in quiet if mail.claimed.log_id in passed]
        rest = [mail for mail in mails if mail.claimed.log_id not in passed]
        if rest:
            await look_again(rest)
        return sendable

    async def _pass_fence(self, mails: Sequence[ReadyMail]) -> set[int]:
        """The log ids of those that nothing speaks against; one that the statement fails for holds up no other."""
        fenced = [
            Fenced(claimed.log_id, claimed.cart.fingerprint, claimed.cart.customer_id)
            for claimed in (mail.claimed for mail in mails)
        ]
        try:
            return await asyncio.to_thread(self._episodes.fence, fenced, lease_us=self._lease_us)
        except DatabaseUnavailableError as error:
            log.error("fence.failed", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            return set()
        except Exception as error:  # noqa: BLE001 - no fence, no mail: the rows are tried again
            log.error("fence.failed", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            if len(mails) == 1:
                return set()
        alone = [await self._pass_fence([mail]) for mail in mails]
        return set().union(*alone)

    async def _send(self, mail: ReadyMail, look_again: LookAgain) -> None:
        outcome = await self._attempt(mail)
        if outcome is None:
            await look_again([mail])
        else:
            await self._outcomes.put((mail, outcome, 1))

    def _is_wanted(self, mail: ReadyMail) -> bool:
        """Asked at the last moment; also by one that was frozen on this side of SMTP."""
        return self._may_send() and not self._tracker.touched(mail.claimed.due.key)

    async def _attempt(self, mail: ReadyMail) -> Outcome | None:
        """Hand one mail to SMTP; every way in which that can end is an outcome. None: the customer came back first."""
        if not self._may_send():
            return self._given_back(mail)
        claimed = mail.claimed
        handed_us = self._clock.now_us()
        shown = mask(mail.recipient)
        base = {"user": claimed.due.key, "to": shown, "log_id": claimed.log_id, "attempt": claimed.attempt}
        try:
            reply = await self._sender.send(
                self._mail_from,
                mail.recipient,
                mail.message,
                checked=True,
                still_wanted=lambda: self._is_wanted(mail),
            )
        except WithdrawnError:
            return None if self._may_send() else self._given_back(mail)
        except RetryLaterError as error:
            return self._retry(mail, str(error))
        except RejectedForeverError as error:
            log.error("recovery.finished", outcome="failed", error=str(error), **base)  # noqa: TRY400
            self._metrics.mails.labels("failed").inc()
            return self._outcome(mail, Status.FAILED, error=str(error))
        except SenderStoppedError as error:
            asked = not self._refused.is_set()
            if asked:
                self._stopped_until_us = self._clock.now_us() + STOPPED_US
                self._refused.set()
                log.error("sender.stopped", error=str(error), retry_s=STOPPED_US // 1_000_000)  # noqa: TRY400
            if asked and claimed.attempt >= MAX_ATTEMPTS:
                # The server was content each time that it was asked without a mail: it is about this one after all.
                return self._retry(mail, str(error))
            log.info("recovery.finished", outcome="retry", reason=Reason.SMTP_STOPPED, **base)
            now_us = self._clock.now_us()
            again = asked and claimed.attempt > 1
            pause_us = self.retry_at(claimed.attempt - 1, now_us) if again else now_us
            return self._outcome(
                mail,
                Status.RETRY,
                reason=Reason.SMTP_STOPPED,
                error=str(error),
                next_us=max(self.held_until_us(now_us), pause_us),
            )
        except OutcomeUnknownError as error:
            log.error("recovery.finished", outcome="unknown", error=str(error), **base)  # noqa: TRY400
            self._metrics.mails.labels("unknown").inc()
            return self._outcome(mail, Status.UNKNOWN, error=str(error))
        except Exception as error:
            log.exception("recovery.finished", outcome="unknown", error=str(error), **base)
            self._metrics.mails.labels("unknown").inc()
            return self._outcome(mail, Status.UNKNOWN, error=f"{type(error).__name__}: {error}")
        lateness_us = max(0, handed_us - claimed.send.due_us)
        self._metrics.mails.labels("sent").inc()
        self._metrics.lateness.observe(lateness_us / 1e6)
        log.info(
            "recovery.finished", outcome="sent", lateness_ms=lateness_us // 1000, reply=reply[:80], **base
        )
        return self._outcome(mail, Status.SENT, at_us=handed_us)

    def _given_back(self, mail: ReadyMail) -> Outcome:
        """To whoever leads: it is due at once."""
        claimed = mail.claimed
        log.info(
            "recovery.stopped",
            user=claimed.due.key,
            outcome=Status.RETRY,
            reason=Reason.NOT_LEADING,
            log_id=claimed.log_id,
        )
        return self._outcome(
            mail, Status.RETRY, reason=Reason.NOT_LEADING, next_us=self._clock.now_us() + HELD_US
        )

    def _retry(self, mail: ReadyMail, error: str) -> Outcome:
        claimed = mail.claimed
        final = claimed.attempt >= MAX_ATTEMPTS
        next_us = None if final else self.retry_at(claimed.attempt, self._clock.now_us())
        log.error(
            "recovery.finished",
            outcome="failed" if final else "retry",
            user=claimed.due.key,
            to=mask(mail.recipient),
            log_id=claimed.log_id,
            attempt=claimed.attempt,
            error=error,
        )
        self._metrics.mails.labels("failed" if final else "retry").inc()
        return self._outcome(mail, Status.FAILED if final else Status.RETRY, error=error, next_us=next_us)

    def _outcome(
        self,
        mail: ReadyMail,
        status: Status,
        *,
        reason: Reason | None = None,
        error: str | None = None,
        at_us: int | None = None,
        next_us: int | None = None,
    ) -> Outcome:
        customer = mail.claimed.cart.customer
        return Outcome(
            log_id=mail.claimed.log_id,
            status=status,
            reason=reason,
            error=error,
            at_us=at_us if at_us is not None else self._clock.now_us(),
            next_attempt_us=next_us,
            address_hash=customer.address_hash if customer else None,
            message_id=mail.message_id,
        )

    async def record(self, mail: ReadyMail, outcome: Outcome, *, queued: bool) -> None:
        """Have an outcome written that was found before SMTP; ``queued``: the mail came from the queue."""
        if not queued:
            self._begin()
        # A fence whose answer was lost may have passed the mail: until that is undone it counts as under way.
        await self._outcomes.put((mail, outcome, 1 if queued else 0))

    async def _write_outcomes(self) -> None:
        """Write outcomes in groups; while MySQL is gone they wait, and new mails wait behind them."""
        while True:
            group = await self._next_outcomes()
            await self._write([(mail, outcome) for mail, outcome, _ in group])
            for mail, outcome, _ in group:
                self._settle(mail, outcome)
            self._release(sum(connections for _, _, connections in group))

    async def _next_outcomes(self) -> list[tuple[ReadyMail, Outcome, int]]:
        group = [await self._outcomes.get()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while len(group) < self._many and self._free + len(group) < self._sender.connections:
                    group.append(await self._outcomes.get())
        while not self._outcomes.empty() and len(group) < 100:
            group.append(self._outcomes.get_nowait())
        return group

    async def _write(self, group: Sequence[tuple[ReadyMail, Outcome]]) -> None:
        """Write outcomes however long it takes; one that MySQL can't take holds up no other."""
        delay = 0.2
        while True:
            try:
                await asyncio.to_thread(self._episodes.finish, [outcome for _, outcome in group])
            except (DatabaseUnavailableError, ConfigError) as error:
                log.error("outcome.not_written", error=str(error), retry_s=delay, mails=len(group))  # noqa: TRY400
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_WAIT_S)
            except Exception as error:
                if len(group) > 1:
                    for one in group:
                        await self._write([one])
                    return
                mail, outcome = group[0]
                log.exception("outcome.not_written", error=str(error), log_id=outcome.log_id)
                bare = replace(outcome, error=None, message_id=None)
                if bare == outcome:
                    return  # the lease ends, and then the row is unknown or anyone's
                group = [(mail, bare)]
            else:
                return

    def _settle(self, mail: ReadyMail, outcome: Outcome) -> None:
        if outcome.next_attempt_us is not None:
            self._tracker.wait(mail.claimed.due, outcome.next_attempt_us)
        else:
            self._tracker.finish(mail.claimed.due.key)
        self._under_way.discard(outcome.log_id)
        self._unsettled -= 1
        self.on_settled()
        if self._unsettled == 0:
            self._settled.set()
