"""Decided again: mails that may not leave after all. There was an order, activity, an opt-out, or no fence at all.

The carts are read once more, and each row gets its outcome: it waits for its next attempt, or is closed. None of that
was an attempt: SMTP never had the mail.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from binlog_watcher.core.backoff import pause
from binlog_watcher.core.cart import Cart, LoggedEpisode
from binlog_watcher.core.decision import Holdout, Send, Skip, Wait, decide
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.errors import CartwakeError
from binlog_watcher.recovery.closing import closing_reason
from binlog_watcher.recovery.loading import CartLoader
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.attempts import outcome_of
from binlog_watcher.recovery.send.outcome_writer import OutcomeWriter
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail, Settlement
from binlog_watcher.store.own_tables.log_rows import Outcome
from binlog_watcher.store.shop_tables.shop import Loaded

log = structlog.get_logger(__name__)

AGAIN_US = 500_000
"""How soon a mail is tried again that nothing speaks against: an event was ahead of its row, say."""

LONGEST_AGAIN_US = 600_000_000
"""How long at most between such attempts: each takes twice as long as the one before."""

MOST_COUNTED = 10_000
"""Rows whose fruitless attempts are counted."""

UNREAD_US = 2_000_000
"""How long a mail waits when MySQL can't be read just now."""

AGAIN_BATCH_SIZE = 100


class DecidingAgain:
    """Takes mails from ``again``; a connection is kept for each until its outcome is written.

    A fence whose answer was lost may have passed the mail: until that is undone it counts as under way.
    """

    def __init__(
        self,
        *,
        loader: CartLoader,
        runtime: Runtime,
        gate: SendingGate,
        again: asyncio.Queue[ComposedMail],
        writer: OutcomeWriter,
    ) -> None:
        self._loader = loader
        self._runtime = runtime
        self._gate = gate
        self._again = again
        self._writer = writer
        self._fruitless: dict[
            int, int
        ] = {}  # log row → how often it did not pass though nothing spoke against it

    async def run(self) -> None:
        """Decide until cancelled."""
        while True:
            mails = [await self._again.get()]
            while not self._again.empty() and len(mails) < AGAIN_BATCH_SIZE:
                mails.append(self._again.get_nowait())
            for mail, outcome in zip(mails, await self.decide(mails), strict=True):
                log.info(
                    "recovery.stopped", cart=mail.claimed.key, outcome=outcome.status, reason=outcome.reason,
                    log_id=mail.claimed.log_id,
                )  # fmt: skip
                await self._writer.put(Settlement(mail.claimed, outcome, connections=1))

    async def decide(self, mails: Sequence[ComposedMail]) -> list[Outcome]:
        """What becomes of each row; never raises, for the other mails must go on."""
        gives_back = self._gate.gives_back()
        if gives_back is not None:
            return [self._given_back(mail, gives_back) for mail in mails]
        try:
            filled_us = {mail.claimed.key: mail.claimed.cart.created_us for mail in mails}
            loaded = await asyncio.to_thread(self._loader.load, list(filled_us), filled_us)
        except CartwakeError as error:
            log.error("fence.not_read", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            loaded = Loaded({}, {})
        except Exception as error:
            log.exception("fence.not_read", error=str(error), mails=len(mails))
            loaded = Loaded({}, {})
        now_us = self._runtime.clock.now_us()
        outcomes = [self._outcome(mail, loaded.carts.get(mail.claimed.key), now_us) for mail in mails]
        for outcome in outcomes:
            self._runtime.metrics.skips.labels(str(outcome.reason or outcome.status)).inc()
        return outcomes

    def _given_back(self, mail: ComposedMail, reason: Reason) -> Outcome:
        """To whoever leads, or starts next: it is due at once."""
        now_us = self._runtime.clock.now_us()
        held_us = self._gate.held_until_us(now_us)
        outcome = outcome_of(
            mail.claimed, Status.RETRY, now_us, reason=reason, next_us=held_us, message_id=mail.message_id
        )
        return replace(outcome, is_attempt=False)

    def _outcome(self, mail: ComposedMail, cart: Cart | None, now_us: int) -> Outcome:
        try:
            return self._decide(mail.claimed, cart, now_us)
        except Exception as error:
            log.exception("fence.not_decided", error=str(error), cart=mail.claimed.key)
            return self._decide(mail.claimed, None, now_us)

    def _decide(self, claimed: ClaimedCart, cart: Cart | None, now_us: int) -> Outcome:
        held_us = self._gate.held_until_us(now_us)

        def retry(reason: Reason | None, at_us: int) -> Outcome:
            next_us = max(at_us, held_us)
            return Outcome(
                claimed.log_id, Status.RETRY, reason=reason, next_attempt_us=next_us, is_attempt=False
            )

        def skipped(reason: Reason, next_us: int | None = None) -> Outcome:
            return Outcome(
                claimed.log_id, Status.SKIPPED, reason=reason, next_attempt_us=next_us, is_attempt=False
            )

        if cart is None:
            return retry(None, now_us + UNREAD_US)
        policy = self._runtime.policy
        armed_us = self._runtime.tracker.due_of(claimed.key)
        activity_us = max(claimed.due.activity_us or 0, (armed_us or 0) - policy.threshold_us)
        unclaimed = replace(cart, logged=_unclaimed(cart.logged, claimed.log_id))
        ordered = self._runtime.tracker.ordered(claimed.key)
        match decide(unclaimed, activity_us, now_us, policy, ordered=ordered):
            case Wait(until_us, reason):
                return retry(reason, until_us)
            case Skip(Reason.STORE):
                return retry(Reason.STORE, now_us)  # for the instance that lists it, if there is one
            case Skip(reason):
                return skipped(closing_reason(cart, reason, claimed.cart))
            case Holdout():
                return skipped(Reason.HOLDOUT)
            case Send() if cart.version != claimed.cart.version:
                # Another episode, overdue already: its own row follows at once.
                return skipped(Reason.SUPERSEDED, max(now_us + AGAIN_US, held_us))
            case Send():
                why = Reason.SMTP_STOPPED if held_us else Reason.ACTIVITY
                return retry(why, now_us + self._fruitless_pause_us(claimed.log_id))

    def _fruitless_pause_us(self, log_id: int) -> int:
        """How long to wait; a row that never passes though nothing speaks against it waits twice as long each time."""
        if len(self._fruitless) > MOST_COUNTED:
            self._fruitless.clear()
        times = self._fruitless[log_id] = self._fruitless.get(log_id, 0) + 1
        return pause(AGAIN_US, LONGEST_AGAIN_US, times)


def _unclaimed(logged: LoggedEpisode | None, log_id: int) -> LoggedEpisode | None:
    """The row is ours: what decide() must not see is our own claim, only what was known of its mail before."""
    if logged is None or logged.id != log_id or logged.own_mail is None:
        return None
    return replace(logged, status=Status.RETRY, next_attempt_us=None)
