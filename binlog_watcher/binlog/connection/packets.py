"""MySQL packets off a socket, in large pieces: one system call brings thousands of events.

Packet format: MySQL client/server protocol, "MySQL Packets" (3 bytes length, 1 byte sequence number; a packet of
0xFFFFFF bytes goes on in the next one).
"""

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterator

import pymysql.err
from pymysql.constants import CR

_HEAD = 4
_FULL = 0xFFFFFF
_OK, _EOF, _ERROR = 0x00, 0xFE, 0xFF
_BUFFER_SIZE = 1 << 21
_TRICKLE = 1 << 12
"""A read of fewer bytes was all there was: it is not worth another system call to ask."""

Found = tuple[bytes | bytearray, int, int]
"""Buffer, start and end of a packet's content behind the OK byte; good until the next ``read``."""

Skim = Callable[[bytearray, int, int, int], tuple[int, int]]


class PacketReader:
    """Reads the answer to a dump command. ``sequence``: the number of the first packet.

    The socket's timeout is how long it may be silent. ``drained``: at the last read nothing was left to receive.
    """

    def __init__(self, sock: socket.socket, *, sequence: int = 1) -> None:
        self._socket = sock
        if not isinstance(sock, ssl.SSLSocket):
            # The kernel keeps the time: Python's own timeout costs a second system call for every read.
            seconds = sock.gettimeout() or 0.0
            sock.settimeout(None)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(seconds))
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._sequence = sequence
        self._buffer = bytearray(_BUFFER_SIZE)
        self._start = 0  # of the bytes not yet handed out
        self._end = 0  # of the bytes received
        self._parts = b""  # of a packet that spans several
        self.drained = False

    def read(self) -> list[Found]:
        """Wait for data; returns all complete packets, at least one. Raises what ``arriving`` raises."""
        while not (found := list(self.arriving())):
            pass
        return found

    def arriving(self, skim: Skim | None = None) -> Iterator[Found]:
        """Wait for data; yields the packets that are complete by then, maybe none.

        ``skim`` is asked before each how far it wants to go over the packets by itself: it gets the buffer, start
        and end of what has come and the number of the first packet, and returns the start of what it leaves and
        how many packets it took. Raises what the server sends as an error, and OperationalError 2013 when the
        connection is lost (or silent for longer than the socket's timeout).
        """
        self._receive()
        while True:
            if skim is not None and not self._parts:
                self._start, count = skim(self._buffer, self._start, self._end, self._sequence)
                self._sequence = (self._sequence + count) & 0xFF
            found = self._next()
            if found is None:
                return
            yield found

    def _receive(self) -> None:
        """Wait for bytes, then take what there is: TLS gives out 16 KB at a time, and each read has its price."""
        waiting = self._end - self._start
        if waiting and self._start:
            self._buffer[:waiting] = self._buffer[self._start : self._end]
        self._start, self._end = 0, waiting
        if waiting == len(self._buffer):
            self._buffer.extend(bytes(len(self._buffer)))
        count = self._take()
        self.drained = count < _TRICKLE
        # What is wrong now is still wrong at the next read; the packets before it come first.
        with contextlib.suppress(pymysql.err.OperationalError):
            while not self.drained and self._end < len(self._buffer):
                self.drained = not self._poll.poll(0)
                if not self.drained:
                    self._take()

    def _take(self) -> int:
        """Receive, waiting if need be; returns how many bytes came."""
        try:
            if self._end:
                with memoryview(self._buffer) as view, view[self._end :] as free:
                    count = self._socket.recv_into(free)
            else:
                count = self._socket.recv_into(self._buffer)
        except (TimeoutError, BlockingIOError):
            raise _lost("timed out") from None
        except OSError as error:  # TLS errors are among them
            raise _lost(str(error)) from error
        if not count:
            raise _lost("the server closed it")
        self._end += count
        return count

    def _next(self) -> Found | None:
        """The next packet, if it is complete."""
        buffer, end = self._buffer, self._end
        while end - self._start >= _HEAD:
            at = self._start
            size = buffer[at] | buffer[at + 1] << 8 | buffer[at + 2] << 16
            behind = at + _HEAD + size
            if behind > end:
                return None
            if buffer[at + 3] != self._sequence:
                raise _lost(f"packet {buffer[at + 3]} where {self._sequence} was due")
            self._sequence = (self._sequence + 1) & 0xFF
            self._start = behind
            if size < _FULL and not self._parts:
                return _content(buffer, at + _HEAD, behind)
            self._parts += buffer[at + _HEAD : behind]
            if size < _FULL:
                parts, self._parts = self._parts, b""
                return _content(parts, 0, len(parts))
        return None


def _content(data: bytes | bytearray, start: int, end: int) -> Found:
    status = data[start] if end > start else _EOF
    if status == _OK:
        return data, start + 1, end
    if status == _ERROR:
        pymysql.err.raise_mysql_exception(bytes(data[start:end]))
    raise _lost("the server ended the stream")


def _timeval(seconds: float) -> bytes:
    """``struct timeval``; zero: for ever."""
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))


def _lost(why: str) -> pymysql.err.OperationalError:
    return pymysql.err.OperationalError(CR.CR_SERVER_LOST, f"Lost the connection to the binlog: {why}")
