"""Whether an account may read the binlog at all: found out by asking for it."""

import random

from binlog_watcher.binlog.connection.anchor import binlog_end
from binlog_watcher.binlog.connection.dump import Dump, Session
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.settings.connection import ConnectionSettings

_HEARTBEAT_S = 1.0


def probe_binlog(connection: ConnectionSettings) -> None:
    """Ask for the end of the binlog and wait for the first packet.

    Raises what PyMySQL raises: 1227 without the privilege. The roles and wildcards of a server's grants are not
    ours to interpret.
    """
    sessions: list[Session] = []
    server_id = random.SystemRandom().randrange(1 << 31, (1 << 32) - 1)
    try:
        control = Session(**connection.arguments(), defer_connect=True)
        sessions.append(control)
        control.connect()
        file, offset = binlog_end(control)
        stream = Dump(connection, server_id, _HEARTBEAT_S, sessions.append).open(Position(file, offset, ""))
        stream.read()
    finally:
        for session in sessions:
            session.abandon()
