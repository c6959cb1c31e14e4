"""On which server and database our tables were written, kept in the meta table: a copy of them must not mail.

Whoever restores the shop's backup elsewhere, to try something, has its customers in it as well. A failover is no
copy: another server then answers behind the same name. MariaDB's ``server_uid`` is younger than MariaDB 10.5; without
one nothing is refused.
"""

from contextlib import closing
from dataclasses import dataclass

import pymysql.err
from pymysql.constants import ER

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.store.database import Asks, Database
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.own_tables.tables import META

_NAMES = ("origin.server", "origin.host", "origin.database")


@dataclass(frozen=True, slots=True)
class Origin:
    """``server``: its own id, empty where it tells none; ``host`` and ``database`` as they are configured."""

    server: str
    host: str
    database: str

    def __str__(self) -> str:
        return f"{self.database} on {self.host} (server {self.server or 'unknown'})"


def present_origin(session: Asks, connection: ConnectionSettings) -> Origin:
    """Where we are now."""
    return Origin(_server_id(session), _plain(connection.host.lower()), _plain(connection.database))


def recorded_origin(session: Asks) -> Origin | None:
    """Where our tables were written last; None: nobody knows. They must be there."""
    rows = session.rows(f"SELECT name, value FROM {META} WHERE name IN %s", (_NAMES,))
    found = {str(name): str(value) for name, value in rows}
    return Origin(*(found[name] for name in _NAMES)) if len(found) == len(_NAMES) else None


def is_copy(recorded: Origin, present: Origin) -> bool:
    """Whether another server answers, and not behind the same name."""
    same_name = (recorded.host, recorded.database) == (present.host, present.database)
    return bool(recorded.server and present.server) and recorded.server != present.server and not same_name


def refusal(recorded: Origin, present: Origin) -> tuple[str, str, str]:
    """What was seen, why it matters, what to do."""
    return (
        f"the log was written in {recorded}, and this is {present}",
        "a copy of the shop would mail its customers a second time",
        "`cartwake run --adopt` once if it has taken the other's place; for a copy DRY_RUN=true",
    )


def insist_on_original(connection: ConnectionSettings) -> None:
    """Raises ConfigError where our tables are a copy. Blocking."""
    with closing(Database(connection)) as database:
        if not tables.exist(database):
            return
        with database.session() as session:
            recorded, present = recorded_origin(session), present_origin(session, connection)
    if recorded is not None and is_copy(recorded, present):
        seen, why, mend = refusal(recorded, present)
        raise ConfigError(f"{seen}: {why}; {mend}")


def record_origin(database: Database) -> None:
    """Our tables belong here from now on. They must be there."""
    with database.session() as session:
        present = present_origin(session, database.settings)
        values = (present.server, present.host, present.database)
        for name, value in zip(_NAMES, values, strict=True):
            session.run(
                f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = %s",
                (name, value, value),
            )


def adopt(connection: ConnectionSettings) -> None:
    """``record_origin``, if our tables are there. Blocking."""
    with closing(Database(connection)) as database:
        if tables.exist(database):
            record_origin(database)


def _server_id(session: Asks) -> str:
    for name in ("server_uuid", "server_uid"):
        try:
            return str(session.rows(f"SELECT @@GLOBAL.{name}")[0][0])
        except pymysql.err.MySQLError as error:
            if error.args[0] != ER.UNKNOWN_SYSTEM_VARIABLE:
                raise
    return ""


def _plain(text: str) -> str:
    """As the meta table can hold it."""
    return text.encode("ascii", "backslashreplace").decode()[:255]
