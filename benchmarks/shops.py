"""A WooCommerce shop's binlog: sessions of 1 to 40 KB, of whose ten updates nine leave the cart as it was.

Read as the service reads it, from the socket to the events, in one process; and all open sessions as a start reads
them. Processor time, so that the server's own work beside it counts little.
"""

import argparse
import copy
import random
import resource
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import documents
import structlog
from figures import figure, machine, progress

from binlog_watcher.binlog import SourceOptions
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.reader import Reader
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.clock import ServerClock
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.core.source import Batch
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.shop.presets import parse_schema
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.shop_tables.open_documents import DocumentScan
from binlog_watcher.store.shop_tables.shop import Shop

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

NAME = "woo"
_SIZES = ((1, 1, 4), (10, 4, 5), (40, 20, 1))
"""KB, lines, and how many of ten sessions."""

UPDATES = 10
"""Of each session, page views all but one."""

_STATEMENT_ROWS = 500
_DIFFERENT = 100  # documents of those that are open

_PRESET = """
timezone = "UTC"
[cart]
table = "sessions"
id = "session_key"
customer = "session_key"
[cart.document]
column = "session_value"
codec = "php"
lines = "cart|php?.*"
product = "product_id"
variant = "variation_id"
quantity = "quantity"
total = ["line_total", "line_tax"]
email = "customer|php?.email"
[orders]
table = "purchases"
id = "id"
customer = "customer_id"
bought_at = "created_at"
[customers]
table = "users"
id = "id"
email = "email"
[products]
table = "products"
id = "id"
name = "name"
price = "price"
"""
_TABLES = (
    (
        "CREATE TABLE sessions (session_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, session_key CHAR(32) NOT NULL, "
        "session_value LONGTEXT NOT NULL, session_expiry BIGINT UNSIGNED NOT NULL, "
        "UNIQUE KEY session_key (session_key))"
    ),
    "CREATE TABLE purchases (id INT PRIMARY KEY, customer_id BIGINT, created_at DATETIME, KEY (customer_id))",
    "CREATE TABLE users (id BIGINT UNSIGNED PRIMARY KEY, email VARCHAR(100), KEY (email))",
    "CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2))",
)
_OPTIONS = {
    "innodb_flush_log_at_trx_commit": "0", "innodb_doublewrite": "OFF", "innodb_buffer_pool_size": "512M",
    "innodb_redo_log_capacity": "512M", "max_binlog_size": "1G",
}  # fmt: skip


