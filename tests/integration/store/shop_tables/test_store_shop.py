"""Reads of the shop: counted rows, customers, open carts, reconcile pages, time columns."""

from decimal import Decimal
from typing import Any

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.shop_tables import open_carts as scan_module
from binlog_watcher.store.shop_tables.open_carts import CartScan
from binlog_watcher.store.shop_tables.shop import Shop


def load(shop: Any, *keys: int) -> Any:
    return shop.loader(shop.instance()).load(list(keys))


def test_connection_and_counts(shop: Any) -> None:
    assert shop.run("SELECT COUNT(*) FROM products") == [(270,)]
    shop.user(1, "a@example.com")
    shop.add(1, 1)
    shop.add(1, 2, quantity=2)
    assert sum(len(page) for page in shop.scan.open_carts(0)) == 1
    assert sum(len(page) for page in shop.shop.catalogue()) == 270


def test_only_counted_rows_count(shop: Any) -> None:
    shop.user(1, "a@example.com")
    shop.add(1, 1, minutes_ago=90)  # bought
    shop.order(1, minutes_ago=80)
    shop.add(1, 2, minutes_ago=80)
    # The same second as the order: bought. Two statements one after the other may fall into two seconds.
    shop.run("UPDATE cart SET created_at = (SELECT created_at FROM orders) WHERE product_id = 2")
    shop.add(1, 3, quantity=3, minutes_ago=60)
    shop.add(1, 4, quantity=0, minutes_ago=60)
    shop.add(1, 999_999, minutes_ago=60)  # no such product
    cart = load(shop, 1).carts[1]
    price = shop.run("SELECT price FROM products WHERE id = 3")[0][0]
    assert [(line.product_id, line.quantity) for line in cart.lines] == [(3, 3)]
    assert cart.total == 3 * price
    assert cart.item_count == 3


def test_a_cart_without_counted_rows_has_no_version(shop: Any) -> None:
    shop.user(1, "a@example.com")
    shop.add(1, 1, minutes_ago=50)
    shop.order(1)
    cart = load(shop, 1).carts[1]
    assert (cart.lines, cart.version) == ((), None)
    assert cart.newest_order_us is not None
    assert list(shop.scan.open_carts(0)) == []


def test_guests_are_no_carts(shop: Any) -> None:
    shop.add(None, 1)
    shop.add(0, 1)
    assert list(shop.scan.open_carts(0)) == []
    assert list(shop.scan.between(0, shop.clock.now_us())) == [[]]


@pytest.mark.parametrize("email", [None, "", "not an address", "a@b@c", "two words@example.com"])
def test_bad_addresses_have_no_hash(shop: Any, email: str | None) -> None:
    shop.user(1, email)
    shop.add(1, 1)
    customer = load(shop, 1).carts[1].customer
    assert customer is not None
    assert customer.address_hash is None


def test_one_address_in_two_spellings_has_one_hash(shop: Any) -> None:
    shop.user(1, "Jane@Example.com")
    shop.user(2, " jane@example.COM ")
    shop.add(1, 1)
    shop.add(2, 1)
    carts = load(shop, 1, 2).carts
    assert carts[1].customer.address_hash == carts[2].customer.address_hash


def test_a_product_without_a_price_spoils_one_cart_only(shop: Any) -> None:
    shop.run("ALTER TABLE products MODIFY price DECIMAL(10,2) NULL")
    shop.run("UPDATE products SET price = NULL WHERE id = 1")
    for user_id in (1, 2):
        shop.user(user_id, f"u{user_id}@example.com")
        shop.add(user_id, user_id)
    loaded = load(shop, 1, 2)
    assert set(loaded.carts) == {2}
    assert "product 1 has no usable price" in loaded.unreadable[1]


def test_pages_cover_every_cart_once(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "CART_PAGE_SIZE", 3)
    for user_id in range(1, 9):
        shop.add(user_id, 1, minutes_ago=30)  # all in one second: keyset pages must not lose any
        shop.add(user_id, 2, minutes_ago=30)
    shop.order(4)
    open_keys = [cart.key for page in shop.scan.open_carts(0) for cart in page]
    assert open_keys == [1, 2, 3, 5, 6, 7, 8]
    now_us = shop.clock.now_us()
    created = [key for page in shop.scan.between(now_us - 3_600_000_000, now_us) for key in page]
    assert set(created) == set(range(1, 9))
    by_id = [key for keys, _ in shop.scan.rows_after_id(0, now_us, now_us) for key in keys]
    assert set(by_id) == set(range(1, 9))


