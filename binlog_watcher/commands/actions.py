"""What the commands beside `run` do; they return values that the command line prints and tests read."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from binlog_watcher.commands.wording import in_words
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Send, decide
from binlog_watcher.core.events import CartKey
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.recovery.reconcile import GRACE_US, RECONCILE_BATCH_SIZE
from binlog_watcher.service.pipeline import ComposerSetup, Pipeline, build_pipeline, build_recommender
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.service.wiring import read_catalogue, text_writer
from binlog_watcher.settings.durations import parse_span_us
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import PING_S, Presence, service_runs
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import from_us
from binlog_watcher.telemetry.metrics import Metrics
from mailer import Rendered
from recommender import Recommendation

FRUITLESS_US = 20_000_000
"""How long a pass goes on although no cart can be claimed: another instance has the address, or MySQL is ill."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be decided for a cart now, in words, and its mail (None for an empty cart)."""

    decision: str
    mail: Rendered | None


@dataclass(frozen=True, slots=True)
class Found:
    """One cart that reconcile found."""

    key: CartKey
    decision: str
    total: str


@dataclass(slots=True)
class OncePass:
    """The report of one pass from the command line. Times in UTC."""

    since: datetime
    until: datetime
    dry_run: bool
    service_runs: bool
    read: int = 0
    found: list[Found] = field(default_factory=list)
    mailed: int = 0
    unknown: int = 0
    waiting: int = 0

    def summary(self) -> str:
        """The report in words."""
        lines = [
            f"carts with activity from {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC: {self.read}",
            f"abandoned and not in the log: {len(self.found)}",
        ]
        if self.dry_run:
            lines.append("dry run: nothing was written or sent")
        elif self.service_runs:
            lines.append("a service follows this database: it mails them itself, nothing was sent from here")
        else:
            lines.append(f"mailed: {self.mailed}, outcome unknown: {self.unknown}")
            if self.waiting:
                lines.append(
                    f"waiting for a cool-down or another try: {self.waiting}; a later pass, or a service, sends"
                )
        return "\n".join(lines)


def include_older_us(settings: Settings, span: str | None) -> int:
    """What `run --include-older-than` asks for, in microseconds. Raises ConfigError."""
    if span is None:
        return 0
    try:
        span_us = parse_span_us(span)
    except ValueError as error:
        raise ConfigError(f"--include-older-than: {error}") from error
    if span_us > settings.max_cart_age_us:
        raise ConfigError(
            f"--include-older-than {span} is longer than MAX_CART_AGE_HOURS = {settings.max_cart_age_hours}: "
            "carts older than that are never mailed"
        )
    return span_us


def optouts(settings: Settings) -> recipients.OptOuts:
    """The suppression list; creates our tables where they are missing."""
    resources = open_resources(settings, write=True, activate=False)
    return recipients.OptOuts(resources.database, resources.hasher)


def recommend(settings: Settings, product_ids: list[str]) -> list[Recommendation]:
    """Recommendations for a cart of these products. Raises ConfigError for ids that the catalogue lacks."""
    resources = open_resources(settings, write=False)
    try:
        catalogue = read_catalogue(resources.shop)
    finally:
        resources.close()
    by_text = {str(product.id): product.id for product in catalogue}
    unknown = [wanted for wanted in product_ids if wanted not in by_text]
    if unknown:
        raise ConfigError(f"no product {', '.join(unknown)} in the catalogue of {len(by_text)} products")
    return build_recommender(settings, catalogue).recommend([by_text[wanted] for wanted in product_ids])


async def preview(settings: Settings, *, user: str | None = None, cart_key: str | None = None) -> Preview:
    """Decide on a cart as the service would, and render its mail; sends and writes nothing.

    The cart is that of the key, or the newest of the customer's.
    """
    resources = await asyncio.to_thread(lambda: open_resources(settings, write=False))
    try:
        key = await asyncio.to_thread(_key, resources.shop, user, cart_key)
        whose = f"the cart {cart_key}" if cart_key is not None else f"the cart of user {user}"
        loaded = await asyncio.to_thread(resources.loader.load, [key])
        if key in loaded.unreadable:
            raise CartwakeError(f"{whose} can't be read: {loaded.unreadable[key]}")
        cart = loaded.carts[key]
        words = in_words(decide(cart, None, resources.clock.now_us(), resources.policy))
        if cart.customer is None:
            return Preview(f"{words}; the shop has no customer {cart.customer_id or key}", None)
        if not cart.lines:
            return Preview(f"{words}; {whose} has no rows that count", None)
        metrics = Metrics()
        writer = text_writer(settings, metrics)
        try:
            catalogue = await asyncio.to_thread(read_catalogue, resources.shop)
            recommender = build_recommender(settings, catalogue)
            composer = ComposerSetup.of(settings, resources).composer(recommender, writer, metrics)
            picks = composer.recommend([cart])[0]
            text = await composer.text(cart, picks)
            rendered, _ = composer.render(cart, picks, text, cart.logged.id if cart.logged else 0)
        finally:
            await writer.close()
        return Preview(words, rendered)
    finally:
        await asyncio.to_thread(resources.close)


