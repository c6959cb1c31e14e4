"""Events that say where the stream is: GTIDs, rotation, heartbeats, the format description.

Formats: MySQL internals documentation; ``Gtid_event`` and ``Heartbeat_event_v2`` of MySQL 9 (tagged GTIDs use
the ``mysql::serialization`` format, described in MySQL's "mysql-serialization" library page); MariaDB knowledge
base, "GTID_EVENT".
"""

from typing import NamedTuple

from binlog_watcher.binlog.protocol.mariadb_gtid import MariadbGtid
from binlog_watcher.binlog.protocol.mysql_gtid import Source
from binlog_watcher.binlog.protocol.wire import DecodeError, Event, lenenc, piece

_LOGICAL_TIMESTAMPS = 2
_COMMIT_TIME_AT = 42
_ORIGINAL_TIME_FOLLOWS = 1 << 55

STANDALONE = 0x01
"""MariaDB: the GTID event is followed by one statement; else it opens a transaction."""


class Group(NamedTuple):
    """The head of a group. ``committed_us`` is None where the server does not write the time of the commit.

    ``source`` and ``number`` are MySQL's GTID, ``mariadb`` is MariaDB's.
    """

    source: Source | None
    number: int
    committed_us: int | None
    opens_transaction: bool = False
    mariadb: MariadbGtid | None = None


def has_checksums(body: bytes) -> bool:
    """Whether the file's events end in a CRC32. ``body``: of FORMAT_DESCRIPTION, its own checksum included.

    Raises DecodeError.
    """
    header_size = piece(body, 56, 1)[0]
    if header_size != 19:
        raise DecodeError(f"events have a header of {header_size} bytes: binlog of MySQL before 5.0?")
    # The byte of the algorithm is followed by a checksum of its own, whichever the algorithm.
    return piece(body, len(body) - 5, 1)[0] == 1


def parse_rotate(body: bytes) -> tuple[str, int]:
    """File and offset at which the stream goes on."""
    return body[8:].decode("utf-8", "replace"), int.from_bytes(piece(body, 0, 8), "little")


def gtid_event(body: bytes) -> Group:
    """Decode GTID_LOG_EVENT, or ANONYMOUS_GTID_LOG_EVENT, whose number is 0."""
    identifier = piece(body, 1, 16)
    number = int.from_bytes(piece(body, 17, 8), "little")
    committed = None
    # From MySQL 8.0.1 on; 7 bytes whose highest bit tells that the original time follows.
    if len(body) >= _COMMIT_TIME_AT + 7 and body[25] == _LOGICAL_TIMESTAMPS:
        committed = int.from_bytes(body[_COMMIT_TIME_AT : _COMMIT_TIME_AT + 7], "little")
        committed &= _ORIGINAL_TIME_FOLLOWS - 1
    return Group((identifier, "") if number else None, number, committed)


def tagged_gtid_event(body: bytes) -> Group:
    """Decode GTID_TAGGED_LOG_EVENT: a list of (field number, value), which may skip fields."""
    at = 0
    for _ in range(3):  # version, size, last field that must be understood
        _, at = _varlen(body, at)
    identifier, tag, number, committed = b"", "", 0, None
    while at < len(body):
        field, at = _varlen(body, at)
        if field == 1:
            octets = []
            for _ in range(16):
                octet, at = _varlen(body, at)
                octets.append(octet & 0xFF)
            identifier = bytes(octets)
        elif field == 3:
            size, at = _varlen(body, at)
            tag, at = piece(body, at, size).decode("ascii", "replace"), at + size
        else:
            value, at = _varlen(body, at)
            if field == 2:
                number = _signed(value)
            elif field == 6:
                committed = value
                break  # nothing behind it is needed
    if not identifier or number < 1:
        raise DecodeError("a tagged GTID event without UUID or number")
    return Group((identifier, tag), number, committed)


def mariadb_gtid_event(event: Event) -> Group:
    """Decode MariaDB's GTID event, whose server id stands in the common header."""
    sequence = int.from_bytes(piece(event.body, 0, 8), "little")
    domain = int.from_bytes(piece(event.body, 8, 4), "little")
    flags = piece(event.body, 12, 1)[0]
    gtid = MariadbGtid(domain, event.server_id, sequence)
    return Group(None, 0, None, opens_transaction=not flags & STANDALONE, mariadb=gtid)


def heartbeat_end(event: Event, *, second_version: bool) -> tuple[str, int]:
    """The file and offset up to which the server had read when it sent the heartbeat."""
    if not second_version:
        return event.body.decode("utf-8", "replace"), event.end_position
    name, offset, at = "", 0, 0
    while at < len(event.body):
        field, at = lenenc(event.body, at)
        if field == 0:
            break
        size, at = lenenc(event.body, at)
        if field == 1:
            name = piece(event.body, at, size).decode("utf-8", "replace")
        elif field == 2:
            offset, _ = lenenc(event.body, at)
        at += size
    return name, offset


def file_number(name: str) -> int:
    """The running number of a binlog file. Raises DecodeError."""
    digits = name.rpartition(".")[2]
    if not digits.isdigit():
        raise DecodeError(f"{name!r} is no name of a binlog file")
    return int(digits)


def _varlen(data: bytes, at: int) -> tuple[int, int]:
    """A number whose first byte's trailing one-bits count the bytes that follow it."""
    first = piece(data, at, 1)[0]
    more = (~first & (first + 1)).bit_length() - 1
    raw = int.from_bytes(piece(data, at, more + 1), "little")
    return raw >> min(more + 1, 8), at + more + 1


def _signed(value: int) -> int:
    """The lowest bit is the sign of a signed number."""
    return ~(value >> 1) if value & 1 else value >> 1
