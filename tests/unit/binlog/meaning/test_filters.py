"""Rows that a preset's filter leaves out: no events, no memory, and both sides where one is moved across."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from fakes.binlog_events import INT, VARCHAR, rows, table_map
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.sieve import Sieve
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.binlog.meaning.asked import Asked, after, fails
from binlog_watcher.binlog.meaning.cascades import Parent
from binlog_watcher.binlog.meaning.created_at import CreatedColumn
from binlog_watcher.binlog.meaning.effects import Effects, Role, Watched, watched_tables
from binlog_watcher.binlog.meaning.layout import layout_of
from binlog_watcher.binlog.meaning.row_keys import RowKeys, nothing_found
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.wire import Kind
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.events import CartChanged, CartClosed, Change, Event, OrderChanged, OrderPlaced
from binlog_watcher.shop.fields import Condition
from binlog_watcher.shop.presets import parse_schema, preset_text

KIND = Condition.model_validate({"column": "Kind", "in": [1]})
STORE = Condition.model_validate({"column": "store", "in": ["main", "b2b"]})
ACTIVE = Condition.model_validate({"column": "active", "in": [1]})
PAID = Condition(column="state", not_in=("open",))
CART = Watched(Role.CART, "user", "id", only=(KIND,))
HEADER = Watched(Role.HEADER, "id", conditions=(ACTIVE,), only=(KIND,))
KEYS = tuple(Column(FIELD_TYPE.LONG, b"", name, unsigned=False) for name in ("user", "id"))
ORDERS = Watched(Role.ORDERS, "user", "id", conditions=(PAID,), only=(KIND,))


@pytest.mark.parametrize(
    ("states", "meant", "counts"),
    [
        ((1, "main", "paid"), True, True),
        ((1, "MAIN", "open"), True, False),
        ((2, "main", "paid"), False, False),
        ((1, "x", "paid"), False, False),
        ((ABSENT, "main", "paid"), None, None),
        ((ABSENT, "x", "paid"), False, False),  # what is known to fail fails, whatever else there is
        ((1, OPAQUE, "paid"), None, None),
        ((1, "main", ABSENT), True, None),
        ((ABSENT, "main", "open"), None, False),
        ((1, None, "paid"), False, False),
    ],
)
def test_all_must_hold_as_far_as_is_known(
    states: tuple[Value, ...], *, meant: bool | None, counts: bool | None
) -> None:
    asked = Asked((PAID,), (KIND, STORE))
    assert asked.columns == ("state", "kind", "store")
    in_order = (states[2], states[0], states[1])
    for _ in range(2):  # what was answered once is remembered
        assert (asked.meant(in_order), asked.counts(in_order)) == (meant, counts)


def test_two_conditions_of_one_column_read_it_once() -> None:
    asked = Asked((), (KIND, Condition(column="KIND", not_in=(2,)), Condition(column="kind", is_null=False)))
    assert asked.columns == ("kind",)
    assert [asked.meant((value,)) for value in (1, 2, None)] == [True, False, False]


def test_answers_are_not_remembered_without_end() -> None:
    asked = Asked((), (Condition(column="kind", not_in=(7,)),))
    assert [asked.meant((value,)) for value in range(5000)].count(False) == 1
    assert len(asked._meant) <= 1000


def test_a_column_that_the_after_image_leaves_out_is_as_before() -> None:
    assert list(after((1, "a"), (ABSENT, "b"))) == [1, "b"]
    assert list(after((1, ABSENT), (2, ABSENT))) == [2, ABSENT]


def events(watched: Watched, *updates: tuple[Value, Value, Sequence[Value], Sequence[Value]]) -> list[Event]:
    effects = Effects()
    for update in updates:
        effects.updated(watched, *update)
    return effects.events(5)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ((7, 7, (1,), (1,)), [(7, Change.UPDATE)]),
        ((7, 7, (2,), (2,)), []),
        ((7, 7, (2,), (1,)), [(7, Change.INSERT)]),
        ((7, 7, (1,), (2,)), [(7, Change.DELETE)]),
        ((7, 8, (1,), (1,)), [(7, Change.DELETE), (8, Change.UPDATE)]),
        ((7, 8, (2,), (1,)), [(8, Change.INSERT)]),
        ((7, 8, (1,), (2,)), [(7, Change.DELETE)]),
        ((7, 8, (2,), (2,)), []),
        ((7, ABSENT, (ABSENT,), (ABSENT,)), [(7, Change.UPDATE)]),  # not told: it passes
        ((7, ABSENT, (ABSENT,), (2,)), [(7, Change.DELETE)]),
        ((7, ABSENT, (2,), (ABSENT,)), []),
        ((7, 8, (2,), (ABSENT,)), []),
        ((7, 7, (OPAQUE,), (OPAQUE,)), [(7, Change.UPDATE)]),
        ((0, 8, (2,), (1,)), [(8, Change.INSERT)]),
    ],
)
def test_a_row_of_a_cart_that_is_moved_across_the_filter(
    update: tuple[Value, Value, Sequence[Value], Sequence[Value]], expected: list[tuple[int, Change]]
) -> None:
    assert events(CART, update) == [CartChanged(key, change, 5) for key, change in expected]


def test_headers() -> None:
    assert HEADER.asked.columns == ("active", "kind")
    effects = Effects()
    effects.inserted(HEADER, 1, (1, 2))
    effects.updated(HEADER, 2, 2, (1, 2), (0, 2))
    effects.updated(HEADER, 3, 3, (1, 1), (0, 1))
    effects.updated(HEADER, 4, 4, (0, 2), (1, 1))
    effects.updated(HEADER, 5, 5, (1, 1), (1, 2))
    effects.updated(HEADER, 6, 6, (ABSENT, ABSENT), (0, ABSENT))
    assert effects.events(5) == [
        CartClosed(3, 5), CartChanged(4, Change.INSERT, 5), CartChanged(5, Change.DELETE, 5), CartClosed(6, 5),
    ]  # fmt: skip


def test_orders() -> None:
    effects = Effects()
    effects.inserted(ORDERS, 1, ("paid", 2))
    effects.inserted(ORDERS, 2, ("paid", 1))
    effects.inserted(ORDERS, 3, ("paid", ABSENT))  # it may be none: that must not cancel a timer
    effects.updated(ORDERS, 4, 4, ("paid", 2), ("paid", 1))
    effects.updated(ORDERS, 5, 5, ("paid", 1), ("paid", 2))
    effects.updated(ORDERS, 6, 6, ("open", 2), ("paid", 2))
    effects.deleted(ORDERS, 7, ("paid", 2))
    effects.updated(ORDERS, 8, 8, ("open", 2), ("open", 1))
    assert effects.events(5) == [OrderPlaced(2, 5), OrderChanged(3, 5), OrderPlaced(4, 5), OrderChanged(5, 5)]


def test_rows_that_are_none_take_no_room_and_are_not_looked_up() -> None:
    stats = Stats()

    def find(role: Role, row_ids: Any) -> Any:
        pytest.fail(f"{role} was asked for {row_ids}")

    keys, effects = RowKeys(find, stats), Effects()
    keys.inserted(CART, [(7, 1, 2), (8, 2, 2)], effects)
    keys.updated(CART, [((ABSENT, 1, 2), (ABSENT, ABSENT, 3)), ((7, 1, 2), (7, 1, ABSENT))], effects)
    keys.deleted(CART, [(7, 1, 2), (ABSENT, 2, 2)], effects)
    assert not effects
    assert (len(keys), stats.unknown_rows) == (0, 0)


def test_an_order_that_is_none_is_remembered_all_the_same() -> None:
    keys, effects = RowKeys(nothing_found, Stats()), Effects()
    keys.inserted(ORDERS, [(7, 1, "paid", 2)], effects)
    assert not effects
    keys.deleted(ORDERS, [(ABSENT, 1, ABSENT, ABSENT)], effects)  # else all tables would be read anew
    assert effects.events(5) == [OrderChanged(7, 5)]


# --- from the bytes on ----------------------------------------------------------------------------------------------

FILTERED = parse_schema(
    preset_text("sample").replace(
        'quantity = "quantity"', 'quantity = "quantity"\nonly = { column = "kind", in = [1] }', 1
    ),
    "my.toml",
)
LONE = table_map(9, "cart", {"id": INT, "user_id": INT, "kind": INT})
WIDE = table_map(9, "cart", {"id": INT, "note": VARCHAR, "user_id": INT, "kind": INT})


def tables_of(definition: bytes, keys: RowKeys | None = None) -> Tables:
    tables = Tables(
        "shop", watched_tables(FILTERED), lambda _: pytest.fail("all is in the table map"), keys=keys
    )
    tables.map(9, definition[19 + 8 : -4])
    return tables


def body(kind: int, *images: list[int | str | None]) -> bytes:
    return rows(kind, 9, *images)[19:-4]


def applied(tables: Tables, kind: int, *images: list[int | str | None]) -> list[Event]:
    effects = Effects()
    tables.apply(kind, body(kind, *images), effects)
    return effects.events(5)


def test_a_lone_row_that_is_none_is_left_out() -> None:
    keys = RowKeys(nothing_found, Stats())
    tables = tables_of(LONE, keys)
    assert applied(tables, Kind.WRITE_ROWS, [1, 7, 1], [2, 8, 2]) == [CartChanged(7, Change.INSERT, 5)]
    lone: list[tuple[list[int | str | None], Any]] = [
        ([3, 7, 1], 7),
        ([5, 0, 1], None),
        ([6, None, 1], ABSENT),
    ]
    for row, expected in lone:
        assert tables.left_out(Kind.WRITE_ROWS, body(Kind.WRITE_ROWS, row)) == 0
        assert tables.lone_insert(body(Kind.WRITE_ROWS, row)) == expected
    assert tables.left_out(Kind.WRITE_ROWS, body(Kind.WRITE_ROWS, [4, 7, 2])) == 1
    assert tables.left_out(Kind.WRITE_ROWS, body(Kind.WRITE_ROWS, [4, 7, None])) == 1
    assert tables.lone_insert(body(Kind.WRITE_ROWS, [4, 7, 2])) is None
    assert [keys.recall(Role.CART, row) for row in (1, 2, 3)] == [7, ABSENT, 7]


@pytest.mark.parametrize(
    ("kind", "images", "count"),
    [
        (Kind.WRITE_ROWS, [[1, "", 7, 2], [2, None, 7, 3], [3, "x" * 40, None, None]], 3),
        (Kind.WRITE_ROWS, [[1, "", 7, 2], [2, None, 7, 1]], 0),  # one that is meant: all are read
        (Kind.UPDATE_ROWS, [[1, "a", 7, 2], [1, "bb", 7, 3]], 1),
        (Kind.UPDATE_ROWS, [[1, "a", 7, 2], [1, "bb", 7, 1]], 0),
        (Kind.UPDATE_ROWS, [[1, "a", 7, 1], [1, "bb", 7, 2]], 0),
        (Kind.DELETE_ROWS, [[1, "a", 7, 2]], 1),
    ],
)
def test_events_of_rows_that_are_all_left_out(kind: Kind, images: Any, count: int) -> None:
    tables, whole = tables_of(WIDE), body(kind, *images)
    assert tables.left_out(kind, whole) == count
    for end in range(12, len(whole)):  # cut off: the decoder says what is wrong with it
        cut = tables.left_out(kind, whole[:end])
        assert cut < (count or 2)
    assert tables.left_out(kind, whole + b"\0") == 0


INTS = tuple(Column(FIELD_TYPE.LONG, b"", name, unsigned=False) for name in "abc")


@pytest.mark.parametrize(
    ("head", "row", "count"),
    [
        (b"\3\7", b"\0" + bytes(4) + b"\2\0\0\0" + bytes(4), 1),
        (b"\3\6", b"\0" + b"\2\0\0\0" + bytes(4), 1),  # MINIMAL: the first is not there
        (b"\3\5", b"\0" + bytes(8), 0),  # nor what is asked about: it passes
        (b"\3\2", b"\1", 1),
        (b"\4\7", b"\0" + bytes(4) + b"\2\0\0\0" + bytes(4), 0),  # of a table of four columns
        (b"\3", b"", 0),
    ],
)
def test_images_that_hold_some_columns(head: bytes, row: bytes, count: int) -> None:
    sieve = Sieve(
        INTS, {1: fails("b", (Condition(column="B", not_in=(2,)), Condition(column="b", is_null=False)))}
    )
    assert sieve.left_out(b"x" + head + row, 1, 1) == count
    assert sieve.left_out(b"x" + head + row, 1, 2) == 0


def test_a_type_that_nobody_knows_is_left_to_the_decoder() -> None:
    sieve = Sieve((INTS[0], Column(99, b"", "d")), {0: fails("a", (Condition(column="a", is_null=True),))})
    assert sieve.left_out(b"\2\3\0" + bytes(8), 0, 1) == 0
    assert sieve.left_out(b"\2\1\0" + bytes(4), 0, 1) == 1


def test_what_must_be_known_of_rows_that_are_none_is_not_left_out() -> None:
    """Orders are remembered, and a parent's deletion deletes others' rows unseen."""
    columns = tuple(
        Column(FIELD_TYPE.LONG, b"", name, unsigned=False) for name in ("id", "user", "kind", "state")
    )
    assert layout_of("shop.cart", columns, (CART,), Parent()).sieve is not None
    assert layout_of("shop.cart", columns, (CART,), Parent(deletes=True)).sieve is None
    assert layout_of("shop.cart", columns, (ORDERS,), Parent()).sieve is None
    assert layout_of("shop.cart", columns, (CART, ORDERS), Parent()).sieve is None
    assert layout_of("shop.cart", columns, (replace(CART, only=()),), Parent()).sieve is None


@pytest.mark.parametrize("definition", [LONE, WIDE])
def test_rows_of_any_layout(definition: bytes) -> None:
    tables = tables_of(definition)

    def row(number: int, user: int, kind: int | None) -> list[int | str | None]:
        return [number, user, kind] if definition is LONE else [number, "x" * number, user, kind]

    assert applied(tables, Kind.WRITE_ROWS, row(1, 7, 2), row(2, 8, None)) == []
    assert applied(tables, Kind.UPDATE_ROWS, row(1, 7, 2), row(1, 7, 1), row(2, 8, None), row(2, 9, 3)) == [
        CartChanged(7, Change.INSERT, 5)
    ]
    assert applied(tables, Kind.DELETE_ROWS, row(1, 7, 1), row(2, 8, 3)) == [CartChanged(7, Change.DELETE, 5)]


def test_the_check_of_the_zone_looks_at_rows_of_carts_only() -> None:
    columns = (
        Column(FIELD_TYPE.TIMESTAMP2, b"\0", "created_at"),
        Column(FIELD_TYPE.LONG, b"", "kind", unsigned=False),
    )
    created = CreatedColumn(RowPlan(columns, (0, 1), frozenset({1})), CART)

    def row(seconds: int, kind: int) -> bytes:
        return b"\0" + seconds.to_bytes(4, "big") + kind.to_bytes(4, "little")

    head = b"\x02\x03"
    assert created.first(head + row(5, 2) + row(6, 1) + row(7, 1), 0) == 6_000_000
    assert created.first(head + row(5, 2), 0) is None
    layout = layout_of(
        "shop.cart", (*columns, *KEYS), (replace(CART, created_column="created_at"),), Parent()
    )
    assert layout.created is not None
    assert layout.created.watched.only == (KIND,)