def _key(shop: Shop, user: str | None, cart_key: str | None) -> CartKey:
    """The key of the cart that is meant. Raises ConfigError for what can't be one, and a customer without a cart."""
    if cart_key is not None:
        key = shop.key(cart_key)
    else:
        customer = shop.queries.customer.key(user or "") if shop.queries.customer else None
        key = next(iter(shop.carts_of([customer])), None) if customer is not None else None
    if key is None:
        raise ConfigError(f"there is no cart {cart_key}" if user is None else f"user {user} has no cart")
    return key


async def reconcile_once(settings: Settings, *, dry_run: bool) -> OncePass:
    """One pass over the whole window. While a service follows the database it only reports.

    That service may know of activity that the tables do not show, so it alone may mail what falls due.
    """
    resources = await asyncio.to_thread(
        lambda: open_resources(settings, write=not (dry_run or settings.dry_run))
    )
    try:
        runs = await asyncio.to_thread(service_runs, resources.database)
        now_us = resources.clock.now_us()
        since_us = max(
            now_us - resources.policy.max_age_us,
            resources.policy.activated_us - resources.policy.threshold_us,
        )
        until_us = now_us - resources.policy.threshold_us - GRACE_US
        report = OncePass(from_us(since_us), from_us(until_us), dry_run or settings.dry_run, runs)
        due = await asyncio.to_thread(_overdue, resources, since_us, until_us, report)
        if due and not (report.dry_run or runs):
            await _mail(settings, resources, due, report)
        return report
    finally:
        await asyncio.to_thread(resources.close)


def _overdue(resources: Resources, since_us: int, until_us: int, report: OncePass) -> list[Cart]:
    """The carts that decide() would mail now."""
    overdue: list[Cart] = []
    for page in resources.scan.open_carts(since_us):
        keys = [cart.key for cart in page if cart.activity_us <= until_us]
        report.read += len(keys)
        for start in range(0, len(keys), RECONCILE_BATCH_SIZE):
            carts = resources.loader.load(keys[start : start + RECONCILE_BATCH_SIZE]).carts
            for key, cart in carts.items():
                decision = decide(cart, None, resources.clock.now_us(), resources.policy)
                if isinstance(decision, Send):
                    overdue.append(cart)
                    report.found.append(Found(key, in_words(decision), f"{cart.total:.2f}"))
    return overdue


async def _mail(settings: Settings, resources: Resources, carts: list[Cart], report: OncePass) -> None:
    """Send what was found through the same recovery as the service."""
    presence = Presence(settings.connection, resources.episodes.owner)
    pipeline = build_pipeline(settings, resources, await asyncio.to_thread(read_catalogue, resources.shop))
    if pipeline.outbox is None:
        return
    await asyncio.to_thread(presence.ping)
    # What a dead instance left in the hand-over would hold its address for ever.
    await asyncio.to_thread(resources.episodes.settle_unknown, resources.clock.now_us())
    tasks = [asyncio.create_task(pipeline.send()), asyncio.create_task(_stay_present(presence))]
    # Until what is left waits for longer than for the next token, or for another cart of its address.
    patience_us = 3_000_000 + 2 * 60_000_000 // (settings.max_emails_per_minute or 60)
    try:
        await _recover(resources, pipeline, [cart.key for cart in carts], patience_us)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pipeline.close()
        await asyncio.to_thread(presence.close)
    report.mailed = pipeline.metrics.mails_with("sent")
    report.unknown = pipeline.metrics.mails_with("unknown")
    report.waiting = pipeline.tracker.armed


async def _recover(resources: Resources, pipeline: Pipeline, keys: list[CartKey], patience_us: int) -> None:
    """Take carts through to their outcomes, and those that wait while that is not long and leads somewhere."""
    tracker, recovery = pipeline.tracker, pipeline.recovery
    taken, taken_us = recovery.taken, resources.clock.now_us()
    while True:
        for start in range(0, len(keys), RECONCILE_BATCH_SIZE):
            some = keys[start : start + RECONCILE_BATCH_SIZE]
            due = tracker.take(some, resources.clock.now_us(), "reconcile", overdue=True)
            await recovery.process(due)
        await pipeline.drained()
        now_us, next_us = resources.clock.now_us(), tracker.next_due()
        if recovery.taken > taken:
            taken, taken_us = recovery.taken, now_us
        wait_us = 0 if next_us is None else next_us - now_us
        if next_us is None or wait_us > patience_us or now_us - taken_us > patience_us + FRUITLESS_US:
            return
        await asyncio.sleep(max(20_000, wait_us) / 1e6)  # a tick of the timers, at least
        now_us, armed = resources.clock.now_us(), tracker.keys()
        keys = [key for key in armed if (tracker.due_of(key) or now_us) <= now_us]


async def _stay_present(presence: Presence) -> None:
    """Without it others would take a long pass for dead."""
    while True:
        await asyncio.sleep(PING_S)
        await asyncio.to_thread(presence.ping)
