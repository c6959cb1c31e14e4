"""Locks with names, on real servers: who lives, and whether a service runs."""

import secrets
import time
from dataclasses import replace
from typing import Any

import pymysql
import pytest

from binlog_watcher.store.database import Database
from binlog_watcher.store.locks.named_lock import LockSession
from binlog_watcher.store.locks.presence import Presence, lock_name, new_owner, service_lock, service_runs
from binlog_watcher.store.own_tables.leftovers import dead_owners

TRIES = 500
PAUSE_S = 0.01
"""A busy machine takes a moment to end a session whose client has gone."""


def test_a_database_with_the_longest_name(shop: Any) -> None:
    name = f"shop_{secrets.token_hex(29)}x"
    assert len(name) == 64
    shop.run(f"CREATE DATABASE {name}")
    try:
        settings = replace(shop.settings, database=name)
        presence = Presence(settings, new_owner())
        presence.ping()
        database = Database(settings)
        assert service_runs(database)
        presence.close()
        database.close()
    finally:
        shop.run(f"DROP DATABASE {name}")


def test_that_a_service_runs_is_told_by_the_one_that_is_left(shop: Any) -> None:
    gone, left = Presence(shop.settings, new_owner()), Presence(shop.settings, new_owner())
    gone.ping()
    left.ping()
    gone.close()
    for _ in range(TRIES):
        left.ping()
        if service_runs(shop.database):
            break
        time.sleep(PAUSE_S)
    assert service_runs(shop.database)
    left.close()


def test_a_lock_that_our_own_lost_session_still_has_is_taken_when_it_is_free(shop: Any) -> None:
    owner = new_owner()
    lost = LockSession(shop.settings, idle_s=60, timeout_s=10)
    assert lost.take(lock_name(owner), 0)
    presence = Presence(shop.settings, owner)
    presence.ping()
    lost.close()
    with shop.database.session() as session:
        for _ in range(TRIES):
            presence.ping()
            if not dead_owners(session, {owner}):
                break
            time.sleep(PAUSE_S)
        assert not dead_owners(session, {owner})
        presence.close()


def test_a_session_that_does_not_ping_is_ended(shop: Any) -> None:
    session = LockSession(shop.settings, idle_s=1, timeout_s=5)
    lock = service_lock(shop.name)
    assert session.take(lock, 0)
    other = LockSession(shop.settings, idle_s=60, timeout_s=30)
    assert other.take(lock, 20)
    with pytest.raises(pymysql.err.Error):
        session.look(lock)
    session.close()
    other.close()
