"""The preset for PrestaShop 8 where one PrestaShop has several shops."""

import pytest
from fakes.prestashop.catalogue import BLANKET, DOLLAR, FRENCH, LAMP, RATES
from fakes.prestashop.on_cartwake import Presta
from fakes.prestashop.prices import BELGIUM
from fakes.prestashop.shops import SECOND

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Send
from binlog_watcher.doctor.preflight import check_server


@pytest.fixture
def both(presta: Presta) -> Presta:
    presta.shop.open_second()
    return presta


def carts(presta: Presta, **cart: int) -> tuple[Cart, Cart]:
    """A lamp and a blanket in the first shop, and the same in the second."""
    keys = []
    for shop in (1, SECOND):
        who = presta.shop.register(f"jane{shop}@example.com")
        key = presta.shop.new_cart(customer=who, shop=shop, minutes_ago=60, **cart)
        presta.shop.add(key, LAMP.id, minutes_ago=60)
        presta.shop.add(key, BLANKET.id, attribute=12, minutes_ago=59)
        keys.append(key)
    loaded = presta.db.load(*keys)
    return loaded[keys[0]], loaded[keys[1]]


def shown(cart: Cart) -> list[tuple[str, str | None, str]]:
    return [(line.name, line.category, f"{line.price:.2f}") for line in cart.lines]


def test_the_preset_fits(both: Presta) -> None:
    assert check_server(both.db.settings().connection, both.db.resources.schema).warnings == ()


def test_names_and_prices_are_those_of_the_carts_own_shop(both: Presta) -> None:
    first, second = carts(both)
    assert shown(first) == [
        ("Oak table lamp", "Lighting", "59.88"),
        ("Wool blanket (Size: L, Colour: blue)", "Textiles", "108.00"),
    ]
    assert shown(second) == [
        ("Trade: Oak table lamp", "Trade: Lighting", "119.76"),
        (
            "Trade: Wool blanket (Size: L, Colour: blue)",
            "Trade: Textiles",
            "240.00",
        ),  # (2 * 70 + 3 * 20) * 1.2
    ]
    assert all(isinstance(both.db.decide(cart.key), Send) for cart in (first, second))


def test_each_shop_has_its_own_rates_and_country(both: Presta) -> None:
    both.shop.tax(21, BELGIUM)
    both.shop.configure("PS_COUNTRY_DEFAULT", BELGIUM, shop=SECOND, group=1)
    first, second = carts(both, currency=DOLLAR, language=FRENCH)
    assert (first.rate, second.rate) == (RATES[DOLLAR], 2 * RATES[DOLLAR])
    assert [shown(cart)[0] for cart in (first, second)] == [
        (LAMP.names[FRENCH], "Luminaires", "74.85"),
        (f"Trade: {LAMP.names[FRENCH]}", "Trade: Luminaires", "301.90"),  # 2 * 49.90 * 2.5 * 1.21
    ]


def test_a_specific_price_of_one_shop(both: Presta) -> None:
    both.shop.specific_price(LAMP.id, price="40", id_shop=SECOND)
    both.shop.specific_price(LAMP.id, reduction="5")
    first, second = carts(both)
    assert [shown(cart)[0][2] for cart in (first, second)] == ["54.88", "48.00"]


SHARED = (
    "UPDATE ps_shop_group g, ps_stock_available s SET g.share_stock = 1, s.quantity = 0, s.id_shop = 0, "
    "s.id_shop_group = 1 WHERE s.id_shop = 1"
)


@pytest.mark.parametrize(
    ("change", "available"),
    [
        ("UPDATE ps_stock_available SET quantity = 0 WHERE id_shop = 1", [False, True]),
        ("UPDATE ps_product_shop SET active = 0 WHERE id_shop = 2", [True, False]),
        ("UPDATE ps_shop_group SET share_stock = 1", [True, True]),  # of which nothing is counted yet
        (SHARED, [False, False]),
    ],
    ids=str,
)
def test_each_shop_has_its_own_stock_or_the_groups(both: Presta, change: str, available: list[bool]) -> None:
    both.db.run(change)
    found = carts(both)
    assert [[line.available for line in cart.lines] for cart in found] == [[one] * 2 for one in available]


@pytest.mark.parametrize(
    ("of_all", "of_the_group", "of_the_shop", "available"),
    [
        (0, None, None, False), (1, None, None, True),
        (0, 1, None, True), (1, 0, None, False),
        (1, 0, 1, True), (0, 1, 0, False),
    ],
)  # fmt: skip
def test_a_shops_setting_goes_before_its_groups(
    both: Presta, of_all: int, of_the_group: int | None, of_the_shop: int | None, *, available: bool
) -> None:
    both.db.run("UPDATE ps_stock_available SET quantity = 0")
    both.shop.configure("PS_ORDER_OUT_OF_STOCK", of_all)
    both.shop.configure("PS_ORDER_OUT_OF_STOCK", 1 - available, shop=1, group=1)  # the other shop's
    if of_the_group is not None:
        both.shop.configure("PS_ORDER_OUT_OF_STOCK", of_the_group, group=1)
    if of_the_shop is not None:
        both.shop.configure("PS_ORDER_OUT_OF_STOCK", of_the_shop, shop=SECOND, group=1)
    first, second = carts(both)
    assert [line.available for line in second.lines] == [available] * 2
    assert [line.available for line in first.lines] == [not available] * 2
