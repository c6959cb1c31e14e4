"""MySQL packets off a socket, in large pieces: one system call brings thousands of events.

Packet format: MySQL client/server protocol, "MySQL Packets" (3 bytes length, 1 byte sequence number; a packet of
0xFFFFFF bytes goes on in the next one).
"""

import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Iterator

import pymysql.err
from pymysql.constants import CR

_HEAD = 4
_FULL = 0xFFFFFF
_OK, _EOF, _ERROR = 0x00, 0xFE, 0xFF
_CHUNK = 1 << 21
_TRICKLE = 1 << 12
"""A read of fewer bytes was all there was: it is not worth another system call to ask."""

Found = tuple[bytes | bytearray, int, int]
"""Buffer, start and end of a packet's content behind the OK byte; good until the next ``read``."""

Skim = Callable[[bytearray, int, int, int], tuple[int, int]]


class PacketReader:
    """Reads the answer to a dump command. ``sequence``: the number of the first packet.

    Takes the socket over: it does not block any more, and its timeout is how long it may be silent. ``drained``:
    at the last read nothing was left to receive.
    """

    def __init__(self, sock: socket.socket, *, sequence: int = 1) -> None:
        self._socket = sock
        self._silence_s = sock.gettimeout()
        sock.setblocking(False)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._sequence = sequence
        self._buffer = bytearray(_CHUNK)
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
        if self._start:
            self._buffer[:waiting] = self._buffer[self._start : self._end]
            self._start, self._end = 0, waiting
        if waiting == len(self._buffer):
            self._buffer.extend(bytes(len(self._buffer)))
        with memoryview(self._buffer) as view:
            if self.drained:
                self._wait()
            while not self._take(view):
                self._wait()
            if self._end - waiting < _TRICKLE:
                self.drained = True
                return
            # What is wrong now is still wrong at the next read; the packets before it come first.
            with contextlib.suppress(pymysql.err.OperationalError):
                while self._end < len(view) and self._take(view):
                    pass
                self.drained = self.drained or not self._poll.poll(0)

    def _take(self, view: memoryview) -> int:
        """Receive without waiting; returns how many bytes came."""
        self.drained = True
        try:
            with view[self._end :] as free:
                count = self._socket.recv_into(free)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:  # TLS errors are among them
            raise _lost(str(error)) from error
        if not count:
            raise _lost("the server closed it")
        self.drained = False
        self._end += count
        return count

    def _wait(self) -> None:
        if not self._poll.poll(None if self._silence_s is None else self._silence_s * 1000):
            raise _lost("timed out")

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


def _lost(why: str) -> pymysql.err.OperationalError:
    return pymysql.err.OperationalError(CR.CR_SERVER_LOST, f"Lost the connection to the binlog: {why}")
