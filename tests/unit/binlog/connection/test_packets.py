"""Packets off a socket, however the bytes arrive."""

import itertools
import socket
import threading
from collections.abc import Iterator

import pymysql.err
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binlog_watcher.binlog.connection.packets import PacketReader


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    right.settimeout(5)
    with left, right:
        yield left, right


def packet(content: bytes, number: int) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number & 0xFF]) + content


def contents(reader: PacketReader, count: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < count:
        found += [bytes(data[start:end]) for data, start, end in reader.read()]
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sent=st.lists(st.binary(max_size=400), min_size=1, max_size=300), cuts=st.lists(st.integers(1, 900)))
def test_however_the_bytes_are_cut(
    sent: list[bytes], cuts: list[int], pair: tuple[socket.socket, socket.socket]
) -> None:
    stream = b"".join(packet(b"\0" + content, at + 1) for at, content in enumerate(sent))

    def write() -> None:
        rest = stream
        for cut in cuts:
            pair[0].sendall(rest[:cut])
            rest = rest[cut:]
        pair[0].sendall(rest)

    writer = threading.Thread(target=write)
    writer.start()
    pair[1].settimeout(5)  # the reader of the last example took it away
    assert contents(PacketReader(pair[1]), len(sent)) == sent
    writer.join()


@pytest.mark.parametrize("size", [0xFFFFFE, 0xFFFFFF, 0x1FFFFFE, 0x1FFFFFF])
def test_packets_of_sixteen_megabytes_and_more(pair: tuple[socket.socket, socket.socket], size: int) -> None:
    content = b"\0" + bytes(range(256)) * (size // 256) + b"z" * (size % 256 - 1 if size % 256 else 255)
    parts = [content[at : at + 0xFFFFFF] for at in range(0, len(content), 0xFFFFFF)]
    if len(parts[-1]) == 0xFFFFFF:
        parts.append(b"")
    stream = b"".join(packet(part, at + 1) for at, part in enumerate(parts))
    stream += packet(b"\0next", len(parts) + 1)
    writer = threading.Thread(target=pair[0].sendall, args=(stream,))
    writer.start()
    found = contents(PacketReader(pair[1]), 2)
    writer.join()
    assert found[0] == content[1:]
    assert found[1] == b"next"


def test_an_error_packet(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(packet(b"\xff\xd4\x04#HY000purged", 1))
    with pytest.raises(pymysql.err.Error) as caught:
        PacketReader(pair[1]).read()
    assert caught.value.args[:2] == (1236, "purged")


def test_packets_before_the_end_come_first(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(packet(b"\0one", 1) + packet(b"\0two", 2) + packet(b"\xff\xd4\x04#HY000purged", 3))
    pair[0].close()
    arriving = PacketReader(pair[1]).arriving()
    assert [bytes(data[start:end]) for data, start, end in itertools.islice(arriving, 2)] == [b"one", b"two"]
    with pytest.raises(pymysql.err.Error) as caught:
        next(arriving)
    assert caught.value.args[:2] == (1236, "purged")


def test_whether_more_is_waiting(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    reader = PacketReader(pair[1])
    stream = b"".join(packet(b"\0" + bytes(60_000), at) for at in range(1, 10))
    writer = threading.Thread(target=pair[0].sendall, args=(stream,))
    writer.start()
    found = 0
    drained = []
    while found < 9:
        found += len(list(reader.arriving()))
        drained.append(reader.drained)
    writer.join()
    assert drained[-1]


@pytest.mark.parametrize("stream", [packet(b"\xfe\0\0\2\0", 1), packet(b"\0x", 2), b"", packet(b"\0", 1)[:3]])
def test_streams_that_end_or_jump(pair: tuple[socket.socket, socket.socket], stream: bytes) -> None:
    pair[0].sendall(stream)
    pair[0].close()
    with pytest.raises(pymysql.err.OperationalError) as caught:
        PacketReader(pair[1]).read()
    assert caught.value.args[0] == 2013


def test_silence(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].settimeout(0.05)
    with pytest.raises(pymysql.err.OperationalError, match="timed out"):
        PacketReader(pair[1]).read()
