"""Whether the shop's times can be believed: their zone, moments that lie ahead, updates of a whole table at once."""

from collections.abc import Iterator
from contextlib import closing
from statistics import median

import pymysql.err

from binlog_watcher.binlog.written_lately import TOLERANCE_US, created_against_commits
from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, not_looked_at, ok, warning
from binlog_watcher.doctor.preset_check import shop_columns
from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.database import SESSION_STATEMENTS, Database
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.zones import ask_server, shop_zone

_MOMENTS = frozenset({"created", "updated", "bought_at"})
_AHEAD_US = 120_000_000
"""So much may differ between the clocks of a shop's machines."""

_FEW, _LAST = 3, 50
"""Rows: fewer say nothing, since one alone may be an import; and older ones may be from before somebody mended it."""
_READ_S = 3.0

_MANY = 1000
_NAME_IT = "SHOP_TIMEZONE=Europe/Berlin, say: the zone that the shop's program writes in"


def _zone(case: Case) -> Iterator[Finding]:
    server = case.server
    named = case.settings.shop_timezone or server.schema.timezone
    with closing(Database(server.connection, pool_size=1)) as database:
        try:
            shop = Shop(database, server.schema, timezone=case.settings.shop_timezone)
        except ConfigError as error:
            yield failed(str(error))
            return
    told = ask_server(server)
    if not shop.datetimes:
        yield ok("times are TIMESTAMPs or numbers, which are in no zone")
    elif named is not None:
        yield ok(f"DATETIME columns are in {named}")
    elif told.named_zone() is not None:
        yield ok(f"DATETIME columns are in the server's zone, {told.name}")
    else:
        yield warning(
            f"the server calls its zone {told.name}, which is no zone's name",
            "an abbreviation stands for several zones; DATETIME columns are read by what the server says of its clock, "
            "and the shop may write in another zone",
            _NAME_IT,
        )


def _ahead(case: Case) -> Iterator[Finding]:
    """What was created lately, in a zone that lies further east, is not yet by ours."""
    server = case.server
    columns = _columns(case)
    now_us = int(server.one("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"))
    ahead = False
    for table, column in _columns_of_moments(case):
        try:
            newest = server.one(f"SELECT MAX({quote(column)}) FROM {quote(table)}")  # noqa: S608  # quoted names
        except pymysql.err.OperationalError as error:
            yield not_looked_at(f"{table}.{column} takes too long ({error.args[-1]})")
            continue
        us = columns.time(table, column).to_us(newest)
        if us is not None and us > now_us + _AHEAD_US:
            ahead = True
            yield warning(
                f"the newest {table}.{column} lies {(us - now_us) / 60e6:.0f} minutes ahead of MySQL's clock",
                "carts are mailed that much too late, or orders are not seen as newer than their cart",
                _NAME_IT,
            )
    if not ahead:
        yield ok("no cart and no order lies ahead of MySQL's clock")


def _commit_times(case: Case) -> Iterator[Finding]:
    """A zone that is wrong in either direction shows in what the binlog tells of new rows."""
    server = case.server
    rows, cart = server.schema.rows, server.schema.cart
    table, created = (rows.table, rows.created) if rows.created else (cart.table, cart.created)
    if created is None:
        yield ok("no column of the cart says when a row was written")
        return
    place = f"{table}.{created}"
    to_us = _columns(case).time(table, created).to_us
    offsets = created_against_commits(server.connection, server.schema, to_us, _READ_S)[-_LAST:]
    if len(offsets) < _FEW:
        yield ok(f"the binlog has too few new rows lately to hold {place} against their commits")
        return
    usual_us = median(offsets)
    if abs(usual_us) <= TOLERANCE_US:
        yield ok(f"{place} is the time of the commit, in the last {len(offsets)} new rows of the binlog")
        return
    where = "behind" if usual_us < 0 else "ahead of"
    yield warning(
        f"{place} lies {abs(usual_us) / 60e6:.0f} minutes {where} the commit, in the last {len(offsets)} new rows of "
        "the binlog",
        "carts are mailed that much too early or too late, or taken for older than an order that came before",
        _NAME_IT,
    )


def _mass_updates(case: Case) -> Iterator[Finding]:
    """Rows that were all changed in one moment."""
    server = case.server
    places = [(table, column) for table, column in _columns_of_moments(case, {"updated"})]
    if not places:
        yield ok("the preset names no column that tells of changes")
    for table, column in places:
        moments = f"SELECT {quote(column)} FROM {quote(table)} WHERE {quote(column)} IS NOT NULL"  # noqa: S608  # quoted
        rows = server.rows(
            f"SELECT x.{quote(column)}, COUNT(*) AS n FROM ({moments}) x GROUP BY 1 ORDER BY n DESC LIMIT 1"  # noqa: S608  # same
        )
        moment, most = rows[0] if rows else (None, 0)
        if most < _MANY:
            yield ok(f"no statement has lately changed {table} as a whole")
            continue
        yield warning(
            f"{most} rows of {table} were changed in one moment ({column} = {moment})",
            "each of them is activity: such carts wait anew for the threshold, and are read again",
            f"let the shop's jobs change only what differs (WHERE price <> …), or leave {table} alone",
        )


def _columns(case: Case) -> ShopColumns:
    server = case.server
    for statement in SESSION_STATEMENTS:
        server.rows(statement)
    with closing(Database(server.connection, pool_size=1)) as database, database.session() as session:
        zone = shop_zone(session, case.settings.shop_timezone or server.schema.timezone).zone
    return ShopColumns(server, server.schema, zone)


def _columns_of_moments(case: Case, names: frozenset[str] | set[str] = _MOMENTS) -> list[tuple[str, str]]:
    columns = shop_columns(case.server)
    places = [
        (table, column)
        for key, table, column in case.server.schema.places()
        if key.partition(".")[2] in names
        and columns.get(table, column).data_type in {"datetime", "timestamp"}
    ]
    return list(dict.fromkeys(places))


CHECKS: tuple[Check[Case], ...] = (
    Check("shop.time_zone", _zone, ("SHOP_TIMEZONE",), needs=("shop.preset", "shop.columns")),
    Check("shop.clock", _ahead, ("SHOP_TIMEZONE",), needs=("shop.preset", "shop.columns")),
    Check(
        "shop.commit_times",
        _commit_times,
        ("SHOP_TIMEZONE",),
        needs=("shop.columns", "account.rights", "binlog.enabled"),
    ),
    Check("shop.mass_updates", _mass_updates, ("SHOP_SCHEMA",), needs=("shop.preset", "shop.columns")),
)
