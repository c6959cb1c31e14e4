"""Whether the log can be used: its layout, and where it was written, for it may be a copy of another server's."""

from collections.abc import Iterator

import pymysql.err

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok, warning
from binlog_watcher.doctor.server import NO_SUCH_TABLE
from binlog_watcher.store.own_tables.origin import is_copy, present_origin, recorded_origin, refusal
from binlog_watcher.store.own_tables.tables import META, newer_layout


def _origin(case: Case) -> Iterator[Finding]:
    server = case.server
    present = present_origin(server, server.connection)
    try:
        recorded = recorded_origin(server)
    except pymysql.err.MySQLError as error:
        if error.args[0] != NO_SUCH_TABLE:
            raise
        yield ok("Cartwake has never run here")
        return
    if recorded is None:
        yield ok("the log does not say yet where it was written")
    elif not is_copy(recorded, present):
        yield ok("the log was written here")
    elif case.settings.dry_run:
        seen, why, mend = refusal(recorded, present)
        yield warning(seen, f"{why}, without DRY_RUN", mend)
    else:
        yield failed(*refusal(recorded, present))


def _layout(case: Case) -> Iterator[Finding]:
    try:
        rows = case.server.rows(f"SELECT value FROM {META} WHERE name = 'schema_version'")  # noqa: S608  # our own name
    except pymysql.err.MySQLError as error:
        if error.args[0] != NO_SUCH_TABLE:
            raise
        yield ok("the first run creates Cartwake's tables")
        return
    newer = newer_layout(str(rows[0][0]) if rows else None)
    yield ok("Cartwake's tables are of this version, or an older one") if newer is None else failed(newer)


CHECKS: tuple[Check[Case], ...] = (
    Check("log.layout", _layout, ("MYSQL_DATABASE",)),
    Check("log.origin", _origin, ("MYSQL_HOST", "MYSQL_DATABASE", "DRY_RUN")),
)
