"""What happens to carts whose timer fired: load → decide → claim → compose → outbox (design §3).

Carts are handled in batches with a constant number of statements; a cart that breaks something is reported and
left behind, never the batch.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.composer import ClaimedCart, Composer, ReadyMail
from binlog_watcher.decision import (
    Cart,
    Decision,
    Holdout,
    LoggedEpisode,
    Policy,
    Reason,
    Send,
    Skip,
    Status,
    Wait,
    decide,
)
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError
from binlog_watcher.events import CartKey
from binlog_watcher.metrics import Metrics
from binlog_watcher.outbox import Outbox
from binlog_watcher.rate_limit import TokenBucket
from binlog_watcher.store import recipients
from binlog_watcher.store.log import EpisodeLog
from binlog_watcher.store.log_rows import Claims, Episode, Outcome
from binlog_watcher.store.shop import Loaded, Shop
from binlog_watcher.tracker import DueCart, Tracker
from mailer import mask
from recommender import Recommendation

log = structlog.get_logger(__name__)

UNAVAILABLE_US = 2_000_000
"""How long carts wait when MySQL can't be read just now."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What was decided on one cart; reconcile reports it."""

    key: CartKey
    decision: Decision


class CartLoader:
    """Reads batches of carts with all that ``decide`` wants to know, with or without our own tables."""

    def __init__(
        self, shop: Shop, episodes: EpisodeLog, hasher: recipients.AddressHasher, *, with_log: bool = True
    ) -> None:
        self._shop = shop
        self._episodes = episodes
        self._hasher = hasher
        self._with_log = with_log

    def load(self, keys: Sequence[CartKey]) -> Loaded:
        """Blocking. In a dry run before the first real one there is no log to read."""
        return self._shop.load(
            keys,
            hash_address=self._hasher,
            logged=self._episodes.newest if self._with_log else lambda _session, _keys: {},
            recipients=recipients.read if self._with_log else lambda _session, _hashes: {},
        )


