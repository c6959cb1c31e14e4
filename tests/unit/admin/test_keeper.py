"""What is read in the background: never by the page that asks, and never without pause."""

import threading
from collections.abc import Callable, Iterator

import pytest
import structlog
from fakes.waiting import wait_until

from binlog_watcher.admin.keeper import Keeper, Kept
from binlog_watcher.errors import DatabaseUnavailableError

PATIENCE_S = 30


class Counter:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Reading:
    """Counts how often it was read. ``takes``: seconds; ``error``: raised instead."""

    def __init__(self, counter: Counter) -> None:
        self.times = 0
        self.takes = 0.0
        self.error: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self._counter = counter

    def __call__(self) -> int:
        self.free.wait(PATIENCE_S)
        self._counter.at += self.takes
        if self.error is not None:
            raise self.error
        self.times += 1
        return self.times


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def reading(counter: Counter) -> Reading:
    return Reading(counter)


@pytest.fixture
def keeper(counter: Counter, reading: Reading) -> Iterator[Keeper[int]]:
    keeper = Keeper("test", reading, every_s=60, now=lambda: 1_000.0, counter=counter)
    yield keeper
    reading.free.set()
    keeper.close()
    keeper._thread.join(PATIENCE_S)
    assert not keeper._thread.is_alive()


def reaches(keeper: Keeper[int], done: Callable[[Kept[int]], bool]) -> Kept[int]:
    wait_until(lambda: done(keeper.look()), tell=keeper.look)
    return keeper.look()


def test_nothing_is_read_until_somebody_looks(keeper: Keeper[int], reading: Reading) -> None:
    assert reading.times == 0
    reading.free.clear()
    assert keeper.look() == Kept()  # and nobody waits for it
    reading.free.set()
    assert reaches(keeper, lambda kept: kept.value == 1) == Kept(1, 1_000.0)


def test_it_is_read_anew_when_it_is_old_and_somebody_looks(
    keeper: Keeper[int], reading: Reading, counter: Counter
) -> None:
    reaches(keeper, lambda kept: kept.value == 1)
    counter.at += 59
    keeper.look()
    assert reading.times == 1
    counter.at += 1
    reaches(keeper, lambda kept: kept.value == 2)


def test_what_takes_long_is_read_seldom(keeper: Keeper[int], reading: Reading, counter: Counter) -> None:
    reading.takes = 20
    reaches(keeper, lambda kept: kept.value == 1)
    counter.at += 179
    keeper.look()
    assert reading.times == 1
    counter.at += 1
    reaches(keeper, lambda kept: kept.value == 2)


def test_a_failure_keeps_the_value_and_says_why(
    keeper: Keeper[int], reading: Reading, counter: Counter
) -> None:
    reaches(keeper, lambda kept: kept.value == 1)
    with structlog.testing.capture_logs() as logs:
        for error, said in (
            (DatabaseUnavailableError("MySQL is away"), "MySQL is away"),
            (ZeroDivisionError(), "an error of Cartwake's own: see its log"),
        ):
            reading.error = error
            counter.at += 60
            assert reaches(keeper, lambda kept, said=said: kept.error == said) == Kept(1, 1_000.0, said)  # type: ignore[misc]
    assert [entry["event"] for entry in logs] == ["dashboard.not_read"] * 2
    reading.error = None
    counter.at += 60
    assert reaches(keeper, lambda kept: kept.error is None).value == 2


def test_looking_wakes_it(keeper: Keeper[int], reading: Reading) -> None:
    keeper.look()
    wait_until(lambda: reading.times == 1)
