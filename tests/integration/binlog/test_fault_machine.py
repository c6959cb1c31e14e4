"""Hypothesis plays shop, administrator and bad luck on a real server; the timers must come out as hydrated."""

import asyncio
import contextlib
import itertools
import os
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pymysql
import pytest
from fakes.binlog_follower import open_shop
from fakes.invariant import prepare, watch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from binlog_watcher.demo.server import Server

T = TypeVar("T")

MISSING = 999_999
KEYS = st.integers(1, 6)
PRODUCTS = st.sampled_from([1, 2, 3, 4, 5, MISSING])
QUANTITIES = st.integers(0, 3)
COLUMN_TYPES = st.sampled_from(
    [
        "INT DEFAULT 7",
        "VARCHAR(300) DEFAULT 'ä'",
        "DECIMAL(30,10) DEFAULT -1.5",
        "TEXT",
        "DATETIME(3)",
        "BIT(9)",
    ]
)
PLACES = st.sampled_from(["FIRST", "AFTER id", "AFTER user_id", ""])
KEY_TYPES = st.sampled_from(["INT", "BIGINT UNSIGNED", "BIGINT", "INT UNSIGNED", "MEDIUMINT"])
IMAGES = st.sampled_from(["FULL", "MINIMAL", "NOBLOB"])


