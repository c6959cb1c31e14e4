"""Writes what Debezium's MySQL connector would: records of the rows that a real server has in its binlog.

The rows come from the stock library, not from our own decoder, which they are compared with. The form is that of
Debezium 3.6, as ``tests/parts/test_debezium.py`` sees it; the connector itself runs there.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.event import GtidEvent
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from binlog_watcher.demo.server import Server
from binlog_watcher.kafka.columns import Column

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - as the connector reads a DATETIME: as if it were UTC
_BINARY = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_DICTIONARY = """
    SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION
"""


class Record(NamedTuple):
    """What the connector hands to Kafka."""

    table: str
    key: Any
    value: bytes
    headers: list[tuple[str, bytes]]


def describe(server: Server) -> Callable[[str, str], list[Column]]:
    """The columns of a table, by the server's dictionary."""

    def ask(schema: str, table: str) -> list[Column]:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(_DICTIONARY, (schema, table))
            return [Column(name, kind, full) for name, kind, full in cursor.fetchall()]

    return ask


def end_of(server: Server) -> tuple[str, int]:
    """Where the server's binlog ends now."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOG STATUS")
        row = cursor.fetchone()
        assert row is not None
        return str(row[0]), int(row[1])


@dataclass
class Writer:
    """``keys``: table → the column by which its records are keyed (``message.key.columns``); none: by nothing.

    ``database``: whose rows alone are read, of the tables in ``keys``; None: of all. ``reached``: the end of what was.
    ``datetimes``: a DATETIME in these units of a second, or ISO 8601 (None). ``schemas``: with the converter's schema.
    """

    server: Server
    keys: Mapping[str, str]
    datetimes: int | None = 1000
    schemas: bool = False
    database: str | None = None
    reached: tuple[str, int] = ("", 4)

    def records(self, since: tuple[str, int]) -> Iterator[Record]:
        """Of all rows from a place on to the end as it is now."""
        columns = describe(self.server)
        known: dict[tuple[str, str], dict[str, Column]] = {}
        stream = BinLogStreamReader(
            connection_settings={
                "host": self.server.host, "port": self.server.port,
                "user": self.server.user, "password": self.server.password,
            },
            server_id=7010, log_file=since[0], log_pos=since[1], resume_stream=True,
            only_events=[GtidEvent, WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
            only_schemas=self.database and [self.database],
            only_tables=self.database and list(self.keys),
        )  # fmt: skip
        gtid = None
        try:
            for event in stream:
                if isinstance(event, GtidEvent):
                    gtid = event.gtid
                    continue
                place = (event.schema, event.table)
                types = known.setdefault(place, {one.name: one for one in columns(*place)})
                for at, row in enumerate(event.rows):
                    before, after = self._images(event, row, types)
                    source = {
                        "connector": "mysql", "name": "shop", "db": event.schema, "table": event.table,
                        "ts_ms": event.timestamp * 1000, "ts_us": event.timestamp * 1_000_000,
                        "snapshot": "false", "gtid": gtid, "row": at,
                    }  # fmt: skip
                    yield from self._records(event.table, before, after, source)
            self.reached = (stream.log_file, stream.log_pos)
        finally:
            stream.close()

    def _images(self, event: Any, row: Any, types: Mapping[str, Column]) -> tuple[Any, Any]:
        if isinstance(event, UpdateRowsEvent):
            return self._image(row["before_values"], types), self._image(row["after_values"], types)
        image = self._image(row["values"], types)
        return (image, None) if isinstance(event, DeleteRowsEvent) else (None, image)

    def _records(self, table: str, before: Any, after: Any, source: dict[str, Any]) -> Iterator[Record]:
        name = self.keys.get(table)
        old, new = (
            None if image is None or name is None else {name: image[name]} for image in (before, after)
        )
        if before is None or after is None or old == new:
            op = "c" if before is None else "d" if after is None else "u"
            yield Record(table, new or old, self._value(op, before, after, source), [])
        else:
            moved = [
                ("__debezium.newkey", json.dumps(new).encode()),
                ("__debezium.oldkey", json.dumps(old).encode()),
            ]
            yield Record(table, old, self._value("d", before, None, source), moved[:1])
            yield Record(table, new, self._value("c", None, after, source), moved[1:])

    def _value(self, op: str, before: Any, after: Any, source: dict[str, Any]) -> bytes:
        found = {
            "before": before,
            "after": after,
            "source": source,
            "transaction": None,
            "op": op,
            "ts_ms": 1,
        }
        return json.dumps(
            {"schema": {"type": "struct"}, "payload": found} if self.schemas else found
        ).encode()

    def _image(self, values: Mapping[str, Any], types: Mapping[str, Column]) -> dict[str, Any]:
        return {name: self._json(types[name], value) for name, value in values.items()}

    def _json(self, column: Column, value: Any) -> Any:
        if value is None or (isinstance(value, str) and column.type not in _BINARY | {"bit"}):
            return value
        if column.type == "bit":
            number = int(value, 2)
            return (
                bool(number)
                if column.full_type == "bit(1)"
                else _base64(number.to_bytes(len(value) // 8 + 1, "little"))
            )
        if isinstance(value, bytes):
            return _base64(value) if column.type in _BINARY else value.decode()
        if isinstance(value, dt.datetime):
            return self._time(column, value)
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, int) and column.type == "bigint" and value >= 1 << 63:
            return value - (1 << 64)
        return value if isinstance(value, int | float) else str(value)

    def _time(self, column: Column, value: dt.datetime) -> Any:
        if column.type == "timestamp":
            return value.isoformat() + "Z"
        if self.datetimes is None:
            return value.isoformat()
        return (value - _EPOCH) // dt.timedelta(microseconds=1) * self.datetimes // 1_000_000


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
