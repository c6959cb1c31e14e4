"""The stock reader: mysql-replication's BinLogStreamReader, filtered to the two tables.

Like this it tells what a follower has to know: rows, where transactions end, GTIDs to resume from, DDL. With the
argument ``rows-only`` it is told to leave all but the rows out, which is faster, and not enough to follow a shop by.
"""

import sys

from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent
from reading import Row, Stopwatch, job, tell
from stock_reader import open_stream

_KINDS = {WriteRowsEvent: "insert", UpdateRowsEvent: "update", DeleteRowsEvent: "delete"}


def main() -> None:
    given = job()
    rows: list[Row] = []
    events = list(_KINDS) if "rows-only" in sys.argv else None
    watch = Stopwatch()
    reader = open_stream(
        given, 4_100_000_001, (given.file, given.offset), ["cart", "orders"], events, tls=given.tls
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


main()
