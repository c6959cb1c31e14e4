"""The bare receive: ask for the same binlog and take the bytes off the socket, without looking at them."""

from cartwake_connection import connection_to
from reading import Stopwatch, job, tell

from binlog_watcher.binlog.connection.dump import Dump
from binlog_watcher.binlog.protocol.position import Position

_BUFFER_SIZE = 1 << 18


def main() -> None:
    given = job()
    sessions = []
    watch = Stopwatch()
    Dump(connection_to(given, tls=given.tls), 4_100_000_002, 1.0, sessions.append).open(
        Position(given.file, given.offset, "")
    )
    sock = sessions[0]._sock  # noqa: SLF001  # the socket itself is what is measured
    sock.settimeout(10.0)
    buffer, left = bytearray(_BUFFER_SIZE), given.bytes
    while left > 0:
        count = sock.recv_into(buffer)
        assert count, "the server closed the connection"
        left -= count
    reading = watch.stop()
    sessions[0].abandon()
    tell(reading)


main()
