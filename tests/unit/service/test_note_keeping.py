"""Notes are written as the tracker has them, and nothing is lost that could not be written."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from fakes.stages import HOUR, NOW, StoppedClock
from fakes.waiting import until

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import OrderPlaced
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service import note_keeping
from binlog_watcher.service.note_keeping import PURGE_INTERVAL_US, NoteKeeping


class Desk:
    """A tracker, and a table that may be away."""

    def __init__(self) -> None:
        self.tracker, self.clock, self.away = Tracker(60_000_000), StoppedClock(), False
        self.written: list[list[CartNote]] = []
        self.purges: list[int] = []
        table: Any = self
        self.keeping = NoteKeeping(self.tracker, table, self.clock, keep_us=HOUR)

    def write(self, notes: Sequence[CartNote]) -> None:
        if self.away:
            raise DatabaseUnavailableError("gone")
        self.written.append(list(notes))

    def purge(self, before_us: int) -> int:
        self.purges.append(before_us)
        return 0

    def order(self, key: int) -> None:
        progress = Progress("", NOW, caught_up=True, lag_us=0, received_us=NOW)
        self.tracker.apply(Batch("shop", (OrderPlaced(key, NOW),), progress))


async def test_what_is_new_is_written_once() -> None:
    desk = Desk()
    await desk.keeping.write()
    assert desk.written == []
    desk.order(1)
    await desk.keeping.write()
    await desk.keeping.write()
    assert desk.written == [[CartNote(1, None, NOW)]]


@pytest.mark.parametrize(
    ("failures", "written"), [(0, True), (1, True), (len(note_keeping.LAST_TRIES_S), False)]
)
async def test_the_last_notes_before_a_stop_are_tried_again(
    monkeypatch: pytest.MonkeyPatch, failures: int, *, written: bool
) -> None:
    """The first statement after a failover meets a session that is gone."""
    monkeypatch.setattr(note_keeping, "LAST_TRIES_S", (0.0,) * len(note_keeping.LAST_TRIES_S))
    desk = Desk()
    desk.order(1)
    left = [DatabaseUnavailableError("gone")] * failures
    write = desk.write

    def breaking(notes: Sequence[CartNote]) -> None:
        if left:
            raise left.pop()
        write(notes)

    monkeypatch.setattr(desk, "write", breaking)
    await desk.keeping.finish()
    assert (desk.written == [[CartNote(1, None, NOW)]]) is written


async def test_what_could_not_be_written_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(note_keeping, "INTERVAL_S", 0.005)
    desk = Desk()
    desk.away = True
    desk.order(1)
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(desk.keeping.run())
        try:
            await until(lambda: bool(logs))
            desk.away = False
            await until(lambda: bool(desk.written))
        finally:
            running.cancel()
    told = [entry for entry in logs if entry["log_level"] == "warning"]
    assert {(entry["event"], entry["exc_info"]) for entry in told} == {("notes.not_written", False)}
    assert desk.written == [[CartNote(1, None, NOW)]]


async def test_old_notes_are_deleted_once_an_hour() -> None:
    desk = Desk()
    for _ in range(3):
        await desk.keeping.write()
    assert desk.purges == [NOW - HOUR]
    desk.clock.us += PURGE_INTERVAL_US
    await desk.keeping.write()
    assert desk.purges[1:] == [NOW]


class Clocks:
    """What is told of clocks, with how many notes were written by then."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.told = desk, list[tuple[object, int]]()

    def read(self) -> int:
        return len(self.desk.written)

    def write(self, read: int) -> None:
        self.told.append((read, len(self.desk.written)))


async def test_clocks_are_read_before_the_notes_and_written_behind_them() -> None:
    desk = Desk()
    clocks = Clocks(desk)
    desk.keeping._clocks = clocks
    desk.order(1)
    desk.away = True
    await desk.keeping.write()
    assert clocks.told == []
    desk.away = False
    await desk.keeping.write()
    assert clocks.told == [(0, 1)]
