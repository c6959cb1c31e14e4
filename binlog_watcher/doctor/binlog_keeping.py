"""What makes following the binlog last: GTIDs, how long it is kept, a server id of one's own."""

from collections.abc import Iterator

import pymysql.err

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, not_looked_at, ok, warning
from binlog_watcher.doctor.hosting import Host, host_of, how_to_set
from binlog_watcher.doctor.server import NO_PRIVILEGE, NO_SUCH_TABLE, Server

_GTID_MODES = ("OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON")
_SHORT_S = 86_400
_WANTED_S = 3 * 86_400
_RDS_HOURS = 24
_SHORT = (
    "after a longer pause of Cartwake the carts are read from the tables alone, which do not tell all changes"
)


def _gtid(case: Case) -> Iterator[Finding]:
    server = case.server
    if server.is_mariadb:
        yield ok("MariaDB's GTIDs are always on")
        return
    mode = str(server.variable("gtid_mode", "OFF"))
    if mode == "ON":
        yield ok("gtid_mode is ON")
    else:
        yield warning(
            f"gtid_mode is {mode}",
            "after a failover all open carts are read anew, since file and position mean nothing on another server",
            "; ".join(_towards_gtids(server, mode)),
        )


def _towards_gtids(server: Server, mode: str) -> Iterator[str]:
    """Step by step, since each mode can be entered only from its neighbours."""
    if mode == "OFF":
        yield how_to_set(server, "enforce_gtid_consistency", "ON")
    for step in _GTID_MODES[_GTID_MODES.index(mode) + 1 :]:
        yield how_to_set(server, "gtid_mode", step)


def _retention(case: Case) -> Iterator[Finding]:
    server = case.server
    if (hours := _rds_hours(server)) is not None:
        if hours >= _RDS_HOURS:
            yield ok(f"RDS keeps the binlog for {hours} hours")
        else:
            yield warning(
                f"RDS keeps the binlog for {hours} hours" if hours else "RDS deletes the binlog at once",
                _SHORT,
                f"CALL mysql.rds_set_configuration('binlog retention hours', {_RDS_HOURS})",
            )
        return
    if host_of(server) in {Host.RDS, Host.AURORA}:
        yield not_looked_at(
            "the account may not ask how long RDS keeps the binlog",
            f"CALL mysql.rds_show_configuration as an administrator; it should be {_RDS_HOURS} hours and more",
        )
        return
    kept_s = _expires_after_s(server)
    if not kept_s:
        yield ok("the binlog is never deleted by the server")
    elif kept_s >= _SHORT_S:
        yield ok(f"the binlog is kept for {kept_s / 86_400:g} days")
    else:
        name = "binlog_expire_logs_seconds"
        how_long = f"{kept_s / 3600:.3g} hours" if kept_s >= 3600 else f"{kept_s / 60:.3g} minutes"
        yield warning(
            f"the binlog is kept for {how_long}",
            _SHORT,
            how_to_set(server, name, str(_WANTED_S)),
        )


def _rds_hours(server: Server) -> int | None:
    """None where it is not Amazon's, or the account may not ask. NULL there means: as soon as possible."""
    try:
        rows = server.rows("SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'")
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NO_PRIVILEGE | {NO_SUCH_TABLE}:
            raise
        return None
    return int(rows[0][0] or 0) if rows else None


def _expires_after_s(server: Server) -> int:
    """0: never. Older servers count days, in a variable that stands beside the other one in some."""
    seconds = int(server.variable("binlog_expire_logs_seconds", 0))
    return seconds or int(float(server.variable("expire_logs_days", 0)) * 86_400)


def _server_id(case: Case) -> Iterator[Finding]:
    server, own = case.server, case.settings.mysql_server_id
    if own is None:
        yield ok("a server id is drawn at each connection, and another one when it is taken")
        return
    if own == int(server.variable("server_id", 0)):
        yield _taken(own, "is the server's own")
        return
    listed = "SHOW SLAVE HOSTS" if server.is_mariadb or server.numbers < (8, 1) else "SHOW REPLICAS"
    try:
        taken = {int(row[0]) for row in server.rows(listed)}
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        # MariaDB wants REPLICATION MASTER ADMIN for it, which is more than Cartwake needs.
        yield not_looked_at(f"the account may not ask which server ids are taken ({error.args[1]})")
        return
    if own in taken:
        yield _taken(own, "is a replica's")
    else:
        yield ok(f"no replica that the server lists has server id {own}")


def _taken(server_id: int, whose: str) -> Finding:
    return warning(
        f"server id {server_id} {whose}",
        "of two with one id the server ends the older connection, again and again",
        "leave MYSQL_SERVER_ID empty, or give each its own",
    )


CHECKS: tuple[Check[Case], ...] = (
    Check("binlog.gtid", _gtid, needs=("binlog.enabled",)),
    Check("binlog.retention", _retention, needs=("binlog.enabled",)),
    Check("binlog.server_id", _server_id, ("MYSQL_SERVER_ID",), needs=("binlog.enabled",)),
)
