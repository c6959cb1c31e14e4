"""The history of Cartwake's log, row by row, from the server's binlog: nothing that was ever committed is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymysql
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.event import RotateEvent
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from binlog_watcher.demo.server import Server


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the log after one statement.

    ``began_us``: when that statement began, where it gave the row a lease (UTC_TIMESTAMP is the statement's
    beginning, before it reads anything); ``second``: when it was executed, in whole epoch seconds.
    """

    log_id: int
    cart_key: str
    status: str
    reason: str | None
    owner: str | None
    attempts: int
    error: str | None
    message_id: str | None
    began_us: int | None
    second: int

    def __str__(self) -> str:
        words = [f"row {self.log_id} of cart {self.cart_key}: {self.status}"]
        if self.reason:
            words.append(f"({self.reason})")
        words.append(f"attempt {self.attempts}, owner {self.owner}")
        if self.error:
            words.append(f"error {self.error!r}")
        return " ".join(words)


def read_history(server: Server, database: str, lease_us: int) -> Iterator[Change]:
    """All changes in the order of their commits."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        first = cursor.fetchall()[0][0]
    reader = BinLogStreamReader(
        {"host": server.host, "port": server.port, "user": server.user, "password": server.password},
        server_id=4_100_000_009,
        log_file=first,
        log_pos=4,
        resume_stream=True,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent, RotateEvent],
        only_schemas=[database],
        only_tables=["cart_abandonment_log"],
        enable_logging=False,
        pymysql_wrapper=_connect,
    )
    try:
        for event in reader:
            if isinstance(event, RotateEvent):
                # A server that was killed begins its next file with the same table ids for other tables, and no
                # farewell in the file before, by which the library would notice.
                reader.table_map.clear()
                continue
            for row in event.rows:
                yield _change(row.get("after_values") or row["values"], event.timestamp, lease_us)
    finally:
        reader.close()


def _connect(**arguments: Any) -> Any:
    """The library's connection; it still says ``db``, of which PyMySQL warns."""
    return pymysql.connect(
        **{"database" if name == "db" else name: value for name, value in arguments.items()}
    )


def _change(values: dict[str, Any], second: int, lease_us: int) -> Change:
    lease = values["lease_until"]
    return Change(
        log_id=values["id"],
        cart_key=values["cart_key"],
        status=values["status"],
        reason=values["reason"],
        owner=values["owner"],
        attempts=values["attempts"],
        error=values["error"],
        message_id=values["message_id"],
        began_us=None if lease is None else _epoch_us(lease) - lease_us,
        second=second,
    )


def _epoch_us(value: datetime) -> int:
    moment = value.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (moment.days * 86_400 + moment.seconds) * 1_000_000 + moment.microseconds
