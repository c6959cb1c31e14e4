"""What is remembered of rows, and for how long."""

from collections.abc import Collection, Mapping

import pytest
from fakes.binlog_events import INT, rows, table_map

from binlog_watcher.binlog.decoding.values import ABSENT, Value
from binlog_watcher.binlog.meaning.effects import Effects, Role, Watched, watched_tables
from binlog_watcher.binlog.meaning.row_keys import RowKeys, nothing_found
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.wire import Kind, UnseenChangeError
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.core.events import CartChanged, Change, OrderChanged
from binlog_watcher.shop.presets import SAMPLE

CART, ORDERS = Role.CART, Role.ORDERS
CARTS, ORDER_TABLE = Watched(CART, "user_id", "id"), Watched(ORDERS, "user_id", "id")


def test_the_newest_rows_are_kept_and_the_memory_is_bounded() -> None:
    keys = RowKeys(nothing_found, Stats(), capacity=100)
    for row in range(1000):
        keys.note(CART, row, row * 2)
        assert len(keys) <= 200
    assert all(keys.recall(CART, row) == row * 2 for row in range(901, 1000))
    assert keys.recall(CART, 5) is ABSENT
    assert keys.recall(ORDERS, 999) is ABSENT


def test_a_guests_row_is_known_to_be_nobodys() -> None:
    stats = Stats()
    keys, effects = RowKeys(nothing_found, stats), Effects()
    keys.inserted(CARTS, [(None, 1), (0, 2), (ABSENT, 3)], effects)
    keys.deleted(CARTS, [(ABSENT, 1), (ABSENT, 2), (ABSENT, 3)], effects)
    assert not effects
    assert stats.unknown_rows == 0


def test_a_row_is_looked_up_once() -> None:
    asked: list[list[Value]] = []

    def find(role: Role, row_ids: Collection[Value]) -> Mapping[Value, Value]:
        assert role is CART
        asked.append(sorted(row_ids, key=str))
        return {1: 7}

    keys, effects = RowKeys(find, Stats()), Effects()
    first, second = (((ABSENT, row), (ABSENT, ABSENT)) for row in (1, 2))
    keys.updated(CARTS, [first, second], effects)
    keys.updated(CARTS, [first], effects)
    keys.deleted(CARTS, [(ABSENT, 1)], effects)
    assert effects.events(5) == [CartChanged(7, Change.UPDATE, 5)]
    assert asked == [[1, 2]]


def test_what_is_unknown_is_counted_and_trouble_comes_last() -> None:
    stats = Stats()
    keys, effects = RowKeys(nothing_found, stats), Effects()
    keys.deleted(CARTS, [(ABSENT, 1)], effects)
    assert stats.unknown_rows == 1
    with pytest.raises(UnseenChangeError) as caught:
        keys.deleted(ORDER_TABLE, [(ABSENT, 1), (5, 2)], effects)
    assert caught.value.reason == "unknown_row"
    assert effects.events(1) == [OrderChanged(5, 1)]
    with pytest.raises(UnseenChangeError):  # without an id, nothing could be known about it
        keys.deleted(CARTS, [(ABSENT, ABSENT)], effects)


def test_a_memory_that_is_still_empty_is_kept() -> None:
    """Else nothing is remembered, and nobody asked, in a shop that has no carts yet."""
    keys = RowKeys(nothing_found, Stats())
    tables = Tables("shop", watched_tables(SAMPLE), lambda _: (), keys=keys)
    tables.map(9, table_map(9, "cart", {"id": INT, "user_id": INT})[27:-4])
    tables.apply(Kind.WRITE_ROWS, rows(Kind.WRITE_ROWS, 9, [1, 7])[19:-4], Effects())
    assert keys.recall(CART, 1) == 7
