"""The preset for PrestaShop 8: what a line costs is what the shop's cart shows.

The expected prices follow from PrestaShop's ``Product::priceCalculation`` and ``SpecificPrice::getSpecificPrice``. The
lamp is 49.90 without and 59.88 with the tax of 20 %.
"""

from decimal import Decimal
from typing import Any

import pytest
from fakes.prestashop.catalogue import BLANKET, CUSTOMERS, DOLLAR, EURO, FRANCE, GUESTS, LAMP
from fakes.prestashop.on_cartwake import Presta
from fakes.prestashop.prices import BELGIUM
from fakes.shop_statements import ago

PLAIN = "59.88"
TENTH = {"reduction_type": "percentage", "reduction": "0.10"}
TENTH_OFF = "53.89"
FIFTH = {"reduction_type": "percentage", "reduction": "0.20"}
FIFTH_OFF = "47.90"
DAY = 24 * 60


def prices(presta: Presta, cart: int) -> list[str]:
    return [f"{line.price:.2f}" for line in presta.db.load(cart)[cart].lines]


def customer_of(presta: Presta, cart: int) -> int:
    return int(presta.db.load(cart)[cart].customer_id or 0)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (TENTH, TENTH_OFF),
        ({"reduction": "5"}, "54.88"),
        ({"reduction": "5", "reduction_tax": 0}, "53.88"),
        ({"price": "40"}, "48.00"),
        ({"price": "40", "reduction_type": "percentage", "reduction": "0.25"}, "36.00"),
        ({"price": "40", "reduction": "3"}, "45.00"),
        (TENTH | {"from": ago(DAY), "to": ago(-DAY)}, TENTH_OFF),
        (TENTH | {"from": ago(-5)}, PLAIN),
        (TENTH | {"to": ago(5)}, PLAIN),
        (TENTH | {"from_quantity": 2}, PLAIN),
        (TENTH | {"id_shop": 1, "id_currency": EURO, "id_country": FRANCE, "id_group": CUSTOMERS}, TENTH_OFF),
        (TENTH | {"id_shop": 2}, PLAIN),
        (TENTH | {"id_currency": DOLLAR}, PLAIN),
        (TENTH | {"id_country": BELGIUM}, PLAIN),
        (TENTH | {"id_group": GUESTS}, PLAIN),
        (TENTH | {"id_customer": 9}, PLAIN),
        (TENTH | {"id_cart": 9}, PLAIN),
        (TENTH | {"id_product_attribute": 9}, PLAIN),
    ],
    ids=str,
)  # fmt: skip
def test_a_specific_price(presta: Presta, rule: dict[str, Any], expected: str) -> None:
    cart = presta.customer_with_cart()
    presta.shop.specific_price(BLANKET.id, price="1")  # another product's
    presta.shop.specific_price(LAMP.id, **rule)
    assert prices(presta, cart) == [expected]


@pytest.mark.parametrize(("rounds", "total"), [(1, "161.67"), (2, "161.68"), (3, "161.68")])
def test_pieces_or_lines_are_rounded_as_the_shop_does(presta: Presta, rounds: int, total: str) -> None:
    presta.shop.configure("PS_ROUND_TYPE", rounds)
    cart = presta.customer_with_cart()
    presta.shop.specific_price(LAMP.id, **TENTH)  # 53.892
    presta.shop.change_quantity(cart, LAMP.id, 3, minutes_ago=50)
    assert presta.db.load(cart)[cart].total == Decimal(total)


def test_a_currency_without_cents(presta: Presta) -> None:
    presta.db.run("UPDATE ps_currency SET iso_code = 'JPY', `precision` = 0 WHERE id_currency = %s", (EURO,))
    cart = presta.customer_with_cart()
    presta.shop.specific_price(LAMP.id, **FIFTH)  # 47.904
    presta.shop.change_quantity(cart, LAMP.id, 10, minutes_ago=50)
    loaded = presta.db.load(cart)[cart]
    assert (loaded.currency, loaded.total) == ("JPY", Decimal(480))


