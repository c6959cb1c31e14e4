"""Tells WEBHOOK_URL what happened: in a thread with an event loop and a session of its own.

A receiver that is slow, dead or malicious costs nobody anything: no mail and no timer waits for this thread.
"""

import asyncio
import contextlib
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import structlog

from binlog_watcher.clock import wall_s
from binlog_watcher.doctor.certificate import refused_certificate
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.resources import Resources
from binlog_watcher.service.webhook_message import body_of, headers_of
from binlog_watcher.settings.retention import DAY_US
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.webhooks import key_of
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.recovered_carts import RecoveredCarts
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from binlog_watcher.store.own_tables.webhook_queue import Told, WebhookQueue
from binlog_watcher.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Events that are posted at the same time."""

PATIENCE_S = 15.0
"""All that one delivery may take, from the name's lookup to the end of the answer."""

MOST_ANSWER_BYTES = 4096
"""What an answer may have in its body, so that its connection is used again; nobody reads it."""

GRACE_S = 1.0
"""How long what is under way may take when the service ends."""

LOOK_S = 2.0
"""Between two looks for what is due."""

CLEAN_S = 600.0
LOOK_FOR_ORDERS_S = 300.0

SILENCES_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""How long nothing is posted after so many rounds in which all failed; then one event tries."""

KEEP_DAYS = 14
"""So long it is known what was told."""

GONE = 410
"""By this a receiver says that it wants no more, ever."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The receiver. ``key``: signs messages."""

    url: str
    key: bytes

    def __repr__(self) -> str:
        return f"Endpoint(host={self.host!r})"

    @property
    def host(self) -> str:
        """All of the address that is told to the log: the rest may be a secret."""
        return httpx2.URL(self.url).host


class WebhookDelivery:
    """Rounds of deliveries. ``queue`` is asked in this thread; ``patience_s``: see PATIENCE_S.

    ``look``: looks for what nobody writes down when it happens.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        queue: WebhookQueue,
        metrics: Metrics,
        *,
        look: Callable[[], object] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._look = look
        self._endpoint = endpoint
        self._queue = queue
        self._metrics = metrics
        self._patience_s = patience_s
        self._failed_rounds = 0
        self.is_gone = False

    async def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set. Whatever MySQL says is told once, and tried again.

        When the receiver is gone nothing is posted or looked for any more, but the table is still kept clean.
        """
        is_down = False
        clean_in_s = look_in_s = 0.0
        async with self._client() as client:
            while not stop.is_set():
                pause_s = LOOK_S
                try:
                    if clean_in_s <= 0:
                        self._clean()
                        clean_in_s = CLEAN_S
                    if look_in_s <= 0 and self._look is not None and not self.is_gone:
                        self._look()
                        look_in_s = LOOK_FOR_ORDERS_S
                    if not self.is_gone and await self.round(client):
                        pause_s = self.silence_s
                    if is_down:
                        log.info("webhooks.resumed")
                    is_down = False
                except CartwakeError as error:
                    if not is_down:
                        log.warning("webhooks.no_database", error=str(error))
                    is_down, pause_s = True, 10.0
                except Exception as error:
                    log.exception("webhooks.failed", error=str(error))
                    pause_s = 10.0
                clean_in_s -= max(pause_s, 0.1)
                look_in_s -= max(pause_s, 0.1)
                await asyncio.to_thread(stop.wait, pause_s)

    @property
    def silence_s(self) -> float:
        """How long nothing is posted now, since nothing came through."""
        if not self._failed_rounds:
            return 0.0
        return SILENCES_S[min(self._failed_rounds, len(SILENCES_S)) - 1]

    async def round(self, client: httpx2.AsyncClient) -> int:
        """Post what is due, no more than AT_ONCE, one while nothing comes through; how many events that were."""
        events = self._queue.take(1 if self._failed_rounds else AT_ONCE)
        if not events:
            return 0
        failures = await asyncio.gather(*(self._post(client, one) for one in events))
        told = [one for one, failure in zip(events, failures, strict=True) if failure is None]
        self._queue.settle(told)
        self._metrics.webhooks.labels("told").inc(len(told))
        for one, failure in zip(events, failures, strict=True):
            if failure is not None:
                self._failed(one, failure)
        if told and self._failed_rounds:
            log.info("webhooks.reachable", host=self._endpoint.host)
        elif not told and not self._failed_rounds:
            log.warning(
                "webhooks.unreachable", host=self._endpoint.host, error=failures[0], retry_s=SILENCES_S[0]
            )
        if self.is_gone:
            log.error(
                "webhooks.gone", host=self._endpoint.host,
                hint="the receiver answered 410: nothing is told until the next start; mend it, or WEBHOOK_URL",
            )  # fmt: skip
        self._failed_rounds = 0 if told else self._failed_rounds + 1
        self._metrics.webhooks_waiting.set(self._queue.standing().waiting)
        return len(events)

    async def _post(self, client: httpx2.AsyncClient, one: Told) -> str | None:
        """Post one event; None if the receiver has it, else why not. Of an answer only the status is told."""
        body = body_of(one)
        headers = headers_of(one.id, body, self._endpoint.key, wall_s())
        try:
            async with (
                asyncio.timeout(self._patience_s),
                client.stream("POST", self._endpoint.url, content=body, headers=headers) as answer,
            ):
                length = 0
                async for piece in answer.aiter_raw():
                    length += len(piece)
                    if length > MOST_ANSWER_BYTES:
                        break
        except TimeoutError:
            return f"no answer within {self._patience_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            return _said(error)
        if answer.is_success:
            return None
        if answer.status_code == GONE:
            self.is_gone = True
        return f"HTTP {answer.status_code}" + (" (redirects are not followed)" if answer.is_redirect else "")

    def _failed(self, one: Told, why: str) -> None:
        if self._queue.postpone(one):
            self._metrics.webhooks.labels("failed").inc()
            log.debug(
                "webhook.not_told", event_type=one.event, id=one.id, attempts=one.attempts + 1, error=why
            )
        else:
            self._died(1)
            log.warning("webhook.dead", event_type=one.event, id=one.id, attempts=one.attempts + 1, error=why)

    def _clean(self) -> None:
        died = self._queue.clean()
        self._metrics.webhooks_waiting.set(self._queue.standing().waiting)
        if died:
            self._died(died)
            log.warning("webhooks.too_old", events=died, hint="the receiver was away for days: they are dead")

    def _died(self, events: int) -> None:
        self._metrics.webhooks.labels("dead").inc(events)

    def _client(self) -> httpx2.AsyncClient:
        # One clock for all of a delivery, see _post: a receiver that drips keeps each read short.
        return httpx2.AsyncClient(
            follow_redirects=False,
            timeout=None,
            limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
        )


