"""Marks: rows of a table of ours that pass through every partition once a second. Pure.

They take the whole way, from MySQL through Debezium to Kafka, and so do the records before them: a partition in which
the mark of a moment has come has told all of the shop's history up to then. Nothing rests on heartbeats, nor on the
end of a topic: a dead connector, one that lags and a partition that hangs all look alike, for no mark comes.

Which partition a row goes to follows from its key. That is Kafka's own rule (``murmur2`` of the key's bytes, the
default of Kafka's Java clients, of which Debezium is one).
"""

from collections.abc import Iterable

TABLE = "cart_abandonment_mark"
KEY = "mark"
"""The table's only key column, an INT, and what its records are keyed by."""

EVERY_US = 1_000_000
MISSED = 3
"""After so many marks that did not come a partition's timers stand."""

BEHIND_US = (MISSED + 1) * EVERY_US
"""How old a partition's newest mark may be."""

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a record with this key, of a topic with so many."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def key_of(mark: int) -> bytes:
    """The key of a mark's record, as JsonConverter writes it without its schema."""
    return b'{"%s":%d}' % (KEY.encode(), mark)


def marks_for(partitions: int) -> tuple[int, ...]:
    """Marks of which each partition gets one."""
    found: dict[int, int] = {}
    mark = 0
    while len(found) < partitions:
        found.setdefault(partition_of(key_of(mark), partitions), mark)
        mark += 1
    return tuple(sorted(found.values()))


def _murmur2(data: bytes) -> int:
    """Austin Appleby's MurmurHash2 of 32 bits, with the seed that Kafka's clients take."""
    hashed = _SEED ^ len(data)
    whole = len(data) & ~3
    for word in _words(data[:whole]):
        mixed = word * _M & _MASK
        mixed = (mixed ^ mixed >> 24) * _M & _MASK
        hashed = hashed * _M & _MASK ^ mixed
    if rest := data[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _M & _MASK
    hashed = (hashed ^ hashed >> 13) * _M & _MASK
    return hashed ^ hashed >> 15


def _words(data: bytes) -> Iterable[int]:
    return (int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4))
