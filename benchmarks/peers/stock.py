"""The stock reader: mysql-replication's BinLogStreamReader, filtered to the two tables.

Like this it tells what a follower has to know: rows, where transactions end, GTIDs to resume from, DDL. With the
argument ``rows-only`` it is told to leave all but the rows out, which is faster, and not enough to follow a shop by.
"""

import ssl
import sys

from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent
from reading import Job, Row, Stopwatch, job, tell

_KINDS = {WriteRowsEvent: "insert", UpdateRowsEvent: "update", DeleteRowsEvent: "delete"}


def main() -> None:
    given = job()
    rows: list[Row] = []
    watch = Stopwatch()
    reader = BinLogStreamReader(
        _arguments(given),
        server_id=4_100_000_001,
        blocking=True,
        resume_stream=True,
        log_file=given.file,
        log_pos=given.offset,
        only_schemas=[given.database],
        only_tables=["cart", "orders"],
        only_events=list(_KINDS) if "rows-only" in sys.argv else None,
        enable_logging=False,
    )
    for event in reader:
        kind = _KINDS.get(type(event))
        if kind is None:
            continue
        for row in event.rows:
            values = row["after_values"] if kind == "update" else row["values"]
            rows.append((event.table, kind, values["user_id"]))
        if rows[-1][2] == given.end_key:
            break
    reading = watch.stop()
    reader.close()
    tell(reading, rows)


def _arguments(given: Job) -> dict[str, object]:
    arguments: dict[str, object] = {
        "host": given.host,
        "port": given.port,
        "user": given.user,
        "passwd": given.password,
    }
    if given.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return arguments | {"ssl": context}
    return arguments | {"ssl_disabled": True}


main()
