"""Holds a preset against the live database: tables, columns, their types, indexes, and the preset's own SELECTs."""

from collections.abc import Callable, Iterator
from datetime import UTC

import pymysql.err

from binlog_watcher.doctor.document_check import wrong_type
from binlog_watcher.doctor.finding import Check, Finding, PresetFindings, failed, not_looked_at, ok, warning
from binlog_watcher.doctor.index_check import MANY_ROWS, index_advice
from binlog_watcher.doctor.key_check import kind_problems, length_warning
from binlog_watcher.doctor.selects_check import SelectsCheck
from binlog_watcher.doctor.server import NO_PRIVILEGE, NO_SUCH_TABLE, Server
from binlog_watcher.shop.charsets import codec_of
from binlog_watcher.shop.moments import Format, format_of
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import KEY_TYPES, MOMENT_TYPES, ShopColumns

_LOCKED_WHOLE = frozenset({"MyISAM", "Aria"})
"""Engines that lock a table as a whole while somebody reads it."""


SHOP = ("shop.tables", "shop.columns", "shop.storage", "shop.indexes", "shop.selects")
TABLES, COLUMNS, STORAGE, INDEXES, SELECTS = SHOP
"""The ids of what is looked at, in turn."""

_GOOD = {
    TABLES: "all tables are there",
    COLUMNS: "all columns are there, in types that can be read",
    STORAGE: "all tables are InnoDB's",
    INDEXES: "an index leads to everything that is looked up",
    SELECTS: "the preset's SELECTs run",
}