def test_a_rule_for_all_products(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.specific_price(0, **TENTH)
    assert prices(presta, cart) == [TENTH_OFF]


@pytest.mark.parametrize("rule", [{"price": "0"}, {"reduction": "60"}], ids=str)
def test_what_a_specific_price_makes_free_is_no_line(presta: Presta, rule: dict[str, Any]) -> None:
    cart = presta.customer_with_cart()
    presta.shop.specific_price(LAMP.id, **rule)
    assert prices(presta, cart) == []


OF_ALL = {"id_shop": 1, "id_currency": EURO, "id_country": FRANCE, "id_group": CUSTOMERS}


@pytest.mark.parametrize(
    ("wins", "loses"),
    [
        ({"id_customer": True}, OF_ALL),
        ({"id_shop": 1}, {"id_currency": EURO, "id_country": FRANCE, "id_group": CUSTOMERS}),
        ({"id_currency": EURO}, {"id_country": FRANCE, "id_group": CUSTOMERS}),
        ({"id_country": FRANCE}, {"id_group": CUSTOMERS}),
        ({"id_group": CUSTOMERS}, {}),
        ({"from_quantity": 2}, {"id_customer": True}),
        ({}, {"id_specific_price_rule": 1} | OF_ALL),
        ({"id_cart": True}, {"id_customer": True, "from_quantity": 2}),
        ({"to": ago(-DAY)}, {}),
        ({"from": ago(5)}, {"from": ago(10)}),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False], ids=["put in first", "put in last"])
def test_of_several_rules_one_is_picked(
    presta: Presta, wins: dict[str, Any], loses: dict[str, Any], *, first: bool
) -> None:
    cart = presta.customer_with_cart()
    presta.shop.add(cart, LAMP.id, minutes_ago=59)
    own = {"id_customer": customer_of(presta, cart), "id_cart": cart}
    rules = [TENTH | wins, FIFTH | loses]
    for rule in rules if first else reversed(rules):
        presta.shop.specific_price(
            LAMP.id, **{name: own[name] if value is True else value for name, value in rule.items()}
        )
    assert prices(presta, cart) == [TENTH_OFF]


def test_the_shop_or_a_product_may_prefer_other_rules(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.specific_price(LAMP.id, **TENTH, id_group=CUSTOMERS)
    presta.shop.specific_price(LAMP.id, **FIFTH, id_country=FRANCE)
    assert prices(presta, cart) == [FIFTH_OFF]
    presta.db.run(
        "UPDATE ps_configuration SET value = 'id_group;id_country;id_currency;id_shop' "
        "WHERE name = 'PS_SPECIFIC_PRICE_PRIORITIES'"
    )
    assert prices(presta, cart) == [TENTH_OFF]
    presta.shop.prefer(LAMP.id, "id_shop", "id_country", "id_currency", "id_group")
    assert prices(presta, cart) == [FIFTH_OFF]


def test_a_combinations_own_price(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.add(cart, BLANKET.id, attribute=11, minutes_ago=59)
    presta.shop.add(cart, BLANKET.id, attribute=12, minutes_ago=58)
    assert prices(presta, cart) == [PLAIN, "84.00", "108.00"]
    presta.shop.specific_price(BLANKET.id, price="50")  # the combination's surcharge of 20 comes on top
    assert prices(presta, cart) == [PLAIN, "60.00", "84.00"]
    presta.shop.specific_price(BLANKET.id, price="55", id_product_attribute=12)
    assert prices(presta, cart) == [PLAIN, "60.00", "66.00"]


@pytest.mark.parametrize(("alone", "expected"), [(0, ["75.60", "97.20"]), (1, ["84.00", "97.20"])])
def test_pieces_are_counted_over_the_combinations_or_for_each(
    presta: Presta, alone: int, expected: list[str]
) -> None:
    cart = presta.shop.new_cart(customer=presta.shop.register("jane@example.com"), minutes_ago=60)
    presta.shop.add(cart, BLANKET.id, 1, attribute=11, minutes_ago=59)
    presta.shop.add(cart, BLANKET.id, 2, attribute=12, minutes_ago=58)
    presta.shop.specific_price(BLANKET.id, **TENTH, from_quantity=2)
    presta.db.run(
        "UPDATE ps_configuration SET value = %s WHERE name = 'PS_QTY_DISCOUNT_ON_COMBINATION'", (alone,)
    )
    assert prices(presta, cart) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, "74.85"),
        ({"reduction": "5"}, "68.60"),
        ({"reduction": "5", "id_currency": DOLLAR}, "69.85"),
        ({"reduction": "5", "id_currency": DOLLAR, "reduction_tax": 0}, "68.85"),
        ({"price": "40"}, "60.00"),
        ({"price": "40", "id_currency": DOLLAR}, "48.00"),
    ],
    ids=str,
)
def test_a_specific_price_in_another_currency(presta: Presta, rule: dict[str, Any], expected: str) -> None:
    who = presta.shop.register("jane@example.com")
    cart = presta.shop.new_cart(customer=who, currency=DOLLAR, minutes_ago=60)
    presta.shop.add(cart, LAMP.id, minutes_ago=60)
    presta.shop.specific_price(LAMP.id, **rule)
    assert prices(presta, cart) == [expected]


