"""The reader's thread: anchor, hydrate, stream; and again from the right place whenever something breaks."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from binlog_watcher.binlog.connection.anchor import (
    ServerState,
    read_state,
    take_anchor,
    why_not_resume,
)
from binlog_watcher.binlog.connection.dump import Dump, Session
from binlog_watcher.binlog.connection.failures import Remedy, is_retryable, remedy_for
from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.delivery import Delivery, StoppedError
from binlog_watcher.binlog.meaning.created_at import CreatedAtCheck
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys
from binlog_watcher.binlog.meaning.tables import Dialect, Tables
from binlog_watcher.binlog.options import SourceOptions
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.binlog.resets import Resets
from binlog_watcher.binlog.server_queries import ServerQueries
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.core.backoff import pause
from binlog_watcher.core.events import Assigned, Event, Hydrated, Revoked
from binlog_watcher.core.source import Deliver

_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 10.0
_QUERY_TIMEOUT_S = 5.0

log = structlog.get_logger(__name__)


class Reader:
    """Runs in a thread of its own until stopped; what it reads goes to ``deliver``, in that thread.

    ``start``: stream from there, with nothing hydrated; None: anchor and hydrate first.
    """

    def __init__(
        self, options: SourceOptions, deliver: Deliver, stats: Stats, *, start: Position | None = None
    ) -> None:
        self._options = options
        self._stats = stats
        self._random = random.SystemRandom()
        self._server_id = options.tuning.server_id or self._new_server_id()
        self._stopping = threading.Event()
        self._delivery = Delivery(options.partition, deliver, options.now_us, stats, self._stopping)
        self._sessions: set[Session] = set()
        self._lock = threading.Lock()
        self._resets = Resets(
            options.tuning.reset_interval_s, stats, begin=start is None, wait=self._stopping.wait
        )
        self._assigned = False
        self._resumed = ""  # from where the stream went on after the last reset
        self._position = start
        self._decoder: Decoder | None = None
        self._watched = watched_tables(options.schema)
        self._queries = ServerQueries(self._control, options.connection.database, self._watched)
        self._keys = RowKeys(self._queries.find, stats)
        self._created_at = CreatedAtCheck(options.created_at_us)
        self._failures = 0

    def run(self) -> None:
        """The thread's body: returns when stopped; raises what it can't deal with, and what ``deliver`` raises."""
        with suppress(StoppedError):
            while not self._stopping.is_set():
                self._one_connection()

    def stop(self) -> None:
        """End ``run`` soon, whatever it waits for. Any thread, any number of times."""
        self._stopping.set()
        with self._lock:
            for session in self._sessions:
                session.interrupt()

    def want_reset(self, reason: str) -> None:
        """Have the tables read anew. Any thread."""
        self._resets.want(reason)

    def _one_connection(self) -> None:
        try:
            if self._resets.are_due(wait=self._position is None) and not self._stopping.is_set():
                self._reset()
            if self._position is not None:
                self._follow(self._position)
        except DecodeError as error:
            self._stats.troubles["decode"] = self._stats.troubles.get("decode", 0) + 1
            log.warning("binlog.undecodable", error=str(error), position=str(self._position))
            self._lose_position("decode", str(error))
        except Exception as error:
            if self._stopping.is_set():
                return
            if not is_retryable(error):
                raise
            self._recover(error)
        finally:
            self._stats.connected = False
            self._close_sessions()

    def _recover(self, error: Exception) -> None:
        remedy = remedy_for(error, self._options.connection)
        self._stats.reconnects += 1
        self._failures += 1
        delay = pause(_FIRST_DELAY_S, _LONGEST_DELAY_S, self._failures) * self._random.uniform(0.5, 1)
        if remedy is Remedy.NEW_SERVER_ID:
            taken, self._server_id = self._server_id, self._new_server_id()
            log.warning("binlog.server_id_taken", server_id=taken, new_server_id=self._server_id)
        elif remedy is not Remedy.RECONNECT:
            self._lose_position("purged" if remedy is Remedy.RESET else "failover")
        log.warning("binlog.reconnecting", error=str(error), delay_s=round(delay, 2))
        self._stopping.wait(delay)

    def _lose_position(self, reason: str, detail: str = "") -> None:
        """The stream can't go on from where it stood."""
        self._position = None
        self._resets.want(reason, detail)
        self._revoke(reason)

    def _revoke(self, reason: str) -> None:
        if self._assigned:
            self._assigned = False
            self._put(Revoked(self._options.partition, reason))

    def _reset(self) -> None:
        cause = self._resets.begin()
        try:
            self._revoke(cause.reason)
            self._hydrate()
        except Exception:
            self._resets.failed(cause)
            self._position = None
            raise
        self._resets.done(cause)

    def _hydrate(self) -> None:
        """Anchor, then read the tables; everything behind the anchor will be streamed."""
        options = self._options
        with self._control() as session:
            state = read_state(session)
            position = self._without_gap(take_anchor(session, state, options.marker, self._position))
        decoder = self._decoder_for(state)
        if self._position is None:
            decoder.forget_layouts()  # another server may have answered, whose tables are not quite the same
        self._keys.learn(self._queries.newest())
        log.info("binlog.anchored", position=str(position), identity=state.identity)
        self._position = position
        self._stats.position = str(position)
        decoder.reached.anchor(position)
        self._assigned = True
        self._put(Assigned(options.partition))
        carts = 0
        for page in options.hydrate():
            carts += len(page)
            self._put(*page)
        self._put(Hydrated(options.partition))
        log.info("binlog.hydrated", carts=carts)

    def _without_gap(self, anchor: Position) -> Position:
        """Where to stream from when the tables have been read: where the stream stood, if it may go on from there.

        What came between there and the anchor is in the tables, except for what only the binlog tells: that somebody
        is active in a cart. Never twice from one place: what called for the reset may lie right behind it, though
        trouble is told at the end of its transaction, and the position is then past it.
        """
        previous = self._position
        if previous is None or previous.identity != anchor.identity or not previous.lies_before(anchor):
            return anchor
        if str(previous) == self._resumed:
            return anchor
        self._resumed = str(previous)
        return previous

    def _follow(self, position: Position) -> None:
        """Stream from ``position`` until a reset is due; connections that break raise."""
        with self._control() as session:
            state = read_state(session)
            why_not = why_not_resume(session, state, position)
        if why_not is not None:
            self._lose_position(why_not)
            return
        decoder = self._decoder_for(state)
        if position.identity != state.identity:
            log.warning("binlog.failover", identity=state.identity)
            position.identity = state.identity
            # Its own; the GTIDs are what counts, and MariaDB finds its file by them.
            position.file, position.offset = ("", 0) if state.mariadb else state.end
            decoder.forget_layouts()
        decoder.restart(position, state.end)
        stream = Dump(
            self._options.connection, self._server_id, self._options.tuning.heartbeat_s, self._register
        ).open(position)
        log.info("binlog.connected", server_id=self._server_id, position=str(position))
        self._stats.connected = True
        live = False
        while not self._stopping.is_set():
            more, broken = False, True
            try:
                for data, start, end in stream.arriving(decoder.skim):
                    decoder.feed(data, start, end)
                more, broken = not stream.drained, False
            finally:
                # What came before the stream broke is older than what a reset is about to read.
                if decoder.troubles:
                    self._report(decoder)
                # A connection that broke before it brought anything was not heard of.
                if decoder.events or not broken:
                    self._delivery.what_has_come(decoder, more=more)
            self._failures = 0
            if self._created_at.sample is not None:
                self._created_at.compare(self._options.now_us(), live=live)
            live = decoder.reached.caught_up
            self._resets.look()
            if self._resets.are_due(wait=False):
                return

    def _report(self, decoder: Decoder) -> None:
        """Say what the rows did not tell, and have the tables read anew for it."""
        for trouble in decoder.troubles:
            # Once the tables are going to be read anew, more of the same is no news.
            say = log.debug if self._resets.wanted else log.warning
            say("binlog.trouble", reason=trouble.reason, detail=trouble.detail, place=trouble.place)
            self._stats.troubles[trouble.reason] = self._stats.troubles.get(trouble.reason, 0) + 1
            self._resets.want(trouble.reason, trouble.detail)
        decoder.troubles.clear()

    def _put(self, *events: Event) -> None:
        self._delivery.put(self._decoder, events)

    def _decoder_for(self, state: ServerState) -> Decoder:
        if self._decoder is None:
            tables = Tables(
                self._options.connection.database,
                self._watched,
                self._queries.describe,
                parents=self._queries.parents,
                keys=self._keys,
                created_at=self._created_at,
                dialect=Dialect(state.fold_case, state.mariadb),
                clock=time.thread_time_ns,
            )
            statements = StatementReader(self._options.connection.database, self._watched)
            self._decoder = Decoder(tables, statements, self._stats)
        return self._decoder

    @contextmanager
    def _control(self) -> Iterator[Session]:
        """A short-lived session for questions."""
        arguments = self._options.connection.arguments()
        session = Session(**arguments, autocommit=True, read_timeout=_QUERY_TIMEOUT_S, defer_connect=True)
        self._register(session)
        try:
            session.connect()
            yield session
        finally:
            session.abandon()
            with self._lock:
                self._sessions.discard(session)

    def _register(self, session: Session) -> None:
        with self._lock:
            if self._stopping.is_set():
                raise StoppedError
            self._sessions.add(session)

    def _close_sessions(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, set()
        for session in sessions:
            session.abandon()

    def _new_server_id(self) -> int:
        return self._random.randrange(1 << 31, (1 << 32) - 1)
