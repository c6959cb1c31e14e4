"""The election on real servers."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fakes.mysql_proxy import MysqlProxy

from binlog_watcher.service.leadership import Candidate, Timing
from binlog_watcher.store.locks.named_lock import of_database

QUICK = Timing(ping_s=0.1, lease_s=1.5, idle_s=2, slice_s=1, retry_s=0.05)
STEPS = 100
"""Far more than any election here takes: each step waits in GET_LOCK itself."""


@pytest.fixture
def candidate(shop: Any) -> Iterator[Callable[..., Candidate]]:
    made: list[Candidate] = []

    def make(**changes: Any) -> Candidate:
        made.append(Candidate(changes.get("settings", shop.settings), timing=QUICK))
        return made[-1]

    yield make
    for one in made:
        one.close()


def elect(one: Candidate) -> None:
    assert any(one.step() for _ in range(STEPS))


def holder(shop: Any) -> int | None:
    ((held_by,),) = shop.run("SELECT IS_USED_LOCK(%s)", (of_database("cartwake.leader", shop.name),))
    return held_by  # type: ignore[no-any-return]


def test_one_is_elected_and_another_when_it_leaves(candidate: Any) -> None:
    first, second = candidate(), candidate()
    elect(first)
    assert first.leads()
    assert not any(first.step() and second.step() for _ in range(3))
    assert not second.leads()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(elect, second)
        first.step()
        first.close()
        waiting.result(30)
    assert second.leads()
    assert not first.leads()


def test_all_at_once(candidate: Any) -> None:
    several = [candidate() for _ in range(5)]
    with ThreadPoolExecutor(5) as threads:
        for _ in range(3):
            list(threads.map(Candidate.step, several))
    assert sum(one.leads() for one in several) == 1


def test_a_leader_that_does_not_ping_is_replaced_and_knows_it_before(candidate: Any) -> None:
    frozen, heir = candidate(), candidate()
    elect(frozen)
    while not heir.step():
        if frozen.leads():
            continue
        assert not heir.leads()
    assert not frozen.leads(), "its lease ended before MySQL freed the lock"
    assert heir.leads()
    # It wakes: its session is gone, and the lock is another's.
    while frozen.step():
        assert not frozen.leads()
    assert heir.step()
    assert heir.leads()


def test_the_lock_of_a_killed_session(shop: Any, candidate: Any) -> None:
    leader = candidate()
    elect(leader)
    before = holder(shop)
    shop.run("KILL %s", (before,))
    assert leader.step(), "nobody else wants it: taken again"
    assert any(leader.step() and holder(shop) not in {None, before} for _ in range(STEPS))
    assert leader.step()
    assert leader.leads()


def test_the_lock_of_a_killed_session_goes_to_who_waits(shop: Any, candidate: Any) -> None:
    leader, heir = candidate(), candidate()
    elect(leader)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(elect, heir)
        shop.run("KILL %s", (holder(shop),))
        waiting.result(30)
    assert not all(leader.step() for _ in range(STEPS))
    assert not leader.leads()
    assert heir.step()


def test_a_restarted_server(candidate: Any, shop: Any) -> None:
    leader = candidate()
    elect(leader)
    shop.server.kill()
    assert leader.step(), "in doubt"
    shop.server.restart()
    assert all(leader.step() for _ in range(5))
    assert leader.leads()


def test_a_broken_line(shop: Any, candidate: Any) -> None:
    with MysqlProxy(shop.server.host, shop.server.port).running() as proxy:
        cut_off = candidate(settings=replace(shop.settings, port=proxy.port))
        heir = candidate()
        elect(cut_off)
        proxy.cut()
        elect(heir)
        while cut_off.leads():
            cut_off.step()
        assert cut_off.elected, "it can't know, and mails nobody"
        proxy.mend()
        assert not all(cut_off.step() for _ in range(STEPS))


def test_a_read_only_server_elects_nobody(shop: Any, candidate: Any) -> None:
    leader, waiting = candidate(), candidate()
    elect(leader)
    shop.run("SET GLOBAL read_only = 1")
    try:
        while leader.leads():
            leader.step()
        assert holder(shop) is None
        assert not any(waiting.step() for _ in range(3))
    finally:
        shop.run("SET GLOBAL read_only = 0")
    elect(waiting)


def test_a_database_with_the_longest_name(candidate: Any, shop: Any) -> None:
    leader = candidate(settings=replace(shop.settings, database="s" * 64))
    shop.run(f"CREATE DATABASE {'s' * 64}")
    try:
        elect(leader)
        leader.close()
    finally:
        shop.run(f"DROP DATABASE {'s' * 64}")
