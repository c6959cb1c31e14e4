"""Where to begin: a position such that every row committed before it is visible to a SELECT that follows.

The obvious way, reading the position and then the tables, loses rows: MySQL publishes a transaction in the binlog
before the storage engine commits it. So:

- with GTIDs: the *executed* set, to which a transaction is added after the engine's commit;
- MySQL without: the position, then the commit of a marker row, since engines commit in the binlog's order;
- MariaDB: a consistent snapshot, which holds the position that belongs to it.

What is read after the anchor and streamed again is no harm: events are hints.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from pymysql.err import ProgrammingError

from binlog_watcher.binlog.connection.dump import Session
from binlog_watcher.binlog.protocol.headers import file_number
from binlog_watcher.binlog.protocol.mariadb_gtid import MariadbGtid, has_reached, parse_domains
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.errors import ConfigError

Marker = Callable[[], None]
"""Commits a row in a table of our own."""

_SYNTAX_ERROR = 1064
_UNMARKED_WAIT_S = 1.0
_WAIT_FOR_ENGINE_S = 2
_END_OF_OFFSETS = 1 << 32
"""COM_BINLOG_DUMP can't name an offset beyond; only a huge transaction makes a file so long."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server says of itself at connect. ``end``: the end of its binlog."""

    mariadb: bool
    identity: str
    gtids: bool
    fold_case: bool
    end: tuple[str, int]


def fetch(session: Session, statement: str, arguments: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
    """The first row of a result."""
    with session.cursor() as cursor:
        cursor.execute(statement, arguments)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def read_state(session: Session) -> ServerState:
    """Ask the server. Raises ConfigError when it writes no binlog, else what PyMySQL raises."""
    row = fetch(session, "SELECT VERSION(), @@GLOBAL.lower_case_table_names")
    version, folding = row or ("", 0)
    mariadb = "mariadb" in version.lower()
    if mariadb:
        names = "CONCAT(@@GLOBAL.server_id, '@', @@GLOBAL.hostname, @@GLOBAL.datadir), 'OFF'"
    else:
        names = "@@GLOBAL.server_uuid, @@GLOBAL.gtid_mode"
    identity, gtid_mode = fetch(session, f"SELECT {names}") or ("", "OFF")
    return ServerState(mariadb, identity, gtid_mode == "ON", folding != 0, binlog_end(session))


def binlog_end(session: Session) -> tuple[str, int]:
    """File and offset of the end of the binlog. Raises ConfigError when there is none."""
    try:
        row = fetch(session, "SHOW BINARY LOG STATUS")
    except ProgrammingError as error:
        if error.args[0] != _SYNTAX_ERROR:
            raise
        row = fetch(session, "SHOW MASTER STATUS")  # before MySQL 8.2, and MariaDB
    if row is None:
        raise ConfigError("the server writes no binlog; start it with log_bin and binlog_format=ROW")
    return str(row[0]), int(row[1])


def take_anchor(
    session: Session, state: ServerState, marker: Marker | None, previous: Position | None
) -> Position:
    """The position to stream from once the tables have been read.

    ``previous``: where an earlier stream of the same server stood; the anchor does not lie before it, so that what
    called for a new anchor is not met again.
    """
    if state.mariadb:
        return _mariadb_anchor(session, state)
    if state.gtids:
        if previous is not None and previous.gtids:
            has_executed(session, previous.gtids)
        executed = fetch(session, "SELECT @@GLOBAL.gtid_executed") or ("",)
        return Position(*state.end, state.identity, GtidSet.parse(executed[0]))
    file, offset = binlog_end(session)
    if marker is not None:
        marker()
    else:
        log.warning("binlog.anchor_unmarked", wait_s=_UNMARKED_WAIT_S)
        time.sleep(_UNMARKED_WAIT_S)  # an engine's commit trails the binlog by milliseconds
    return Position(file, offset, state.identity)


def has_executed(session: Session, gtids: GtidSet) -> bool:
    """Whether the server has all of the transactions, or has after the moment that an engine's commit takes."""
    row = fetch(session, "SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", (str(gtids), _WAIT_FOR_ENGINE_S))
    return row is not None and row[0] == 0


def why_not_resume(session: Session, state: ServerState, position: Position) -> str | None:
    """Why the stream can't go on from ``position`` on this server; None when it can try."""
    if state.gtids != (position.gtids is not None):
        return "gtid_mode"
    same = state.identity == position.identity
    if position.gtids is not None:
        return _why_not_catch_up(session, state, position, position.gtids, same=same)
    if state.mariadb and (not same or not position.file):
        # That its history is the same, it checks at the dump.
        return None if has_reached(_newest_of_domains(session), position.domains) else "failover"
    if not same:
        return "failover"
    if position.offset >= _END_OF_OFFSETS:
        return "offset"
    if state.mariadb and position.domains and _domains(session, position) != position.domains:
        return "history_lost"
    return None


def _why_not_catch_up(
    session: Session, state: ServerState, position: Position, gtids: GtidSet, *, same: bool
) -> str | None:
    """With GTIDs any server will do that has all that was read, and still has the logs of what was not.

    What an old primary had and the new one never got was taken for true, and is not. A server that lost its own
    history (RESET) gives the same GTIDs to other transactions: its logs begin anew, too.
    """
    if not has_executed(session, gtids):
        return "history_lost" if same else "failover"
    if same and (file_number(state.end[0]), state.end[1]) < (file_number(position.file), position.offset):
        return "history_lost"
    row = fetch(session, "SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, %s)", (str(gtids),))
    return None if row is not None and row[0] else "purged"


def _mariadb_anchor(session: Session, state: ServerState) -> Position:
    with session.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        cursor.execute("SHOW STATUS LIKE 'binlog_snapshot_%'")
        found = {str(name).lower(): value for name, value in cursor.fetchall()}
        cursor.execute("ROLLBACK")
    position = Position(found["binlog_snapshot_file"], int(found["binlog_snapshot_position"]), state.identity)
    position.domains = _domains(session, position)
    return position


def _domains(session: Session, position: Position) -> dict[int, MariadbGtid]:
    row = fetch(session, "SELECT BINLOG_GTID_POS(%s, %s)", (position.file, position.offset))
    return parse_domains(str(row[0] or "") if row else "")


def _newest_of_domains(session: Session) -> dict[int, MariadbGtid]:
    row = fetch(session, "SELECT @@GLOBAL.gtid_binlog_pos")
    return parse_domains(str(row[0] or "") if row else "")
