"""The dashboard's pages over a log of a million rows, while its figures are being counted all the time.

A round is a number of visits to each page, one after the other; its value is the 99th percentile of all of them. The
figures are counted without a pause, in the same process: on the dashboard itself nine tenths of the time are without.
"""

import argparse
import http.client
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import structlog
from figures import figure, machine, progress

from binlog_watcher.admin import keeper, readings
from binlog_watcher.admin.serving import serving_admin
from binlog_watcher.core.events import Assigned, CartRead, Hydrated
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.process import free_port
from binlog_watcher.demo.programs import Flavor
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.service.live import Standing
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.telemetry.metrics_server import Obstacle

NAME = "shown"
CUSTOMERS = 200_000
TIMERS = 100_000
TOKEN = secrets.token_hex(16)

_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(rows)s) "
_LOG = f"""
INSERT INTO cart_abandonment_log (user_id, cart_key, cart_version, status, reason, email_sent, attempts, cart_total,
                                  currency, last_activity_at, sent_at, created_at)
{_NUMBERS}
SELECT i %% {CUSTOMERS}, i %% {CUSTOMERS}, i, IF(i %% 10, 'sent', 'skipped'), IF(i %% 10, NULL, 'no_address'),
       i %% 10 > 0, 1, i %% 300, 'EUR', NOW(6) - INTERVAL (%(rows)s - i) * 2590000 DIV %(rows)s + 1800 SECOND,
       IF(i %% 10, NOW(6) - INTERVAL (%(rows)s - i) * 2590000 DIV %(rows)s - 1 SECOND, NULL),
       NOW() - INTERVAL (%(rows)s - i) * 2590000 DIV %(rows)s SECOND
FROM n
"""  # noqa: S608 - constants
_ORDERS = f"""
INSERT INTO orders (user_id, total_amount, created_at)
{_NUMBERS}
SELECT i * 7919 %% {CUSTOMERS}, 20 + i %% 100, NOW() - INTERVAL (%(rows)s - i) * 2590000 DIV %(rows)s SECOND FROM n
"""  # noqa: S608 - constants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the log; by default %(default)s")
    parser.add_argument("--orders", type=int, default=500_000, help="of the shop; by default %(default)s")
    parser.add_argument(
        "--visits", type=int, default=100, help="to each page, a round; by default %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", choices=get_args(Flavor), default="mysql")
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the figures
    progress(machine())
    with private_server(options.server, options={"innodb_buffer_pool_size": "512M"}) as server:
        settings = _prepare(server, options.rows, options.orders)
        with _served(settings) as port:
            tails = [_round(port, options.visits) for _ in range(options.rounds)]
    figure("dashboard.page_ms_1m_log", tails, "ms")
    progress(machine())


def _prepare(server: Server, rows: int, orders: int) -> Settings:
    with server.connect() as connection:
        sample_shop.create(connection, NAME, users=())
    settings = load_settings(
        None,
        need="mysql",
        environ={
            "MYSQL_HOST": server.host, "MYSQL_PORT": str(server.port), "MYSQL_USER": server.user,
            "MYSQL_PASSWORD": server.password, "MYSQL_DATABASE": NAME, "MYSQL_TLS": "off", "LOG_FILE": "",
            "ADMIN_PORT": str(free_port()), "ADMIN_TOKEN": TOKEN,
        },
    )  # fmt: skip
    database = Database(settings.connection)
    tables.migrate(database, Shop(database, settings.preset()))
    database.close()
    with server.connect(database=NAME, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION cte_max_recursion_depth = 100000000, foreign_key_checks = 0")
        cursor.execute(_ORDERS, {"rows": orders})
        cursor.execute(_LOG, {"rows": rows})
        cursor.execute("ANALYZE TABLE cart_abandonment_log, orders")
        cursor.fetchall()
    progress(f"{rows:,} rows in the log, {orders:,} orders")
    return settings


class _Instance:
    """A service that has many timers and does nothing else."""

    def __init__(self) -> None:
        now_us = time.time_ns() // 1000
        self._tracker = Tracker(1_800_000_000)
        events = [CartRead(key, now_us, now_us + 20_000 * key) for key in range(1, TIMERS)]
        progress_of_it = Progress("", now_us, True, 0, now_us)
        batch = Batch("binlog", (Assigned("binlog"), *events, Hydrated("binlog")), progress_of_it)
        self._tracker.apply(batch)

    @property
    def live(self) -> Any:
        return self

    def standing(self, *, timers: int) -> Standing:
        return Standing(
            now_us=time.time_ns() // 1000, upcoming=self._tracker.upcoming(timers), armed=self._tracker.armed,
            in_hand=0, lag_us=0, silent_us=0, resets={}, queues={}, sender_stopped=False, texts_fail=False,
        )  # fmt: skip

    def not_ready(self) -> Obstacle | None:
        return None


@contextmanager
def _served(settings: Settings) -> Iterator[int]:
    readings.FIGURES_S, readings.LOG_S, keeper.SHARE = 0.0, 0.0, 1
    assert settings.admin_port is not None
    with serving_admin(settings, _Instance()):
        began = time.perf_counter()
        while b"counted at" not in _visit(settings.admin_port, "/figures")[1]:
            assert time.perf_counter() - began < 300, "no figures"
            time.sleep(0.2)
        progress(f"the first count took {time.perf_counter() - began:.1f} s")
        yield settings.admin_port


def _round(port: int, visits: int) -> float:
    """The 99th percentile of its pages, in ms."""
    spans: dict[str, list[float]] = {}
    for nth in range(visits):
        customer = 1 + nth * 7919 % CUSTOMERS
        story = f"/cart/story?by=customer&q={customer}"
        for path in ("/", "/now", "/figures", "/outcomes", "/cart?by=customer&q=1", story):
            seconds, _ = _visit(port, path)
            spans.setdefault(path.partition("?")[0], []).append(seconds * 1000)
    for path, of_it in spans.items():
        progress(f"{path}: median {sorted(of_it)[len(of_it) // 2]:.1f} ms, slowest {max(of_it):.1f} ms")
    together = sorted(one for of_it in spans.values() for one in of_it)
    return together[len(together) * 99 // 100]


def _visit(port: int, path: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
    finally:
        connection.close()
    return time.perf_counter() - began, body


if __name__ == "__main__":
    main()
