"""A simulated shopper: acts over ordinary SQL connections and remembers what must come of it."""

import asyncio
import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from binlog_watcher.demo.baskets import Basket, basket
from binlog_watcher.demo.catcher import CaughtMail, MailCatcher
from binlog_watcher.demo.expectations import ExpectedMail, Item, Story, Timing
from binlog_watcher.demo.sample_shop import Product

if TYPE_CHECKING:
    import pymysql

Statement = tuple[str, Sequence[object]]

LATEST_ORDER = 0.4
"""Seconds before the due moment at which the tardiest shoppers order: inside the last half second."""


@dataclass(frozen=True, slots=True)
class Commit:
    """When a transaction committed: between ``began`` and ``ended``, in epoch seconds of this machine."""

    began: float
    ended: float
    last_id: int


class Shop:
    """The shop's database behind a bounded number of connections in autocommit mode."""

    def __init__(self, connect: Callable[[], "pymysql.Connection[Any]"], connections: int = 8) -> None:
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="shopper")
        self._free: SimpleQueue[pymysql.Connection[Any]] = SimpleQueue()
        for _ in range(connections):
            connection = connect()
            connection.autocommit(True)
            self._free.put(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        while not self._free.empty():
            self._free.get().close()

    async def run(self, *statements: Statement, keep: bool = True) -> Commit:
        """Run the statements as one transaction; ``keep=False`` rolls it back."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, statements, keep)

    def _run(self, statements: Sequence[Statement], keep: bool) -> Commit:
        connection = self._free.get()
        try:
            with connection.cursor() as cursor:
                if keep and len(statements) == 1:
                    began = time.time()
                    cursor.execute(*statements[0])
                else:
                    cursor.execute("BEGIN")
                    for statement in statements:
                        cursor.execute(*statement)
                    began = time.time()
                    cursor.execute("COMMIT" if keep else "ROLLBACK")
                return Commit(began, time.time(), int(cursor.lastrowid or 0))
        finally:
            self._free.put(connection)


@dataclass(slots=True)
class Stage:
    """What all shoppers share. Times in seconds; ``opened`` is the epoch time at which they were let in.

    ``whole_seconds``: the binlog gives the time of a commit in whole seconds (MariaDB), so that a cart counts
    as abandoned up to a second earlier.
    """

    shop: Shop
    catcher: MailCatcher
    threshold: float
    cooldown: float
    whole_seconds: bool = False
    opened: float = 0.0
    killed: asyncio.Event = field(default_factory=asyncio.Event)
    restarted: asyncio.Event = field(default_factory=asyncio.Event)


class Shopper:
    """One customer with a cart. Every method that changes the cart is one transaction.

    The shopper keeps a copy of what counts in the cart (bought things no longer do), from which
    ``expect_mail`` takes what the mail must say.
    """

    def __init__(self, stage: Stage, story: Story, greeting: str | None, seed: int) -> None:
        self.stage = stage
        self.story = story
        self.rng = random.Random(seed)
        self._greeting = greeting
        self._cart: dict[int, Item] = {}
        self._bought: dict[int, Item] = {}
        self._active_at = 0.0

    @property
    def user_id(self) -> int:
        """The shopper's row in ``users``."""
        return self.story.user_id

    @property
    def due(self) -> float:
        """When the cart counts as abandoned, in epoch seconds (at the earliest, by a few milliseconds)."""
        return self._active_at + self.stage.threshold

    def basket(self, low: int = 20, high: int = 400) -> Basket:
        """Something to buy whose total is in ``low`` … ``high``."""
        return basket(self.rng, low, high)

    async def until(self, moment: float) -> None:
        """Sleep until ``moment`` in epoch seconds."""
        await asyncio.sleep(max(0.0, moment - time.time()))

    async def next_second(self) -> None:
        """Sleep until the shop's clock, which has whole seconds, has moved on."""
        await self.until(int(time.time()) + 1.05)

    async def add(self, chosen: Basket, *, days_ago: float | None = None) -> None:
        """Put products in the cart, by one statement; ``days_ago`` back-dates the rows."""
        rows = ", ".join(["(%s, %s, %s, NOW() - INTERVAL %s SECOND)"] * len(chosen))
        ago = int((days_ago or 0) * 86_400)
        values = [value for p, quantity in chosen for value in (self.user_id, p.id, quantity, ago)]
        await self._act(
            (f"INSERT INTO cart (user_id, product_id, quantity, created_at) VALUES {rows}", values)
        )
        self._cart |= {p.id: Item(p.name, p.price, quantity, p.stock > 0) for p, quantity in chosen}

    async def leave(self, low: int, high: int) -> None:
        """Fill the cart with something worth ``low`` … ``high``, and go: one mail."""
        await self.add(self.basket(low, high))
        self.expect_mail()

    async def add_as_guest(self, chosen: Basket, guest: int | None) -> list[int]:
        """Put products in a cart that nobody's name is on yet; returns the ids of its rows."""
        return [
            (
                await self.stage.shop.run(
                    (
                        "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, %s)",
                        (guest, product.id, quantity),
                    )
                )
            ).last_id
            for product, quantity in chosen
        ]

    async def log_in(self, rows: Sequence[int], chosen: Basket) -> None:
        """The guest's rows become the shopper's."""
        places = ", ".join(["%s"] * len(rows))
        await self._act((f"UPDATE cart SET user_id = %s WHERE id IN ({places})", (self.user_id, *rows)))
        self._cart |= {p.id: Item(p.name, p.price, quantity, p.stock > 0) for p, quantity in chosen}

    async def change_quantity(self, product: Product, quantity: int) -> None:
        """Take another number of pieces."""
        await self._act(
            (
                "UPDATE cart SET quantity = %s WHERE user_id = %s AND product_id = %s",
                (quantity, self.user_id, product.id),
            )
        )
        self._cart[product.id] = replace(self._cart[product.id], quantity=quantity)

    async def remove(self, product: Product) -> None:
        """Take a product out of the cart."""
        await self._act(
            ("DELETE FROM cart WHERE user_id = %s AND product_id = %s", (self.user_id, product.id))
        )
        del self._cart[product.id]

    async def empty(self) -> None:
        """Take everything out of the cart."""
        await self._act(("DELETE FROM cart WHERE user_id = %s", (self.user_id,)))
        self._cart.clear()

    async def order(self) -> Commit:
        """Buy what is in the cart; the rows stay in it, as in many shops."""
        worth = sum(item.price * item.quantity for item in self._cart.values())
        commit = await self.stage.shop.run(
            ("INSERT INTO orders (user_id, total_amount) VALUES (%s, %s)", (self.user_id, worth))
        )
        self._bought, self._cart = self._cart, {}
        return commit

    async def take_back_order(self) -> None:
        """The payment failed: the shop deletes the order, and the cart is open again."""
        await self.stage.shop.run(("DELETE FROM orders WHERE user_id = %s", (self.user_id,)))
        self._cart |= self._bought

    async def lose_product(self, product: Product) -> None:
        """The shop stops selling the product."""
        await self.stage.shop.run(("DELETE FROM products WHERE id = %s", (product.id,)))
        self._cart.pop(product.id, None)

    def expect_mail(self, timing: Timing = Timing.LIVE, *, not_before: float = 0.0) -> None:
        """One mail about the cart as it stands now, due when the cart is (or at ``not_before``, if later)."""
        items = tuple(item for item in self._cart.values() if item.quantity > 0)
        due = max(self.due, not_before)
        self.story.expected.append(
            ExpectedMail(self.user_id, self.story.address, self._greeting, items, due, timing)
        )

    async def mail(self, seconds: float = 40.0) -> CaughtMail:
        """Wait for the newest of the expected mails; raises TimeoutError when it does not come."""
        wanted = len(self.story.expected)
        deadline = time.time() + seconds
        while time.time() < deadline:
            box = [mail for mail in self.stage.catcher.mails if self._is_mine(mail)]
            if len(box) >= wanted:
                return box[wanted - 1]
            await asyncio.sleep(0.05)
        raise TimeoutError(f"waited {seconds:.0f} s in vain for mail {wanted}")

    def _is_mine(self, mail: CaughtMail) -> bool:
        return self.story.address.lower() in (recipient.lower() for recipient in mail.recipients)

    async def _act(self, statement: Statement) -> None:
        commit = await self.stage.shop.run(statement)
        self._active_at = math.floor(commit.began) if self.stage.whole_seconds else commit.began
