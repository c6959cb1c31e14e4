"""The recovery with all its parts, as the service and `cartwake reconcile` use it."""

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.recovery.claiming import Claiming
from binlog_watcher.recovery.compose.brands import Brands
from binlog_watcher.recovery.compose.composer import Composer
from binlog_watcher.recovery.compose.pool import ComposePool, ComposeThread
from binlog_watcher.recovery.compose.workers import ComposeWorkers
from binlog_watcher.recovery.composing import Composing
from binlog_watcher.recovery.dry_run import DryRun
from binlog_watcher.recovery.episodes import EpisodeOf
from binlog_watcher.recovery.mailing import Mailing
from binlog_watcher.recovery.recovery import Recovery
from binlog_watcher.recovery.runtime import Runtime, Standing
from binlog_watcher.recovery.send.attempts import Retries
from binlog_watcher.recovery.send.outbox import Outbox
from binlog_watcher.service.mail_server import smtp
from binlog_watcher.service.order_learning import OrderLearning
from binlog_watcher.service.resources import Resources
from binlog_watcher.service.texts import text_writer
from binlog_watcher.service.wiring import brands, model_folder, remember_us, traces, untold
from binlog_watcher.settings.retention import DAY_US
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.mail_tokens import MailTokens
from binlog_watcher.telemetry.logs import configure_logging, register_secret
from binlog_watcher.telemetry.metrics import Metrics
from mailer import SendError, SmtpSender
from recommender import (
    Catalog,
    FallbackWriter,
    KeptModels,
    LiveRecommender,
    Options,
    Product,
    Recommender,
    TemplateWriter,
    TextWriter,
    build_in_subprocess,
)

LEASE_MARGIN_S = 120
"""On top of all timeouts: time in the queue, and MySQL's."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """From due carts to mails. ``pool``, ``outbox`` and ``sender`` are None in a dry run."""

    runtime: Runtime
    recovery: Recovery
    writer: TextWriter
    pool: ComposePool | None = None
    learning: OrderLearning | None = None
    outbox: Outbox | None = None
    sender: SmtpSender | None = None

    @property
    def tracker(self) -> Tracker:
        """The timers."""
        return self.runtime.tracker

    @property
    def metrics(self) -> Metrics:
        """What is counted."""
        return self.runtime.metrics

    async def start(self) -> None:
        """Make ready to compose, once the catalogue has been read."""
        if self.pool is not None:
            await self.pool.start()

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """The catalogue has these now, and these no more. Any thread."""
        # What is not for sale, and so in no catalogue, may be in carts all the same.
        self.recovery.products_came([*(product.id for product in changed), *gone])
        if self.pool is not None:
            self.pool.products_changed(changed, gone)

    async def learn(self) -> None:
        """Learn from the shop's orders, until cancelled. Returns at once in a dry run."""
        if self.learning is not None:
            await self.learning.run()

    def heard(self, events: Iterable[object]) -> None:
        """The binlog told of these. Any thread."""
        if self.learning is not None:
            self.learning.note(events)

    async def send(self) -> None:
        """Send what the recovery puts into the outbox, until cancelled. Returns at once in a dry run."""
        if self.outbox is not None:
            await self.outbox.run()

    @property
    def sender_stopped(self) -> bool:
        """Whether the SMTP server takes no mail from us, as far as is known."""
        return self.outbox is not None and self.outbox.gate.stopped

    def depths(self) -> Mapping[str, int]:
        """How many mails wait before which stage."""
        return {} if self.outbox is None else self.outbox.depths()

    async def try_smtp(self, mail_from: str) -> None:
        """Ask the SMTP server whether it would take mail of ours. Raises SendError: nothing is sent for now."""
        if self.sender is None or self.outbox is None:
            return
        try:
            await self.sender.verify(mail_from)
        except SendError as error:
            self.outbox.gate.refuse(error)
            raise

    def end_by(self, end_us: int) -> None:
        """Begin to send nothing any more that would usually take longer than until then."""
        if self.outbox is not None:
            self.outbox.gate.end_by(end_us)

    @property
    def texts_fail(self) -> bool:
        """Whether Gemini is out, and the template writes for it."""
        return isinstance(self.writer, FallbackWriter) and self.writer.is_out

    async def drained(self) -> None:
        """Wait until every mail in hand has its outcome in the log."""
        if self.outbox is not None:
            await self.outbox.drained()

    async def close(self) -> None:
        """End the workers, and close the connections to SMTP and Gemini."""
        if self.pool is not None:
            await self.pool.close()
        if self.sender is not None:
            await self.sender.close()
        await self.writer.close()
        await asyncio.to_thread(self.runtime.traces.close)