class Background:
    """An event loop in a thread of its own, since the rules of a state machine are plain functions."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(90)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class ShopUnderFault(RuleBasedStateMachine):
    """One shop, one watch on it. Faults that may cost a reset are counted; all others must cost none."""

    def __init__(self, server: Server, background: Background, names: Iterator[int]) -> None:
        super().__init__()
        self._server = server
        self._background = background
        self._name = f"machine_{next(names)}"
        self._stack = contextlib.ExitStack()
        self._columns: list[str] = []
        self._numbers = itertools.count(1)
        self._took_us: dict[int, int] = {}
        self._spoiled: set[int] = set()
        self._excuses = 0

    @initialize()
    def open(self) -> None:
        with self._server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self._name}")
            cursor.execute(f"CREATE DATABASE {self._name}")
        self._shop = self._stack.enter_context(open_shop(self._server, self._name))
        prepare(self._shop)
        watching = watch(self._shop)
        self._watch = self._background.wait_for(watching.__aenter__())
        self._stack.callback(lambda: self._background.wait_for(watching.__aexit__(None, None, None)))

    def teardown(self) -> None:
        try:
            if hasattr(self, "_watch"):
                self._holds()
        finally:
            self._stack.close()
            with self._server.connect() as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {self._name}")

    def _holds(self) -> None:
        self._background.wait_for(self._watch.settled())
        resets = self._watch.source.stats.resets
        assert sum(resets.values()) <= self._excuses, resets
        assert resets.keys() <= {"statement", "xa"}
        untouched = {key: took for key, took in self._took_us.items() if key not in self._spoiled}
        self._background.wait_for(self._watch.holds(resets=resets, took_us=untouched, empty=None))

    def _run(self, *statements: str, spoils: tuple[int, ...] = ()) -> None:
        """``spoils``: the keys that see more than INSERTs by this."""
        self._spoiled.update(spoils)
        self._shop.run(*statements)

    # --- the shop -------------------------------------------------------------------------------------------

    @rule(rows=st.lists(st.tuples(KEYS, PRODUCTS, QUANTITIES), min_size=1, max_size=5))
    def insert(self, rows: list[tuple[int, int, int]]) -> None:
        began = time.monotonic_ns()
        self._run("INSERT INTO cart (user_id, product_id, quantity) VALUES " + ", ".join(map(str, rows)))
        took_us = (time.monotonic_ns() - began) // 1000
        for key, _, quantity in rows:
            self._took_us[key] = max(took_us, self._took_us.get(key, 0))
            if quantity == 0:
                self._spoiled.add(key)  # activity, and no counted row

    @rule(key=KEYS, quantity=QUANTITIES)
    def change_quantity(self, key: int, quantity: int) -> None:
        self._run(f"UPDATE cart SET quantity = {quantity} WHERE user_id = {key}", spoils=(key,))

    @rule(old=KEYS, new=KEYS)
    def move(self, old: int, new: int) -> None:
        self._run(f"UPDATE cart SET user_id = {new} WHERE user_id = {old}", spoils=(old, new))

    @rule(key=KEYS, product=PRODUCTS)
    def guest_logs_in(self, key: int, product: int) -> None:
        self._run(f"INSERT INTO cart (user_id, product_id, quantity) VALUES (NULL, {product}, 1)",
                  f"UPDATE cart SET user_id = {key} WHERE user_id IS NULL", spoils=(key,))  # fmt: skip

    @rule(key=KEYS, newest_only=st.booleans())
    def delete(self, key: int, newest_only: bool) -> None:
        some = "ORDER BY id DESC LIMIT 1" if newest_only else ""
        self._run(f"DELETE FROM cart WHERE user_id = {key} {some}", spoils=(key,))

    @rule(row=st.integers(1, 12), key=KEYS, replace=st.booleans())
    def upsert(self, row: int, key: int, replace: bool) -> None:
        verb, rest = (
            ("REPLACE", "")
            if replace
            else ("INSERT", "ON DUPLICATE KEY UPDATE quantity = 9, user_id = user_id")
        )
        owner = self._shop.run(f"SELECT user_id FROM cart WHERE id = {row}")
        self._run(f"{verb} INTO cart (id, user_id, product_id, quantity) VALUES ({row}, {key}, 1, 1) {rest}",
                  spoils=(key, *(one for (one,) in owner)))  # fmt: skip

    @rule(key=KEYS)
    def order(self, key: int) -> None:
        self._run(f"INSERT INTO orders (user_id, total_amount) VALUES ({key}, 5)", spoils=(key,))

    @rule(key=KEYS)
    def order_is_deleted(self, key: int) -> None:
        self._run(f"DELETE FROM orders WHERE user_id = {key}", spoils=(key,))

    @rule(key=KEYS, other=KEYS, end=st.sampled_from(["COMMIT", "ROLLBACK"]), ordered=st.booleans())
    def transaction(self, key: int, other: int, end: str, ordered: bool) -> None:
        insert = f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({key}, 1, 1)"
        order = f"INSERT INTO orders (user_id, total_amount) VALUES ({key}, 5)"
        self._run("BEGIN", insert, "SAVEPOINT a", f"DELETE FROM cart WHERE user_id = {other}", "ROLLBACK TO a",
                  *([order] if ordered else []), insert, end, spoils=(key, other))  # fmt: skip

    @rule(key=KEYS, end=st.sampled_from(["COMMIT", "ROLLBACK"]), killed=st.booleans())
    def xa(self, key: int, end: str, killed: bool) -> None:
        name = f"'{self._name}-{next(self._numbers)}'"
        self._run(f"XA START {name}", f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({key}, 2, 1)",
                  f"XA END {name}", f"XA PREPARE {name}", spoils=(key,))  # fmt: skip
        if killed:
            self.dump_thread_is_killed()
        self._run(f"XA {end} {name}")

    # --- the administrator ----------------------------------------------------------------------------------

    @rule(kind=COLUMN_TYPES, place=PLACES)
    def add_column(self, kind: str, place: str) -> None:
        self._columns.append(f"extra{next(self._numbers)}")
        self._run(f"ALTER TABLE cart ADD {self._columns[-1]} {kind} {place}")

    @rule()
    def drop_column(self) -> None:
        if self._columns:
            self._run(f"ALTER TABLE cart DROP {self._columns.pop(0)}")

    @rule()
    def rename_column(self) -> None:
        if self._columns:
            old, self._columns[0] = self._columns[0], f"extra{next(self._numbers)}"
            self._run(f"ALTER TABLE cart RENAME COLUMN {old} TO {self._columns[0]}")

    @rule(kind=KEY_TYPES, place=PLACES.filter(lambda place: "user_id" not in place))
    def change_key(self, kind: str, place: str) -> None:
        self._run(f"ALTER TABLE cart MODIFY user_id {kind} {place}")

    @rule(image=IMAGES)
    def change_row_image(self, image: str) -> None:
        self._run(f"SET SESSION binlog_row_image = '{image}'")

    @rule(on=st.booleans())
    def compress(self, on: bool) -> None:
        if self._server.flavor == "mysql":
            self._run(f"SET SESSION binlog_transaction_compression = {on}")

    # --- bad luck -------------------------------------------------------------------------------------------

    @rule()
    def dump_thread_is_killed(self) -> None:
        for thread, *columns in self._shop.run("SHOW PROCESSLIST"):
            if str(columns[3]).startswith("Binlog Dump"):
                with contextlib.suppress(pymysql.MySQLError):  # it ended by itself
                    self._run(f"KILL {thread}")

    @rule()
    def logs_are_rotated(self) -> None:
        self._run("FLUSH BINARY LOGS")

    @rule(table=st.sampled_from(["cart", "orders"]))
    def truncate(self, table: str) -> None:
        self._excuses += 1
        self._run(f"TRUNCATE TABLE {table}", spoils=tuple(range(1, 7)))

    @rule(key=KEYS)
    def insert_in_statement_format(self, key: int) -> None:
        self._excuses += 1
        self._run("SET SESSION binlog_format = 'STATEMENT'",
                  f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({key}, 3, 1)",
                  "SET SESSION binlog_format = 'ROW'", spoils=(key,))  # fmt: skip

    @rule()
    def look(self) -> None:
        self._holds()


@pytest.fixture
def background() -> Iterator[Background]:
    running = Background()
    yield running
    running.close()


def test_timers_are_as_hydrated_whatever_happens(server: Server, background: Background) -> None:
    names = itertools.count(1)
    run_state_machine_as_test(
        lambda: ShopUnderFault(server, background, names),  # type: ignore[arg-type]  # its docstring allows a function
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            phases=[
                Phase.explicit,
                Phase.generate,
            ],  # shrinking on a real server takes longer than reading 20 steps
            report_multiple_bugs=False,
            derandomize="CI" in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
