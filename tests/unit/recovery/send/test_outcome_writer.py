"""Outcomes are written in groups, however long it takes, and only then is the cart's recovery over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import structlog
from fakes.stages import NOW, SECOND, FakeLog, Shop
from fakes.waiting import until

from binlog_watcher.core.log_status import Status
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.recovery.send import outcome_writer
from binlog_watcher.recovery.send.attempts import outcome_of
from binlog_watcher.recovery.send.outcome_writer import OutcomeWriter
from binlog_watcher.recovery.send.under_way import UnderWay
from binlog_watcher.recovery.stages import Settlement
from mailer import ConnectionSlots


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome_writer, "FIRST_WAIT_S", 0.001)


class Desk:
    """A writer between a log and four connections, all of them taken."""

    def __init__(self) -> None:
        self.shop, self.log, self.slots, self.under_way = Shop(), FakeLog(), ConnectionSlots(4), UnderWay()
        self.slots.take(4)
        log: Any = self.log
        self.writer = OutcomeWriter(log, self.shop.runtime, self.slots, self.under_way)

    def settlement(
        self, key: int, *, next_us: int | None = None, connections: int = 1, **more: Any
    ) -> Settlement:
        claimed = self.shop.claimed(key)
        self.under_way.begin(claimed.log_id)
        status = Status.SENT if next_us is None else Status.RETRY
        return Settlement(claimed, outcome_of(claimed, status, NOW, next_us=next_us, **more), connections)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.writer.run())
        try:
            yield
        finally:
            task.cancel()

    def written(self) -> list[list[int]]:
        return [[outcome.log_id for outcome in group] for group in self.log.written]


async def test_a_group_is_one_statement_and_frees_its_connections() -> None:
    desk = Desk()
    for key in (1, 2, 3):
        await desk.writer.put(desk.settlement(key))
    async with desk.running():
        async with asyncio.timeout(10):
            await desk.under_way.drained()
        assert desk.written() == [[101, 102, 103]]
        assert desk.slots.free == 3
        assert desk.shop.tracker.in_hand == 0
        assert desk.shop.runtime.wake.is_set(), "there is room for other carts"


async def test_a_cart_that_is_to_be_tried_again_waits_in_the_wheel() -> None:
    desk = Desk()
    await desk.writer.put(desk.settlement(1, next_us=NOW + 60 * SECOND))
    async with desk.running():
        await until(lambda: desk.slots.free == 1)
    assert desk.shop.tracker.due_of(1) == NOW + 60 * SECOND
    assert desk.shop.tracker.in_hand == 0


async def test_what_could_not_be_composed_frees_no_connection() -> None:
    desk = Desk()
    await desk.writer.put(desk.settlement(1, connections=0))
    async with desk.running(), asyncio.timeout(10):
        await desk.under_way.drained()
    assert desk.slots.free == 0


@pytest.mark.parametrize("gone", [DatabaseUnavailableError("gone"), ConfigError("read only")])
async def test_while_mysql_is_gone_nothing_is_settled_and_no_connection_is_free(gone: Exception) -> None:
    desk = Desk()
    desk.log.failures.extend([gone] * 20)
    await desk.writer.put(desk.settlement(1))
    async with desk.running():
        await until(lambda: len(desk.log.failures) < 18)
        assert desk.slots.free == 0
        assert desk.shop.tracker.in_hand == 1
        desk.log.failures.clear()
        await until(lambda: desk.slots.free == 1)
    assert desk.written() == [[101]]


async def test_one_that_mysql_cannot_take_holds_up_no_other_and_goes_without_its_texts() -> None:
    desk = Desk()
    desk.log.failures.extend([ValueError("of the group"), ValueError("of the first")])
    await desk.writer.put(desk.settlement(1, error="an odd text", message_id="<x>"))
    await desk.writer.put(desk.settlement(2))
    async with desk.running():
        await until(lambda: desk.slots.free == 2)
    (first,), (second,) = desk.log.written
    assert (first.log_id, first.error, first.message_id) == (101, None, None)
    assert second.log_id == 102


async def test_one_that_cannot_be_written_at_all_is_left_to_its_lease() -> None:
    desk = Desk()
    desk.log.failures.extend([ValueError("no"), ValueError("no")])
    await desk.writer.put(desk.settlement(1, error="an odd text"))
    async with desk.running():
        await until(lambda: desk.slots.free == 1)
    assert desk.written() == []
    assert desk.shop.tracker.in_hand == 0


async def test_rows_are_given_back_after_the_outcomes_of_their_group() -> None:
    desk = Desk()
    await desk.writer.put(desk.settlement(1))
    last = desk.settlement(2, next_us=NOW + 60 * SECOND)
    await desk.writer.put(replace(last, give_back=(101,)))
    with structlog.testing.capture_logs() as logs:
        async with desk.running():
            await until(lambda: desk.written() == [[101, 102]])
            await until(lambda: desk.slots.free == 2)
    assert desk.log.given_back == [((101,), NOW + 60 * SECOND)]
    assert [(one["event"], one["rows"]) for one in logs] == [("sender.gave_back", 1)]


async def test_it_is_told_when_an_address_is_suppressed() -> None:
    desk = Desk()
    desk.log.suppresses = 1
    await desk.writer.put(desk.settlement(1))
    with structlog.testing.capture_logs() as logs:
        async with desk.running():
            await until(lambda: desk.slots.free == 1)
    assert [(one["event"], one["addresses"]) for one in logs] == [("recipient.suppressed", 1)]
