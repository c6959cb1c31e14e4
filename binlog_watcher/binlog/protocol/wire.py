"""The binlog's wire format: event types, the common header, integers, checksums.

Sources: the MySQL internals documentation (binlog event formats), ``libs/mysql/binlog/event`` of MySQL 9,
``sql/log_event.h`` of MariaDB 10.11.
"""

import struct
import zlib
from enum import IntEnum
from typing import NamedTuple

HEADER = struct.Struct("<IBIIIH")
"""Timestamp (s), type, server id, size of the event, end position (32 bits), flags."""

CHECKSUM_SIZE = 4
IGNORABLE_FLAG = 0x80
"""A reader that does not know the event's type may skip it."""


class DecodeError(Exception):
    """Bytes of the binlog that mean nothing to us. Never skipped: the caller reads the tables anew."""

    reason = "decode"
    """One word, for counting."""


class UnseenChangeError(DecodeError):
    """Rows that were read well, and do not tell all that has changed in the watched tables."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Kind(IntEnum):
    """Event types that the reader treats, by their number in the common header."""

    QUERY = 2
    STOP = 3
    ROTATE = 4
    INTVAR = 5
    APPEND_BLOCK = 9
    DELETE_FILE = 11
    RAND = 13
    USER_VAR = 14
    FORMAT_DESCRIPTION = 15
    XID = 16
    BEGIN_LOAD_QUERY = 17
    EXECUTE_LOAD_QUERY = 18
    TABLE_MAP = 19
    WRITE_ROWS_V1 = 23
    UPDATE_ROWS_V1 = 24
    DELETE_ROWS_V1 = 25
    INCIDENT = 26
    HEARTBEAT = 27
    IGNORABLE = 28
    ROWS_QUERY = 29
    WRITE_ROWS = 30
    UPDATE_ROWS = 31
    DELETE_ROWS = 32
    GTID = 33
    ANONYMOUS_GTID = 34
    PREVIOUS_GTIDS = 35
    TRANSACTION_CONTEXT = 36
    VIEW_CHANGE = 37
    XA_PREPARE = 38
    PARTIAL_UPDATE_ROWS = 39
    TRANSACTION_PAYLOAD = 40
    HEARTBEAT_V2 = 41
    GTID_TAGGED = 42
    MARIADB_ANNOTATE_ROWS = 160
    MARIADB_BINLOG_CHECKPOINT = 161
    MARIADB_GTID = 162
    MARIADB_GTID_LIST = 163
    MARIADB_START_ENCRYPTION = 164
    MARIADB_QUERY_COMPRESSED = 165
    MARIADB_WRITE_ROWS_COMPRESSED_V1 = 166
    MARIADB_UPDATE_ROWS_COMPRESSED_V1 = 167
    MARIADB_DELETE_ROWS_COMPRESSED_V1 = 168
    MARIADB_WRITE_ROWS_COMPRESSED = 169
    MARIADB_UPDATE_ROWS_COMPRESSED = 170
    MARIADB_DELETE_ROWS_COMPRESSED = 171


HARMLESS = frozenset(
    {
        Kind.STOP,
        Kind.INTVAR,  # belongs to the QUERY that follows, which is looked at
        Kind.RAND,
        Kind.USER_VAR,
        Kind.APPEND_BLOCK,  # data of the EXECUTE_LOAD_QUERY that follows
        Kind.BEGIN_LOAD_QUERY,
        Kind.DELETE_FILE,
        Kind.IGNORABLE,
        Kind.ROWS_QUERY,
        Kind.PREVIOUS_GTIDS,
        Kind.TRANSACTION_CONTEXT,  # group replication's own bookkeeping
        Kind.VIEW_CHANGE,
        Kind.MARIADB_ANNOTATE_ROWS,
        Kind.MARIADB_BINLOG_CHECKPOINT,
        Kind.MARIADB_GTID_LIST,
        Kind.MARIADB_START_ENCRYPTION,
    }
)
"""Types that carry no data of the shop."""


class Event(NamedTuple):
    """One event: the header's fields, and the body without header and checksum."""

    kind: int
    seconds: int
    server_id: int
    end_position: int
    body: bytes


def lenenc(data: bytes, at: int) -> tuple[int, int]:
    """Read a length-encoded integer; returns it and the offset behind it. Raises DecodeError."""
    try:
        first = data[at]
    except IndexError:
        raise DecodeError("a length-encoded integer is cut off") from None
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}.get(first)
    if size is None:
        raise DecodeError(f"{first:#x} begins no length-encoded integer")
    return int.from_bytes(piece(data, at + 1, size), "little"), at + 1 + size


def piece(data: bytes, at: int, size: int) -> bytes:
    """``size`` bytes at ``at``. Raises DecodeError where slicing would return fewer in silence."""
    found = data[at : at + size]
    if len(found) != size:
        raise DecodeError(f"{size} bytes expected at offset {at} of {len(data)}")
    return found


def has_checksum(event: bytes) -> bool:
    """Whether the last four bytes are the CRC32 of those before.

    For events that the server makes up before it has told us which checksum the file uses.
    """
    body, trailer = event[:-CHECKSUM_SIZE], event[-CHECKSUM_SIZE:]
    return zlib.crc32(body) == int.from_bytes(trailer, "little")
