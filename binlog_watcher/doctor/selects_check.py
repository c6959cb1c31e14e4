"""Tries a preset's own SELECTs on the live database, and looks whether the shop does what it must not."""

from collections.abc import Iterator
from typing import Any

import pymysql.err

from binlog_watcher.doctor.fragment_check import blamed
from binlog_watcher.doctor.patience import limit_time
from binlog_watcher.doctor.select_check import CREATED, REFUSED, Run, check_select
from binlog_watcher.shop.moments import format_of
from binlog_watcher.shop.presets.fragments import FRAGMENTS
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.database import SESSION_STATEMENTS
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries


class SelectsCheck:
    """``run``: executes a statement, see ``select_check``; ``database``: the shop's."""

    def __init__(self, run: Run, schema: Schema, columns: ShopColumns, database: str) -> None:
        self._run = run
        self._schema = schema
        self._queries = Queries(schema, columns)
        self._database = database

    def problems(self) -> Iterator[tuple[str, str]]:
        """(the preset's key, what to do) for each."""
        if not (self._schema.selects() or self._schema.refuse):
            return
        for statement in (*SESSION_STATEMENTS, "START TRANSACTION READ ONLY"):  # a function of its may write
            self._rows(statement)
        limit_time(self._rows)
        yield from self._selects()
        yield from self._refusals()
        self._rows("ROLLBACK")

    def _selects(self) -> Iterator[tuple[str, str]]:
        schema, queries = self._schema, self._queries
        for key, statement in schema.selects().items():
            for problem in check_select(
                self._run,
                queries.select(statement),
                statement,
                key=key,
                samples=self._samples(key),
                parameters=dict(queries.constants),
                needs_created=schema.rows.created is not None,
                created=CREATED[format_of(schema.rows.created or "")],
                indexes=self._indexes,
                needs=_columns_of_rows(schema) if key in {"cart.select", "lines.select"} else {},
            ):
                if problem.startswith(REFUSED):
                    yield self._of_a_fragment(statement) or key, problem
                else:
                    yield key, problem

    def _of_a_fragment(self, statement: str) -> str | None:
        """The preset's key of the fragment for which the server refuses a SELECT, if it is one's fault."""
        name = blamed(self._run, self._schema, self._queries, statement, self._queries.constants)
        return None if name is None else f"{FRAGMENTS}.{name}"

    def _refusals(self) -> Iterator[tuple[str, str]]:
        for nth, refusal in enumerate(self._schema.refuse):
            try:
                if self._rows(self._queries.select(refusal.select), dict(self._queries.constants)):
                    yield f"refuse.{nth}", refusal.say
            except (pymysql.err.MySQLError, KeyError) as error:
                yield f"refuse.{nth}.select", f"{REFUSED}: {error.args[-1]}"

    def _samples(self, key: str) -> list[Any]:
        """A few of the keys that a SELECT is asked for."""
        schema = self._schema
        table, column = {
            "products.select": (schema.products.table, schema.products.id),
            "cart.document.select": (schema.products.table, schema.products.id),
            "orders.by_customer": (schema.customers.table, schema.customers.id),
            "orders.by_email": (schema.customers.table, schema.customers.email),
            "orders.unpaid": (schema.orders.table, schema.orders.id),
        }.get(key, schema.key_column)
        if not table or not column:
            return []
        named = f"{quote(column)} FROM {quote(table)}"
        return [row[0] for row in self._rows(f"SELECT {named} LIMIT 2")]

    def _indexes(self, table: str) -> list[list[str]]:
        """The columns of each index of any table, in lower case."""
        rows = self._rows(
            "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s "
            "AND TABLE_NAME = %s AND INDEX_TYPE NOT IN ('FULLTEXT', 'SPATIAL') ORDER BY INDEX_NAME, SEQ_IN_INDEX",
            (self._database, table),
        )
        found: dict[str, list[str]] = {}
        for index, column in rows:
            found.setdefault(str(index), []).append(str(column or "").casefold())
        return list(found.values())

    def _rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return self._run(sql, parameters)[0]


def _columns_of_rows(schema: Schema) -> dict[str, str]:
    """What a SELECT of the rows must give besides, and the key of the preset that names the column."""
    needs = {}
    if schema.header is None and schema.cart.store is not None:
        needs["store"] = "cart.store"
    if schema.version is not None and schema.version[0]:
        needs["version"] = "cart.version"
    return needs
