"""What happens to carts whose timer fired: load → decide → claim → compose → outbox (design §3).

Carts are handled in batches with a constant number of statements; a cart that breaks something is reported and
left behind, never the batch.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.cart import Cart, LoggedEpisode
from binlog_watcher.core.decision import Decision, Holdout, Policy, Send, Skip, Wait, decide
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.core.tracker import DueCart, Tracker
from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError
from binlog_watcher.recovery.compose_workers import CHUNK, Press
from binlog_watcher.recovery.composer import ClaimedCart, Composer, ReadyMail
from binlog_watcher.recovery.loading import OPEN, CartLoader
from binlog_watcher.recovery.outbox import Outbox
from binlog_watcher.recovery.priority import Sendable, in_turn
from binlog_watcher.recovery.recheck import closing_reason
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Claims, Episode, Outcome
from binlog_watcher.telemetry.metrics import Metrics
from mailer import mask

log = structlog.get_logger(__name__)

UNAVAILABLE_US = 2_000_000
"""How long carts wait when MySQL can't be read just now."""


SET_ASIDE_US = 3_600_000_000
"""After what time a cart is looked at again that could not be handled."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What was decided on one cart; reconcile reports it."""

    key: CartKey
    decision: Decision


class Recovery:
    """Takes due carts through to the outbox."""

    def __init__(
        self,
        *,
        loader: CartLoader,
        episodes: EpisodeLog,
        tracker: Tracker,
        composer: Composer | None,
        press: Press | None,
        outbox: Outbox | None,
        policy: Policy,
        limiter: TokenBucket,
        clock: ServerClock,
        metrics: Metrics,
        currency: str,
        lease_us: int,
    ) -> None:
        """``composer``, ``press`` and ``outbox`` None: a dry run, which decides, reports and writes nothing."""
        self._loader = loader
        self._episodes = episodes
        self._tracker = tracker
        self._composer = composer
        self._press = press
        self._outbox = outbox
        self._policy = policy
        self._limiter = limiter
        self._clock = clock
        self._metrics = metrics
        self._currency = currency
        self._lease_us = lease_us
        self._taken = 0  # claims so far
        self._aside: dict[CartKey, int] = {}  # carts that could not be handled, and until when they wait
        self._reported: dict[CartKey, int | None] = {}  # of a dry run: the version that was reported

    @property
    def cooldown_us(self) -> int:
        """The least time between two mails to one address."""
        return self._policy.cooldown_us

    @property
    def taken(self) -> int:
        """Claims so far."""
        return self._taken

    async def process(self, due: Sequence[DueCart]) -> list[Handled]:
        """Handle a batch of carts in hand; each is finished, waiting or in the outbox when it returns."""
        try:
            return await self._process(due)
        except (DatabaseUnavailableError, ConfigError) as error:
            log.error("recovery.postponed", error=str(error), carts=len(due))  # noqa: TRY400 - one line is enough
            until_us = self._clock.now_us() + UNAVAILABLE_US
            for cart in due:
                self._tracker.wait(cart, until_us)
            return []
        except Exception as error:  # noqa: BLE001 - set aside with its trace, so that the others go on
            if len(due) > 1:
                # One of them is broken. Those that are done already are not in hand any more and are left alone.
                return [handled for one in due for handled in await self.process([one])]
            if isinstance(error, CartwakeError):
                self._set_aside(due[0], "unwritable", str(error))
            else:
                self._set_aside(due[0], "broken", f"{type(error).__name__}: {error}", trace=True)
            return []

    async def _process(self, due: Sequence[DueCart]) -> list[Handled]:
        loaded = await asyncio.to_thread(self._loader.load, [cart.key for cart in due])
        now_us = self._clock.now_us()
        handled: list[Handled] = []
        sends: list[Sendable] = []
        skips: dict[Reason, list[tuple[DueCart, Cart, int]]] = defaultdict(list)
        drops: dict[Reason, list[tuple[DueCart, Cart]]] = defaultdict(list)
        for one in due:
            if self._tracker.touched(one.key):
                self._tracker.finish(one.key)  # activity has armed it again, or an order ended it
                continue
            cart = loaded.carts.get(one.key)
            if cart is None:
                self._set_aside(one, "unreadable", loaded.unreadable.get(one.key, "could not be read"))
                continue
            decision = decide(cart, one.activity_us, now_us, self._policy)
            log.debug("recovery.decided", user=one.key, decision=repr(decision))
            if self._outbox is None and self._told(cart, decision):
                self._tracker.finish(one.key)
                continue
            handled.append(Handled(one.key, decision))
            match decision:
                case Send():
                    sends.append(Sendable(one, cart, decision))
                case Wait(until_us, reason):
                    self._wait(one, until_us, reason, now_us)
                case Holdout(activity_us):
                    skips[Reason.HOLDOUT].append((one, cart, activity_us))
                case Skip(reason, activity_us) if decision.logged and activity_us is not None:
                    skips[reason].append((one, cart, activity_us))
                case Skip(reason):
                    drops[reason].append((one, cart))
        # Whatever can fail comes before the claims: a batch that is tried again has none in hand.
        await self._drop(drops)
        await self._skip(skips)
        if sends:
            await self._send(sends, now_us)
        return handled

    def _set_aside(self, due: DueCart, what: str, why: str, *, trace: bool = False) -> None:
        """A cart that can't be handled holds up no other; the shop may have mended it when it comes up again."""
        log.error(
            "recovery.set_aside",
            user=due.key,
            what=what,
            error=why,
            retry_s=SET_ASIDE_US // 1_000_000,
            exc_info=trace,
        )
        self._metrics.skips.labels(what).inc()
        now_us = self._clock.now_us()
        self._aside = {key: until for key, until in self._aside.items() if until > now_us}
        self._aside[due.key] = now_us + SET_ASIDE_US
        self._tracker.wait(due, now_us + SET_ASIDE_US)

    def is_set_aside(self, key: CartKey) -> bool:
        """Whether the cart could not be handled lately."""
        return self._aside.get(key, 0) > self._clock.now_us()

    def _wait(self, due: DueCart, until_us: int, reason: Reason, now_us: int) -> None:
        seconds = max(0, until_us - now_us) // 1_000_000
        # Two carts of one address take turns every other second: no news.
        (log.debug if reason is Reason.ADDRESS_BUSY else log.info)(
            "recovery.waits", user=due.key, reason=reason, seconds=seconds
        )
        self._tracker.wait(due, until_us)

    def _told(self, cart: Cart, decision: Decision) -> bool:
        """Whether a dry run, which writes nothing, has reported this episode before."""
        if not (isinstance(decision, Send | Holdout) or (isinstance(decision, Skip) and decision.logged)):
            return False
        told = self._reported.get(cart.key) == cart.version
        self._reported[cart.key] = cart.version
        return told

    async def _drop(self, drops: dict[Reason, list[tuple[DueCart, Cart]]]) -> None:
        """No episode (any more): nothing is logged, but a row that is still open is closed."""
        for reason, carts in drops.items():
            closing: dict[Reason, list[tuple[DueCart, LoggedEpisode]]] = defaultdict(list)
            for due, cart in carts:
                if cart.logged is not None and cart.logged.status in OPEN and self._outbox is not None:
                    closing[closing_reason(cart, reason)].append((due, cart.logged))
            for why, rows in closing.items():
                await asyncio.to_thread(self._episodes.close, [row for _, row in rows], why)
                for due, _ in rows:
                    log.info("recovery.finished", user=due.key, outcome="skipped", reason=why)
            for due, _ in carts:
                log.debug("recovery.dropped", user=due.key, reason=reason)
                self._metrics.skips.labels(str(reason)).inc()
                self._tracker.finish(due.key)

    async def _skip(self, skips: dict[Reason, list[tuple[DueCart, Cart, int]]]) -> None:
        for reason, carts in skips.items():
            if self._outbox is not None:
                episodes = [self._episode(cart, activity_us) for _, cart, activity_us in carts]
                await asyncio.to_thread(self._episodes.skip, episodes, reason)
            for due, cart, _ in carts:
                log.info(
                    "recovery.finished",
                    user=due.key,
                    outcome="skipped",
                    reason=reason,
                    cart_total=str(cart.total),
                )
                self._metrics.skips.labels(str(reason)).inc()
                self._tracker.finish(due.key)

    async def _send(self, sends: list[Sendable], now_us: int) -> None:
        """Claim what may go out now and compose it."""
        if self._outbox is None or self._press is None:
            self._report_dry(sends)
            return
        held_us = self._outbox.held_until_us(now_us)
        if held_us:
            for one in sends:
                self._tracker.wait(one.due, held_us)
            return
        sends = in_turn(sends, self._taken)
        granted = self._limiter.take(len(sends), now_us)
        for position, one in enumerate(sends[granted:]):
            self._tracker.wait(one.due, now_us + self._limiter.wait_us(position))
        if granted:
            claimed = await self._claim(sends[:granted], now_us)
            chunks = [claimed[start : start + CHUNK] for start in range(0, len(claimed), CHUNK)]
            press, outbox = self._press, self._outbox
            await asyncio.gather(*(self._compose(chunk, press, outbox) for chunk in chunks))

    async def _claim(self, sends: Sequence[Sendable], now_us: int) -> list[ClaimedCart]:
        """The carts that are ours now; tokens that no claim was made with are given back."""
        claims = Claims({}, {})
        try:
            claims = await asyncio.to_thread(
                self._episodes.claim,
                [self._episode(one.cart, one.send.activity_us) for one in sends],
                lease_us=self._lease_us,
                cooldown_us=self._policy.cooldown_us,
                now_us=now_us,
            )
        finally:
            self._limiter.give_back(len(sends) - len(claims.ids))
        self._taken += len(claims.ids)
        claimed: list[ClaimedCart] = []
        for due, cart, send in sends:
            if due.key in claims.ids:
                again = cart.logged is not None and cart.logged.version == cart.version
                attempt = cart.logged.attempts + 1 if cart.logged and again else 1
                claimed.append(ClaimedCart(due, cart, send, claims.ids[due.key], attempt))
                log.info(
                    "recovery.detected", user=due.key, cart_total=str(cart.total), items=cart.item_count,
                    quiet_s=(now_us - send.activity_us) // 1_000_000,
                )  # fmt: skip
            elif due.key in claims.waits:
                until_us, reason = claims.waits[due.key]
                self._wait(due, max(until_us, now_us + 100_000), reason, now_us)
            else:
                log.info(
                    "recovery.finished", user=due.key, outcome="taken", reason="claimed by another instance"
                )
                self._tracker.finish(due.key)
        return claimed

    async def _compose(self, chunk: Sequence[ClaimedCart], press: Press, outbox: Outbox) -> None:
        """Never raises: carts that are claimed would be claimed again, beside those that are in the outbox."""
        try:
            made = await press.compose(chunk, self._clock.now_us())
        except Exception as error:
            log.exception("press.failed", error=f"{type(error).__name__}: {error}", carts=len(chunk))
            for entry in chunk:
                next_us = outbox.retry_at(entry.attempt, self._clock.now_us())
                put_off = Outcome(entry.log_id, Status.RETRY, error=str(error), next_attempt_us=next_us)
                await outbox.record(ReadyMail(entry, "", b"", ""), put_off, queued=False)
            return
        for entry, mail in zip(chunk, made, strict=True):
            if isinstance(mail, Exception):
                why = f"{type(mail).__name__}: {mail}"
                log.error("recovery.finished", user=entry.due.key, outcome="failed", error=why, exc_info=mail)
                self._metrics.mails.labels("failed").inc()
                ghost = ReadyMail(entry, "", b"", "")
                await outbox.record(ghost, Outcome(entry.log_id, Status.FAILED, error=why), queued=False)
            else:
                await outbox.put(mail)

    def _episode(self, cart: Cart, activity_us: int) -> Episode:
        percent = self._composer.discount(cart).percent if self._composer else None
        return Episode(
            cart=cart,
            version=cart.version or 0,
            activity_us=activity_us,
            currency=cart.currency or self._currency,
            discount_percent=percent if percent is not None else cart.total * 0,
        )

    def _report_dry(self, sends: Sequence[Sendable]) -> None:
        for due, cart, send in sends:
            email = cart.customer.email if cart.customer else None
            log.info(
                "recovery.would_send", user=due.key, to=mask(email or ""), cart_total=str(cart.total),
                items=cart.item_count, due_s_ago=(self._clock.now_us() - send.due_us) // 1_000_000,
            )  # fmt: skip
            self._metrics.mails.labels("dry_run").inc()
            self._tracker.finish(due.key)