def _said(error: Exception) -> str:
    """What was wrong; errors of this library say no address."""
    refused = refused_certificate(error)
    if refused is not None:
        return f"its certificate is refused ({refused.said}): {refused.mend}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@contextlib.contextmanager
def delivering_webhooks(
    settings: Settings, resources: Resources | None = None, metrics: Metrics | None = None
) -> Iterator[None]:
    """Tell for a while, beside a service; without WEBHOOK_URL, or in a dry run, nobody is told.

    ``resources``: in whose shop orders are looked for that mails recovered; None: nobody looks.
    """
    url, secret = settings.webhook_url, settings.webhook_secret
    if url is None or secret is None or settings.dry_run:
        yield
        return
    endpoint = Endpoint(url.get_secret_value(), key_of(secret.get_secret_value()))
    back_us = settings.attribution_days * DAY_US + settings.max_cart_age_us + settings.threshold_us
    with contextlib.closing(Database(settings.connection, pool_size=1)) as database:
        # What was told is known for as long as an order may be found for it.
        queue = WebhookQueue(database, str(uuid.uuid4()), keep_days=max(KEEP_DAYS, back_us // DAY_US + 2))
        look = None if resources is None else _look(settings, resources, database, back_us)
        delivery = WebhookDelivery(endpoint, queue, metrics or Metrics(), look=look)
        stop = threading.Event()
        thread = threading.Thread(
            target=lambda: asyncio.run(_until_stopped(delivery, stop)), name="webhooks", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(GRACE_S + LOOK_S)


async def _until_stopped(delivery: WebhookDelivery, stop: threading.Event) -> None:
    """A receiver that does not answer holds up no end: what it was sent is sent again, with the same id."""
    telling = asyncio.create_task(delivery.run(stop))
    stopped = asyncio.create_task(asyncio.to_thread(stop.wait))
    await asyncio.wait((telling, stopped), return_when=asyncio.FIRST_COMPLETED)
    if not telling.done():
        await asyncio.wait((telling,), timeout=GRACE_S)
        telling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await telling


def _look(settings: Settings, resources: Resources, database: Database, back_us: int) -> Callable[[], object]:
    events = WebhookEvents(settings.told_events)
    recovered = RecoveredCarts(
        database, resources.shop, events, days=settings.attribution_days, back_us=back_us
    )
    return lambda: recovered.look(resources.clock.now_us())
