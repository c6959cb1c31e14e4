"""What the binlog still has of the carts' new rows: how far their ``created_at`` lies from their commit."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pymysql.err

from binlog_watcher.binlog.connection.anchor import ServerState, read_state
from binlog_watcher.binlog.connection.dump import Dump, Session
from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.meaning.created_at import TOLERANCE_US, CreatedAtCheck, ToUs
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys
from binlog_watcher.binlog.meaning.tables import Dialect, Tables
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.binlog.server_queries import ServerQueries
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.schema import Schema

__all__ = ["TOLERANCE_US", "created_against_commits"]

_HEARTBEAT_S = 1.0
_FIRST_OFFSET = 4  # behind the file's magic number
_ENOUGH = 1000


def created_against_commits(
    connection: ConnectionSettings, schema: Schema, to_us: ToUs, seconds: float
) -> list[int]:
    """``created_at`` minus commit time, in microseconds, of one new cart row a transaction, oldest first.

    Read for at most ``seconds`` from the newest binlog file but one. ``to_us``: see ``CreatedAtCheck``. Blocking.
    Raises what PyMySQL raises; what can't be decoded ends the reading.
    """
    sessions: list[Session] = []
    check = CreatedAtCheck(to_us)

    @contextmanager
    def control() -> Iterator[Session]:
        session = Session(**connection.arguments(), autocommit=True, defer_connect=True)
        sessions.append(session)
        session.connect()
        yield session

    def interrupt() -> None:
        for session in sessions:
            session.interrupt()

    watchdog = threading.Timer(seconds, interrupt)  # for a server that sends nothing
    watchdog.start()
    found: list[int] = []
    try:
        with control() as session:
            state, file = read_state(session), _last_but_one(session)
        decoder = _decoder(connection, schema, state, control, check)
        position = Position(file, _FIRST_OFFSET, state.identity)
        decoder.restart(position, state.end)
        server_id = random.SystemRandom().randrange(1 << 31, (1 << 32) - 1)
        stream = Dump(connection, server_id, _HEARTBEAT_S, sessions.append).open(position)
        until = time.monotonic() + seconds
        while not decoder.reached.caught_up and time.monotonic() < until and len(found) < _ENOUGH:
            for data, start, end in stream.arriving():
                decoder.feed(data, start, end)
                _compare(decoder, check, found)
    except DecodeError:
        pass  # told by whoever follows the stream
    except pymysql.err.OperationalError:
        if watchdog.is_alive():
            raise
    finally:
        watchdog.cancel()
        for session in sessions:
            session.abandon()
    return found


def _compare(decoder: Decoder, check: CreatedAtCheck, found: list[int]) -> None:
    """At the end of a transaction, of which only then the rows count."""
    if not decoder.events:
        return
    decoder.events.clear()
    decoder.troubles.clear()
    created_us, committed_us = check.take(), decoder.reached.committed_us
    if created_us is not None and committed_us is not None:
        found.append(created_us - committed_us)


def _last_but_one(session: Session) -> str:
    """The newest file may have been begun a moment ago."""
    with session.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        return str(list(cursor.fetchall())[-2:][0][0])


def _decoder(
    connection: ConnectionSettings,
    schema: Schema,
    state: ServerState,
    control: Callable[[], AbstractContextManager[Session]],
    check: CreatedAtCheck,
) -> Decoder:
    watched, stats = watched_tables(schema), Stats()
    queries = ServerQueries(control, connection.database, watched)
    tables = Tables(
        connection.database,
        watched,
        queries.describe,
        parents=queries.parents,
        keys=RowKeys(queries.find, stats),
        created_at=check,
        dialect=Dialect(state.fold_case, state.mariadb),
        clock=time.thread_time_ns,
    )
    return Decoder(tables, StatementReader(connection.database, watched), stats)
