"""One partition's records: transactions, what can't be told, and nothing that is skipped in silence."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fakes.envelopes import COLUMNS, OLD_KEY, SECOND, START_US, reader_of, record, take
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.binlog.meaning.cascades import Parent
from binlog_watcher.binlog.meaning.created_at import CreatedAtCheck
from binlog_watcher.core.events import (
    Assigned,
    CartChanged,
    Change,
    Event,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
)
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.kafka.columns import Column
from binlog_watcher.kafka.partition import PartitionReader, Place
from binlog_watcher.shop.presets import parse_schema, preset_text

INSERT, UPDATE, DELETE = Change.INSERT, Change.UPDATE, Change.DELETE


def row(user: int | None, row_id: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": row_id, "user_id": user, "quantity": 1, **more}


def cart(op: str, user: int | None, transaction: int, **more: Any) -> bytes:
    image = row(user)
    before, after = (None if op == "c" else image), (None if op == "d" else image)
    at_us = START_US + transaction * SECOND
    return record(op, "cart", before, after, at_us=at_us, gtid=f"uuid:{transaction}", **more)


def order(user: int, transaction: int) -> bytes:
    at_us = START_US + transaction * SECOND
    return record("c", "orders", None, {"id": 1, "user_id": user}, at_us=at_us, gtid=f"uuid:{transaction}")


def at(transaction: int) -> int:
    return START_US + transaction * SECOND


def test_a_transaction_is_told_when_the_next_one_begins() -> None:
    reader = reader_of()
    take(reader, cart("c", 7, 1), order(7, 1), cart("d", 7, 1))
    assert reader.events == []
    take(reader, cart("c", 8, 2))
    assert reader.events == [CartChanged(7, INSERT, at(1)), OrderPlaced(7, at(1))]
    assert reader.committed_us == at(2)
    reader.flush()
    assert reader.events[2:] == [CartChanged(8, INSERT, at(2))]
    reader.flush()
    assert (len(reader.events), reader.counts.rows, reader.counts.transactions) == (3, 4, 2)


def test_rows_of_which_nothing_tells_the_transaction_are_told_one_by_one() -> None:
    reader = reader_of()
    take(reader, record("c", "cart", None, row(7), gtid=None), record("d", "cart", row(7), None, gtid=None))
    assert reader.events == [CartChanged(7, INSERT, START_US)]
    reader.flush()
    assert reader.events[1:] == [CartChanged(7, DELETE, START_US)]


def test_a_row_that_came_from_another_key() -> None:
    reader = reader_of()
    place = Place("shop", 0, 1)
    reader.take(place, record("c", "cart", None, row(9)), OLD_KEY)
    reader.take(place, record("c", "orders", None, {"id": 1, "user_id": 9}), OLD_KEY)
    reader.flush()
    assert reader.events == [CartChanged(9, UPDATE, START_US), OrderChanged(9, START_US, counts=True)]


def test_tables_of_others_move_the_time_and_nothing_else() -> None:
    reader = reader_of()
    take(
        reader,
        record("c", "users", None, {"id": 1}, at_us=at(5)),
        record("c", "cart", None, row(1), db="other"),
    )
    reader.flush()
    assert (reader.events, reader.troubles, reader.committed_us, reader.counts.rows) == ([], [], at(5), 0)


def test_names_of_columns_and_tables_as_the_server_has_them() -> None:
    columns = {"CART": [replace(one, name=one.name.upper()) for one in COLUMNS["cart"]]}
    reader = reader_of(columns=columns, fold_case=True)
    take(reader, record("c", "CART", None, {"ID": 1, "USER_ID": 7}, db="SHOP"))
    reader.flush()
    assert reader.events == [CartChanged(7, INSERT, START_US)]


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        (b"\x00\x01", "decode", "no JSON"),
        (record("r", "cart", None, row(7)), "snapshot", "shop.cart"),
        (record("r", "cart", None, row(7), snapshot="incremental"), "snapshot", "shop.cart"),
        (record("t", "cart"), "statement", "TRUNCATE shop.cart"),
        (record("c", "cart", None, {"id": 1}), "decode", "does not hold the key"),
        (record("c", "cart", None, row(7, user_id="__debezium_unavailable_value")), "decode", "does not hold the key"),
        (record("u", "cart", {"id": 1}, {"id": 1}), "decode", "does not hold the key"),
        (record("c", "cart", None, {"id": 1, "user_id": [7]}), "decode", "user_id"),
        (record("d", "cart", row(7), None, ts_us=None), "decode", "no time"),
    ],
)  # fmt: skip
def test_what_is_not_told_is_trouble_and_has_a_place(value: bytes, reason: str, words: str) -> None:
    reader = reader_of()
    take(reader, value, value, start=41)
    assert [(trouble.reason, str(trouble.place)) for trouble in reader.troubles] == [(reason, "shop[3]@41")]
    assert reader.counts.troubles == {reason: 2}
    assert all(words in trouble.detail for trouble in reader.troubles)


def test_a_table_that_lacks_what_the_preset_asks_for() -> None:
    reader = reader_of(columns={"cart": [Column("id", "int")]})
    take(reader, cart("c", 7, 1), cart("c", 7, 2))
    assert [trouble.detail for trouble in reader.troubles] == ["table shop.cart has no column user_id"]
    assert reader.counts.troubles == {"decode": 2}


def test_other_records_are_counted() -> None:
    reader = reader_of()
    take(
        reader,
        None,
        b'{"ts_ms": 9}',
        b'{"ts_ms": 7}',
        b'{"status": "END", "id": "uuid:1", "ts_ms": 5}',
        b'{"op": "m", "source": {}}',
    )
    assert reader.heartbeat_us == 9000
    assert reader.counts.others == {"tombstone": 1, "transaction": 1, "message": 1}
    assert reader.troubles == []


def ddl(text: str, *, snapshot: str = "false") -> bytes:
    return json.dumps({"source": {"snapshot": snapshot}, "databaseName": "shop", "ddl": text}).encode()


def test_statements() -> None:
    columns = {"cart": [Column("id", "int"), Column("user_id", "varchar")]}
    reader = reader_of(columns=columns)
    take(reader, ddl("CREATE TABLE cart (id INT)", snapshot="true"), ddl("ALTER TABLE users ADD x INT"))
    take(reader, record("c", "cart", None, row("7")))  # type: ignore[arg-type]
    columns["cart"] = COLUMNS["cart"]
    take(reader, ddl("ALTER TABLE cart MODIFY user_id INT"), record("c", "cart", None, row(8), gtid="uuid:2"))
    reader.flush()
    assert reader.events == [CartChanged("7", INSERT, START_US), CartChanged(8, INSERT, START_US)]
    assert reader.troubles == []
    take(reader, ddl("RENAME TABLE cart TO old_cart"))
    assert [(trouble.reason, trouble.detail) for trouble in reader.troubles] == [
        ("statement", "'RENAME TABLE cart TO old_cart'")
    ]


def test_foreign_keys_that_change_rows_unseen() -> None:
    parents = {("shop", "users"): Parent(deletes=True, updates=frozenset({"id"}))}
    columns = COLUMNS | {"users": [Column("id", "int"), Column("name", "varchar")]}
    reader = reader_of(columns=columns, parents=lambda: parents)
    take(reader, record("u", "users", {"id": 1, "name": "a"}, {"id": 1, "name": "b"}))
    assert reader.troubles == []
    take(reader, record("u", "users", {"id": 1}, {"id": 2}), record("d", "users", {"id": 1}, None))
    assert reader.counts.troubles == {"cascade": 2}


def test_columns_that_count() -> None:
    schema = parse_schema(
        preset_text("sample").replace(
            'quantity = "quantity"', 'quantity = "quantity"\ncounts = ["quantity"]', 1
        ),
        "my.toml",
    )
    reader = reader_of(schema)
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"note": "a"}, {"note": "b"}),
        ({"quantity": 1}, {"quantity": 2}),
        ({"quantity": 1}, {"quantity": "__debezium_unavailable_value"}),
    ]
    for number, (before, after) in enumerate(changes):
        take(
            reader,
            record("u", "cart", row(7, **before), row(7, **after), gtid=f"u:{number}", at_us=number + 1),
        )
    reader.flush()
    assert reader.events == [CartChanged(7, UPDATE, 2)]


def test_products() -> None:
    reader = reader_of()
    take(reader, record("u", "products", {"id": 3, "name": "a"}, {"id": 3, "name": "b"}))
    reader.flush()
    assert reader.events == [ProductChanged(3, START_US)]


def test_new_rows_tell_whether_their_time_is_read_in_the_right_zone() -> None:
    asked: list[object] = []

    def to_us(value: object) -> None:
        asked.append(value)

    reader = reader_of(created_at=CreatedAtCheck(to_us))
    take(reader, record("c", "cart", None, row(7, created_at="2026-01-31T12:00:00Z")))
    take(reader, record("u", "cart", row(7), row(7, created_at="2026-01-31T12:00:00Z")))
    assert [str(value) for value in asked] == ["2026-01-31 12:00:00"]


# --- properties -----------------------------------------------------------------------------------------------------

VALUES = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
)
IMAGES = st.none() | st.dictionaries(st.sampled_from(["id", "user_id", "quantity", "x"]), VALUES, max_size=4)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("cudrt"), st.sampled_from(["cart", "orders", "products", "users"]), IMAGES, IMAGES
        ),
        max_size=12,
    )
)
def test_every_record_is_told_or_trouble(found: list[tuple[str, str, Any, Any]]) -> None:
    reader = reader_of()
    for offset, (op, table, before, after) in enumerate(found):
        counted = reader.counts.rows + reader.counts.troubles.total()
        reader.take(Place("shop", 0, offset), record(op, table, before, after, gtid=f"u:{offset // 3}"))
        new = reader.counts.rows + reader.counts.troubles.total() - counted
        assert new <= 1
        assert new == 1 or table == "users"
    reader.flush()
    assert len(reader.troubles) == len(reader.counts.troubles)


@given(
    st.lists(
        st.tuples(st.sampled_from(["c", "u", "d", "order"]), st.integers(1, 3), st.booleans()), max_size=15
    ),
    st.sets(st.integers(0, 15)),
)
def test_a_transaction_that_is_cut_in_two_arms_the_same(
    changes: list[tuple[str, int, bool]], cuts: set[int]
) -> None:
    values, transaction = [], 0
    for what, user, begins in changes:
        transaction += begins
        values.append(order(user, transaction) if what == "order" else cart(what, user, transaction))

    def armed(reader: PartitionReader, flushed: set[int]) -> dict[int, int | None]:
        for offset, value in enumerate(values):
            take(reader, value)
            if offset in flushed:
                reader.flush()
        reader.flush()
        return dues(reader.events)

    assert armed(reader_of(), cuts) == armed(reader_of(), set())


def dues(events: list[Event]) -> dict[int, int | None]:
    tracker = Tracker(60 * SECOND)
    progress = Progress("", None, caught_up=False, lag_us=0, received_us=0)
    tracker.apply(Batch("shop", (Assigned("shop"), *events), progress))
    return {user: tracker.due_of(user) for user in (1, 2, 3)}


def test_a_mark_tells_up_to_when_all_has_come() -> None:
    reader = reader_of()
    image = {"mark": 3, "written_at": None}
    for op, second in (("c", 1), ("u", 2), ("r", 3), ("d", 4)):
        before, after = (None if op in "cr" else image), (None if op == "d" else image)
        take(
            reader,
            record(op, "cart_abandonment_mark", before, after, at_us=at(second), gtid=f"uuid:{second}"),
        )
    assert reader.mark_us == at(2), "what a snapshot read, or somebody deleted, was not written then"
    take(reader, record("u", "cart_abandonment_mark", image, image, at_us=at(9), db="another"))
    take(reader, cart("c", 1, 8))
    assert reader.mark_us == at(2)
    assert reader.troubles == []
