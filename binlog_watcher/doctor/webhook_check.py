"""Whether what happens is told to WEBHOOK_URL."""

import ssl
from collections.abc import Iterator

import httpx2
import pymysql

from binlog_watcher.doctor.case import Case, with_server
from binlog_watcher.doctor.certificate import refused_certificate
from binlog_watcher.doctor.finding import Check, Finding, failed, ok, warning
from binlog_watcher.doctor.server import NO_SUCH_TABLE
from binlog_watcher.store.own_tables.webhook_queue import LATE_MINUTES, standing

_PATIENCE_S = 5.0
_WHY = "what happened is not told"
_MEND = "the log says what the receiver answers; it must be up, and answer 2xx within 15 seconds (docs/webhooks.md)"


def _receiver(case: Case) -> Iterator[Finding]:
    """Whether it is there, and its certificate good. Its root is asked for: no event is told, whatever it answers."""
    if case.settings.webhook_url is None:
        yield ok("WEBHOOK_URL is not set: no receiver is needed")
        return
    url = httpx2.URL(case.settings.webhook_url.get_secret_value())
    try:
        httpx2.head(url.copy_with(path="/", query=None), timeout=_PATIENCE_S)
    except (httpx2.HTTPError, ssl.SSLError, OSError) as error:
        refused = refused_certificate(error)
        if refused is not None:
            yield failed(f"the certificate of {url.host} is refused ({refused.said})", _WHY, refused.mend)
        else:
            yield warning(
                f"{url.host} gives no answer from here ({str(error) or type(error).__name__})",
                f"{_WHY} while it is so",
                "is the receiver up, and can this machine reach it?",
            )
    else:
        yield ok(f"{url.host} is there" + (", with a good certificate" if url.scheme == "https" else ""))


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
    if int(late) > LATE_MINUTES:
        yield warning(f"{waiting} events wait, the oldest for {late} minutes", f"{_WHY} so far", _MEND)
    elif not dead:
        yield ok(f"events are told ({waiting} wait)")


CHECKS: tuple[Check[Case], ...] = (
    Check("webhooks.receiver", _receiver, ("WEBHOOK_URL",)),
    with_server(Check("webhooks.told", _webhooks, ("WEBHOOK_URL", "WEBHOOK_SECRET"))),
)