class Bench:
    """One shop, and what reading it costs."""

    def __init__(self, server: Server, connection: "Connection[Cursor]") -> None:
        self._connection = connection
        self._schema = parse_schema(_PRESET, "woo.toml")
        self._settings = ConnectionSettings(
            server.host, server.port, server.user, server.password, NAME, tls=Tls.OFF
        )
        for statement in _TABLES:
            self._run(statement)

    def write(self, updates: int) -> tuple[Position, int]:
        """Write sessions, ten updates each of which one changes the cart.

        Where that begins, and the bytes of all documents that the updates hold, before and after.
        """
        draw = random.Random(1)
        sizes = [(kilobytes, lines) for kilobytes, lines, many in _SIZES for _ in range(many)]
        _, offset, *_, gtids = self._row("SHOW BINARY LOG STATUS")
        file = self._row("SHOW BINARY LOG STATUS")[0]
        size = 0
        for number in range(0, updates, UPDATES):
            kilobytes, lines = draw.choice(sizes)
            seen = documents.views(number, kilobytes * 1000, lines, UPDATES)
            for document in seen:
                self._save(number, document)
            size += sum(map(len, seen[:-1])) + sum(map(len, seen[1:]))
        self._save(updates, documents.views(0, 1000, 1, 1)[0])
        return Position(str(file), int(str(offset)), "", GtidSet.parse(str(gtids).replace("\n", ""))), size

    def follow(self, start: Position, updates: int) -> tuple[float, int]:
        """Processor seconds of reading all updates, and how many carts they changed."""
        done, changed, end = threading.Event(), 0, f"{updates:032d}"

        def deliver(batch: Batch) -> None:
            nonlocal changed
            for event in batch.events:
                if isinstance(event, CartChanged):
                    changed += event.change is Change.UPDATE
                    if event.key == end:
                        done.set()

        options = SourceOptions(
            self._settings, self._schema, hydrate=lambda: iter(()), now_us=ServerClock().now_us
        )
        reader = Reader(options, deliver, Stats(), start=copy.deepcopy(start))  # it goes on
        thread = threading.Thread(target=reader.run, daemon=True)
        began = time.process_time()
        thread.start()
        done.wait()
        seconds = time.process_time() - began
        reader.stop()
        thread.join()
        return seconds, changed

    def hydrate(self) -> tuple[float, int]:
        """Processor seconds of reading all open sessions, and how many there are."""
        with closing(Database(self._settings)) as database:
            scan = DocumentScan(Shop(database, self._schema), CartNotes(database, "", present=False))
            began = time.process_time()
            carts = sum(len(page) for page in scan.open_carts(0, time.time_ns() // 1000))
            return time.process_time() - began, carts

    def open(self, count: int) -> None:
        """Leave so many further sessions of one line open."""
        values = [documents.views(number, 1000, 1, 0)[0].decode() for number in range(_DIFFERENT)]
        for first in range(0, count, _STATEMENT_ROWS):
            numbers = range(first, min(first + _STATEMENT_ROWS, count))
            rows = [(f"open{number:028d}", values[number % _DIFFERENT]) for number in numbers]
            with self._connection.cursor() as cursor:
                cursor.executemany(  # few statements of many rows
                    "INSERT INTO sessions (session_key, session_value, session_expiry) VALUES (%s, %s, 1)",
                    rows,
                )

    def _save(self, number: int, document: bytes) -> None:
        self._run(
            "INSERT INTO sessions (session_key, session_value, session_expiry) VALUES (%s, %s, 1) "
            "ON DUPLICATE KEY UPDATE session_value = VALUES(session_value)",
            (f"{number:032d}", document.decode()),
        )

    def _run(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def _row(self, sql: str) -> tuple[object, ...]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone() or ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument(
        "--open", type=int, default=50_000, help="sessions that a start finds; by default %(default)s"
    )
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the figures
    progress(machine())
    with private_server("mysql", options=_OPTIONS, announce=progress) as server:
        with server.connect(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME}")
        with server.connect(database=NAME, autocommit=True) as connection:
            bench = Bench(server, connection)
            progress(f"Writing {options.updates} sessions, and each once more ...")
            start, size = bench.write(options.updates)
            progress(f"{size / 1e6:.0f} MB of documents, before and after")
            rounds(bench, options, start, size)
            many(bench, options.open)
    progress(machine())


def rounds(bench: Bench, options: argparse.Namespace, start: Position, size: int) -> None:
    """Measure, and print the figures."""
    updates, hydrated, memory = [], [], []
    for _ in range(options.rounds):
        seconds, changed = bench.follow(start, options.updates)
        updates.append(seconds)
        progress(f"{options.updates / seconds:.0f} updates/s, {changed} of them changed their cart")
        assert changed == options.updates // UPDATES, changed
        seconds, carts = bench.hydrate()
        hydrated.append(carts / seconds)
        memory.append(_highest_mb())
    figure("shops.document_updates_per_s", [options.updates / one for one in updates], "updates/s")
    figure("shops.document_mb_per_s", [size / one / 1e6 for one in updates], "MB/s")
    figure("shops.documents_hydrated_per_s", hydrated, "documents/s")
    figure("shops.memory_growth_mb", [memory[-1] - memory[0]], "MB")


def many(bench: Bench, count: int) -> None:
    """Read many open sessions, as a start does: how fast, and what it takes of memory at its highest."""
    progress(f"Leaving {count} sessions open ...")
    bench.open(count)
    before = _highest_mb()
    seconds, carts = bench.hydrate()
    after = _highest_mb()
    assert carts >= count, carts
    progress(f"{carts} open sessions in {seconds:.0f} s; memory {before:.0f} MB before, {after:.0f} MB after")
    figure("shops.open_documents_per_s", [carts / seconds], "documents/s")
    figure("shops.open_documents_memory_mb", [after - before], "MB")


def _highest_mb() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
