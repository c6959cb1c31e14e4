"""Customers who write to the shop while something breaks; each writer's carts are its own."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Sequence
from typing import Self

import pymysql
from fakes.binlog_follower import DEADLINE_S, Shop

KEYS = 60
"""Carts of one writer."""


class Writers:
    """Write until the block ends; connections that break are opened again.

    Without ``mixed`` they only insert, and ``took_us`` tells by cart key how long its slowest INSERT took, which is
    the most by which its commit can be later than its created_at. ``session``: statements that each new session
    begins with.
    """

    def __init__(
        self, shop: Shop, *, count: int = 2, mixed: bool = False, session: Sequence[str] = ()
    ) -> None:
        self._shop = shop
        self._mixed = mixed
        self._session = session
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number,), daemon=True) for number in range(count)
        ]
        self.written = [0] * count
        self.failed: list[str] = []
        self.took_us: dict[int, int] = {}

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    async def busy(self, statements: int = 10) -> None:
        """Wait until each writer has made that many more statements."""
        goal = [done + statements for done in self.written]
        deadline = time.monotonic() + DEADLINE_S
        while any(done < wanted for done, wanted in zip(self.written, goal, strict=True)):
            await asyncio.sleep(0.005)
            if time.monotonic() < deadline:
                continue
            raise AssertionError(
                f"the writers are stuck: {self.written} of {goal}, {self.failed[-3:]}"
            ) from None

    def _write(self, number: int) -> None:
        chance = random.Random(number)
        keys = range(number * 1000 + 1, number * 1000 + 1 + KEYS)
        while not self._stop.is_set():
            try:
                with contextlib.closing(Shop(self._shop.server, self._shop.database)) as shop:
                    shop.run(*self._session)
                    while not self._stop.is_set():
                        key = keys[chance.randrange(KEYS)]
                        self._once(shop, key, keys, chance)
                        self.written[number] += 1
                        self._stop.wait(0.001)
            except pymysql.MySQLError as error:
                self.failed.append(str(error))
                self._stop.wait(0.02)

    def _once(self, shop: Shop, key: int, keys: range, chance: random.Random) -> None:
        insert = f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({key}, {chance.randint(1, 5)}, 1)"
        if not self._mixed:
            began = time.monotonic_ns()
            try:
                shop.run(insert)
            finally:  # it may have been committed although its answer was lost
                took_us = (time.monotonic_ns() - began) // 1000
                self.took_us[key] = max(took_us, self.took_us.get(key, 0))
            return
        other = keys[chance.randrange(KEYS)]
        newest = f"WHERE user_id = {key} ORDER BY id DESC LIMIT 1"
        match chance.randrange(12):
            case 0:
                shop.run(f"UPDATE cart SET quantity = quantity + 1 {newest}")
            case 1:
                shop.run(f"UPDATE cart SET quantity = 0 {newest}")
            case 2:
                shop.run(f"UPDATE cart SET user_id = {other} {newest}")
            case 3:
                shop.run(f"DELETE FROM cart {newest}")
            case 4:
                shop.run(f"DELETE FROM cart WHERE user_id = {key}")
            case 5:
                shop.run(f"INSERT INTO orders (user_id, total_amount) VALUES ({key}, 9.5)")
            case 6:
                shop.run("BEGIN", insert, f"INSERT INTO orders (user_id, total_amount) VALUES ({key}, 9.5)",
                         insert, f"DELETE FROM cart WHERE user_id = {key}", "COMMIT")  # fmt: skip
            case 7:
                shop.run("BEGIN", insert, f"DELETE FROM cart WHERE user_id = {other}", "ROLLBACK")
            case 8:
                shop.run(f"{insert}, ({other}, 2, 3), (NULL, 1, 1), ({key}, 999999, 1)")
            case _:
                shop.run(insert)
