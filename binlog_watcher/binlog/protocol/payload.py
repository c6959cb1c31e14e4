"""Compressed parts of a binlog: MySQL's compressed transactions, MariaDB's compressed rows and statements.

Formats: ``Transaction_payload_event`` of MySQL 9 (WL#3549); ``binlog_buf_uncompress`` of MariaDB.
"""

import zlib
from collections.abc import Iterator

import zstandard

from binlog_watcher.binlog.protocol.wire import HEADER, DecodeError, lenenc, piece

_END_OF_HEADER, _PAYLOAD_SIZE, _COMPRESSION, _UNCOMPRESSED_SIZE = range(4)
_ZSTD, _NONE = 0, 255
_DECOMPRESSED_BATCH_SIZE = 1 << 18
"""Bytes that are decompressed at a time."""


def payload_events(body: bytes) -> Iterator[bytes]:
    """The events of a TRANSACTION_PAYLOAD, header included, without checksums.

    Decompresses as it goes: a transaction may be a gigabyte. Raises DecodeError.
    """
    compression, at = _NONE, 0
    while True:
        field, at = lenenc(body, at)
        if field == _END_OF_HEADER:
            break
        size, at = lenenc(body, at)
        if field == _COMPRESSION:
            compression, _ = lenenc(body, at)
        at += size
    if compression not in (_ZSTD, _NONE):
        raise DecodeError(f"a transaction is compressed by the unknown method {compression}")
    chunks = _unzstd(body[at:]) if compression == _ZSTD else iter([body[at:]])
    yield from _split(chunks)


def _unzstd(data: bytes) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
    try:
        while chunk := reader.read(_DECOMPRESSED_BATCH_SIZE):
            yield chunk
    except zstandard.ZstdError as error:
        raise DecodeError(f"a compressed transaction does not decompress: {error}") from error


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data, at = rest + chunk, 0
        while len(data) - at >= HEADER.size:
            size = int.from_bytes(data[at + 9 : at + 13], "little")
            if size < HEADER.size:
                raise DecodeError(f"an event of {size} bytes inside a compressed transaction")
            if len(data) - at < size:
                break
            yield data[at : at + size]
            at += size
        rest = data[at:]
    if rest:
        raise DecodeError("a compressed transaction ends in the middle of an event")


def uncompress_mariadb(data: bytes) -> bytes:
    """MariaDB's frame: a byte 0x80 | method << 4 | size of the length, the length (big-endian), zlib data.

    Raises DecodeError.
    """
    head = piece(data, 0, 1)[0]
    size = head & 0x07
    if head & 0xF0 != 0x80:
        raise DecodeError(f"rows are compressed by the unknown method {head:#x}")
    expected = int.from_bytes(piece(data, 1, size), "big")
    try:
        result = zlib.decompress(data[1 + size :])
    except zlib.error as error:
        raise DecodeError(f"compressed rows do not decompress: {error}") from error
    if len(result) != expected:
        raise DecodeError(f"compressed rows are {len(result)} bytes long instead of {expected}")
    return result