def test_the_id_watermark_stops_before_what_is_not_due(shop: Any) -> None:
    shop.add(1, 1, minutes_ago=60)
    shop.add(2, 1, minutes_ago=1)
    shop.add(3, 1, minutes_ago=60)
    now_us = shop.clock.now_us()
    until_us = now_us - 30 * 60_000_000
    keys, watermark = next(iter(shop.scan.rows_after_id(0, until_us, now_us)))
    assert keys == [1, 3]
    assert watermark == 1
    assert shop.scan.id_watermark(until_us) == 3


def test_a_row_from_the_far_future_does_not_hold_the_id_watermark_up(shop: Any) -> None:
    shop.add(1, 1, minutes_ago=-60 * 24 * 365)
    shop.add(2, 1, minutes_ago=60)
    shop.add(3, 1, minutes_ago=1)
    now_us = shop.clock.now_us()
    keys, watermark = next(iter(shop.scan.rows_after_id(0, now_us - 30 * 60_000_000, now_us)))
    assert keys == [2]
    assert watermark == 2


def test_datetime_columns_are_read_in_the_named_zone(shop: Any) -> None:
    shop.run("ALTER TABLE cart MODIFY created_at DATETIME NOT NULL")
    shop.user(1, "a@example.com")
    shop.run("INSERT INTO cart (user_id, product_id, created_at) VALUES (1, 1, '2026-07-01 12:00:00')")
    berlin = Shop(shop.database, SAMPLE, timezone="Europe/Berlin")
    assert (
        berlin.cart_time.to_us(shop.run("SELECT created_at FROM cart")[0][0]) == 1_782_900_000_000_000
    )  # 10:00 UTC
    scan = CartScan(berlin)
    assert [cart.key for page in scan.open_carts(1_782_900_000_000_000) for cart in page] == [1]
    assert list(scan.open_carts(1_782_900_000_000_001 + 1_000_000)) == []


def test_an_unknown_zone_is_refused(shop: Any) -> None:
    shop.run("ALTER TABLE cart MODIFY created_at DATETIME NOT NULL")
    with pytest.raises(ConfigError, match="SHOP_TIMEZONE='Mars/Olympus'"):
        Shop(shop.database, SAMPLE, timezone="Mars/Olympus")


def test_a_missing_column_is_named(bare_shop: Any) -> None:
    shop = bare_shop()
    shop.run("ALTER TABLE cart DROP COLUMN created_at")
    with pytest.raises(ConfigError, match="the table cart has no column created_at"):
        Shop(shop.database, SAMPLE)


def test_money_is_decimal_whatever_the_column_is(shop: Any) -> None:
    shop.run("ALTER TABLE products MODIFY price DOUBLE NOT NULL")
    shop.run("UPDATE products SET price = 19.99 WHERE id = 1")
    shop.user(1, "a@example.com")
    shop.add(1, 1, quantity=3)
    assert load(shop, 1).carts[1].total == Decimal("59.97")


def test_the_young_are_those_with_a_row_that_is_not_old(shop: Any) -> None:
    day = 24 * 60
    for user_id, ages in {
        1: [1],
        2: [10 * day],
        3: [10 * day, 1],
        4: [10 * day, 20 * day],
        6: [2 * day],
    }.items():
        for age in ages:
            shop.add(user_id, 1, minutes_ago=age)
    shop.run("ALTER TABLE cart MODIFY created_at TIMESTAMP NULL")
    shop.run("INSERT INTO cart (user_id, product_id, quantity, created_at) VALUES (5, 1, 1, NULL)")
    since_us = shop.clock.now_us() - 3 * day * 60_000_000
    keys = [6, 5, 4, 3, 2, 1, 77]
    assert shop.shop.young(keys, since_us) == [6, 5, 3, 1], "a row without a date may be of any age"


def test_the_young_are_found_by_the_index_of_their_keys(shop: Any) -> None:
    shop.run(
        "INSERT INTO cart (user_id, product_id, quantity, created_at) WITH RECURSIVE n (i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT 1 + (a.i * 900 + b.i) MOD 20000, 1, 1, "
        "NOW() - INTERVAL (a.i * 900 + b.i) MOD 9000 HOUR FROM n a JOIN n b ON b.i <= 100"
    )
    shop.run("ANALYZE TABLE cart")
    parameters = shop.shop.parameters(
        keys=tuple(range(1, 2_001)),
        since=shop.shop.cart_time.from_us(shop.clock.now_us() - 72 * 3_600_000_000),
    )
    with shop.database.session() as session:
        plan = session.records(f"EXPLAIN FORMAT=TRADITIONAL {shop.shop.queries.young}", parameters)
    assert not [row for row in plan if row["type"] == "ALL" and row["table"] == "l"], plan
    assert {row["key"] for row in plan if row["table"] == "l"} == {"user_id"}, plan
