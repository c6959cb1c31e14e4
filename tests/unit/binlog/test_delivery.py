"""Long batches are handed over in pieces, and count as read at the last one only."""

from dataclasses import replace

from binlog_watcher.binlog.delivery import EVENTS_BATCH_SIZE, by_now, in_pieces
from binlog_watcher.core.events import CartChanged, CartRead, Change, OrderChanged, OrderPlaced
from binlog_watcher.core.source import PartitionClock, Progress


def progress(position: str, at: int) -> Progress:
    return Progress(position, at, caught_up=True, lag_us=0, received_us=at)


def orders(count: int) -> tuple[OrderPlaced, ...]:
    return tuple(OrderPlaced(number, number) for number in range(1, count + 1))


def test_a_short_batch_is_one_piece() -> None:
    for count in (0, 1, EVENTS_BATCH_SIZE):
        (piece,) = in_pieces("p", orders(count), progress("9", 9))
        assert piece.events == orders(count)
        assert piece.progress == progress("9", 9)


def test_all_events_come_in_order_and_none_twice() -> None:
    pieces = in_pieces("p", orders(3 * EVENTS_BATCH_SIZE + 1), progress("9", 9))
    assert [len(piece.events) for piece in pieces] == [
        EVENTS_BATCH_SIZE,
        EVENTS_BATCH_SIZE,
        EVENTS_BATCH_SIZE,
        1,
    ]
    assert tuple(event for piece in pieces for event in piece.events) == orders(3 * EVENTS_BATCH_SIZE + 1)


def test_no_timer_fires_in_the_middle_of_a_batch() -> None:
    clock = PartitionClock()
    seen = []
    for piece in in_pieces("p", orders(EVENTS_BATCH_SIZE + 1), progress("9", 9)):
        clock.observe(piece.progress)
        seen.append(clock.read(600))
    assert seen == [0, 600]


def test_an_event_has_happened_when_it_comes() -> None:
    """MariaDB: a session may set its own time."""
    for event in (CartChanged(1, Change.INSERT, 900), OrderPlaced(2, 900), OrderChanged(3, 900, counts=True)):
        assert by_now(event, 1000) is event
        assert by_now(event, 500) == replace(event, at_us=500)
    assert by_now(OrderChanged(3, 900, counts=True), 500).counts  # type: ignore[union-attr]  # the same kind
    read = CartRead(1, 900, 900)
    assert by_now(read, 500) is read
