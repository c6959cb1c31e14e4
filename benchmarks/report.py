"""`cartwake report` over a log whose rows are all of one day, beside one plain pass over the same rows.

The plain pass counts the window's rows by status, as anybody with a SQL client would; the report tells much more.
"""

import argparse
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import get_args

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
_FIRST_ROWS = 1000

_ROW = """
INSERT INTO cart_abandonment_log (user_id, cart_key, cart_version, status, reason, email_sent, attempts,
                                  cart_total, currency, last_activity_at, sent_at, created_at)
VALUES (%s, %s, 1, %s, %s, %s, 1, 10, 'EUR', NOW(6) - INTERVAL 90 MINUTE, NOW(6) - INTERVAL 59 MINUTE, NOW())
"""
_DOUBLE = """
INSERT INTO cart_abandonment_log (user_id, cart_key, cart_version, status, reason, email_sent, attempts,
                                  cart_total, currency, last_activity_at, sent_at, created_at)
SELECT user_id, cart_key, cart_version + (SELECT COUNT(DISTINCT cart_version) FROM cart_abandonment_log), status,
       reason, email_sent, attempts, cart_total, currency, last_activity_at, sent_at, created_at
FROM cart_abandonment_log ORDER BY id LIMIT %s
"""
_PLAIN = """
SELECT status, reason, COUNT(*) FROM cart_abandonment_log WHERE created_at > NOW() - INTERVAL 1 DAY GROUP BY 1, 2
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the log; by default %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", choices=get_args(Flavor), default="mysql")
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the figures
    progress(machine())
    with private_server(options.server, options={"innodb_buffer_pool_size": "512M"}) as server:
        settings = _prepare(server, options.rows)
        report, plain = [], []
        for _ in range(options.rounds):
            report.append(_seconds(lambda: _report(settings, options.rows)))
            plain.append(_seconds(lambda: _count(server)))
    figure("report.seconds", report, "s")
    figure("report.plain_count_seconds", plain, "s")
    figure("report.ratio_plain_count", ratios(plain, report), "x")
    progress(machine())


def _prepare(server: Server, rows: int) -> Settings:
    """A sample shop, Cartwake's tables, and a log of ``rows`` rows, nine of ten of them mails."""
    with server.connect() as connection:
        sample_shop.create(connection, NAME, users=())
    settings = _settings(server)
    database = Database(settings.connection)
    try:
        tables.migrate(database, Shop(database, settings.preset()))
    finally:
        database.close()
    with server.connect() as connection, connection.cursor() as cursor:
        connection.select_db(NAME)
        for key in range(min(rows, _FIRST_ROWS)):
            skipped = key % 10 == 0
            ending = ("skipped", "no_address", 0) if skipped else ("sent", None, 1)
            cursor.execute(_ROW, (key, str(key), *ending))
        while (missing := rows - _rows(server)) > 0:
            cursor.execute(_DOUBLE, (min(missing, rows - missing),))
            connection.commit()
        cursor.execute("ANALYZE TABLE cart_abandonment_log")
    progress(f"{rows:,} rows of one day in the log")
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


def _report(settings: Settings, rows: int) -> None:
    found = read_report(settings, hours=Decimal(24), limit=20)
    assert found is not None
    assert sum(count.window for count in found.counts) == rows, "the report misses rows"


def _count(server: Server) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        connection.select_db(NAME)
        cursor.execute(_PLAIN)
        cursor.fetchall()


def _rows(server: Server) -> int:
    with server.connect() as connection, connection.cursor() as cursor:
        connection.select_db(NAME)
        cursor.execute("SELECT COUNT(*) FROM cart_abandonment_log")
        ((rows,),) = cursor.fetchall()
    return int(rows)


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
