"""When old rows are erased: behind the carts, and not for ever behind them."""

import asyncio
from typing import Any

import pytest
import structlog

from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service import retention as retention_module
from binlog_watcher.service.retention import LONGEST_BUSY, Retention
from binlog_watcher.store.own_tables.erasure import Erased

NOW = 1_790_000_000_000_000


class Timers:
    """A tracker, as far as it is asked."""

    def __init__(self, in_hand: int = 0, next_us: int | None = None) -> None:
        self.in_hand = in_hand
        self.next_us = next_us

    def next_due(self) -> int | None:
        return self.next_us


class Rows:
    """Rows that are erased two by two."""

    def __init__(self, rows: int, busy: int = 0) -> None:
        self.rows = rows
        self.busy = busy
        self.asked: list[int] = []

    def erase_some(self, before_us: int) -> Erased | None:
        self.asked.append(before_us)
        if not self.rows and not self.busy:
            return None
        some, self.rows = min(self.rows, 2), max(0, self.rows - 2)
        return Erased(rows=some, busy=[9] * self.busy)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        found.append(seconds)
        await real(0)

    monkeypatch.setattr("binlog_watcher.service.retention.asyncio.sleep", sleep)
    return found


def keeper(rows: Any, timers: Timers, keep_us: int | None = 5) -> Retention:
    return Retention(rows.erase_some, timers, keep_us=keep_us, now_us=lambda: NOW)  # type: ignore[arg-type] # a part


async def test_batch_after_batch_with_a_pause_between_them(pauses: list[float]) -> None:
    rows = Rows(5)
    assert await keeper(rows, Timers(next_us=NOW + 2_000_000)).erase_all(5) == 5
    assert rows.asked == [NOW - 5] * 4
    assert pauses == [retention_module.BATCH_PAUSE_S] * 3


async def test_a_row_that_is_waited_for_ends_the_pass(pauses: list[float]) -> None:
    assert await keeper(Rows(1, busy=1), Timers()).erase_all(5) == 1
    assert pauses == []


@pytest.mark.parametrize(
    "timers", [Timers(in_hand=1), Timers(next_us=NOW + 1_000_000), Timers(next_us=NOW - 1)]
)
async def test_while_carts_are_due_it_waits_but_not_for_ever(timers: Timers, pauses: list[float]) -> None:
    assert await keeper(Rows(1), timers).erase_all(5) == 1
    assert pauses.count(retention_module.BUSY_S) == 2 * LONGEST_BUSY


async def test_without_the_setting_nothing_is_erased() -> None:
    rows = Rows(1)
    await keeper(rows, Timers(), keep_us=None).run()
    assert rows.asked == []


async def test_what_goes_wrong_is_told_and_tried_again(pauses: list[float]) -> None:
    reached = asyncio.Event()
    errors = [DatabaseUnavailableError("gone"), ValueError("broken")]

    class Broken:
        def erase_some(self, _before_us: int) -> Erased | None:
            if errors:
                raise errors.pop(0)
            loop.call_soon_threadsafe(reached.set)
            return None

    loop = asyncio.get_running_loop()
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(keeper(Broken(), Timers()).run())
        async with asyncio.timeout(30):
            await reached.wait()
        running.cancel()
    assert [entry["event"] for entry in logs][:2] == ["retention.postponed", "retention.failed"]
    assert pauses[:3] == [retention_module.FIRST_S, *[retention_module.INTERVAL_S] * 2]
