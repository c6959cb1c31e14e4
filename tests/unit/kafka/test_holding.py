"""One partition while it is ours: what is told, when its clock goes on, and what is committed."""

from collections.abc import Sequence
from typing import NamedTuple

from fakes.envelopes import SECOND, START_US, reader_of, record

from binlog_watcher.core.events import CartChanged, Change, OrderChanged
from binlog_watcher.kafka.envelope import Headers
from binlog_watcher.kafka.holding import Holding
from binlog_watcher.kafka.marks import BEHIND_US, TABLE
from binlog_watcher.kafka.positions import Commit

THRESHOLD = 100 * SECOND


class Message(NamedTuple):
    at: int
    content: bytes | None

    def offset(self) -> int:
        return self.at

    def value(self) -> bytes | None:
        return self.content

    def headers(self) -> Headers | None:
        return None


def at(second: int) -> int:
    return START_US + second * SECOND


def holding(position: int = 0, read_until: int = 0, end: int = 0) -> Holding:
    begin = Commit(position, read_until)
    return Holding("shop", 3, reader_of(), begin=begin, end=end, threshold_us=THRESHOLD, now_us=at(0))


def cart(op: str, offset: int, second: int, user: int = 7) -> Message:
    image = {"id": 1, "user_id": user, "quantity": 1}
    before, after = (None if op == "c" else image), (None if op == "d" else image)
    return Message(offset, record(op, "cart", before, after, at_us=at(second), gtid=f"uuid:{offset}"))


def mark(offset: int, second: int) -> Message:
    image = {"mark": 1}
    return Message(offset, record("u", TABLE, image, image, at_us=at(second), gtid=f"uuid:{offset}"))


def take(held: Holding, *messages: Message, now: int = 0) -> Sequence[object]:
    return [*held.take(messages, at(now)), *held.flush()]


def test_what_a_partition_tells_in_its_order() -> None:
    held = holding()
    assert held.name == "shop[3]"
    assert take(held, cart("c", 0, 1), cart("u", 1, 2)) == [
        CartChanged(7, Change.INSERT, at(1)),
        CartChanged(7, Change.UPDATE, at(2)),
    ]
    assert held.next == 2
    assert take(held, cart("u", 1, 2)) == [], "told before"


def test_its_clock_goes_by_marks_once_all_is_told_again() -> None:
    held = holding(position=5, read_until=6, end=8)
    take(held, mark(5, 1), now=9)
    assert not held.becomes_hydrated()
    assert held.progress(at(9)).committed_us is None
    assert held.progress(at(9)).behind_us == BEHIND_US
    take(held, cart("c", 7, 2), now=10)
    assert held.becomes_hydrated()
    assert not held.becomes_hydrated(), "once"
    assert held.progress(at(11)).committed_us == at(1)
    take(held, mark(8, 10), now=12)
    progress = held.progress(at(13))
    assert (progress.committed_us, progress.received_us, progress.lag_us) == (at(10), at(12), 2 * SECOND)
    assert not progress.caught_up


def test_an_empty_one_is_hydrated_at_once() -> None:
    assert holding(position=4, read_until=4, end=4).becomes_hydrated()


def test_carts_of_deletions_are_looked_at_up_to_where_the_last_owner_had_read() -> None:
    held = holding(position=0, read_until=2, end=4)
    told = take(held, cart("d", 0, 1, 1), cart("d", 1, 2, 2), cart("d", 2, 3, 3), cart("d", 3, 4, 4))
    assert [event.key for event in told if isinstance(event, OrderChanged)] == [1, 2]
    assert [event.key for event in told if isinstance(event, CartChanged)] == [1, 2, 3, 4]


def test_what_is_needed_is_committed() -> None:
    held = holding()
    take(held, cart("c", 0, 10), cart("c", 1, 50, 8), mark(2, 60))
    assert held.needed(at(110)) == Commit(0, 3)
    assert held.needed(at(150)) == Commit(1, 3)
    assert held.needed(None) == Commit(3, 3)


def test_what_cannot_be_read_is_told_once() -> None:
    held = holding()
    take(held, Message(0, b"{"), Message(1, None))
    (trouble,) = held.troubles()
    assert str(trouble.place) == "shop[3]@0"
    assert held.troubles() == []
