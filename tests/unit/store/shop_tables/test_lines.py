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
    return {
        "product": product,
        "names": product,
        "name": "Mug",
        "price": price,
        "quantity": quantity,
        "created": created,
    }


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


def lacking(product: Any, **more: Any) -> dict[str, Any]:
    """A row whose product is not in the shop."""
    return row(**more) | {"product": None, "names": product, "price": None, "name": None}


def test_a_row_that_lacks_its_product_tells_of_an_episode_and_is_no_line() -> None:
    later = NOON + timedelta(seconds=5)
    found = count(row(1), lacking(7, created=later))
    assert [line.product_id for line in found.lines] == [1]
    assert (found.version, found.missing) == (NOON_US + 5_000_000, frozenset({7}))
    assert count(lacking(7)) == Counted((), NOON_US, NOON_US, None, frozenset({7}))


def test_what_is_bought_or_of_no_quantity_or_names_no_product_lacks_none() -> None:
    assert count(lacking(7), order_us=NOON_US) == Counted((), None, None, None)
    assert count(lacking(7, quantity=0)) == Counted((), None, None, None)
    for nothing in (None, 0, "", "0"):
        assert count(lacking(nothing)) == Counted((), None, None, None)


def test_a_cart_whose_header_has_gone_has_no_rows() -> None:
    assert count(row(), exists=False).lines == ()


def test_half_a_piece_is_one_at_half_the_price() -> None:
    (line,) = count(row(quantity="0.5", price="37.50")).lines
    assert (line.quantity, line.price) == (1, Decimal("18.750"))


@pytest.mark.parametrize("price", [None, "", "NaN", "-1e13", "1e12"])
def test_a_price_that_is_none_spoils_the_cart(price: Any) -> None:
    with pytest.raises(ValueError, match="product 1 has no usable price"):
        count(row(price=price))


def test_a_rebate_is_a_line() -> None:
    (of_5, rebate) = count(row(), row(2, price="-1.50")).lines
    assert (of_5.price, rebate.price) == (Decimal(5), Decimal("-1.50"))
    with pytest.raises(ValueError, match="no usable price"):
        values.as_money("-1", 1)


def test_how_long_after_an_order_of_the_same_product_a_row_was_put_in() -> None:
    ordered: dict[int | str, int | None] = {1: NOON_US - 2_000_000, "2": NOON_US - 7_000_000, 3: None}
    lines = counted(TABLES, Found(1, rows=[row(1), row(2), row(3), row(4)]), ordered).lines
    assert [line.since_order_us for line in lines] == [2_000_000, 7_000_000, None, None]


@pytest.mark.parametrize(("said", "available"), [(None, True), (1, True), (0, False), ("no", False)])
def test_whether_a_product_can_be_bought(said: Any, available: bool) -> None:
    (line,) = count(row() | {"available": said}).lines
    assert line.available is available


def test_the_currency_of_a_row_goes_before_that_of_the_cart() -> None:
    assert count({**row(), "currency": "chf"}, currency="EUR").currency == "CHF"
    assert count({**row(), "currency": "?"}, currency="EUR").currency == "EUR"


def test_rows_in_several_currencies_spoil_the_cart() -> None:
    with pytest.raises(ValueError, match="its rows are in CHF and EUR"):
        count({**row(), "currency": "CHF"}, {**row(2), "currency": None}, currency="EUR")
    assert (
        count({**row(), "currency": "CHF"}, {**row(2), "currency": "CHF"}, currency="EUR").currency == "CHF"
    )


OF_PRODUCT = {**row(price="49.90"), "of_product": 1}
"""A row without a price of its own."""


@pytest.mark.parametrize(
    ("cart", "price"),
    [({}, "49.90"), ({"currency": "EUR"}, "49.90"), ({"currency": "JPY", "rate": Decimal(160)}, "7984.00")],
)
def test_a_products_own_price_is_in_the_shops_currency(cart: dict[str, Any], price: str) -> None:
    found = Found(1, rows=[OF_PRODUCT], **cart)
    assert [line.price for line in counted(TABLES, found, prices_in="EUR").lines] == [Decimal(price)]


def test_a_products_own_price_needs_the_carts_rate() -> None:
    with pytest.raises(
        ValueError, match=r"costs 49.90 EUR, and what that is in JPY is not known: let the preset"
    ):
        counted(TABLES, Found(1, rows=[OF_PRODUCT], currency="JPY"), prices_in="EUR")
    own = Found(1, rows=[{**row(), "of_product": 0}], currency="JPY")
    assert counted(TABLES, own, prices_in="EUR").lines[0].price == Decimal(5)


@pytest.mark.parametrize("quantity", [10**30, "1e60", Decimal(10) ** 64, 1e308])
def test_a_quantity_that_nobody_orders_spoils_the_cart(quantity: Any) -> None:
    with pytest.raises(ValueError, match="product 1 has no usable quantity"):
        count(row(quantity=quantity))


def test_the_store_is_that_of_the_newest_row_that_names_one() -> None:
    later = NOON + timedelta(seconds=5)
    rows = [{**row(created=later), "store": "DE"}, {**row(2), "store": "FR"}]
    assert count(*rows).store == count(*reversed(rows)).store == "de"
    assert count({**row(created=later), "store": None}, {**row(2), "store": "FR"}, store="at").store == "fr"


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
