"""What it costs to note what only the binlog tells of carts: written every two seconds, one row a cart that changed.

A thousand carts at a time, each noted for the first time, then again, and read as carts are loaded.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Callable
from functools import partial

import structlog
from figures import figure, machine, progress
from recovery_service import Meter, Usage

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.shop_tables.shop import Shop

NAME, ACCOUNT = "noted", "noter"
CARTS = 1_000
READ_AT_ONCE = 100
"""As many as a batch of due carts has."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the figures
    progress(machine())
    with private_server("mysql") as server:
        database = Database(_account(server))
        notes, meter = CartNotes(database, "shop"), Meter(server)
        tables.migrate(database, Shop(database, SAMPLE))
        costs: dict[str, list[tuple[float, Usage]]] = {"first": [], "again": [], "read": []}
        for nth in range(options.rounds):
            us, keys = time.time_ns() // 1000, [nth * CARTS + one for one in range(CARTS)]
            for name, at_us in (("first", us), ("again", us + 1)):
                written = [CartNote(key, at_us, at_us if key % 10 == 0 else None) for key in keys]
                costs[name].append(_cost(meter, partial(notes.write, written)))
            costs["read"].append(_cost(meter, partial(_read, notes, keys)))
        meter.close()
        database.close()
    for name, rounds in costs.items():
        figure(f"notes.{name}_statements_per_1000", [used.statements for _, used in rounds], "statements")
        figure(f"notes.{name}_db_cpu_ms_per_1000", [used.cpu_ms for _, used in rounds], "ms")
        figure(f"notes.{name}_ms_per_1000", [seconds * 1000 for seconds, _ in rounds], "ms")
    progress(machine())


def _account(server: Server) -> ConnectionSettings:
    """An account of its own, so that what it asks for can be told apart."""
    password = secrets.token_hex(12)
    with server.connect() as connection, connection.cursor() as cursor:
        sample_shop.create(connection, NAME, users=())
        cursor.execute(f"CREATE USER '{ACCOUNT}'@'%%' IDENTIFIED BY %s", (password,))
        cursor.execute(f"GRANT ALL ON {NAME}.* TO '{ACCOUNT}'@'%'")
    return ConnectionSettings(server.host, server.port, ACCOUNT, password, NAME)


def _cost(meter: Meter, work: Callable[[], None]) -> tuple[float, Usage]:
    before, started = meter.read(ACCOUNT), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return seconds, meter.read(ACCOUNT) - before


def _read(notes: CartNotes, keys: list[int]) -> None:
    for start in range(0, len(keys), READ_AT_ONCE):
        assert len(notes.read(keys[start : start + READ_AT_ONCE])) == READ_AT_ONCE, "a note is missing"


if __name__ == "__main__":
    main()
