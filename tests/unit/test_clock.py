"""MySQL's clock on this machine: the reading with the shortest way counts, and the offset follows it."""

from collections.abc import Callable

import pytest

from binlog_watcher import clock as clock_module
from binlog_watcher.clock import ServerClock

HOUR = 3_600_000_000


class Counter:
    """The local counter and a server whose clock is ahead by ``offset``; asking takes a given time each way."""

    def __init__(self, offset: int) -> None:
        self.now = 50_000_000
        self.offset = offset

    def server(self, *ways: tuple[int, int]) -> Callable[[], int]:
        answers = iter(ways)

        def read() -> int:
            there, back = next(answers)
            self.now += there
            seen = self.now + self.offset
            self.now += back
            return seen

        return read


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter(offset=2 * HOUR)
    monkeypatch.setattr(clock_module, "counter_us", lambda: counter.now)
    return counter


def test_an_even_way_gives_the_exact_time(counter: Counter) -> None:
    clock = ServerClock()
    clock.refresh(counter.server((500, 500), (500, 500), (500, 500)))
    assert clock.now_us() == counter.now + 2 * HOUR
    counter.now += 123
    assert clock.now_us() == counter.now + 2 * HOUR


def test_of_several_readings_the_fastest_counts(counter: Counter) -> None:
    clock = ServerClock()
    clock.refresh(counter.server((90_000, 10), (300, 300), (10, 90_000)))
    assert clock.now_us() == counter.now + 2 * HOUR


def test_the_error_is_at_most_half_the_way_there_and_back(counter: Counter) -> None:
    clock = ServerClock()
    clock.refresh(counter.server((0, 4_000)), samples=1)
    assert abs(clock.now_us() - (counter.now + 2 * HOUR)) <= 2_000


def test_it_tells_how_far_it_was_moved(counter: Counter) -> None:
    clock = ServerClock()
    clock.refresh(counter.server((1, 1)), samples=1)
    counter.offset += 5_000_000
    assert clock.refresh(counter.server((1, 1)), samples=1) == 5_000_000
    assert clock.refresh(counter.server((1, 1)), samples=1) == 0


def test_a_server_that_does_not_answer_leaves_the_clock_as_it_is(counter: Counter) -> None:
    clock = ServerClock()
    clock.refresh(counter.server((1, 1)), samples=1)
    before = clock.now_us()

    def gone() -> int:
        raise ConnectionError("gone away")

    with pytest.raises(ConnectionError):
        clock.refresh(gone)
    assert clock.now_us() == before
