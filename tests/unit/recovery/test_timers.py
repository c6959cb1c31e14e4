"""The loop between the wheel and the recovery: bounded batches, one end for all of them, no wake-up lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fakes.waiting import until

from binlog_watcher.core.events import Assigned, CartChanged, Change, Event, Hydrated
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart, Tracker
from binlog_watcher.recovery.recovery import SIFT_BATCH_SIZE
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.timers import DUE_BATCH_SIZE, MAX_IN_HAND, Timers

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND
DEADLINE_S = 20


class Desk:
    """Clock, source and recovery in one: batches stay on the desk until ``gate`` opens."""

    def __init__(self) -> None:
        self.now = NOW
        self.tracker = Tracker(SECOND)
        self.batches: list[list[DueCart]] = []
        self.sifted: list[list[DueCart]] = []
        self.young: set[int] = set()
        self.gate = asyncio.Event()
        self.arrived = asyncio.Event()
        parts: Any = self
        self.timers = Timers(Runtime(self.tracker, parts, parts, parts), parts)
        self.send(Assigned("shop"), Hydrated("shop"))

    def now_us(self) -> int:
        return self.now

    def send(self, *events: Event) -> None:
        progress = Progress("", self.now, caught_up=True, lag_us=0, received_us=self.now)
        self.tracker.apply(Batch("shop", events, progress))
        self.timers.poke()

    def overdue(self, *keys: int) -> None:
        """Carts that were left one after the other, due by now."""
        self.send(
            *(
                CartChanged(key, Change.INSERT, self.now - 2 * SECOND - at * 10_000)
                for at, key in enumerate(keys)
            )
        )

    async def process(self, due: Sequence[DueCart]) -> None:
        self.batches.append(list(due))
        self.arrived.set()
        await self.gate.wait()
        for cart in due:
            self.tracker.finish(cart.key)

    def woken(self, *keys: int) -> None:
        """Carts that one statement woke, due by now."""
        self.send(*(CartChanged(key, Change.UPDATE, self.now - 2 * SECOND) for key in keys))

    async def sift(self, woken: Sequence[DueCart]) -> None:
        self.sifted.append(list(woken))
        self.arrived.set()
        await self.gate.wait()
        self.tracker.sifted(woken, self.young, self.now)

    async def until(self, carts: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while sum(map(len, self.batches)) < carts:
                self.arrived.clear()
                await self.arrived.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.timers.run())
        try:
            yield
        finally:
            self.timers.stop()
            self.gate.set()
            async with asyncio.timeout(DEADLINE_S):
                await task


async def test_overdue_carts_are_handed_on_at_once_and_new_ones_when_poked() -> None:
    desk = Desk()
    desk.gate.set()
    desk.overdue(1)
    async with desk.running():
        await desk.until(1)
        desk.overdue(2, 3)
        await desk.until(3)
    assert [cart.key for cart in desk.batches[0]] == [1]
    assert desk.tracker.in_hand == 0


async def test_a_timer_fires_without_being_poked(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.gate.set()
    desk.send(CartChanged(1, Change.INSERT, desk.now - SECOND + 10_000))  # due in a hundredth of a second
    wait_us: list[float] = []
    timeout = asyncio.timeout

    def watched(seconds: float) -> asyncio.Timeout:
        wait_us.append(seconds)
        desk.now += int(seconds * SECOND)  # time passes while it sleeps
        return timeout(seconds)

    monkeypatch.setattr(asyncio, "timeout", watched)
    task = asyncio.create_task(desk.timers.run())
    async with timeout(DEADLINE_S):
        await desk.arrived.wait()
    desk.timers.stop()
    await task
    assert wait_us[0] == pytest.approx(0.01), "as long as the next timer, and no poll"


async def test_batches_and_carts_in_hand_are_bounded() -> None:
    desk = Desk()
    desk.overdue(*range(1_000))
    async with desk.running():
        await desk.until(MAX_IN_HAND)
        desk.timers.poke()
        await asyncio.sleep(0)
        assert sum(map(len, desk.batches)) == MAX_IN_HAND, "the others cost nothing where they are"
        assert max(map(len, desk.batches)) <= DUE_BATCH_SIZE
        desk.gate.set()
        await desk.until(1_000)
    keys = [cart.key for batch in desk.batches for cart in batch]
    assert sorted(keys, key=int) == list(range(1_000)), "each one, once"


async def test_stopping_waits_for_the_batches_in_hand_and_takes_no_more() -> None:
    desk = Desk()
    desk.overdue(1)
    task = asyncio.create_task(desk.timers.run())
    await desk.until(1)
    desk.timers.stop()
    desk.overdue(2)
    await asyncio.sleep(0)
    assert not task.done()
    desk.gate.set()
    async with asyncio.timeout(DEADLINE_S):
        await task
    assert [[cart.key for cart in batch] for batch in desk.batches] == [[1]]
    assert desk.tracker.armed == 1


async def test_cancelling_cancels_the_batches_in_hand() -> None:
    desk = Desk()
    desk.overdue(1)
    task = asyncio.create_task(desk.timers.run())
    await desk.until(1)
    task.cancel()
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_the_partitions_clock_holds_back_is_looked_at_again_soon() -> None:
    desk = Desk()
    desk.gate.set()
    desk.overdue(1)
    desk.now += 10 * SECOND  # nothing was heard since
    desk.tracker.apply(
        Batch(
            "shop", (), Progress("", NOW - 5 * SECOND, caught_up=False, lag_us=SECOND, received_us=desk.now)
        )
    )
    async with desk.running():
        await asyncio.sleep(0)
        assert not desk.batches
        desk.send()  # caught up
        await desk.until(1)


async def test_what_a_statement_woke_is_sifted_and_costs_only_the_young_a_look() -> None:
    desk = Desk()
    desk.gate.set()
    desk.young = {7, 4_000}
    desk.woken(*range(5_000))
    async with desk.running():
        await desk.until(2)
    assert sum(map(len, desk.sifted)) == 5_000
    assert max(map(len, desk.sifted)) == SIFT_BATCH_SIZE
    assert {cart.key for batch in desk.batches for cart in batch} == desk.young
    assert (desk.tracker.armed, desk.tracker.in_hand) == (0, 0)


async def test_while_carts_are_sifted_a_fresh_one_is_handed_on_at_once() -> None:
    desk = Desk()
    desk.woken(*range(5_000))
    async with desk.running():
        await until(lambda: bool(desk.sifted))
        desk.overdue(9_000)
        await desk.until(1)
        assert [cart.key for cart in desk.batches[0]] == [9_000]
        assert len(desk.sifted) == 1, "one batch at a time"


async def test_a_fresh_cart_goes_first_and_a_few_woken_ones_are_not_sifted() -> None:
    desk = Desk()
    desk.gate.set()
    desk.woken(*range(DUE_BATCH_SIZE))
    desk.overdue(9_000)
    async with desk.running():
        await desk.until(DUE_BATCH_SIZE + 1)
    assert [cart.key for cart in desk.batches[0]] == [9_000]
    assert desk.sifted == []


async def test_while_carts_are_sifted_it_sleeps_until_the_next_of_the_others_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.woken(*range(SIFT_BATCH_SIZE + 1))
    desk.send(CartChanged(9_000, Change.INSERT, desk.now - SECOND + 10_000))
    wait_us: list[float] = []
    timeout = asyncio.timeout

    def watched(seconds: float) -> asyncio.Timeout:
        wait_us.append(seconds)
        desk.now += int(seconds * SECOND)
        return timeout(seconds)

    monkeypatch.setattr(asyncio, "timeout", watched)
    task = asyncio.create_task(desk.timers.run())
    await until(lambda: bool(desk.batches))
    desk.timers.stop()
    desk.gate.set()
    await task
    assert wait_us[0] == pytest.approx(0.01)
    assert [cart.key for cart in desk.batches[0]] == [9_000]
