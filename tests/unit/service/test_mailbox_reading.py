"""The mailbox beside the service: what goes wrong with it is told once, and nothing else waits for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import structlog
from fakes.mailbox import FakeMailbox
from fakes.waiting import until

from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service.mailbox_reading import AT_ONCE, MailboxReading
from binlog_watcher.telemetry.metrics import Metrics


class Desk:
    """Takes a mail for the sort that it says it is."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.errors: list[Exception] = []

    def handle(self, raw: bytes) -> str:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(raw)
        return raw.decode()


def reading(
    mailbox: FakeMailbox | None, desk: Desk, expire: Callable[[], object] = lambda: 0
) -> MailboxReading:
    counter: Any = desk
    return MailboxReading(mailbox, counter, expire=expire, metrics=Metrics(), interval_s=0.01)


@contextlib.asynccontextmanager
async def running(task: MailboxReading) -> AsyncIterator[None]:
    background = asyncio.create_task(task.run())
    try:
        yield
    finally:
        background.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await background


def events(logs: Sequence[Any]) -> list[str]:
    return [entry["event"] for entry in logs]


async def test_mails_are_settled_once_they_are_handled() -> None:
    mailbox, desk = FakeMailbox([b"hard", b"other", b"unreadable", b"unsigned"]), Desk()
    async with running(reading(mailbox, desk)):
        await until(lambda: not mailbox.messages)
    assert mailbox.settled == [
        (b"hard", True),
        (b"other", False),
        (b"unreadable", False),
        (b"unsigned", True),
    ]


async def test_a_mailbox_that_is_down_alarms_once_and_is_asked_ever_more_rarely() -> None:
    mailbox, desk = FakeMailbox([b"hard"], error="no such host"), Desk()
    task = reading(mailbox, desk)
    with structlog.testing.capture_logs() as logs:
        pauses = [await task._pass(mailbox) for _ in range(30)]
        assert events(logs) == ["mailbox.not_readable"]
        assert logs[0]["error"] == "no such host"
        assert pauses[:3] == [0.01, 0.02, 0.04]
        assert max(pauses) <= 1800
        assert task._metrics.registry.get_sample_value("cartwake_mailbox_failing") == 1
        mailbox.error = None
        assert await task._pass(mailbox) == 0.01
    assert events(logs)[1:] == ["mailbox.readable"]
    assert task._metrics.registry.get_sample_value("cartwake_mailbox_failing") == 0
    assert desk.taken == [b"hard"]


@pytest.mark.parametrize("error", [DatabaseUnavailableError("MySQL is gone"), RuntimeError("nobody knows")])
async def test_a_mail_that_can_not_be_handled_now_is_given_again(error: Exception) -> None:
    mailbox, desk = FakeMailbox([b"hard", b"soft"]), Desk()
    desk.errors.append(error)
    task = reading(mailbox, desk)
    await task._pass(mailbox)
    assert mailbox.settled == []
    await task._pass(mailbox)
    assert mailbox.settled == [(b"hard", True), (b"soft", True)]


async def test_a_full_mailbox_is_read_without_pauses() -> None:
    mailbox, desk = FakeMailbox([b"hard"] * (AT_ONCE + 1)), Desk()
    task = reading(mailbox, desk)
    assert await task._pass(mailbox) == 0
    assert await task._pass(mailbox) == 0.01
    assert len(desk.taken) == AT_ONCE + 1


async def test_suppressions_end_whether_there_is_a_mailbox_or_not() -> None:
    ended: list[int] = []
    async with running(reading(None, Desk(), lambda: ended.append(1))):
        await until(lambda: bool(ended))


async def test_a_stop_leaves_what_was_not_begun() -> None:
    mailbox, desk = FakeMailbox([b"hard"]), Desk()
    task = reading(mailbox, desk)
    async with running(task):
        await until(lambda: not mailbox.messages)
    mailbox.messages.append(b"soft")
    assert task.read_once(mailbox) == 0
    assert mailbox.messages == [b"soft"]