def build_recommender(
    settings: Settings, catalogue: Catalog, *, in_subprocess: bool = False
) -> LiveRecommender:
    """The recommender with the shop's settings; ``in_subprocess``: where its model is built, if it is not kept."""
    builder = build_in_subprocess if in_subprocess else Recommender.build
    folder = model_folder(settings)
    return LiveRecommender(
        catalogue,
        count=settings.recommendation_count,
        options=Options(
            blend=settings.recommender == "blend",
            threshold=settings.similarity_threshold,
            near_duplicates=settings.recommender_near_duplicates,
            memory_mb=settings.recommender_memory_mb,
        ),
        builder=builder if folder is None else KeptModels(folder, builder),
    )


@dataclass(frozen=True, slots=True)
class ComposerSetup:
    """What a composer is made of, here or in a worker process.

    ``brands`` are read once: a worker that takes the place of one that died writes as the others do, whatever was
    changed in the theme's folder meanwhile.
    ``installation``: two shops under one sender domain, or a log table begun anew, never share a Message-ID.
    """

    settings: Settings
    brands: Brands
    installation: str

    @classmethod
    def of(cls, settings: Settings, resources: Resources) -> "ComposerSetup":
        """For the shop that was opened."""
        schema = resources.schema
        made = brands(
            settings,
            resources.link_secret,
            currency=schema.currency,
            url_pattern=schema.products.url_pattern,
        )
        return cls(settings, made, format(resources.activated_us // 1_000_000, "x"))

    def __call__(self, catalog: Catalog) -> Composer:
        """In a worker process: it logs to the terminal, counts for itself and writes with the template."""
        for secret in self.settings.secrets():
            register_secret(secret)
        configure_logging(self.settings.log_level, json_lines=self.settings.log_format == "json")
        return self.composer(build_recommender(self.settings, catalog), TemplateWriter(), Metrics())

    def composer(self, recommender: LiveRecommender, writer: TextWriter, metrics: Metrics) -> Composer:
        """What turns a cart into a mail."""
        return Composer(
            brands=self.brands,
            recommender=recommender,
            writer=writer,
            metrics=metrics,
            installation=self.installation,
            bought_us=self.settings.recommender_bought_days * DAY_US,
        )


def lease_of(settings: Settings) -> int:
    """How long a claim holds, in microseconds: longer than all SMTP timeouts together and the time for the text."""
    lease_s = smtp(settings).longest_send + settings.gemini_timeout_seconds + LEASE_MARGIN_S
    return int(lease_s * 1_000_000)


def build_pipeline(
    settings: Settings,
    resources: Resources,
    catalogue: Catalog,
    *,
    metrics: Metrics | None = None,
    standing: Standing | None = None,
) -> Pipeline:
    """Put the parts together. Must be called in the event loop that runs them."""
    metrics = metrics or Metrics()
    runtime = Runtime(
        tracker=Tracker(
            settings.threshold_us,
            remember_us=remember_us(resources.policy),
            untold=untold(resources.schema),
            lock=threading.RLock(),
        ),
        clock=resources.clock,
        policy=resources.policy,
        metrics=metrics,
        traces=traces(settings),
    )
    writer = text_writer(settings, metrics)
    if settings.dry_run:
        return Pipeline(runtime, Recovery(resources.loader, DryRun(runtime), runtime), writer)
    setup = ComposerSetup.of(settings, resources)
    composer = setup.composer(build_recommender(settings, catalogue, in_subprocess=True), writer, metrics)
    workers = settings.worker_processes
    pool = ComposeWorkers(composer, setup, catalogue, workers) if workers else ComposeThread(composer)
    sender = SmtpSender(smtp(settings))
    retries = Retries(settings.first_retry_us)
    outbox = Outbox(
        sender=sender,
        episodes=resources.episodes,
        loader=resources.loader,
        runtime=runtime,
        retries=retries,
        lease_us=lease_of(settings),
        standing=standing,
    )
    episode_of = EpisodeOf(composer.brands)
    mailing = Mailing(
        episodes=resources.episodes,
        runtime=runtime,
        gate=outbox.gate,
        claiming=Claiming(
            resources.episodes,
            runtime,
            TokenBucket(settings.max_emails_per_minute, resources.clock.now_us()),
            episode_of,
            lease_us=lease_of(settings),
            is_too_dear=composer.brands.is_too_dear,
            tokens=MailTokens(resources.database),
        ),
        composing=Composing(pool, outbox, retries, runtime),
        episode_of=episode_of,
    )
    recovery = Recovery(resources.loader, mailing, runtime)
    learning = OrderLearning(
        resources.shop,
        resources.clock,
        composer.recommender,
        pool,
        months=settings.recommender_order_months,
        lines=settings.recommender_order_lines,
    )
    return Pipeline(runtime, recovery, writer, pool, learning, outbox, sender)
