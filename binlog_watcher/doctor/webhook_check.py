"""Whether what happens is told to WEBHOOK_URL."""

from collections.abc import Iterator

import pymysql

from binlog_watcher.doctor.case import Case, with_server
from binlog_watcher.doctor.finding import Check, Finding, ok, warning
from binlog_watcher.doctor.server import NO_SUCH_TABLE
from binlog_watcher.store.own_tables.webhook_queue import standing

_LATE_MINUTES = 60
_WHY = "what happened is not told"
_MEND = "the log says what the receiver answers; it must be up, and answer 2xx within 15 seconds (docs/webhooks.md)"


def _webhooks(case: Case) -> Iterator[Finding]:
    if case.settings.webhook_url is None:
        yield ok("WEBHOOK_URL is not set: nobody is told of events")
        return
    sql, values = standing()
    try:
        ((waiting, dead, late),) = case.server.rows(sql, values)
    except pymysql.err.MySQLError as error:
        if error.args[0] != NO_SUCH_TABLE:
            raise
        yield ok("the first run creates the table of events")
        return
    if dead:
        yield warning(f"{dead} events of the last 30 days could not be told", _WHY, _MEND)
    if int(late) > _LATE_MINUTES:
        yield warning(f"{waiting} events wait, the oldest for {late} minutes", f"{_WHY} so far", _MEND)
    elif not dead:
        yield ok(f"events are told ({waiting} wait)")


CHECKS: tuple[Check[Case], ...] = (
    with_server(Check("webhooks.told", _webhooks, ("WEBHOOK_URL", "WEBHOOK_SECRET"))),
)
