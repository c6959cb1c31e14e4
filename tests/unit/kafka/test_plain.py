"""Rows that are told with less work are told as all others are."""

from typing import TYPE_CHECKING, Any

from fakes.envelopes import COLUMNS, OLD_KEY, START_US, reader_of, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binlog_watcher.binlog.meaning.effects import Effects, watched_tables
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.kafka.columns import Column
from binlog_watcher.kafka.envelope import Headers, ordinary
from binlog_watcher.kafka.partition import PartitionReader, Place
from binlog_watcher.kafka.plain import PlainRows, plain_rows
from binlog_watcher.shop.presets import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Mapping

UNAVAILABLE = "__debezium_unavailable_value"
KEYS = st.integers(-1, 4) | st.sampled_from([None, True, 1.0, "1", "", UNAVAILABLE, [1], 1 << 64])
ROWS = st.none() | st.fixed_dictionaries({"id": st.integers(1, 3), "user_id": KEYS}) | st.just({"id": 1})
RECORDS = st.tuples(
    st.sampled_from("cccuuudddrtm"),
    st.sampled_from(["cart", "cart", "cart", "orders", "users"]),
    ROWS,
    ROWS,
    st.integers(0, 3),
    st.booleans(),
)
WATCHED = watched_tables(SAMPLE)["cart"]
KEY = Column("user_id", "int", "int")


def no_headers() -> Headers | None:
    return None


def told(reader: PartitionReader) -> tuple[object, ...]:
    reader.flush()
    return reader.events, reader.troubles, reader.counts, reader.committed_us


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORDS, max_size=8), st.sampled_from(["int", "varchar"]))
def test_as_all_other_rows_are_told(found: list[tuple[Any, ...]], kind: str) -> None:
    columns: Mapping[str, list[Column]] = COLUMNS | {
        "cart": [Column("id", "int", "int"), Column("user_id", kind, kind)]
    }
    one, other = (reader_of(columns=columns) for _ in range(2))
    for offset, (op, table, before, after, transaction, moved) in enumerate(found):
        gtid = f"u:{transaction}" if transaction else None
        value = record(op, table, before, after, at_us=START_US + offset, gtid=gtid)
        headers: Headers | None = OLD_KEY if moved else None

        def of_it(headers: Headers | None = headers) -> Headers | None:
            return headers

        if not one.take_plain(value, of_it):
            one.take(Place("shop", 0, offset), value, headers)
        other.take(Place("shop", 0, offset), value, headers)
    assert told(one) == told(other)


def test_a_cart_row_is_plain_and_the_next_of_its_transaction_is_not() -> None:
    reader = reader_of()
    first, second = (record("c", "cart", None, {"id": at, "user_id": 7}) for at in (1, 2))
    assert reader.take_plain(first, no_headers)
    assert not reader.take_plain(second, no_headers)
    reader.take(Place("shop", 0, 1), second)
    assert reader.take_plain(record("d", "cart", {"id": 1, "user_id": 8}, gtid="uuid:2"), no_headers)
    reader.flush()
    assert reader.events == [CartChanged(7, Change.INSERT, START_US), CartChanged(8, Change.DELETE, START_US)]


def test_what_takes_more_to_tell() -> None:
    (watched,) = WATCHED
    assert plain_rows(WATCHED, KEY, (), referenced=False) is not None
    assert plain_rows(WATCHED, KEY, ("quantity",), referenced=False) is None
    assert plain_rows(WATCHED, KEY, (), referenced=True) is None
    assert plain_rows([watched, watched], KEY, (), referenced=False) is None
    assert plain_rows(watched_tables(SAMPLE)["orders"], KEY, (), referenced=False) is None
    assert plain_rows(WATCHED, Column("user_id", "binary", "binary(16)"), (), referenced=False) is None


def test_a_plain_row_among_others_of_its_transaction() -> None:
    (watched,) = WATCHED
    rows = PlainRows(watched, "user_id", int, frozenset())
    for change in Change:
        effects = Effects()
        rows.add(effects, 7, change)
        assert effects.events(START_US) == [CartChanged(7, change, START_US)]


def test_records_with_the_converters_schema_and_without() -> None:
    value = record("u", "cart", {"user_id": 1}, {"user_id": 2})
    found = ordinary(value)
    assert found is not None
    assert (found.op, found.before, found.after) == ("u", {"user_id": 1}, {"user_id": 2})
    assert ordinary(b'{"schema":{"type":"struct"},"payload":' + value + b"}") == found
    block = value.replace(b'"gtid": "uuid:1"', b'"gtid": null')[:-1] + b',"transaction":{"id":"t:9"}}'
    numbered = ordinary(block)
    assert numbered is not None
    assert numbered.named == "t:9"
    for other in (None, b"", b"{", b'{"op":"c"}', b"\xff", record("r", "cart", None, {}), b"[" * 5000):
        assert ordinary(other) is None
