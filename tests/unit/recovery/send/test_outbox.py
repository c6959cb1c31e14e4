"""The last stages together, between a sender and a log that stand for the real ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fakes.stages import HOUR, NOW, FakeLoader, FakeLog, FakeSender, Shop, cart

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.send.attempts import Retries, outcome_of
from binlog_watcher.recovery.send.outbox import Outbox
from mailer import ConnectionSlots, WithdrawnError


class Desk:
    def __init__(self, connections: int = 2) -> None:
        self.shop, self.log, self.loader = Shop(), FakeLog(), FakeLoader()
        self.sender = FakeSender(ConnectionSlots(connections))
        sender: Any = self.sender
        log: Any = self.log
        loader: Any = self.loader
        self.outbox = Outbox(
            sender=sender, episodes=log, loader=loader,
            runtime=self.shop.runtime, retries=Retries(60_000_000), lease_us=HOUR,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.outbox.run())
        try:
            yield
        finally:
            task.cancel()

    async def put(self, *keys: int) -> None:
        for key in keys:
            mail = self.shop.composed(key)
            assert self.outbox.begin(mail.claimed)
            await self.outbox.put(mail)

    async def drained(self) -> None:
        async with asyncio.timeout(10):
            await self.outbox.drained()

    def outcomes(self) -> dict[int, tuple[Status, Reason | None]]:
        return {one.log_id: (one.status, one.reason) for group in self.log.written for one in group}


async def test_every_mail_that_is_put_is_fenced_sent_and_settled() -> None:
    desk = Desk()
    async with desk.running():
        await desk.put(*range(1, 12))
        await desk.drained()
    assert sorted(desk.sender.sent) == sorted(f"user{key}@example.com" for key in range(1, 12))
    assert desk.outcomes() == {100 + key: (Status.SENT, None) for key in range(1, 12)}
    assert all(len(mails) <= 2 for mails in desk.log.fences)
    assert desk.sender.slots.free == 2
    assert desk.shop.tracker.in_hand == 0


async def test_what_is_withdrawn_or_stopped_is_decided_again_and_frees_its_connection() -> None:
    desk = Desk(connections=2)
    desk.sender.answers.append(WithdrawnError("the customer came back"))
    desk.log.refuses = {102}
    desk.loader.carts = {1: cart(1), 2: cart(2, lines=(), version=None, newest_order_us=NOW)}
    async with desk.running():
        await desk.put(1, 2)
        await desk.drained()
        assert desk.outcomes() == {
            101: (Status.RETRY, Reason.ACTIVITY),
            102: (Status.SKIPPED, Reason.BOUGHT_MEANWHILE),
        }
        assert desk.sender.slots.free == 2
    assert desk.shop.tracker.due_of(1) is not None
    assert desk.shop.tracker.due_of(2) is None


async def test_a_second_mail_of_a_row_that_is_under_way_is_left_out() -> None:
    desk = Desk()
    claimed = desk.shop.claimed(1)
    assert desk.outbox.begin(claimed)
    with structlog.testing.capture_logs() as logs:
        assert not desk.outbox.begin(claimed)
    assert [entry["event"] for entry in logs] == ["outbox.doubled"]


async def test_what_could_not_be_composed_is_settled_without_a_connection() -> None:
    desk = Desk()
    claimed = desk.shop.claimed(1)
    desk.outbox.begin(claimed)
    async with desk.running():
        await desk.outbox.settle(claimed, outcome_of(claimed, Status.FAILED, NOW, error="no template"))
        await desk.drained()
    assert desk.outcomes() == {101: (Status.FAILED, None)}
    assert desk.log.fences == []
