"""Which rows of a cart count, and what becomes of values that no shop should have."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fakes.dictionary import SampleDictionary

from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.shop_tables import values
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import Found
from binlog_watcher.store.shop_tables.lines import Counted, counted
from binlog_watcher.store.times import to_us

TABLES = ShopTables(SAMPLE, ShopColumns(SampleDictionary(), SAMPLE, UTC))
NOON = datetime(2026, 7, 1, 12)  # noqa: DTZ001 - as PyMySQL hands a TIMESTAMP over
NOON_US = to_us(NOON) or 0


def row(
    product: int = 1, *, created: datetime | None = NOON, quantity: Any = 1, price: Any = "5"
) -> dict[str, Any]:
    return {"product": product, "name": "Mug", "price": price, "quantity": quantity, "created": created}


def count(*rows: dict[str, Any], **more: Any) -> Counted:
    return counted(TABLES, Found(1, rows=list(rows), **more))


@pytest.mark.parametrize(("order_us", "counts"), [
    (None, True), (NOON_US - 1, True), (NOON_US, False), (NOON_US + 999_999, False), (NOON_US + 10**9, False),
])  # fmt: skip
def test_a_row_of_the_orders_second_is_bought(order_us: int | None, counts: bool) -> None:
    assert len(count(row(), order_us=order_us).lines) == counts


def test_the_version_is_the_creation_of_the_newest_row_that_counts() -> None:
    later = NOON + timedelta(seconds=5)
    of_all = count(row(1), row(2, created=later), row(3, created=later + timedelta(days=1), quantity=0))
    assert (of_all.created_us, of_all.version) == (NOON_US + 5_000_000, NOON_US + 5_000_000)
    assert count() == Counted((), None, None, None)


def test_a_row_without_a_moment_has_that_of_its_header_or_does_not_count() -> None:
    assert count(row(created=None)).lines == ()
    assert count(row(created=None), created_us=7_000_000).version == 7_000_000


def test_a_cart_whose_header_has_gone_has_no_rows() -> None:
    assert count(row(), exists=False).lines == ()


def test_half_a_piece_is_one_at_half_the_price() -> None:
    (line,) = count(row(quantity="0.5", price="37.50")).lines
    assert (line.quantity, line.price) == (1, Decimal("18.750"))


@pytest.mark.parametrize("price", [None, "", "NaN", "-1", "1e12"])
def test_a_price_that_is_none_spoils_the_cart(price: Any) -> None:
    with pytest.raises(ValueError, match="product 1 has no usable price"):
        count(row(price=price))


def test_the_currency_of_a_row_goes_before_that_of_the_cart() -> None:
    assert count({**row(), "currency": "chf"}, currency="EUR").currency == "CHF"
    assert count({**row(), "currency": "?"}, currency="EUR").currency == "EUR"


@pytest.mark.parametrize(
    ("value", "yes"),
    [(None, False), (0, False), (Decimal(0), False), ("no", False), (" Off ", False), (b"\x00", False),
     (2, True), ("x", True), (b"\x01", True), (b"yes", True)],
)  # fmt: skip
def test_what_counts_as_yes(value: Any, yes: bool) -> None:
    assert values.as_yes(value) is yes


def test_prices_have_two_places_where_that_loses_nothing() -> None:
    assert str(values.as_money("5", 1)) == "5.00"
    assert str(values.as_money("0.125", 1)) == "0.125"
    assert values.as_rate("0") is None
    assert (values.as_stock("7.0"), values.as_stock("plenty"), values.as_stock(None)) == (7, None, None)