def test_a_groups_reduction_holds_where_no_specific_price_does(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("UPDATE ps_group SET reduction = 10 WHERE id_group = %s", (CUSTOMERS,))
    presta.shop.reduce_for(GUESTS, LAMP.id, "0.5000")
    assert prices(presta, cart) == [TENTH_OFF]
    presta.shop.reduce_for(CUSTOMERS, LAMP.id, "0.2000")
    assert prices(presta, cart) == [FIFTH_OFF]
    presta.shop.specific_price(LAMP.id, reduction="5")
    assert prices(presta, cart) == ["54.88"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [({}, "49.90"), (TENTH, "44.91"), ({"reduction": "6"}, "44.90"), ({"reduction": "5", "reduction_tax": 0}, "44.90")],
    ids=str,
)  # fmt: skip
def test_a_group_that_sees_prices_without_taxes(presta: Presta, rule: dict[str, Any], expected: str) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("UPDATE ps_group SET price_display_method = 1 WHERE id_group = %s", (CUSTOMERS,))
    presta.shop.specific_price(LAMP.id, **rule)
    assert prices(presta, cart) == [expected]


def test_the_carts_address_says_which_taxes_and_rules_are_its_own(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    who = customer_of(presta, cart)
    presta.shop.tax(21, BELGIUM)
    presta.shop.tax(1, BELGIUM, state=7)
    presta.shop.tax(50, BELGIUM, state=8)
    home, work = presta.shop.move_in(who, BELGIUM), presta.shop.move_in(who, BELGIUM, state=7)
    presta.db.run("UPDATE ps_cart SET id_address_delivery = %s, id_address_invoice = %s", (home, work))
    assert prices(presta, cart) == ["60.38"]
    presta.db.run(
        "UPDATE ps_configuration SET value = 'id_address_invoice' WHERE name = 'PS_TAX_ADDRESS_TYPE'"
    )
    assert prices(presta, cart) == ["60.88"]
    presta.shop.specific_price(LAMP.id, price="30", id_country=FRANCE)
    presta.shop.specific_price(LAMP.id, price="40", id_country=BELGIUM)
    assert prices(presta, cart) == ["48.80"]
    presta.db.run("UPDATE ps_configuration SET value = '0' WHERE name = 'PS_TAX'")
    assert prices(presta, cart) == ["40.00"]


def test_ecotax(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("UPDATE ps_product_shop SET ecotax = 1")
    assert prices(presta, cart) == ["60.88"]
    presta.db.run("UPDATE ps_configuration SET value = '1' WHERE name = 'PS_ECOTAX_TAX_RULES_GROUP_ID'")
    assert prices(presta, cart) == ["61.08"]
    presta.shop.specific_price(LAMP.id, **TENTH)
    assert prices(presta, cart) == ["54.97"]
    presta.db.run("UPDATE ps_group SET price_display_method = 1")
    assert prices(presta, cart) == ["45.81"]


@pytest.mark.parametrize("zone", ["UTC", "Nowhere/Nothing", "", None])
def test_a_zone_that_the_server_does_not_know_is_utc(presta: Presta, zone: str | None) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("UPDATE ps_configuration SET value = %s WHERE name = 'PS_TIMEZONE'", (zone,))
    presta.shop.specific_price(LAMP.id, **TENTH, to=ago(-5))
    assert prices(presta, cart) == [TENTH_OFF]


def test_what_a_shop_has_never_set_is_as_installed(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("DELETE FROM ps_configuration WHERE name <> 'PS_COUNTRY_DEFAULT'")
    presta.db.run("DELETE FROM ps_group")
    presta.shop.specific_price(LAMP.id, **TENTH, id_group=CUSTOMERS)
    presta.shop.specific_price(LAMP.id, **FIFTH, id_country=FRANCE)
    assert prices(presta, cart) == [FIFTH_OFF]


def test_many_rules_of_other_products_are_not_gone_over(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.specific_price(LAMP.id, **TENTH)
    presta.shop.double_rules(15)
    presta.db.run(
        "INSERT INTO ps_specific_price_priority (id_product, priority) "
        "SELECT id_product, 'id_group' FROM ps_specific_price WHERE id_product > 1000"
    )
    assert prices(presta, cart) == [TENTH_OFF]
    assert presta.db.rows_read(cart) < 5000
