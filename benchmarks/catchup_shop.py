"""A shop's binlog to catch up with: much noise, and six rows in a hundred of carts and orders.

Two sessions play at once, each in a stored procedure, so that the transactions of the tables alternate as they do
in a shop. Of every transaction at most one row is watched: then the events that Cartwake hands over (one for each
cart key and transaction) are the rows that its peers see, and both can be compared one by one.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from binlog_watcher.demo import sample_shop

if TYPE_CHECKING:
    from binlog_watcher.demo.server import Server

DATABASE = sample_shop.DATABASE
BEGIN_KEY = 3_999_999_999
END_KEY = 4_000_000_000
"""The user ids of the first and the last cart row; large enough to go wrong where signs are."""

SERVER_OPTIONS = {
    "innodb_flush_log_at_trx_commit": "0",  # nobody measures the writing
    "innodb_doublewrite": "OFF",
    "innodb_buffer_pool_size": "256M",
    "innodb_redo_log_capacity": "256M",
    "max_binlog_size": "1G",
}

_FULL_MB = 430
"""Roughly what the numbers of transactions below come to."""

_NOISE, _WATCHED = 80_000, 25_000
_PLAYERS = 2
_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, slots=True)
class Start:
    """Where the binlog begins that is measured: file and offset, and the same as a GTID set."""

    file: str
    offset: int
    gtids: str


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was generated, in rows of all tables and of the watched ones."""

    rows: int
    watched: int


def open_shop(server: "Server") -> None:
    """Create the shop and its noisy neighbours."""
    with server.connect(autocommit=True) as connection, connection.cursor() as cursor:
        sample_shop.create(connection, DATABASE, users=())
        cursor.execute(f"USE {DATABASE}")
        cursor.execute("SET SESSION cte_max_recursion_depth = 10000")
        for statement in _SQL.read_text(encoding="utf-8").split("$$\n"):
            cursor.execute(statement)


def add_to_cart(server: "Server", user_id: int) -> None:
    """Write one cart row."""
    with server.connect(database=DATABASE, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO cart (user_id, product_id) VALUES (%s, 1)", (user_id,))


def end_of_binlog(server: "Server") -> Start:
    """The position behind everything that was written."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOG STATUS")
        file, offset, *_ = cursor.fetchone()
        cursor.execute("SELECT @@GLOBAL.gtid_executed")
        (gtids,) = cursor.fetchone()
    return Start(file, int(offset), gtids.replace("\n", ""))


def trade(server: "Server", megabytes: int) -> Amounts:
    """Play until about ``megabytes`` of binlog were written; the last row is the cart row of END_KEY."""
    share = megabytes / _FULL_MB / _PLAYERS
    noise, watched = round(_NOISE * share), round(_WATCHED * share)

    def play(player: int) -> int:
        with server.connect(database=DATABASE, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("CALL play(%s, %s, %s)", (player, noise, watched))
            (total,) = cursor.fetchone()
        return int(total)

    with ThreadPoolExecutor(_PLAYERS) as pool:
        totals = list(pool.map(play, range(1, _PLAYERS + 1)))
    add_to_cart(server, END_KEY)
    return Amounts(sum(totals) + 1, _PLAYERS * watched + 1)
