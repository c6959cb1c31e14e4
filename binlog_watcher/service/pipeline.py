"""The recovery with all its parts, as the service and `cartwake reconcile` use it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.recovery.compose_workers import LocalPress, Press, WorkerPress
from binlog_watcher.recovery.composer import Composer
from binlog_watcher.recovery.outbox import Outbox
from binlog_watcher.recovery.recheck import SecondLook
from binlog_watcher.recovery.recovery import Recovery
from binlog_watcher.service.resources import Resources
from binlog_watcher.service.wiring import discounts, links, shop_info, smtp, text_writer
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.logs import configure_logging, register_secret
from binlog_watcher.telemetry.metrics import Metrics
from mailer import SmtpSender
from recommender import (
    Catalog,
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
    """From due carts to mails. ``press``, ``outbox``, ``sender`` and ``look_again`` are None in a dry run."""

    tracker: Tracker
    metrics: Metrics
    recovery: Recovery
    writer: TextWriter
    press: Press | None
    outbox: Outbox | None
    sender: SmtpSender | None
    look_again: SecondLook | None

    async def start(self) -> None:
        """Make ready to compose, once the catalogue has been read."""
        if self.press is not None:
            await self.press.start()

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """The catalogue has these now, and these no more. Any thread."""
        if self.press is not None:
            self.press.products_changed(changed, gone)

    async def send(self) -> None:
        """Send what the recovery puts into the outbox, until cancelled. Returns at once in a dry run."""
        if self.outbox is not None and self.look_again is not None:
            await self.outbox.run(self.look_again)

    async def close(self) -> None:
        """End the workers, and close the connections to SMTP and Gemini."""
        if self.press is not None:
            await self.press.close()
        if self.sender is not None:
            await self.sender.close()
        await self.writer.close()


def build_recommender(settings: Settings, catalogue: Catalog, *, in_subprocess: bool = False) -> Recommender:
    """The recommender with the shop's count and threshold; ``in_subprocess``: where its index is built."""
    return Recommender(
        catalogue,
        count=settings.recommendation_count,
        threshold=settings.similarity_threshold,
        builder=build_in_subprocess if in_subprocess else None,
    )


@dataclass(frozen=True, slots=True)
class ComposerSetup:
    """What a composer is made of, here or in a worker process. ``currency``: see ``shop_info``.

    ``installation``: two shops under one sender domain, or a log table begun anew, never share a Message-ID.
    """

    settings: Settings
    link_secret: str | None
    currency: str | None
    installation: str

    @classmethod
    def of(cls, settings: Settings, resources: Resources) -> "ComposerSetup":
        """For the shop that was opened."""
        installation = format(resources.activated_us // 1_000_000, "x")
        return cls(settings, resources.link_secret, resources.schema.currency, installation)

    def __call__(self, catalog: Catalog) -> Composer:
        """In a worker process: it logs to the terminal, counts for itself and writes with the template."""
        for secret in self.settings.secrets():
            register_secret(secret)
        configure_logging(self.settings.log_level)
        return self.composer(build_recommender(self.settings, catalog), TemplateWriter(), Metrics())

    def composer(self, recommender: Recommender, writer: TextWriter, metrics: Metrics) -> Composer:
        """What turns a cart into a mail."""
        return Composer(
            store=shop_info(self.settings, self.currency),
            discounts=discounts(self.settings),
            links=links(self.settings, self.link_secret),
            recommender=recommender,
            writer=writer,
            metrics=metrics,
            installation=self.installation,
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
    may_send: Callable[[], bool] = lambda: True,
) -> Pipeline:
    """Put the parts together. Must be called in the event loop that runs them. ``may_send``: see Outbox."""
    tracker, metrics = Tracker(settings.threshold_us, lock=threading.RLock()), metrics or Metrics()
    recommender = build_recommender(settings, catalogue, in_subprocess=True)
    writer = text_writer(settings, metrics)
    composer = press = sender = outbox = look_again = None
    lease_us = 0
    if not settings.dry_run:
        smtp_settings = smtp(settings)
        lease_us = lease_of(settings)
        sender = SmtpSender(smtp_settings)
        setup = ComposerSetup.of(settings, resources)
        composer = setup.composer(recommender, writer, metrics)
        workers = settings.worker_processes
        press = WorkerPress(composer, setup, catalogue, workers) if workers else LocalPress(composer)
        outbox = Outbox(
            sender=sender,
            mail_from=settings.sender_email,
            episodes=resources.episodes,
            tracker=tracker,
            clock=resources.clock,
            metrics=metrics,
            lease_us=lease_us,
            may_send=may_send,
            first_retry_us=settings.first_retry_us,
        )
        look_again = SecondLook(
            loader=resources.loader,
            tracker=tracker,
            outbox=outbox,
            policy=resources.policy,
            clock=resources.clock,
            metrics=metrics,
        )
    recovery = Recovery(
        loader=resources.loader,
        episodes=resources.episodes,
        tracker=tracker,
        composer=composer,
        press=press,
        outbox=outbox,
        policy=resources.policy,
        limiter=TokenBucket(settings.max_emails_per_minute, resources.clock.now_us()),
        clock=resources.clock,
        metrics=metrics,
        currency=resources.schema.currency or settings.currency,
        lease_us=lease_us,
    )
    return Pipeline(tracker, metrics, recovery, writer, press, outbox, sender, look_again)
