"""All checks in one pass, from the settings to the DNS: none that fails hides another."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pymysql.err

from binlog_watcher.doctor import (
    binlog_check,
    binlog_keeping,
    dns_check,
    kafka_check,
    mail_check,
    mailbox_check,
    order_times,
    origin_check,
    plans_check,
    preset_check,
    rights_check,
    server_check,
    shop_times,
    stores_check,
    surroundings,
    webhook_check,
)
from binlog_watcher.doctor.case import Case, of_server, with_server
from binlog_watcher.doctor.finding import (
    Check,
    Finding,
    Result,
    Round,
    failed,
    guarded,
    not_looked_at,
    ok,
    warning,
)
from binlog_watcher.doctor.patience import limit_time
from binlog_watcher.doctor.preflight import connect
from binlog_watcher.doctor.server import Server
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.settings.load import Examined
from binlog_watcher.settings.settings import Settings

_ACCOUNT = (
    "MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE", "MYSQL_TLS",
)  # fmt: skip


def _valid(examined: Examined) -> Iterator[Finding]:
    if not examined.problems:
        yield ok(f"{len(examined.values.found)} settings are given, all of them right")
    for problem in examined.problems:
        yield failed(problem)


def _names(examined: Examined) -> Iterator[Finding]:
    if examined.others:
        yield warning(
            f"{', '.join(examined.others)}: no settings of Cartwake's",
            "they begin like settings, and mean nothing here",
            "docs/settings.md has those that do",
        )
    else:
        yield ok("no name is mistaken for a setting")


def _preset(case: Case) -> Iterator[Finding]:
    try:
        schema = case.settings.preset()
    except ConfigError as error:
        for problem in error.problems:
            yield failed(problem)
    else:
        yield ok(f"{schema.origin}: {schema.shape}")


def _connection(case: Case) -> Iterator[Finding]:
    settings = case.settings
    schema = None
    with suppress(ConfigError):  # told by shop.preset
        schema = settings.preset()
    try:
        session = connect(settings.connection)
    except CartwakeError as error:
        yield failed(str(error))
        return
    limit_time(lambda statement: _run(session, statement))
    case.reached = Server(
        session, settings.connection, schema, not settings.dry_run, settings.allow_slow_tables
    )
    yield ok(f"{settings.mysql_user} at {settings.connection.where}, database {settings.mysql_database}")


def _run(session: "pymysql.Connection[pymysql.cursors.Cursor]", statement: str) -> list[tuple[object, ...]]:
    with session.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


SETTINGS: tuple[Check[Examined], ...] = (
    Check("settings.valid", _valid),
    Check("settings.names", _names),
)
CASE: tuple[Check[Case], ...] = (
    Check("shop.preset", _preset, ("SHOP_SCHEMA", "SHOP_VARIABLES")),
    Check("mysql.connection", _connection, _ACCOUNT),
    *map(with_server, server_check.CHECKS),
    *map(of_server, binlog_check.AT_START),
    *map(with_server, binlog_keeping.CHECKS),
    *map(of_server, rights_check.AT_START),
    *map(of_server, rights_check.BESIDE),
    *map(of_server, preset_check.AT_START),
    *map(with_server, plans_check.CHECKS),
    *map(of_server, order_times.BESIDE),
    *map(with_server, shop_times.CHECKS),
    *map(with_server, stores_check.CHECKS),
    *map(with_server, origin_check.CHECKS),
    *kafka_check.CHECKS,
    *surroundings.CHECKS,
    *webhook_check.CHECKS,
    *mail_check.CHECKS,
    *mailbox_check.CHECKS,
    *dns_check.CHECKS,
)
IDS = (*(check.id for check in SETTINGS), *(check.id for check in CASE))
"""In the order of the table."""


def examine(
    examined: Examined, case_of: Callable[[Settings], Case], wanted: Callable[[str], bool] = lambda _id: True
) -> list[Result]:
    """Make the checks that are ``wanted``, by their ids. Blocking.

    What these rest on is made, too, and told of where it fails.
    """
    needed: set[str] = {"settings.valid"}
    for check in reversed(CASE):
        if wanted(check.id) or check.id in needed:
            needed.update(check.needs)
    found = Round(wanted, needed)
    found.make(SETTINGS, examined)
    case = None if examined.settings is None else case_of(examined.settings)
    try:
        for check in CASE:
            wrong = sorted(examined.wrong.intersection(check.settings))
            if case is None or wrong:
                reason = f"{', '.join(wrong) or 'what settings.valid names'} must be right first"
                found.add(check, [not_looked_at(reason)], since="settings.valid")
            else:
                found.make([guarded(check, (Exception,), lambda error: _in_words(error, examined))], case)
    finally:
        if case is not None and case.reached is not None:
            case.reached.session.close()
    return found.results


def _in_words(error: Exception, examined: Examined) -> str:
    """An error that nobody thought of hides no other check either."""
    if isinstance(error, pymysql.err.MySQLError):
        return f"{error.args[-1]} ({error.args[0]})" if error.args else type(error).__name__
    if isinstance(error, CartwakeError | OSError):
        return str(error) or type(error).__name__
    return examined.values.scrub(f"an error of Cartwake's own, please report it: {error!r}")
