"""The shop's side of the crash test: performs the plan on a private server and records what was acknowledged when."""

import heapq
import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pymysql
from fakes.chaos.plan import ROWS_EACH, Customer, Deed, Plan
from pymysql.constants import ER

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server

if TYPE_CHECKING:
    from pymysql.connections import Connection

DATABASE = "shop"
CLERKS = 4
"""Sessions that write at once."""


def now_us() -> int:
    """This machine's clock, which is also that of its MySQL."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Done:
    """A deed that is in the database: it committed between these two moments (epoch microseconds)."""

    customer: int
    deed: Deed
    issued_us: int
    acknowledged_us: int


class Shop:
    """Performs deeds when their time comes, through restarts of the server. A context manager."""

    def __init__(self, server: Server, plan: Plan) -> None:
        self.done: list[Done] = []
        self.errors: list[Exception] = []
        self._server = server
        self._plan = plan
        self._due: list[tuple[float, int, Customer, int]] = []  # (moment, tie, customer, number of the deed)
        self._ties = itertools.count()
        self._busy = 0
        self._over = False
        self._news = threading.Condition()
        self._clerks = [threading.Thread(target=self._work, daemon=True) for _ in range(CLERKS)]

    def __enter__(self) -> Self:
        with self._server.connect() as connection:
            sample_shop.create(connection, DATABASE, users=())
            sample_shop.add_users(
                connection,
                [sample_shop.User(one.id, "Jo Shopper", one.address) for one in self._plan.customers],
            )
        for clerk in self._clerks:
            clerk.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._news:
            self._over = True
            self._news.notify_all()
        for clerk in self._clerks:
            clerk.join()

    def let_in(self, wave: int) -> None:
        """A wave of customers begins."""
        with self._news:
            now = time.monotonic()
            for customer in self._plan.waves[wave]:
                heapq.heappush(self._due, (now + customer.starts_s, next(self._ties), customer, 0))
            self._news.notify_all()

    @property
    def busy(self) -> bool:
        """Whether deeds of customers who were let in are still to come."""
        with self._news:
            return bool(self._due) or self._busy > 0

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Ask the database. Raises pymysql's errors while it is gone."""
        with self._server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def _work(self) -> None:
        session = _Session(self._server)
        try:
            while (job := self._next()) is not None:
                customer, number = job
                issued_us = now_us()
                session.perform(customer, customer.deeds[number])
                self._finish(Done(customer.id, customer.deeds[number], issued_us, now_us()), customer, number)
        except Exception as error:
            self.errors.append(error)
            raise
        finally:
            session.close()

    def _next(self) -> tuple[Customer, int] | None:
        with self._news:
            while not self._over:
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    self._busy += 1
                    _, _, customer, number = heapq.heappop(self._due)
                    return customer, number
                self._news.wait(wait_s)
            return None

    def _finish(self, done: Done, customer: Customer, number: int) -> None:
        with self._news:
            self._busy -= 1
            self.done.append(done)
            if number == 0:
                now = time.monotonic()
                for later in range(1, len(customer.deeds)):
                    moment = now + customer.deeds[later].after_s
                    heapq.heappush(self._due, (moment, next(self._ties), customer, later))
            self._news.notify_all()


class _Session:
    """One clerk's connection; a statement whose acknowledgement was lost is issued again until it is known."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection[Any] | None = None

    def perform(self, customer: Customer, deed: Deed) -> None:
        row = customer.id * ROWS_EACH + deed.row
        statements: dict[str, tuple[str, tuple[int, ...]]] = {
            "add": (
                "INSERT INTO cart (id, user_id, product_id, quantity) VALUES (%s, %s, %s, %s)",
                (row, customer.id, deed.product, deed.quantity),
            ),
            "quantity": ("UPDATE cart SET quantity = %s WHERE id = %s", (deed.quantity, row)),
            "empty": ("DELETE FROM cart WHERE user_id = %s", (customer.id,)),
            "order": (
                "INSERT INTO orders (id, user_id, total_amount) VALUES (%s, %s, 10)",
                (customer.id, customer.id),
            ),
        }
        while True:
            try:
                if self._connection is None:
                    self._connection = self._server.connect(
                        database=DATABASE, read_timeout=30, connect_timeout=5
                    )
                with self._connection.cursor() as cursor:
                    cursor.execute(*statements[deed.what])
            except pymysql.err.IntegrityError as error:
                if error.args[0] != ER.DUP_ENTRY:
                    raise
                return  # the try before had been committed
            except (pymysql.err.OperationalError, pymysql.err.InterfaceError, OSError):
                self.close()
                time.sleep(0.05)
            else:
                return

    def close(self) -> None:
        if self._connection is not None and self._connection.open:
            self._connection.close()
        self._connection = None
