"""Binlog events built by hand, for tests of the pure decoder."""

import struct
import zlib
from collections.abc import Sequence

from binlog_watcher.binlog.protocol.wire import Kind

SERVER = bytes(range(16))
INT, VARCHAR, TEXT = 3, 15, 252

Values = Sequence[int | str | bytes | None]
"""Of a row; what is of the type TEXT is bytes."""


def event(
    kind: int, body: bytes, *, position: int = 0, seconds: int = 1_700_000_000, flags: int = 0
) -> bytes:
    """An event with its CRC32."""
    size = 19 + len(body) + 4
    whole = struct.pack("<IBIIIH", seconds, kind, 1, size, position, flags) + body
    return whole + struct.pack("<I", zlib.crc32(whole))


def lenenc(number: int) -> bytes:
    return bytes([number]) if number < 251 else b"\xfc" + struct.pack("<H", number)


def format_description(*, checksum: bool = True) -> bytes:
    body = struct.pack("<H50sIB", 4, b"9.7.4", 0, 19) + bytes(42) + bytes([checksum])
    return event(Kind.FORMAT_DESCRIPTION, body)


def rotate(file: str, offset: int, *, seconds: int = 0) -> bytes:
    return event(Kind.ROTATE, struct.pack("<Q", offset) + file.encode(), seconds=seconds)


def heartbeat(file: str, offset: int) -> bytes:
    return event(Kind.HEARTBEAT, file.encode(), position=offset, seconds=0)


def gtid(number: int, committed_us: int, *, original: bool = False) -> bytes:
    time = committed_us | (1 << 55 if original else 0)
    body = b"\0" + SERVER + struct.pack("<QBQQ", number, 2, 1, 2) + time.to_bytes(7, "little")
    return event(
        Kind.GTID, body + (committed_us.to_bytes(7, "little") if original else b"") + b"\x10" + bytes(4)
    )


def query(text: str, schema: str = "shop", *, variables: bytes = b"\0\0\0\0\0", position: int = 0) -> bytes:
    head = struct.pack("<IIBHH", 9, 0, len(schema), 0, len(variables))
    return event(Kind.QUERY, head + variables + schema.encode() + b"\0" + text.encode(), position=position)


def xid(position: int = 0) -> bytes:
    return event(Kind.XID, struct.pack("<Q", 77), position=position)


def table_map(table_id: int, table: str, columns: dict[str, int], schema: str = "shop") -> bytes:
    """``columns``: name → type (INT: signed, nullable; VARCHAR: of 50 bytes; TEXT)."""
    sizes = {VARCHAR: struct.pack("<H", 50), TEXT: b"\2"}
    metadata = b"".join(sizes.get(kind, b"") for kind in columns.values())
    names = b"".join(bytes([len(name)]) + name.encode() for name in columns)
    body = (
        table_id.to_bytes(6, "little") + b"\1\0"
        + bytes([len(schema)]) + schema.encode() + b"\0" + bytes([len(table)]) + table.encode() + b"\0"
        + lenenc(len(columns)) + bytes(columns.values()) + lenenc(len(metadata)) + metadata
        + b"\xff" * ((len(columns) + 7) // 8)
        + bytes([1, 1, 0])  # all signed
        + bytes([4]) + lenenc(len(names)) + names
    )  # fmt: skip
    return event(Kind.TABLE_MAP, body)


def image(values: Values) -> bytes:
    nulls = sum(1 << at for at, value in enumerate(values) if value is None)
    result = nulls.to_bytes((len(values) + 7) // 8, "little")
    for value in values:
        if isinstance(value, int):
            result += struct.pack("<i", value)
        elif isinstance(value, bytes):
            result += struct.pack("<H", len(value)) + value
        elif value is not None:
            result += bytes([len(value.encode())]) + value.encode()
    return result


def rows(kind: int, table_id: int, *images: Values, extra: bytes = b"") -> bytes:
    columns = len(images[0])
    bitmap = ((1 << columns) - 1).to_bytes((columns + 7) // 8, "little")
    bitmaps = bitmap * (2 if kind in (Kind.UPDATE_ROWS, Kind.UPDATE_ROWS_V1) else 1)
    body = table_id.to_bytes(6, "little") + b"\1\0"
    if kind >= Kind.WRITE_ROWS:
        body += struct.pack("<H", 2 + len(extra)) + extra
    return event(kind, body + lenenc(columns) + bitmaps + b"".join(map(image, images)))
