"""Reads BOUNCE_MAILBOX each minute, beside everything else: no mail to a customer waits for it."""

import asyncio
import threading
from collections.abc import Callable

import structlog

from binlog_watcher.core.backoff import pause
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.regular_tasks import every
from binlog_watcher.service.resources import Resources
from binlog_watcher.service.returned_mail import FOR_A_PERSON, ReturnedMailDesk, desk, returned_mails
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics import Metrics
from mailer.mailbox import Mailbox, MailboxError, open_mailbox

log = structlog.get_logger(__name__)

INTERVAL_S = 60.0
LONGEST_PAUSE_S = 1800.0
AT_ONCE = 200
"""Mails that are taken in one pass; with more there is another one at once."""

EXPIRE_INTERVAL_S = 3600.0


class MailboxReading:
    """``mailbox`` None: nothing is read, suppressions end all the same. ``expire`` ends those that have lasted."""

    def __init__(
        self,
        mailbox: Mailbox | None,
        desk: ReturnedMailDesk,
        *,
        expire: Callable[[], object],
        metrics: Metrics,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._mailbox = mailbox
        self._desk = desk
        self._expire = expire
        self._metrics = metrics
        self._interval_s = interval_s
        self._failures = 0
        self._stopped = threading.Event()

    async def run(self) -> None:
        """Until cancelled; what goes wrong is told once, and tried again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(every(EXPIRE_INTERVAL_S, self._expire, at_once=True))
                if self._mailbox is not None:
                    tasks.create_task(self._read_again_and_again(self._mailbox))
        finally:
            self._stopped.set()

    async def _read_again_and_again(self, mailbox: Mailbox) -> None:
        while True:
            pause_s = await self._pass(mailbox)
            await asyncio.sleep(pause_s)

    async def _pass(self, mailbox: Mailbox) -> float:
        """Seconds until the next one."""
        try:
            taken = await asyncio.to_thread(self.read_once, mailbox)
        except (MailboxError, CartwakeError) as error:
            return self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a server may answer
            return self._failed(f"{type(error).__name__}: {error}")
        if self._failures:
            log.info("mailbox.readable")
        self._failures = 0
        self._metrics.mailbox_failing.set(0)
        return 0 if taken >= AT_ONCE else self._interval_s

    def _failed(self, error: str) -> float:
        self._failures += 1
        pause_s = pause(self._interval_s, LONGEST_PAUSE_S, self._failures)
        if self._failures == 1:
            log.error(
                "mailbox.not_readable", error=error,
                hint="mails to customers go on; bounces and unsubscribe mails wait until this is mended",
            )  # fmt: skip
        self._metrics.mailbox_failing.set(1)
        return pause_s

    def read_once(self, mailbox: Mailbox) -> int:
        """Take in what is new, ``AT_ONCE`` mails at most; how many they were. Blocking.

        A mail is settled after all that follows from it is written: if we end in between, it is taken in again.
        """
        taken = 0
        with mailbox.opened() as store:
            for message in store.fresh(AT_ONCE):
                if self._stopped.is_set():
                    break
                message.settle(understood=self._desk.handle(message.raw) not in FOR_A_PERSON)
                taken += 1
        return taken


def mailbox_reading(settings: Settings, resources: Resources, metrics: Metrics) -> MailboxReading:
    """As the settings say."""
    address = settings.bounce_mailbox
    password = settings.bounce_password.get_secret_value() if settings.bounce_password else ""
    return MailboxReading(
        None if address is None else open_mailbox(address, password, settings.bounce_token_command),
        desk(settings, resources, metrics),
        expire=returned_mails(settings, resources).expire,
        metrics=metrics,
    )
