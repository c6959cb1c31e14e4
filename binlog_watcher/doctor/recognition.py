"""Which preset fits a database: by its tables' names, then by trying the presets that fit on the tables themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql.err

from binlog_watcher.doctor.finding import Mark
from binlog_watcher.doctor.preset_check import PresetCheck
from binlog_watcher.doctor.server import Server
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.recognition import Match, Tables, recognise
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")


@dataclass(frozen=True, slots=True)
class Recognition:
    """``fitting``: the presets that fit equally well, the likeliest first; ``nearest``: where there is none.

    ``tables``: how many the session sees; of a database on which it has no right there are none.
    """

    tables: int
    fitting: tuple[Match, ...]
    nearest: Match | None


def databases(session: "Connection[Cursor]") -> list[str]:
    """Those that the session sees, without the server's own."""
    rows = _rows(session, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1")
    return [name for (name,) in rows if name not in _SYSTEM]


def recognition(session: "Connection[Cursor]", connection: ConnectionSettings) -> Recognition:
    """What the database of ``connection`` may be; ``session`` may be another account's, and need not have chosen it.

    Reads the dictionary, and tries the SELECTs of the presets that fit, without a row.
    """
    there = _tables(session, connection.database)
    found = recognise(there)
    fitting = [match for match in found if match.fits]
    if not fitting:
        return Recognition(len(there), (), next(iter(found), None))
    session.select_db(connection.database)
    faults = {id(match): _faults(session, connection, match.schema) for match in fitting}
    least = min(faults.values())
    best = _without_twins(match for match in fitting if faults[id(match)] == least)
    return Recognition(len(there), tuple(_by_newest_order(session, best)), None)


def _tables(session: "Connection[Cursor]", database: str) -> Tables:
    there: dict[str, set[str]] = {}
    sql = "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s"
    for table, column in _rows(session, sql, (database,)):
        there.setdefault(table, set()).add(column)
    return there


def _faults(session: "Connection[Cursor]", connection: ConnectionSettings, schema: Schema) -> int:
    """How much of a preset does not fit: types, and what its SELECTs read beyond the columns that it names."""
    found = PresetCheck(Server(session, connection, schema, slow_tables=True)).run()
    return sum(finding.mark is Mark.FAILED for findings in found.of.values() for finding in findings)


def _without_twins(matches: Iterable[Match]) -> list[Match]:
    """Of two ways to read the same tables by one preset its own choice stands: nothing here tells them apart."""
    kept: dict[tuple[str, frozenset[str]], Match] = {}
    for match in matches:
        kept.setdefault((match.preset, frozenset(match.schema.tables())), match)
    return list(kept.values())


def _by_newest_order(session: "Connection[Cursor]", matches: list[Match]) -> Iterator[Match]:
    """Of one preset's ways the one first whose orders' table has the newest order: a shop may have left the others."""
    presets = list(dict.fromkeys(match.preset for match in matches))
    for preset in presets:
        ways = [match for match in matches if match.preset == preset]
        yield from (
            sorted(ways, key=lambda way: _newest_order(session, way.schema), reverse=True)
            if ways[1:]
            else ways
        )


def _newest_order(session: "Connection[Cursor]", schema: Schema) -> str:
    """As text that is compared with that of another table of the same shop; empty: there is none."""
    orders = schema.orders
    asked = [one for one in orders.only if one.among]
    where = " AND ".join(f"{quote(one.column)} IN %s" for one in asked) or "TRUE"
    sql = f"SELECT CAST(MAX({quote(orders.bought_at)}) AS CHAR) FROM {quote(orders.table)} WHERE {where}"  # noqa: S608  # quoted names
    try:
        ((newest,),) = _rows(session, sql, [one.among for one in asked])
    except pymysql.err.MySQLError:  # no right to read it: nothing is known of it then
        return ""
    return str(newest or "")


def _rows(session: "Connection[Cursor]", sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with session.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
