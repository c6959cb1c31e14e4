"""The way from the thread to the loop: bounded, ordered, and never stuck."""

import asyncio
import threading

import pytest

from binlog_watcher.binlog.handover import Handover, HandoverClosedError
from binlog_watcher.events import OrderPlaced
from binlog_watcher.source import Batch, PartitionClock, Progress


def batch(*numbers: int) -> Batch:
    last = numbers[-1] if numbers else 0
    progress = Progress(str(last), last, caught_up=True, lag_us=0, received_us=last)
    return Batch("p", tuple(OrderPlaced(number, number) for number in numbers), progress)


async def test_batches_melt_together_in_order() -> None:
    handover = Handover(asyncio.get_running_loop(), 100)
    handover.put(batch(1, 2))
    handover.put(batch())
    handover.put(batch(3))
    taken = await handover.take()
    assert taken is not None
    assert [event.at_us for event in taken.events if isinstance(event, OrderPlaced)] == [1, 2, 3]
    assert taken.progress.position == "3"


async def test_many_events_come_in_pieces_between_which_others_run() -> None:
    handover = Handover(asyncio.get_running_loop(), 10_000)
    handover.put(batch(1))
    assert await handover.take() == batch(1)
    handover.put(batch(*range(2, 1_801)))
    pieces: list[Batch] = []
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    while not pieces or pieces[-1].progress.position != "1800":
        before = turns
        piece = await handover.take()
        assert piece is not None
        assert turns > before
        pieces.append(piece)
    counting.cancel()
    assert max(len(piece.events) for piece in pieces) <= 500
    assert tuple(event for piece in pieces for event in piece.events) == batch(*range(2, 1_801)).events
    assert pieces[-1].progress == batch(1_800).progress


async def test_no_timer_fires_in_the_middle_of_a_batch() -> None:
    handover = Handover(asyncio.get_running_loop(), 10_000)
    handover.put(batch(7))
    await handover.take()
    handover.put(batch(*range(1, 502)))
    clock = PartitionClock()
    clocks = []
    for _ in range(2):
        piece = await handover.take()
        assert piece is not None
        clock.observe(piece.progress)
        clocks.append((piece.progress.position, clock.read(600)))
    assert clocks == [("7", 0), ("501", 600)]


async def test_what_is_left_is_not_handed_out_after_the_end() -> None:
    handover = Handover(asyncio.get_running_loop(), 10_000)
    handover.put(batch(*range(1, 2_000)))
    assert await handover.take() is not None
    handover.close()
    assert await handover.take() is None


async def test_a_full_slot_holds_the_writer_up() -> None:
    handover = Handover(asyncio.get_running_loop(), 10)
    written: list[int] = []

    def write() -> None:
        for number in range(1, 501):
            handover.put(batch(number))
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    got: list[int] = []
    while len(got) < 500:
        taken = await handover.take()
        assert taken is not None
        assert len(taken.events) <= 10
        got += [event.at_us for event in taken.events if isinstance(event, OrderPlaced)]
    writer.join()
    assert got == written == list(range(1, 501))


async def test_close_frees_both_sides() -> None:
    handover = Handover(asyncio.get_running_loop(), 1)
    handover.put(batch(1))
    freed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def write() -> None:
        with pytest.raises(HandoverClosedError):
            handover.put(batch(2))
        loop.call_soon_threadsafe(freed.set)

    threading.Thread(target=write).start()
    handover.close()
    assert await handover.take() is None
    async with asyncio.timeout(5):
        await freed.wait()
    with pytest.raises(HandoverClosedError):
        handover.put(batch(3))


async def test_an_error_reaches_the_consumer() -> None:
    handover = Handover(asyncio.get_running_loop(), 1)
    handover.close(ValueError("first"))
    handover.close(ValueError("second"))
    with pytest.raises(ValueError, match="first"):
        await handover.take()


def test_a_loop_that_is_gone() -> None:
    loop = asyncio.new_event_loop()
    handover = Handover(loop, 1)
    loop.close()
    handover.put(batch(1))
    with pytest.raises(HandoverClosedError):
        handover.put(batch(2))
