"""`cartwake report` over a log of a million rows, beside ten million orders of the shop.

The rows are of sixty days: thirty that are reported, and thirty to compare them with; nine of ten are mails. The orders
are of two years. The plain pass beside it counts the same rows by status, as anybody with a SQL client would.
"""

import argparse
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import structlog
from figures import figure, machine, progress, ratios

from binlog_watcher.commands.report import read_report
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.programs import Flavor
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.shop_tables.shop import Shop

NAME = "reported"
_THOUSAND = 1000
_AT_ONCE = 1_000_000
_ORDERS_A_CUSTOMER = 5

_ORDERS = f"""
INSERT INTO orders (user_id, total_amount, created_at)
SELECT 1 + (nth * 7919) %% (%(rows)s DIV {_ORDERS_A_CUSTOMER}), 20 + nth %% 100,
       NOW() - INTERVAL (%(rows)s - nth) * 63072000 DIV %(rows)s SECOND
FROM (SELECT %(first)s + a.n * {_THOUSAND} + b.n AS nth FROM thousand a JOIN thousand b) numbered
WHERE nth < %(rows)s ORDER BY nth
"""  # noqa: S608 - constants
_LOG = f"""
INSERT INTO cart_abandonment_log (user_id, cart_key, cart_version, status, reason, email_sent, attempts, cart_total,
                                  currency, discount_percent, item_count, last_activity_at, sent_at, created_at)
SELECT user, user, nth, IF(nth %% 10, 'sent', 'skipped'), IF(nth %% 10, NULL, 'no_address'), nth %% 10 > 0, 1,
       nth %% 300, 'EUR', IF(nth %% 300 < 100, 0, 10), 2, logged - INTERVAL 30 MINUTE,
       IF(nth %% 10, logged + INTERVAL 1 SECOND, NULL), logged
FROM (SELECT nth, 1 + (nth * 104729) %% (%(rows)s * 7 DIV 10) AS user,
             NOW() - INTERVAL (%(rows)s - nth) * 5183000 DIV %(rows)s SECOND AS logged
      FROM (SELECT %(first)s + a.n * {_THOUSAND} + b.n AS nth FROM thousand a JOIN thousand b) numbered
      WHERE nth < %(rows)s) made ORDER BY nth
"""  # noqa: S608 - constants
_PLAIN = """
SELECT status, reason, COUNT(*) FROM cart_abandonment_log WHERE created_at > NOW() - INTERVAL 60 DAY GROUP BY 1, 2
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the log; by default %(default)s")
    parser.add_argument("--orders", type=int, default=10_000_000, help="of the shop; by default %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", choices=get_args(Flavor), default="mysql")
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the figures
    progress(machine())
    with private_server(options.server, options={"innodb_buffer_pool_size": "1G"}) as server:
        settings = _prepare(server, options.rows, options.orders)
        report, plain = [], []
        for _ in range(options.rounds):
            report.append(_seconds(lambda: _report(settings)))
            plain.append(_seconds(lambda: _run(server, _PLAIN)))
    figure("report.seconds_1m_log", report, "s")
    figure("report.plain_count_seconds", plain, "s")
    figure("report.ratio_plain_count", ratios(plain, report), "x")
    progress(machine())


def _prepare(server: Server, rows: int, orders: int) -> Settings:
    """A sample shop with its orders, Cartwake's tables, and a log."""
    with server.connect() as connection:
        sample_shop.create(connection, NAME, users=())
    settings = _settings(server)
    database = Database(settings.connection)
    try:
        tables.migrate(database, Shop(database, settings.preset()))
    finally:
        database.close()
    _run(server, "CREATE TABLE thousand (n INT PRIMARY KEY)")
    numbers = ", ".join(f"({n})" for n in range(_THOUSAND))
    _run(server, f"INSERT INTO thousand VALUES {numbers}")  # noqa: S608 - numbers
    _run(server, "ALTER TABLE orders DROP KEY user_id, DROP KEY created_at")
    for first in range(0, orders, _AT_ONCE):
        _run(server, _ORDERS, {"rows": orders, "first": first})
    _run(server, "ALTER TABLE orders ADD KEY user_id (user_id, created_at), ADD KEY created_at (created_at)")
    progress(f"{orders:,} orders")
    for first in range(0, rows, _AT_ONCE):
        _run(server, _LOG, {"rows": rows, "first": first})
    _run(server, "ANALYZE TABLE cart_abandonment_log, orders")
    progress(f"{rows:,} rows in the log")
    return settings


def _settings(server: Server) -> Settings:
    return load_settings(
        None,
        need="mysql",
        environ={
            "MYSQL_HOST": server.host, "MYSQL_PORT": str(server.port), "MYSQL_USER": server.user,
            "MYSQL_PASSWORD": server.password, "MYSQL_DATABASE": NAME, "MYSQL_TLS": "off", "LOG_FILE": "",
        },
    )  # fmt: skip


def _report(settings: Settings) -> None:
    found = read_report(settings, days=Decimal(30), limit=20)
    assert found is not None
    assert found.figures is not None
    assert found.figures.now.sums.recovered > 0, "the report misses orders"


def _run(server: Server, sql: str, parameters: Any = None) -> None:
    with server.connect(database=NAME, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        cursor.fetchall()


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
