"""Who leads, with a server of the test's own making: the clock, lost connections, failovers."""

from collections.abc import Callable
from typing import Any

import pymysql
import pytest
import structlog

from binlog_watcher.service.leadership import Candidate, Timing
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.store.locks.named_lock import Look, of_database

SETTINGS = ConnectionSettings("127.0.0.1", 3306, "cartwake", "made-up", "shop")


class Lock:
    """MySQL's side: one lock, and sessions that end when they are told to."""

    def __init__(self) -> None:
        self.holder: int | None = None
        self.read_only = False
        self.reachable = True
        self.sessions: list[Session] = []

    def connect(self, _settings: ConnectionSettings, _timing: Timing) -> Any:
        if not self.reachable:
            raise pymysql.err.OperationalError(2003, "can't connect")
        self.sessions.append(Session(self, len(self.sessions) + 1))
        return self.sessions[-1]

    def end(self, session: "Session", *, freed: bool = True) -> None:
        session.alive = False
        if freed and self.holder == session.own:
            self.holder = None


class Session:
    def __init__(self, lock: Lock, own: int) -> None:
        self.lock, self.own, self.alive = lock, own, True

    def take(self, _name: str, _wait_s: int) -> bool:
        self._answer()
        if self.lock.holder is None:
            self.lock.holder = self.own
        return self.lock.holder == self.own

    def look(self, _name: str) -> Look:
        self._answer()
        return Look(self.lock.holder, self.own, self.lock.read_only)

    def _answer(self) -> None:
        if not (self.alive and self.lock.reachable):
            raise pymysql.err.OperationalError(2013, "lost connection")

    def close(self) -> None:
        self.alive = False


class Clock:
    def __init__(self) -> None:
        self.us = 1_000_000_000

    def __call__(self) -> int:
        return self.us

    def go_on(self, seconds: float) -> None:
        self.us += int(seconds * 1_000_000)


@pytest.fixture
def lock() -> Lock:
    return Lock()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def candidate(lock: Lock, clock: Clock) -> Callable[[], Candidate]:
    return lambda: Candidate(SETTINGS, now_us=clock, connect=lock.connect)


def elected(one: Candidate) -> Candidate:
    assert not one.step(), "the lock is taken"
    assert one.step(), "and confirmed"
    assert one.leads()
    return one


def test_one_leads_and_the_others_wait(lock: Lock, candidate: Any) -> None:
    first, second = elected(candidate()), candidate()
    assert not any(second.step() for _ in range(5))
    assert not second.leads()
    assert first.step()
    first.close()
    assert not first.leads()
    lock.end(lock.sessions[0])
    elected(second)


def test_the_lease_runs_from_the_asking_and_out_while_nobody_pings(candidate: Any, clock: Clock) -> None:
    leader = elected(candidate())
    clock.go_on(3.9)
    assert leader.leads()
    clock.go_on(0.2)
    assert not leader.leads()
    assert leader.step(), "it was slow, and has the lock still"
    assert leader.leads()


def test_a_slow_answer_counts_from_the_question(lock: Lock, candidate: Any, clock: Clock) -> None:
    leader = elected(candidate())
    session: Any = lock.sessions[0]
    look = session.look

    def slowly(name: str) -> Any:
        answer = look(name)
        clock.go_on(60)  # frozen with the answer on its way
        return answer

    session.look = slowly
    leader.step()
    assert not leader.leads()


def test_frozen_in_the_wait_for_the_lock(lock: Lock, candidate: Any, clock: Clock) -> None:
    waiting = candidate()
    waiting.step()  # it has the lock, and sleeps before it can look
    lock.end(lock.sessions[0])
    other = elected(candidate())
    clock.go_on(3600)
    assert not waiting.step()
    assert not waiting.step()
    assert not waiting.leads()
    assert other.step()


def test_a_lost_connection_is_no_lost_lead(lock: Lock, candidate: Any, clock: Clock) -> None:
    leader = elected(candidate())
    lock.end(lock.sessions[0])
    assert leader.step(), "in doubt"
    assert leader.step(), "taken again"
    clock.go_on(3.9)
    assert leader.step()
    clock.go_on(3.9)
    assert leader.leads()


def test_while_the_server_is_gone_the_lead_is_in_doubt(lock: Lock, candidate: Any, clock: Clock) -> None:
    leader = elected(candidate())
    lock.end(lock.sessions[0])
    lock.reachable = False
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            clock.go_on(1)
            assert leader.step()
    assert not leader.leads()
    assert [entry["event"] for entry in logs] == ["leadership.unreachable"]
    lock.reachable = True
    assert leader.step()
    assert leader.step()
    assert leader.leads()


def test_it_steps_down_when_another_took_the_lock_meanwhile(lock: Lock, candidate: Any) -> None:
    leader, heir = elected(candidate()), candidate()
    lock.end(lock.sessions[0])
    elected(heir)
    assert leader.step(), "the connection is lost, and it can't know yet"
    assert not leader.step()
    assert not leader.leads()
    assert not leader.step(), "it waits as the others do"


def test_its_own_session_beyond_a_broken_line_is_no_other_instance(
    lock: Lock, candidate: Any, clock: Clock
) -> None:
    leader = elected(candidate())
    lock.end(lock.sessions[0], freed=False)
    for _ in range(4):
        assert leader.step()
        clock.go_on(1)
    assert not leader.leads()
    lock.holder = None  # the server has noticed
    assert leader.step()
    assert leader.step()
    assert leader.leads()


def test_a_session_of_the_same_number_on_another_server_is_another_instance(
    lock: Lock, candidate: Any, clock: Clock
) -> None:
    leader = elected(candidate())
    lock.end(lock.sessions[0], freed=False)  # and number 1 holds the lock of the new primary, for ever
    steps = 0
    while leader.step():
        clock.go_on(1)
        steps += 1
        assert steps < 12
    assert not leader.leads()


def test_a_read_only_server_elects_nobody(lock: Lock, candidate: Any, clock: Clock) -> None:
    leader, waiting = elected(candidate()), candidate()
    waiting.step()
    lock.read_only = True
    for _ in range(5):
        clock.go_on(1)
        assert leader.step(), "in doubt: the new primary's lock decides"
        assert not waiting.step()
    assert not leader.leads()
    assert not any(session.alive for session in lock.sessions), (
        "the next connection may lead to the new primary"
    )


@pytest.mark.parametrize("database", ["shop", "s" * 64])
def test_the_locks_name_fits(database: str) -> None:
    name = of_database("cartwake.leader", database)
    assert len(name) <= 64
    assert name == of_database("cartwake.leader", database)
    assert name != of_database("cartwake.service", database)
    assert name != of_database("cartwake.leader", database[:-1] + "x")


def test_the_lease_ends_before_mysql_frees_the_lock() -> None:
    timing = Timing()
    assert timing.ping_s < timing.lease_s < timing.idle_s