class PresetCheck:
    """One look at one database."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = server.connection
        self._schema = server.schema
        self._locked: set[str] = set()
        self._found = PresetFindings()

    def run(self) -> PresetFindings:
        """Everything in turn; the SELECTs only when the tables are as the preset says."""
        found = self._found
        tables = self._read_tables()
        self._check_tables_of_selects(tables)
        self._check_keys(tables)
        self._check_moments(tables)
        if (wrong := wrong_type(self._schema, tables)) is not None:
            self._say(COLUMNS, "cart.document.column", wrong)
        first_named: dict[str, str] = {}
        for key, table, _ in self._schema.places():
            first_named.setdefault(table, f"{key.partition('.')[0]}.table")
        for table in first_named.keys() & tables.keys():
            self._check_storage(table, first_named[table])
        found.reached |= {TABLES, STORAGE}
        if not found.has_failed:
            self._check_kinds()
            self._check_charsets()
            self._check_conditions()
            found.reached.add(COLUMNS)
        if not found.has_failed:
            self._check_indexes()
            self._check_selects()
            found.reached |= {INDEXES, SELECTS}
        return found

    def _say(self, check: str, key: str, what: str, mend: str = "") -> None:
        self._found.add(check, failed(f"{self._schema.origin}: {key}: {what}", mend=mend))

    def _read_tables(self) -> dict[str, dict[str, str]]:
        """Table → column (in lower case) → type; problems for what is missing."""
        tables: dict[str, dict[str, str]] = {}
        keys: dict[str, dict[str, str]] = {}
        for key, table, column in self._schema.places():
            keys.setdefault(table, {}).setdefault(column, key)
        for table, wanted in keys.items():
            section, _, name = next(iter(wanted.values())).partition(".")
            columns = self._columns(table, f"{section}.{name if name.startswith('watch.') else 'table'}")
            if columns is None:
                continue
            tables[table] = columns
            for column, key in wanted.items():
                if column.casefold() not in columns:
                    has = ", ".join(sorted(columns)) or "none that may be read"
                    self._say(
                        COLUMNS,
                        key,
                        f"table {self._connection.database}.{table} has no column {column}; it has {has}",
                    )
        return tables

    def _columns(self, table: str, key: str) -> dict[str, str] | None:
        database = self._connection.database
        refusal = self._refusal(table)
        if refusal == NO_SUCH_TABLE:
            mend = "check MYSQL_DATABASE, and SHOP_SCHEMA and SHOP_VARIABLES for its name"
            self._say(TABLES, key, f"there is no table {database}.{table}", mend)
        elif refusal is not None:
            self._found.denied.append(table)
        if refusal is not None:
            return None
        rows = self._server.rows(
            "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            (database, table),
        )
        return {str(name).casefold(): str(kind).lower() for name, kind in rows}

    def _check_tables_of_selects(self, seen: dict[str, dict[str, str]]) -> None:
        """Of those that only SELECTs name whether they may be read; all else is told by trying the SELECTs."""
        for table in self._schema.tables():
            if table in seen or table in self._found.denied:
                continue
            if self._refusal(table) in NO_PRIVILEGE:
                self._found.denied.append(table)

    def _refusal(self, table: str) -> int | None:
        """The server's code if the table is not there, or may not be read; None: it can be read."""
        try:
            self._server.rows(f"SELECT 1 FROM {quote(self._connection.database)}.{quote(table)} LIMIT 0")  # noqa: S608  # quoted
        except pymysql.err.MySQLError as error:
            if error.args[0] == NO_SUCH_TABLE or error.args[0] in NO_PRIVILEGE:
                return int(error.args[0])
            raise
        return None

    def _keys(self) -> Iterator[tuple[str, str, str]]:
        """(the preset's key, table, column) of what the binlog must tell."""
        schema = self._schema
        keys = {"cart.customer", "lines.cart", "orders.cart", "orders.customer", "products.id"}
        keys |= {f"products.watch.{table}" for table in schema.products.watch}
        keys |= {f"cart.watch.{table}" for table in schema.cart.watch}
        if schema.header is not None:
            keys.add("cart.id")
        return (place for place in schema.places() if place[0] in keys)

    def _check_keys(self, tables: dict[str, dict[str, str]]) -> None:
        for key, table, column in self._keys():
            kind = tables.get(table, {}).get(column.casefold())
            if kind is not None and kind not in KEY_TYPES:
                self._say(
                    COLUMNS,
                    key,
                    f"{table}.{column} is {kind}: Cartwake follows keys that are whole numbers, CHAR, VARCHAR, BINARY, "
                    "VARBINARY or UUID",
                )

    def _check_charsets(self) -> None:
        """The binlog has text in its column's character set, for some of which Python has no codec."""
        columns = self.shop_columns()
        for key, table, column in self._keys():
            charset = columns.get(table, column).charset
            if charset is not None and codec_of(charset) is None:
                self._say(
                    COLUMNS,
                    key,
                    f"{table}.{column} is text in {charset}, which Cartwake can't read from the binlog",
                    f"ALTER TABLE {quote(table)} CONVERT TO CHARACTER SET utf8mb4",
                )

    def _check_moments(self, tables: dict[str, dict[str, str]]) -> None:
        for key, table, column in self._schema.places():
            kind = tables.get(table, {}).get(column.casefold())
            if key.partition(".")[2] not in {"created", "updated", "bought_at"} or kind is None:
                continue
            held_as = format_of(column)
            if kind in MOMENT_TYPES[held_as]:
                continue
            if held_as is None:
                fits = [one for one in Format if kind in MOMENT_TYPES[one]]
                say = f'{key.partition(".")[2]} = {{ column = "{column}", format = … }} ({", ".join(fits)})'
                hint = f"; if it holds moments, say how: {say}" if fits else ""
                self._say(COLUMNS, key, f"{table}.{column} must be a TIMESTAMP or DATETIME, not {kind}{hint}")
            else:
                types = ", ".join(sorted(MOMENT_TYPES[held_as]))
                self._say(COLUMNS, key, f"{table}.{column} is {kind}: the format {held_as} is for {types}")

    def _check_kinds(self) -> None:
        columns = self.shop_columns()
        for key, what in kind_problems(self._schema, columns):
            self._say(COLUMNS, key, what)
        if (said := length_warning(self._schema, columns)) is not None:
            self._found.add(COLUMNS, said)

    def _check_conditions(self) -> None:
        columns = self.shop_columns()
        for key, table, conditions in self._schema.conditions():
            for condition in conditions:
                if condition.is_null is not None:
                    continue
                try:
                    columns.get(table, condition.column).values(condition.among or condition.not_in or ())
                except ValueError as error:
                    self._say(
                        COLUMNS, key, str(error) if len(conditions) == 1 else f"{condition.column}: {error}"
                    )

    def _check_storage(self, table: str, key: str) -> None:
        rows = self._server.rows(
            "SELECT TABLE_TYPE, ENGINE FROM information_schema.TABLES "
            "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            (self._connection.database, table),
        )
        kind, engine = rows[0] if rows else (None, None)
        if kind not in {"BASE TABLE", "SYSTEM VERSIONED"}:
            if table not in {self._schema.customers.table, getattr(self._schema.order_items, "table", None)}:
                self._say(STORAGE, key, f"{table} is a {str(kind).lower()}: the binlog tells of tables only")
        elif engine != "InnoDB":
            if engine in _LOCKED_WHOLE and self._count(table) >= MANY_ROWS:
                self._locked.add(table)
            self._found.add(
                STORAGE,
                warning(
                    f"table {table} is kept by {engine}",
                    "what a crash leaves of it may differ from the binlog",
                    f"ALTER TABLE {quote(table)} ENGINE = InnoDB",
                ),
            )

    def _count(self, table: str) -> int:
        """Of these engines it is known; the dictionary may tell that of yesterday."""
        counted = f"SELECT COUNT(*) FROM {quote(table)}"  # noqa: S608  # a quoted name
        return int(self._server.rows(counted)[0][0])

    def _check_indexes(self) -> None:
        locked = () if self._server.slow_tables else self._locked
        for finding in index_advice(self._schema, self.shop_columns(), locked):
            self._found.add(INDEXES, finding)

    def _check_selects(self) -> None:
        server = self._server
        for key, problem in SelectsCheck(
            server.rows_and_types, self._schema, self.shop_columns(), self._connection.database
        ).problems():
            self._say(SELECTS, key, problem)

    def shop_columns(self) -> ShopColumns:
        """What the dictionary says of the preset's columns; asked for when needed."""
        return shop_columns(self._server)


def shop_columns(server: Server) -> ShopColumns:
    """What the dictionary says of the preset's columns."""
    return ShopColumns(server, server.schema, UTC)


def findings_of(server: Server) -> PresetFindings:
    """All about the preset, looked at once."""
    if server.findings is None:
        server.findings = PresetCheck(server).run()
    return server.findings


def _look(check: str) -> Callable[[Server], Iterator[Finding]]:
    def look(server: Server) -> Iterator[Finding]:
        found = findings_of(server)
        yield from found.of.get(check, ())
        if check in found.of:
            return
        if check in found.reached and not (check == TABLES and found.denied):
            yield ok(_GOOD[check])
        else:
            yield not_looked_at("the tables must be as the preset says first, and may be read")

    return look


AT_START: tuple[Check[Server], ...] = tuple(
    Check(
        check,
        _look(check),
        ("SHOP_SCHEMA", "SHOP_VARIABLES", *(("ALLOW_SLOW_TABLES",) if check == INDEXES else ())),
        needs=("shop.preset",),
    )
    for check in SHOP
)
"""What `cartwake run` looks at, too."""
