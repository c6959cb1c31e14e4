"""Opening the dump connection: mysql-replication shakes hands and asks for the binlog, we read the answer.

``BinLogStreamReader`` opens its connections through a public hook, ``pymysql_wrapper``: first the stream, on
which it sets the session up and sends the dump command, then one for the server's dictionary. At that second
call the stream is flowing, and we take it over.
"""

import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pymysql.constants.COMMAND import COM_BINLOG_DUMP_GTID
from pymysqlreplication import BinLogStreamReader

from binlog_watcher.binlog.connection.packets import PacketReader
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.settings import connection
from binlog_watcher.settings.connection import ConnectionSettings

SILENT_HEARTBEATS = 3
"""A stream that is silent for this many heartbeats is dead."""

_NET_WRITE_TIMEOUT_S = 600
"""How long the server waits while we are too busy to read."""

_THROUGH_GTID = 0x04
_ANY_GTID = "00000000-0000-0000-0000-000000000000:1"


class Session(connection.Session):
    """A connection that another thread may interrupt."""

    def interrupt(self) -> None:
        """End whatever the owner waits for. Callable from any thread.

        ``shutdown`` of the plain socket, because closing a TLS object that another thread reads from deadlocks,
        and its own ``shutdown`` makes the reader parse ciphertext.
        """
        sock = self._sock
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Close without a word: the server would not listen during a dump."""
        self._force_close()


class DumpSession(Session):
    """The stream's connection. ``command``: what to send in place of the library's COM_BINLOG_DUMP_GTID.

    The library builds that from a GTID set, but can write neither an empty one nor one with tags.
    """

    def __init__(self, *, command: bytes | None, **arguments: Any) -> None:
        self._command = command
        self._set_up = False
        super().__init__(**arguments)

    def connect(self, sock: socket.socket | None = None) -> None:
        """Connect; from then on a command's number stands where it may be looked for."""
        super().connect(sock)
        self._set_up = True

    def _write_bytes(self, data: bytes) -> None:
        if self._set_up and self._command and data[4] == COM_BINLOG_DUMP_GTID:
            data = self._command
        super()._write_bytes(data)

    def packets(self, silence_s: float) -> PacketReader:
        """The stream behind the dump command; an error after ``silence_s`` without a byte.

        Raises RuntimeError when the connection is closed.
        """
        if self._sock is None:
            raise RuntimeError("the dump connection is closed")
        # Needed: writing the command has set the socket's timeout to that of writing.
        self._sock.settimeout(silence_s)
        # The last answer before the dump was read to its end: the file object around the socket holds nothing.
        return PacketReader(self._sock)


@dataclass(frozen=True, slots=True)
class Dump:
    """How to ask for the stream. ``register`` is told of the session before it connects, so it can be stopped."""

    connection: ConnectionSettings
    server_id: int
    heartbeat_s: float
    register: Callable[[Session], None]

    @property
    def silence_s(self) -> float:
        """How long nothing may be heard."""
        return SILENT_HEARTBEATS * self.heartbeat_s

    def open(self, position: Position) -> PacketReader:
        """Connect and ask for everything behind ``position``. Raises what PyMySQL raises."""
        command = None if position.gtids is None else _dump_gtid(self.server_id, position.gtids)
        by_domains = position.gtids is None and not position.file
        # Any GTID: it makes the library send the command that we replace.
        start_from = position.by_domains if by_domains else None if command is None else _ANY_GTID
        opened: list[DumpSession] = []

        def open_connection(**arguments: Any) -> DumpSession:
            if opened:
                raise _StreamFlowsError
            session = DumpSession(command=command, **arguments, defer_connect=True)
            self.register(session)
            session.connect()
            opened.append(session)
            return session

        reader = BinLogStreamReader(
            self._arguments(),
            server_id=self.server_id,
            pymysql_wrapper=open_connection,
            blocking=True,
            resume_stream=True,
            slave_heartbeat=self.heartbeat_s,
            is_mariadb=by_domains,
            auto_position=start_from,
            log_file=position.file,
            log_pos=position.offset,
            enable_logging=False,
        )
        with contextlib.suppress(_StreamFlowsError):
            reader.fetchone()
        return opened[0].packets(self.silence_s)

    def _arguments(self) -> dict[str, Any]:
        nanoseconds = int(self.heartbeat_s * 1e9)
        # Files may have checksums although the server writes none now, so we always say that we know CRC32.
        arguments = self.connection.arguments()
        init_command = (
            f"{arguments['init_command']}, "
            f"@source_heartbeat_period = {nanoseconds}, @master_heartbeat_period = {nanoseconds}, "
            "@source_binlog_checksum = 'CRC32', @master_binlog_checksum = 'CRC32', "
            f"SESSION net_write_timeout = {_NET_WRITE_TIMEOUT_S}"
        )
        return arguments | {
            "init_command": init_command,
            "read_timeout": self.silence_s,
            "write_timeout": self.silence_s,
        }


class _StreamFlowsError(Exception):
    """Not a failure: how the library's control flow is left once it has sent the dump command."""


def _dump_gtid(server_id: int, gtids: GtidSet) -> bytes:
    """COM_BINLOG_DUMP_GTID, as ``sql/rpl_source.cc`` reads it."""
    encoded = gtids.encode()
    payload = (
        struct.pack("<BHIIQI", COM_BINLOG_DUMP_GTID, _THROUGH_GTID, server_id, 0, 4, len(encoded)) + encoded
    )
    return struct.pack("<I", len(payload)) + payload
