"""What a record of Debezium's MySQL connector says: JSON to values, nothing of what they mean. Pure.

The form: Debezium's documentation, *MySQL connector, Data change events*; with the converter's schema around it
(``schemas.enable``) or without. Records of other kinds are told by their form, since topics can be routed.

Nearly all records are ordinary changes of rows. Of those only what is asked of them is decoded, which takes a seventh
of the time; all else is decoded as a whole, and what is wrong with it is named.
"""

import json
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple

import msgspec

from binlog_watcher.binlog.protocol.wire import DecodeError

Image = Mapping[str, Any]
"""A row: column → value as JSON has it."""

Headers = Iterable[tuple[str, str | bytes | None]]


class Op(Enum):
    """What happened to a row."""

    CREATED = "c"
    UPDATED = "u"
    DELETED = "d"
    READ = "r"
    """By a snapshot: it was there."""
    TRUNCATED = "t"
    """All rows of the table are gone."""

    __hash__ = object.__hash__  # there is one of each


_OPS = {op.value: op for op in Op}


class RowChange(NamedTuple):
    """One row's change. Times are epoch microseconds of MySQL's clock.

    ``transaction``: by what the rows of one transaction are known; None: nothing tells. ``moved``: the record's key
    changed with the row, which is a deletion under the old key, and this under the new one.
    """

    op: Op
    schema: str
    table: str
    before: Image | None
    after: Image | None
    transaction: str | None
    committed_us: int
    moved: bool


class Statement(NamedTuple):
    """A change of the schema, from the connector's own topic. ``schema``: the default one."""

    schema: str
    text: str
    snapshot: bool


class Heartbeat(NamedTuple):
    """The connector works; ``at_us`` is its own clock's time, however far it lags behind."""

    at_us: int


class Other(Enum):
    """What says nothing about rows."""

    TOMBSTONE = "tombstone"
    """For compaction: the record before it had the deletion."""
    TRANSACTION = "transaction"
    """A transaction began or ended."""
    MESSAGE = "message"
    """What somebody wrote into the log by hand (``op`` m)."""


Record = RowChange | Statement | Heartbeat | Other

_OLD_KEY = "__debezium.oldkey"


class Block(msgspec.Struct, gc=False):
    """The transaction as the connector counts it (``provide.transaction.metadata``)."""

    id: str


class Source(msgspec.Struct, gc=False):
    """Whence a row is: of Debezium's block, what is asked of it."""

    db: str
    table: str
    ts_us: int
    gtid: str | None = None


class Ordinary(msgspec.Struct, gc=False):
    """A row's change that says when it was committed, in microseconds; the images may be missing still."""

    op: Literal["c", "u", "d"]
    source: Source
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    transaction: Block | None = None

    @property
    def named(self) -> str | None:
        """By what the rows of its transaction are known; None: nothing tells."""
        if self.source.gtid is not None or self.transaction is None:
            return self.source.gtid
        return self.transaction.id


class _InSchema(msgspec.Struct, gc=False):
    """With the converter's schema around it, which is not looked at."""

    payload: Ordinary


_decode = msgspec.json.Decoder(Ordinary).decode
_decode_in_schema = msgspec.json.Decoder(_InSchema).decode


def ordinary(value: bytes | None) -> Ordinary | None:
    """What the record of an ordinary change says; None of all others, however near they come."""
    if value is None:
        return None
    try:
        found = _decode_in_schema(value).payload if value.startswith(b'{"schema"') else _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if found.source.ts_us > 0 else None


def has_moved(headers: Headers | None) -> bool:
    """Whether a record of a new row is that of one whose key was changed."""
    for name, _ in headers or ():  # noqa: SIM110 - any() takes three times as long, for each new row
        if name == _OLD_KEY:
            return True
    return False


def parse(value: bytes | None, headers: Headers | None = None) -> Record:
    """What a record's value says. Raises DecodeError for what is no record of Debezium's."""
    if value is None:
        return Other.TOMBSTONE
    if (plain := ordinary(value)) is not None:
        change = _OPS[plain.op]
        if _is_whole(change, plain.before, plain.after):
            moved = change is Op.CREATED and has_moved(headers)
            where, named = plain.source, plain.named
            return RowChange(
                change, where.db, where.table, plain.before, plain.after, named, where.ts_us, moved
            )
    try:
        found = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"no JSON: {error}") from error
    if isinstance(found, dict) and found.keys() == {"schema", "payload"}:
        found = found["payload"]
    if found is None:
        return Other.TOMBSTONE
    if not isinstance(found, dict):
        raise DecodeError("JSON, and no object")
    op = found.get("op")
    if op is None:
        return _without_rows(found)
    if op == "m":
        return Other.MESSAGE
    return _row(found, _OPS.get(op) if isinstance(op, str) else None, headers)


def _row(found: Mapping[str, Any], op: Op | None, headers: Headers | None) -> RowChange:
    source, before, after = found.get("source"), found.get("before"), found.get("after")
    if op is None:
        raise DecodeError(f"an op that nobody knows: {str(found.get('op'))[:20]!r}")
    if not isinstance(source, dict):
        raise DecodeError("no source: is the record unwrapped (ExtractNewRecordState)?")
    schema, table = source.get("db"), source.get("table")
    if not isinstance(schema, str) or not isinstance(table, str):
        raise DecodeError("the source names no table")
    if not _is_whole(op, before, after):
        raise DecodeError(f"op {op.value} without the row's image: is binlog_row_image FULL?")
    moved = op is Op.CREATED and has_moved(headers)
    return RowChange(
        op, schema, table, before, after, _transaction(found, source), _committed_us(source), moved
    )


def _is_whole(op: Op, before: Any, after: Any) -> bool:
    has_before, has_after = isinstance(before, dict), isinstance(after, dict)
    if op is Op.UPDATED:
        return has_before and has_after
    if op is Op.DELETED:
        return has_before
    return has_after or op is Op.TRUNCATED


def _transaction(found: Mapping[str, Any], source: Mapping[str, Any]) -> str | None:
    """By GTID, else as the connector counts them (``provide.transaction.metadata``)."""
    gtid = source.get("gtid")
    if isinstance(gtid, str):
        return gtid
    block = found.get("transaction")
    named = block.get("id") if isinstance(block, dict) else None
    return named if isinstance(named, str) else None


def _committed_us(source: Mapping[str, Any]) -> int:
    """Microseconds where the GTID event has them, else the second in the event's header; older ones say ms only."""
    for name, unit in (("ts_us", 1), ("ts_ms", 1000)):
        at = source.get(name)
        if isinstance(at, int) and not isinstance(at, bool) and at > 0:
            return at * unit
    raise DecodeError("the source has no time")


def _without_rows(found: Mapping[str, Any]) -> Record:
    if "ddl" in found:
        source = found.get("source")
        snapshot = isinstance(source, dict) and source.get("snapshot") not in (None, "false", False)
        return Statement(str(found.get("databaseName") or ""), str(found["ddl"] or ""), snapshot)
    if "status" in found and "id" in found:
        return Other.TRANSACTION
    at_ms = found.get("ts_ms")
    if isinstance(at_ms, int) and not isinstance(at_ms, bool) and found.keys() <= {"ts_ms", "ts_us", "ts_ns"}:
        return Heartbeat(at_ms * 1000)
    raise DecodeError("neither a row's change nor anything else that Debezium writes")
