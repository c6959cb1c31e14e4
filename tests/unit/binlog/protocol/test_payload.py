"""Compressed parts, made by the compressors themselves."""

import struct
import zlib

import pytest
import zstandard
from fakes.binlog_events import query, xid
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.binlog.protocol.payload import payload_events, uncompress_mariadb
from binlog_watcher.binlog.protocol.wire import DecodeError

INNER = [query(f"INSERT {'x' * size}") for size in (0, 100, 300_000)] + [xid()]


def payload(data: bytes, method: int = 0) -> bytes:
    return bytes([2, 1, method, 3, 3, 252]) + struct.pack("<H", 1) + b"\0" + data


def test_events_come_out_whole() -> None:
    data = b"".join(INNER)
    assert list(payload_events(payload(zstandard.compress(data)))) == INNER
    assert (
        list(payload_events(payload(data, method=255).replace(bytes([2, 1, 255]), b"\2\3\xfc\xff\0")))
        == INNER
    )


def test_several_frames() -> None:
    frames = b"".join(zstandard.compress(inner) for inner in INNER)
    assert list(payload_events(payload(frames))) == INNER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\2",
        payload(b"no zstd"),
        payload(zstandard.compress(b"".join(INNER))[:-9]),
        payload(zstandard.compress(INNER[0] + INNER[1][:30])),
        payload(zstandard.compress(bytes(40))),
        payload(b"", method=7),
    ],
)
def test_broken_payloads(body: bytes) -> None:
    with pytest.raises(DecodeError):
        list(payload_events(body))


@given(st.binary(max_size=2000))
def test_mariadbs_frame(data: bytes) -> None:
    size = max(1, (len(data).bit_length() + 7) // 8)
    frame = bytes([0x80 | size]) + len(data).to_bytes(size, "big") + zlib.compress(data)
    assert uncompress_mariadb(frame) == data
    with pytest.raises(DecodeError):
        uncompress_mariadb(frame[:-5])
    with pytest.raises(DecodeError):
        uncompress_mariadb(b"\x91" + frame[1:])


@pytest.mark.parametrize("frame", [b"", b"\x81", b"\x81\x05" + zlib.compress(b"four")])
def test_broken_frames(frame: bytes) -> None:
    with pytest.raises(DecodeError):
        uncompress_mariadb(frame)
