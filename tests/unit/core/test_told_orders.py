"""What is remembered of orders, and for how long."""

import pytest

from binlog_watcher.core.told_orders import SECOND_US, ToldOrders

NOW = 1_790_000_000 * SECOND_US


@pytest.mark.parametrize(
    ("at_us", "ends"), [(NOW - 1, False), (NOW + SECOND_US - 1, False), (NOW + SECOND_US, True)]
)
def test_activity_in_a_later_second_ends_an_order(at_us: int, ends: bool) -> None:
    orders = ToldOrders(remember_us=SECOND_US)
    orders.remember(1, NOW)
    assert orders.came_back(1, at_us) is ends
    assert orders.get(1) == (None if ends else NOW)
    assert not orders.came_back(2, at_us)


def test_the_last_order_counts_and_one_that_is_forgotten_does_not() -> None:
    orders = ToldOrders(remember_us=SECOND_US)
    orders.remember(1, NOW)
    orders.remember(1, NOW + 5)
    assert orders.get(1) == NOW + 5
    orders.forget(1)
    orders.forget(1)
    assert orders.get(1) is None


def test_old_ones_go_bit_by_bit_with_those_that_come() -> None:
    orders = ToldOrders(remember_us=SECOND_US)
    for key in range(4):
        orders.remember(key, NOW)
    orders.remember(8, NOW + SECOND_US)
    assert [orders.get(key) for key in range(4)] == [NOW] * 4, "not old enough"
    orders.remember(9, NOW + SECOND_US + 1)
    assert [orders.get(key) for key in range(4)] == [None, None, NOW, NOW]
    orders.remember(10, NOW + SECOND_US + 1)
    assert [orders.get(key) for key in range(4)] == [None] * 4
    assert (orders.get(8), orders.get(9)) == (NOW + SECOND_US, NOW + SECOND_US + 1)
