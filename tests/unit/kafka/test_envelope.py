"""Records of Debezium's connector: each kind, and what is none."""

import contextlib
import json
from typing import Any

import pytest
from fakes.envelopes import OLD_KEY, START_US, record
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.kafka.envelope import Heartbeat, Op, Other, Record, RowChange, Statement, parse

ROW = {"id": 1, "user_id": 7}


def parsed(found: Any) -> Record:
    return parse(json.dumps(found).encode())


@pytest.mark.parametrize(
    ("op", "before", "after", "expected"),
    [
        ("c", None, ROW, Op.CREATED),
        ("u", ROW, ROW, Op.UPDATED),
        ("d", ROW, None, Op.DELETED),
        ("r", None, ROW, Op.READ),
        ("t", None, None, Op.TRUNCATED),
    ],
)
def test_changes_of_rows(op: str, before: Any, after: Any, expected: Op) -> None:
    value = record(op, "cart", before, after)
    change = RowChange(expected, "shop", "cart", before, after, "uuid:1", START_US, moved=False)
    assert parse(value) == change
    with_schema = json.dumps({"schema": {"type": "struct"}, "payload": json.loads(value)})
    assert parse(with_schema.encode()) == change


def test_a_record_whose_key_was_another() -> None:
    value = record("c", "cart", None, ROW)
    for headers, moved in ((OLD_KEY, True), ([("__debezium.context.taskId", b"0")], False), (None, False)):
        change = parse(value, headers)
        assert isinstance(change, RowChange)
        assert change.moved is moved


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gtid": "u:5"}, "u:5"),
        ({"gtid": None}, "file=binlog.000001,pos=4"),
        ({"gtid": None, "transaction": None}, None),
        ({"gtid": None, "transaction": {"total_order": 1}}, None),
    ],
)
def test_what_holds_a_transaction_together(change: dict[str, Any], expected: str | None) -> None:
    found = json.loads(record("c", "cart", None, ROW))
    found["transaction"] = change.get("transaction", {"id": "file=binlog.000001,pos=4", "total_order": 1})
    found["source"]["gtid"] = change["gtid"]
    told = parsed(found)
    assert isinstance(told, RowChange)
    assert told.transaction == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [({"ts_us": 5, "ts_ms": 9}, 5), ({"ts_us": None, "ts_ms": 9}, 9000), ({"ts_ms": 9}, 9000)],
)
def test_the_time_of_the_commit(times: dict[str, Any], expected: int) -> None:
    found = json.loads(record("c", "cart", None, ROW))
    del found["source"]["ts_us"]
    found["source"] |= times
    told = parsed(found)
    assert isinstance(told, RowChange)
    assert told.committed_us == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"ts_ms": 1_795_876_714_327}, Heartbeat(1_795_876_714_327_000)),
        ({"ts_ms": 5, "ts_us": 5000, "ts_ns": 5_000_000}, Heartbeat(5000)),
        ({"status": "BEGIN", "id": "u:1", "event_count": None, "ts_ms": 5}, Other.TRANSACTION),
        ({"status": "END", "id": "u:1", "event_count": 0, "data_collections": [], "ts_ms": 5}, Other.TRANSACTION),
        ({"op": "m", "ts_ms": 5, "source": {}, "message": {"prefix": "x"}}, Other.MESSAGE),
        ({"source": {"snapshot": "false"}, "databaseName": "shop", "ddl": "ALTER TABLE cart"},
         Statement("shop", "ALTER TABLE cart", snapshot=False)),
        ({"source": {"snapshot": "true"}, "databaseName": None, "ddl": "CREATE TABLE cart", "tableChanges": []},
         Statement("", "CREATE TABLE cart", snapshot=True)),
        ({"schema": {}, "payload": None}, Other.TOMBSTONE),
    ],
)  # fmt: skip
def test_records_that_are_no_rows(found: Any, expected: Record) -> None:
    assert parsed(found) == expected


def test_a_tombstone() -> None:
    assert parse(None) is Other.TOMBSTONE


WHOLE = json.loads(record("u", "cart", ROW, ROW))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "no JSON"),
        (b"\x00\x00\x00\x00\x07\x02\x0a", "no JSON"),  # Avro, with a schema registry's id
        (b"[" * 100_000, "no JSON"),
        (b"7", "no object"),
        (json.dumps(WHOLE | {"op": "x"}).encode(), "an op that nobody knows"),
        (json.dumps(WHOLE | {"op": ["c"]}).encode(), "an op that nobody knows"),
        (json.dumps(WHOLE | {"source": None}).encode(), "ExtractNewRecordState"),
        (json.dumps(WHOLE | {"source": {"db": "shop"}}).encode(), "names no table"),
        (json.dumps(WHOLE | {"before": None}).encode(), "binlog_row_image"),
        (json.dumps(WHOLE | {"after": None}).encode(), "binlog_row_image"),
        (json.dumps(WHOLE | {"op": "d", "before": []}).encode(), "binlog_row_image"),
        (json.dumps(WHOLE | {"source": {"db": "shop", "table": "cart", "ts_us": True}}).encode(), "no time"),
        (json.dumps(ROW).encode(), "nor anything else"),
    ],
)  # fmt: skip
def test_what_is_no_record(value: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        parse(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["op", "source", "before", "after", "db", "table", "ts_us", "ts_ms", "gtid", "transaction",
                         "id", "status", "ddl", "databaseName", "payload", "schema", "snapshot"])
        | st.text(max_size=3),
        inner | st.sampled_from(["c", "u", "d", "r", "t", "m", "shop", "cart"]),
        max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.binary(max_size=40) | JSON.map(lambda found: json.dumps(found).encode()))
def test_whatever_comes_is_a_record_or_refused(value: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert isinstance(parse(value), RowChange | Statement | Heartbeat | Other)
