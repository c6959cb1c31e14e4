"""What a service does again and again goes on, whatever one turn of it came to."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from fakes.waiting import until

from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.reconcile import Report
from binlog_watcher.service import regular_tasks as regular_module
from binlog_watcher.service.regular_tasks import RegularReconciliation, every

TICK_S = 0.005


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[list[Any]]:
    """While it runs: what it logs."""
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(work)
        try:
            yield logs
        finally:
            task.cancel()


async def test_work_goes_on_after_it_failed() -> None:
    turns: list[Exception | None] = [DatabaseUnavailableError("gone"), RuntimeError("a bug"), None]
    done: list[None] = []

    def work() -> None:
        error = turns.pop(0) if turns else None
        if error is not None:
            raise error
        done.append(None)

    async with running(every(TICK_S, work)) as logs:
        await until(lambda: len(done) > 1)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("service.database", "warning"),
        ("service.task", "error"),
    ]


@dataclass
class Passes:
    """A reconciler whose passes wait, or fail, as they are told, and what came of them."""

    script: list[bool | Exception]
    interval_s: float = TICK_S
    down: bool = False
    alone: list[bool] = field(default_factory=list)
    done: int = 0

    async def run_once(self, *, alone: bool) -> Report:
        self.alone.append(alone)
        turn = self.script.pop(0) if self.script else False
        if isinstance(turn, Exception):
            raise turn
        return Report(0, 0, waits=turn)

    def note(self) -> None:
        self.done += 1

    def run(self) -> Coroutine[Any, Any, None]:
        reconciler: Any = self
        regular = RegularReconciliation(
            reconciler, interval_s=self.interval_s, stream_is_down=lambda: self.down, done=self.note
        )
        return regular.run()


async def test_a_pass_that_fails_is_told_and_the_next_one_comes() -> None:
    passes = Passes([DatabaseUnavailableError("gone"), RuntimeError("a bug")])
    async with running(passes.run()) as logs:
        await until(lambda: passes.done >= 3)
        passes.down = True
        await until(lambda: passes.alone[-1])
    assert [entry["event"] for entry in logs] == ["reconcile.postponed", "reconcile.failed"]
    assert not any(passes.alone[:3])


async def test_a_pass_that_waits_for_the_stream_is_tried_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_module, "RECONCILE_WAITS_S", 0.001)
    passes = Passes([True] * 20, interval_s=0.2)
    async with running(passes.run()) as logs:
        await until(lambda: passes.done >= 21)
    assert "reconcile.waits" not in {entry["event"] for entry in logs}, "20 ms are not long"


async def test_a_long_wait_is_told_once_until_it_is_over() -> None:
    waits: list[bool | Exception] = [True] * 8
    passes = Passes([*waits, False, *waits])
    async with running(passes.run()) as logs:
        await until(lambda: not passes.script)
    assert [entry["event"] for entry in logs] == ["reconcile.waits"] * 2
