"""Micro-batches no larger than the free connections; what does not pass is decided again, what passes may leave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fakes.stages import FakeLog, FakeSender, Shop
from fakes.waiting import until

from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.send.fencing import Fencing
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import ComposedMail, FencedMail
from mailer import ConnectionSlots, RetryLaterError, SenderStoppedError


class Desk:
    """A fence between three queues."""

    def __init__(self, connections: int = 4) -> None:
        self.shop, self.log, self.leads = Shop(), FakeLog(), True
        self.sender = FakeSender(ConnectionSlots(connections))
        sender: Any = self.sender
        log: Any = self.log
        self.gate = SendingGate(sender, self.shop.runtime, may_send=lambda: self.leads)
        self.composed = asyncio.Queue[ComposedMail]()
        self.fenced = asyncio.Queue[FencedMail]()
        self.again = asyncio.Queue[ComposedMail]()
        self.fencing = Fencing(
            sender=sender, gate=self.gate, clock=self.shop.clock, episodes=log, lease_us=1,
            composed=self.composed, fenced=self.fenced, again=self.again,
        )  # fmt: skip

    def put(self, *keys: int) -> None:
        for key in keys:
            self.composed.put_nowait(self.shop.composed(key))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.fencing.run())
        try:
            yield
        finally:
            task.cancel()

    def ends(self) -> tuple[list[int], list[int]]:
        """Keys of those that passed, and of those that are decided again."""
        passed = [self.fenced.get_nowait().mail.claimed.log_id - 100 for _ in range(self.fenced.qsize())]
        return passed, [self.again.get_nowait().claimed.log_id - 100 for _ in range(self.again.qsize())]

    async def until(self, mails: int) -> None:
        await until(lambda: self.fenced.qsize() + self.again.qsize() == mails)


async def test_a_micro_batch_is_as_large_as_there_are_free_connections() -> None:
    desk = Desk(connections=3)
    desk.put(1, 2, 3, 4, 5)
    async with desk.running():
        await desk.until(3)
        assert desk.sender.slots.free == 0
        desk.sender.slots.release(1)
        await desk.until(4)
    assert desk.log.fences == [[101, 102, 103], [104]]
    assert desk.ends() == ([1, 2, 3, 4], [])


async def test_what_the_statement_refuses_is_decided_again() -> None:
    desk = Desk()
    desk.log.refuses = {102}
    desk.put(1, 2)
    async with desk.running():
        await desk.until(2)
    assert desk.ends() == ([1], [2])


async def test_what_is_touched_is_not_even_asked_about() -> None:
    desk = Desk()
    desk.put(1, 2)
    desk.shop.order(2)
    async with desk.running():
        await desk.until(2)
    assert desk.log.fences == [[101]]
    assert desk.ends() == ([1], [2])


async def test_nothing_passes_while_the_server_refuses_us_or_another_leads() -> None:
    desk = Desk()
    desk.sender.is_ready = False
    desk.gate.refuse(SenderStoppedError("wrong password", 535))
    desk.put(1)
    async with desk.running():
        await desk.until(1)
    assert (desk.log.fences, desk.ends()) == ([], ([], [1]))
    desk = Desk()
    desk.leads = desk.sender.is_ready = False
    desk.put(1)
    async with desk.running():
        await desk.until(1)
    assert (desk.log.fences, desk.ends()) == ([], ([], [1]))
    assert desk.sender.prepared == [], "a login that was refused is not tried for each mail"


async def test_connections_are_opened_before_the_fence_and_hold_up_no_other_mail() -> None:
    desk = Desk(connections=2)
    opened = asyncio.Event()

    async def slowly(messages: int) -> None:
        desk.sender.prepared.append(messages)
        await opened.wait()

    vars(desk.sender)["prepare"] = slowly
    desk.sender.is_ready = False
    desk.put(1)
    async with desk.running():
        await until(lambda: desk.sender.prepared == [1])
        assert desk.log.fences == []
        desk.sender.is_ready = True
        desk.put(2)
        await desk.until(1)
        assert desk.log.fences == [[102]]
        opened.set()
        await desk.until(2)
    assert desk.ends() == ([2, 1], [])


@pytest.mark.parametrize(
    "trouble", [RetryLaterError("can't be reached"), SenderStoppedError("535 wrong password", 535)]
)
async def test_a_server_that_can_not_be_reached_is_no_mail_s_attempt(trouble: Exception) -> None:
    desk = Desk()
    desk.sender.is_ready, desk.sender.trouble = False, trouble
    desk.put(1, 2)
    async with desk.running():
        await desk.until(2)
        assert (desk.log.fences, desk.ends()) == ([], ([], [1, 2]))
        assert desk.gate.refused
        desk.put(3)
        await desk.until(1)
    assert desk.sender.prepared == [2], "while it can't be reached it is not asked for each mail"


async def test_a_server_that_wants_fewer_connections_is_no_reason_to_stop() -> None:
    desk = Desk(connections=3)
    desk.sender.slots.take(1)  # another mail is being handed over
    desk.sender.is_ready, desk.sender.trouble = False, RetryLaterError("421 too many connections")
    desk.put(1)
    async with desk.running():
        await desk.until(1)
    assert (desk.log.fences, desk.ends(), desk.gate.refused) == ([], ([], [1]), False)


async def test_a_statement_that_fails_for_one_mail_holds_up_no_other() -> None:
    desk = Desk()
    desk.log.failures.extend([ValueError("of all"), ValueError("of the first")])
    desk.put(1, 2)
    async with desk.running():
        await desk.until(2)
    assert desk.log.fences == [[101, 102], [101], [102]]
    assert desk.ends() == ([2], [1])


async def test_without_mysql_nothing_passes() -> None:
    desk = Desk()
    desk.log.failures.append(DatabaseUnavailableError("gone"))
    desk.put(1, 2)
    async with desk.running():
        await desk.until(2)
    assert desk.ends() == ([], [1, 2])
