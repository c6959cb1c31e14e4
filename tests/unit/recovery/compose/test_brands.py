"""What a storefront promises, in which currency; and whose mail a cart gets."""

from dataclasses import replace
from decimal import Decimal

from fakes.stages import cart
from fakes.store import brand, store

from binlog_watcher.core.cart import Cart, Line
from binlog_watcher.recovery.compose.brands import Brands
from mailer import DiscountTable, Tier

TIERS = DiscountTable((Tier(Decimal(100), Decimal(10)),), ceiling=Decimal(1000))


def worth(price: str, currency: str | None = None, rate: str | None = None) -> Cart:
    line = Line(1, "Kettle", "Kitchen", Decimal(price), 1, None)
    return cart(7, lines=(line,), currency=currency, rate=None if rate is None else Decimal(rate))


def test_what_is_above_the_ceiling_earns_no_discount() -> None:
    own = brand(discounts=TIERS)
    assert not own.is_too_dear(worth("1000"))
    assert own.discount(worth("1000")).percent == 10
    assert own.is_too_dear(worth("1002"))
    assert own.discount(worth("1002")).percent == 0
    assert not own.is_too_dear(worth("1002", "CHF")), "it has no discount anyway"
    assert not own.is_too_dear(worth("1002", "CHF", "2"))


def test_tiers_in_the_shops_currency_go_by_the_rate() -> None:
    own = brand(discounts=TIERS)
    assert [
        own.discount(worth("199", *of)).percent for of in ((None, None), ("CHF", "2"), ("CHF", None))
    ] == [10, 0, 0]
    assert [own.price(worth("1", *of), Decimal(3)) for of in ((None, None), ("CHF", "2"), ("CHF", None))] == [
        3,
        6,
        None,
    ]


def test_tiers_of_a_store_with_a_currency_of_its_own_are_in_that() -> None:
    """Rates go to the shop's currency, which is another one; so are the catalogue's prices."""
    swiss = brand(store=store(currency="CHF"), discounts=TIERS)
    assert [
        swiss.discount(worth("199", *of)).percent for of in ((None, None), ("CHF", "2"), ("EUR", "2"))
    ] == [10, 10, 0]
    assert swiss.price(worth("1"), Decimal(3)) is None
    assert swiss.price(worth("1", "CHF", "2"), Decimal(3)) == 6
    assert swiss.price(worth("1", "USD"), Decimal(3)) == 3
    assert swiss.is_too_dear(worth("1002", "CHF", "2"))


def test_a_cart_gets_the_mail_of_its_store() -> None:
    default, de = brand(), brand(store=store(name="Der Laden"), discounts=TIERS)
    brands = Brands(default, {"de": de})
    assert brands.of(replace(worth("1"), store="de")) is de
    assert brands.of(worth("1")) is default
    assert brands.is_too_dear(replace(worth("1002"), store="de"))
    assert not brands.is_too_dear(worth("1002"))
