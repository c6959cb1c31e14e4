"""What the records of one shop mean, by its preset and by the dictionary of its server."""

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pymysql

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.meaning.created_at import CreatedAtCheck, ToUs
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys
from binlog_watcher.binlog.server_queries import ServerQueries
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.kafka.columns import Column
from binlog_watcher.kafka.tables import Tables
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.database import Database, classify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_QUERY_TIMEOUT_S = 5.0
_COLUMNS = """
    SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION
"""


def read_shop(
    database: Database, schema: Schema, created_at_us: ToUs | None
) -> tuple[Tables, StatementReader]:
    """What rows and statements mean. Blocking; asks the server once, and again when a table is new or has changed.

    ``created_at_us``: see ``binlog.options.SourceOptions``. Raises DatabaseUnavailableError, then as later.
    """
    name = database.settings.database
    watched = watched_tables(schema)
    queries = ServerQueries(lambda: _session(database), name, watched)
    with database.session() as session:
        row = session.row("SELECT @@GLOBAL.lower_case_table_names")

    def describe(schema_name: str, table: str) -> list[Column]:
        with database.session() as session:
            rows = session.rows(_COLUMNS, (schema_name, table))
        return [Column(str(column), str(kind).lower(), str(full).lower()) for column, kind, full in rows]

    tables = Tables(
        name,
        watched,
        describe,
        RowKeys(queries.find, Stats()),
        parents=queries.parents,
        created_at=CreatedAtCheck(created_at_us),
        fold_case=row is not None and bool(int(row[0])),
        clock=time.thread_time_ns,
    )
    return tables, StatementReader(name, watched)


@contextmanager
def _session(database: Database) -> "Iterator[Connection[Cursor]]":
    """A short-lived session for questions."""
    where = database.settings.where
    try:
        with closing(database.settings.connect(autocommit=True, read_timeout=_QUERY_TIMEOUT_S)) as session:
            yield session
    except pymysql.err.Error as error:
        raise classify(error, where) or error from error
