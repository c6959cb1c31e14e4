"""Whether the log was written here, or is a copy of another shop's."""

from collections.abc import Iterator

import pymysql.err

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok, warning
from binlog_watcher.doctor.server import NO_SUCH_TABLE
from binlog_watcher.store.own_tables.origin import is_copy, present_origin, recorded_origin, refusal


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


CHECKS: tuple[Check[Case], ...] = (Check("log.origin", _origin, ("MYSQL_HOST", "MYSQL_DATABASE", "DRY_RUN")),)
