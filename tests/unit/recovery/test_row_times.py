"""A column that is read an hour late is warned of at the third cart."""

from dataclasses import replace
from typing import Any

import pytest
import structlog
from fakes.quiet_cart import CART, DUE, HOUR, MINUTE, T0

from binlog_watcher.core.cart import Cart
from binlog_watcher.recovery.row_times import RowTimes

LATE = replace(CART, version=T0 + HOUR)


def warnings(*seen: tuple[Cart, int | None, int]) -> list[int]:
    times = RowTimes()
    with structlog.testing.capture_logs() as logs:
        for one in seen:
            times.look_at(*one)
    assert all("SHOP_TIMEZONE" in entry["hint"] and entry["log_level"] == "warning" for entry in logs)
    return [entry["minutes"] for entry in logs]


def of(key: int, cart: Cart = LATE) -> Cart:
    return replace(cart, key=key)


@pytest.mark.parametrize(
    "column", [{"version": T0 + HOUR}, {"activity_us": T0 + HOUR}, {"created_us": T0 + HOUR}]
)
@pytest.mark.parametrize("now", [DUE, DUE + 2 * HOUR])
def test_the_third_cart_is_told_once(column: dict[str, Any], now: int) -> None:
    carts = [(replace(CART, key=key, **column), T0, now) for key in range(6)]
    assert warnings(*carts[:2]) == []
    assert warnings(*carts) == [60]


def test_what_is_no_sign_of_a_wrong_zone() -> None:
    late = [(of(key), T0, DUE) for key in range(3)]
    fits = (of(9, replace(CART, version=T0 + 4 * MINUTE)), T0, DUE)
    assert warnings(*late[:2], fits, late[2]) == [], "one in between fits"
    assert warnings(*[late[0]] * 5) == [], "one cart, again and again"
    older = (of(8, CART), T0 + HOUR, DUE)  # a later UPDATE moves no column
    assert warnings(late[0], older, late[1], older, late[2]) == [60], (
        "older rows neither fit nor speak against it"
    )
    assert warnings(*[(of(key), None, T0 + 2 * HOUR) for key in range(3)]) == [], "known from the tables only"


def test_without_events_the_future_is_suspect() -> None:
    assert warnings(*[(of(key), None, T0) for key in range(3)]) == [60]
