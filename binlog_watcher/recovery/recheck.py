"""What becomes of mails that did not pass the fence: there was an order, activity, an opt-out, or no fence at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.cart import Cart, LoggedEpisode
from binlog_watcher.core.decision import Holdout, Policy, Send, Skip, Wait, decide
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import CartwakeError
from binlog_watcher.recovery.composer import ReadyMail
from binlog_watcher.recovery.loading import CartLoader
from binlog_watcher.recovery.outbox import Outbox
from binlog_watcher.store.own_tables.log_rows import Outcome
from binlog_watcher.store.shop_tables.shop import Loaded
from binlog_watcher.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

AGAIN_US = 500_000
"""How soon a mail is tried again that nothing speaks against: an event was ahead of its row, say."""

MANY = 10_000
"""Rows whose attempts are counted."""

LONGEST_AGAIN_US = 600_000_000
"""How long at most between such attempts: each takes twice as long as the one before."""

UNREAD_US = 2_000_000
"""How long it waits when MySQL can't be read just now."""


class SecondLook:
    """Reads the carts again and gives every mail its outcome. Called by the outbox."""

    def __init__(
        self,
        *,
        loader: CartLoader,
        tracker: Tracker,
        outbox: Outbox,
        policy: Policy,
        clock: ServerClock,
        metrics: Metrics,
    ) -> None:
        self._loader = loader
        self._tracker = tracker
        self._outbox = outbox
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._stopped: dict[
            int, int
        ] = {}  # log row → how often it did not pass though nothing spoke against it

    async def __call__(self, mails: Sequence[ReadyMail]) -> None:
        """Decide again; never raises, for the other mails must go on."""
        try:
            loaded = await asyncio.to_thread(self._loader.load, [mail.claimed.due.key for mail in mails])
        except CartwakeError as error:
            log.error("fence.not_read", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            loaded = Loaded({}, {})
        except Exception as error:
            log.exception("fence.not_read", error=str(error), mails=len(mails))
            loaded = Loaded({}, {})
        now_us = self._clock.now_us()
        for mail in mails:
            outcome = self._decide(mail, loaded.carts.get(mail.claimed.due.key), now_us)
            log.info(
                "recovery.stopped", user=mail.claimed.due.key, outcome=outcome.status, reason=outcome.reason,
                log_id=mail.claimed.log_id,
            )  # fmt: skip
            self._metrics.skips.labels(str(outcome.reason or outcome.status)).inc()
            await self._outbox.record(mail, outcome, queued=True)

    def _decide(self, mail: ReadyMail, cart: Cart | None, now_us: int) -> Outcome:
        claimed = mail.claimed
        held_us = self._outbox.held_until_us(now_us)

        def retry(reason: Reason | None, at_us: int) -> Outcome:
            return Outcome(claimed.log_id, Status.RETRY, reason=reason, next_attempt_us=max(at_us, held_us))

        def skipped(reason: Reason) -> Outcome:
            return Outcome(claimed.log_id, Status.SKIPPED, reason=reason)

        if cart is None:
            return retry(None, now_us + UNREAD_US)
        armed_us = self._tracker.due_of(claimed.due.key)
        seen = [claimed.due.activity_us or 0, (armed_us or 0) - self._policy.threshold_us]
        decision = decide(
            replace(cart, logged=_unclaimed(cart.logged, claimed.log_id)), max(seen), now_us, self._policy
        )
        match decision:
            case Wait(until_us, reason):
                return retry(reason, until_us)
            case Skip(reason):
                return skipped(closing_reason(cart, reason, claimed.cart))
            case Holdout():
                return skipped(Reason.HOLDOUT)
            case Send() if cart.version != claimed.cart.version:
                # Another episode, overdue already: its own row follows at once.
                return replace(skipped(Reason.SUPERSEDED), next_attempt_us=max(now_us + AGAIN_US, held_us))
            case Send():
                return retry(
                    Reason.SMTP_STOPPED if held_us else Reason.ACTIVITY,
                    now_us + self._again_us(claimed.log_id),
                )

    def _again_us(self, log_id: int) -> int:
        """How long to wait; a row that never passes though nothing speaks against it waits twice as long each time."""
        if len(self._stopped) > MANY:
            self._stopped.clear()
        times = self._stopped[log_id] = self._stopped.get(log_id, -1) + 1
        return int(min(AGAIN_US * 2 ** min(times, 20), LONGEST_AGAIN_US))


def _unclaimed(logged: LoggedEpisode | None, log_id: int) -> LoggedEpisode | None:
    """The row is ours: what decide() must not see is our own claim, only what was known of its mail before."""
    if logged is None or logged.id != log_id or logged.own_mail is None:
        return None
    return replace(logged, status=Status.RETRY, next_attempt_us=None)


def closing_reason(cart: Cart, reason: Reason, claimed: Cart | None = None) -> Reason:
    """Why an episode that was begun ends without a mail."""
    if reason not in {Reason.EMPTY, Reason.CLOSED}:
        return reason
    before = claimed.newest_order_us if claimed is not None else None
    version = claimed.version if claimed is not None else (cart.logged.version if cart.logged else None)
    order_us = cart.newest_order_us
    if order_us is not None and order_us != before and (version is None or order_us >= version - 1_000_000):
        return Reason.BOUGHT_MEANWHILE
    return Reason.EMPTIED if reason is Reason.EMPTY else reason
