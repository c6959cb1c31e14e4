"""Records as Debezium writes them, by hand, for tests of what is pure."""

import json
from collections.abc import Mapping
from typing import Any

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys, nothing_found
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.kafka.columns import Column
from binlog_watcher.kafka.partition import PartitionReader, Place
from binlog_watcher.kafka.tables import Tables
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.shop.schema import Schema

SECOND = 1_000_000
START_US = 1_700_000_000 * SECOND
COLUMNS = {
    "cart": [
        Column("id", "int", "int"),
        Column("user_id", "int", "int"),
        Column("quantity", "int", "int"),
        Column("created_at", "timestamp", "timestamp"),
    ],
    "orders": [Column("id", "bigint", "bigint unsigned"), Column("user_id", "int", "int")],
    "products": [Column("id", "int", "int"), Column("name", "varchar", "varchar(200)")],
}
OLD_KEY = [("__debezium.oldkey", b'{"user_id":1}')]


def record(
    op: str,
    table: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    at_us: int = START_US,
    gtid: str | None = "uuid:1",
    **source: Any,
) -> bytes:
    """A row's change."""
    told = {"db": "shop", "table": table, "ts_us": at_us, "gtid": gtid, "snapshot": "false", **source}
    return json.dumps({"before": before, "after": after, "source": told, "op": op, "ts_ms": 1}).encode()


def tables_of(
    schema: Schema = SAMPLE, columns: Mapping[str, list[Column]] = COLUMNS, **options: Any
) -> Tables:
    return Tables(
        "shop",
        watched_tables(schema),
        lambda _, table: columns.get(table, []),
        RowKeys(nothing_found, Stats()),
        **options,
    )


def reader_of(
    schema: Schema = SAMPLE, columns: Mapping[str, list[Column]] = COLUMNS, **options: Any
) -> PartitionReader:
    return PartitionReader(
        tables_of(schema, columns, **options), StatementReader("shop", watched_tables(schema))
    )


def take(reader: PartitionReader, *values: bytes | None, start: int = 0) -> None:
    """Give it records, without an end."""
    for offset, value in enumerate(values, start):
        reader.take(Place("shop", 3, offset), value)