class Recovery:
    """Takes due carts through to the outbox."""

    def __init__(
        self,
        *,
        loader: CartLoader,
        episodes: EpisodeLog,
        tracker: Tracker,
        composer: Composer | None,
        outbox: Outbox | None,
        policy: Policy,
        limiter: TokenBucket,
        clock: ServerClock,
        metrics: Metrics,
        currency: str,
        lease_us: int,
    ) -> None:
        """``composer`` and ``outbox`` None: a dry run, which decides, reports and writes nothing."""
        self._loader = loader
        self._episodes = episodes
        self._tracker = tracker
        self._composer = composer
        self._outbox = outbox
        self._policy = policy
        self._limiter = limiter
        self._clock = clock
        self._metrics = metrics
        self._currency = currency
        self._lease_us = lease_us

    async def process(self, due: Sequence[DueCart]) -> list[Handled]:
        """Handle a batch of carts in hand; each is finished, waiting or in the outbox when it returns."""
        try:
            return await self._process(due)
        except DatabaseUnavailableError as error:
            log.error("recovery.postponed", error=str(error), carts=len(due))  # noqa: TRY400 - one line is enough
        except CartwakeError as error:
            log.error("recovery.postponed", error=str(error), carts=len(due))  # noqa: TRY400 - one line is enough
        except Exception as error:
            log.exception("recovery.postponed", error=str(error), carts=len(due))
        until_us = self._clock.now_us() + UNAVAILABLE_US
        for cart in due:
            self._tracker.wait(cart, until_us)
        return []

    async def _process(self, due: Sequence[DueCart]) -> list[Handled]:
        loaded = await asyncio.to_thread(self._loader.load, [cart.key for cart in due])
        now_us = self._clock.now_us()
        handled: list[Handled] = []
        sends: list[tuple[DueCart, Cart, Send]] = []
        skips: dict[Reason, list[tuple[DueCart, Cart, int]]] = defaultdict(list)
        for one in due:
            cart = loaded.carts.get(one.key)
            if cart is None:
                self._unreadable(one, loaded.unreadable.get(one.key, "could not be read"))
                continue
            if self._tracker.touched(one.key):
                self._tracker.finish(one.key)  # activity has armed it again, or an order ended it
                continue
            decision = decide(cart, one.activity_us, now_us, self._policy)
            handled.append(Handled(one.key, decision))
            log.debug("recovery.decided", user=one.key, decision=repr(decision))
            match decision:
                case Send():
                    sends.append((one, cart, decision))
                case Wait(until_us, reason):
                    log.info(
                        "recovery.waits",
                        user=one.key,
                        reason=reason,
                        seconds=(until_us - now_us) // 1_000_000,
                    )
                    self._tracker.wait(one, until_us)
                case Holdout(activity_us):
                    skips[Reason.HOLDOUT].append((one, cart, activity_us))
                case Skip(reason, activity_us) if decision.logged and activity_us is not None:
                    skips[reason].append((one, cart, activity_us))
                case Skip(reason):
                    await self._drop(one, cart, reason)
        await self._skip(skips)
        if sends:
            await self._send(sends, now_us)
        return handled

    def _unreadable(self, due: DueCart, why: str) -> None:
        log.error("recovery.unreadable", user=due.key, error=why)
        self._metrics.skips.labels("unreadable").inc()
        self._tracker.finish(due.key)

    async def _drop(self, due: DueCart, cart: Cart, reason: Reason) -> None:
        """No episode (any more): nothing is logged, but a row that is still open is closed."""
        if cart.logged is not None and self._outbox is not None and _is_open(cart.logged):
            closing = _closing_reason(cart, reason)
            await asyncio.to_thread(self._episodes.close_open, due.key, closing)
            log.info("recovery.finished", user=due.key, outcome="skipped", reason=closing)
        else:
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

    async def _send(self, sends: list[tuple[DueCart, Cart, Send]], now_us: int) -> None:
        """Claim what may go out now, the highest totals first, and compose it."""
        sends.sort(key=lambda entry: entry[1].total, reverse=True)
        if self._outbox is None or self._composer is None:
            self._report_dry(sends)
            return
        if self._outbox.stopped_until_us > now_us:
            for due, _, _ in sends:
                self._tracker.wait(due, self._outbox.stopped_until_us)
            return
        granted = self._limiter.take(len(sends), now_us)
        for position, (due, _, _) in enumerate(sends[granted:]):
            self._tracker.wait(due, now_us + self._limiter.wait_us(position))
        going = {due.key: (due, cart, send) for due, cart, send in sends[:granted]}
        if not going:
            return
        claims = await self._claim(
            [self._episode(cart, send.activity_us) for _, cart, send in going.values()], now_us
        )
        self._limiter.give_back(len(going) - len(claims.ids))
        claimed: list[ClaimedCart] = []
        for key, (due, cart, send) in going.items():
            if key in claims.ids:
                attempt = (
                    cart.logged.attempts + 1 if cart.logged and cart.logged.version == cart.version else 1
                )
                claimed.append(ClaimedCart(due, cart, send, claims.ids[key], attempt))
                log.info(
                    "recovery.detected", user=key, cart_total=str(cart.total), items=cart.item_count,
                    quiet_s=(now_us - send.activity_us) // 1_000_000,
                )  # fmt: skip
            elif key in claims.waits:
                until_us, reason = claims.waits[key]
                log.info(
                    "recovery.waits", user=key, reason=reason, seconds=max(0, until_us - now_us) // 1_000_000
                )
                self._tracker.wait(due, max(until_us, now_us + 100_000))
            else:
                log.info("recovery.finished", user=key, outcome="taken", reason="claimed by another instance")
                self._tracker.finish(key)
        await self._compose(claimed, self._composer, self._outbox)

    async def _claim(self, episodes: Sequence[Episode], now_us: int) -> Claims:
        """Claim a batch; if a value of one cart can't be written, one by one, so that only that one is left out."""
        cooldown_us = self._policy.cooldown_us

        def claim(some: Sequence[Episode]) -> Claims:
            return self._episodes.claim(some, lease_us=self._lease_us, cooldown_us=cooldown_us, now_us=now_us)

        try:
            return await asyncio.to_thread(claim, episodes)
        except CartwakeError:
            raise
        except Exception as error:
            if len(episodes) == 1:
                log.exception("recovery.unclaimable", user=episodes[0].key, error=str(error))
                return Claims({}, {})
        claims = Claims({}, {})
        for episode in episodes:
            alone = await self._claim([episode], now_us)
            claims.ids.update(alone.ids)
            claims.waits.update(alone.waits)
        return claims

    async def _compose(self, claimed: Sequence[ClaimedCart], composer: Composer, outbox: Outbox) -> None:
        picks = await asyncio.to_thread(composer.recommend, [entry.cart for entry in claimed])

        async def one(entry: ClaimedCart, chosen: list[Recommendation]) -> None:
            try:
                mail = await composer.compose(entry, chosen, self._clock.now_us())
            except Exception as error:
                log.exception("recovery.finished", user=entry.due.key, outcome="failed", error=str(error))
                self._metrics.mails.labels("failed").inc()
                ghost = ReadyMail(entry, "", b"", "")
                await outbox.record(
                    ghost,
                    Outcome(entry.log_id, Status.FAILED, error=f"{type(error).__name__}: {error}"),
                    queued=False,
                )
                return
            await outbox.put(mail)

        await asyncio.gather(*(one(entry, chosen) for entry, chosen in zip(claimed, picks, strict=True)))

    async def look_again(self, mails: Sequence[ReadyMail]) -> None:
        """Mails that did not pass the fence: there was an order or activity, or the claim is no longer ours."""
        outbox = self._outbox
        if outbox is None:
            return
        try:
            loaded = await asyncio.to_thread(self._loader.load, [mail.claimed.due.key for mail in mails])
        except Exception as error:  # noqa: BLE001 - the rows are tried again, nobody is mailed on stale knowledge
            log.error("fence.not_read", error=str(error), mails=len(mails))  # noqa: TRY400 - one line is enough
            loaded = Loaded({}, {})
        now_us = self._clock.now_us()
        for mail in mails:
            cart = loaded.carts.get(mail.claimed.due.key)
            outcome = self._second_decision(mail, cart, now_us)
            log.info(
                "recovery.stopped", user=mail.claimed.due.key, outcome=outcome.status, reason=outcome.reason,
                log_id=mail.claimed.log_id,
            )  # fmt: skip
            self._metrics.skips.labels(str(outcome.reason or outcome.status)).inc()
            await outbox.record(mail, outcome, queued=True)

    def _second_decision(self, mail: ReadyMail, cart: Cart | None, now_us: int) -> Outcome:
        claimed = mail.claimed
        stopped_until_us = self._outbox.stopped_until_us if self._outbox else 0
        soon_us = max(now_us + 500_000, stopped_until_us)
        if cart is None:
            return Outcome(claimed.log_id, Status.RETRY, next_attempt_us=now_us + UNAVAILABLE_US)
        armed_us = self._tracker.due_of(claimed.due.key)
        activity_us = (
            armed_us - self._policy.threshold_us if armed_us is not None else claimed.due.activity_us
        )
        # The row is ours: what decide() must not see is our own claim.
        decision = decide(replace(cart, logged=None), activity_us, now_us, self._policy)
        match decision:
            case Wait(until_us, reason):
                return Outcome(claimed.log_id, Status.RETRY, reason=reason, next_attempt_us=until_us)
            case Skip(reason):
                return Outcome(
                    claimed.log_id, Status.SKIPPED, reason=_closing_reason(cart, reason, claimed.cart)
                )
            case Holdout():
                return Outcome(claimed.log_id, Status.SKIPPED, reason=Reason.HOLDOUT)
            case Send() if cart.version != claimed.cart.version:
                # Another episode, overdue already: its own row follows at once.
                self._tracker.wait(claimed.due, soon_us)
                return Outcome(claimed.log_id, Status.SKIPPED, reason=Reason.SUPERSEDED)
            case Send():
                return Outcome(claimed.log_id, Status.RETRY, reason=Reason.ACTIVITY, next_attempt_us=soon_us)

    def _episode(self, cart: Cart, activity_us: int) -> Episode:
        percent = self._composer.discounts.for_total(cart.total).percent if self._composer else None
        return Episode(
            cart=cart,
            version=cart.version or 0,
            activity_us=activity_us,
            currency=self._currency,
            discount_percent=percent if percent is not None else cart.total * 0,
        )

    def _report_dry(self, sends: list[tuple[DueCart, Cart, Send]]) -> None:
        for due, cart, send in sends:
            email = cart.customer.email if cart.customer else None
            log.info(
                "recovery.would_send", user=due.key, to=mask(email or ""), cart_total=str(cart.total),
                items=cart.item_count, due_s_ago=(self._clock.now_us() - send.due_us) // 1_000_000,
            )  # fmt: skip
            self._metrics.mails.labels("dry_run").inc()
            self._tracker.finish(due.key)


def _is_open(logged: LoggedEpisode) -> bool:
    return logged.status in {Status.RETRY, Status.CLAIMED}


def _closing_reason(cart: Cart, reason: Reason, claimed: Cart | None = None) -> Reason:
    """Why an episode that was begun ends without a mail."""
    if reason is not Reason.EMPTY:
        return reason
    before = claimed.newest_order_us if claimed is not None else None
    version = claimed.version if claimed is not None else (cart.logged.version if cart.logged else None)
    order_us = cart.newest_order_us
    if order_us is not None and order_us != before and (version is None or order_us >= version - 1_000_000):
        return Reason.BOUGHT_MEANWHILE
    return Reason.EMPTIED
