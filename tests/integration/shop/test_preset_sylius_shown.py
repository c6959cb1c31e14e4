"""The preset for Sylius: what is shown of a cart, what it costs, and what can be bought."""

from decimal import Decimal

import pytest
from fakes.mail_server import MailServer
from fakes.preset_shop import preset_shop
from fakes.recovering import recovering
from fakes.sylius.catalogue import COLOUR_OF_RED, GERMAN, GREEN, KETTLE, LAMP, OUTLET, RADIO, RED, SAMPLE
from fakes.sylius.installation import create, fill
from fakes.sylius.on_cartwake import MARK, OnSylius
from fakes.told import plain_text

from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server


def test_a_variant_shows_its_options_and_its_picture(sylius: OnSylius) -> None:
    cart = sylius.cart_of(sylius.jane(), KETTLE, LAMP, RED, GREEN)
    kettle, lamp, red, green = sylius.db.load(cart)[cart].lines
    assert (kettle.name, kettle.category, kettle.image) == (
        "Kettle",
        "Home",
        "media/image/product/1/first.jpg",
    )
    assert (kettle.url, kettle.product_id) == ("en_US/products/en-1", KETTLE.product)
    assert (lamp.name, lamp.price) == ("Lamp & Shade (60 W)", Decimal("19.99"))
    assert (red.name, red.image, red.price) == (
        "T-Shirt (Red, M)", f"media/image/{COLOUR_OF_RED}", Decimal("25.00"),
    )  # fmt: skip
    assert (green.name, green.image) == ("T-Shirt (Green, M)", "media/image/product/3/first.jpg")
    assert [line.available for line in (kettle, lamp, red, green)] == [True, True, True, False]


def test_names_are_in_the_carts_language(sylius: OnSylius) -> None:
    cart = sylius.cart_of(sylius.jane(), RED, RADIO, LAMP, locale=GERMAN)
    loaded = sylius.db.load(cart)[cart]
    red, radio, lamp = loaded.lines
    assert (red.name, red.category, red.url) == ("T-Shirt (Rot, M)", "Haushalt", "de_DE/products/de-3")
    assert (radio.name, radio.url) == ("Radio", "en_US/products/en-4")  # nobody has translated it
    assert lamp.name == "Lämpchen (60 W)"
    assert loaded.customer is not None
    assert loaded.customer.language == "de_DE"


@pytest.mark.parametrize("included", [True, False])
def test_the_total_is_what_the_customer_saw(sylius: OnSylius, included: bool) -> None:
    shop = sylius.shop
    shop.processor.tax, shop.processor.discount, shop.processor.included = 19, 7, included
    shop.processor.shipping = 500
    cart = sylius.cart_of(sylius.jane(), KETTLE, LAMP, quantity=3)
    ((items_total, total),) = sylius.db.run(
        "SELECT items_total, total FROM sylius_order WHERE id = %s", (cart,)
    )
    assert total == items_total + 500
    assert items_total == (15783 if included else 18781)
    assert round(sylius.db.load(cart)[cart].total, 2) == Decimal(items_total) / 100


def test_a_channel_in_another_currency(sylius: OnSylius) -> None:
    customer = sylius.jane()
    cart, outlet = sylius.cart_of(customer), sylius.cart_of(None, KETTLE, quantity=2, channel=OUTLET)
    loaded = sylius.db.load(cart, outlet)
    assert (loaded[cart].currency, loaded[cart].store) == ("USD", "fashion_web")
    assert loaded[cart].rate == 1
    other = loaded[outlet]
    assert (other.currency, other.store, other.total) == ("EUR", "outlet", Decimal("99.80"))
    assert round(other.worth, 2) == Decimal("124.75")
    sylius.db.run(
        "UPDATE sylius_exchange_rate SET source_currency = 2, target_currency = 1, ratio = 1.25"
    )  # the other way round
    assert round(sylius.db.load(outlet)[outlet].worth, 2) == Decimal("124.75")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sylius_product SET enabled = 0",
        "UPDATE sylius_product_variant SET enabled = 0",
        "UPDATE sylius_product_variant SET on_hold = on_hand",
        "DELETE FROM sylius_product_channels WHERE channel_id = 1",
    ],
)
def test_what_can_not_be_bought(sylius: OnSylius, change: str) -> None:
    cart = sylius.cart_of(sylius.jane(), LAMP)
    assert sylius.sent(cart)
    sylius.db.run(change)
    assert sylius.reason(cart) is Reason.UNAVAILABLE


def test_what_is_given_away_is_no_line(sylius: OnSylius) -> None:
    cart = sylius.cart_of(sylius.jane(), SAMPLE)
    assert sylius.db.load(cart)[cart].lines == ()
    assert not sylius.sent(cart)
    sylius.shop.add(cart, KETTLE)
    assert [line.name for line in sylius.db.load(cart)[cart].lines] == ["Kettle"]
    assert sylius.sent(cart)


def test_the_catalogue_is_one_channels(sylius: OnSylius) -> None:
    sylius.shop.complete(sylius.cart_of(None, LAMP, quantity=2))
    rows = {row.id: row for page in sylius.db.resources.shop.catalogue() for row in page}
    assert set(rows) == {1, 2, 3, 4}, "what costs nothing is not recommended"
    assert (rows[1].name, rows[1].price, rows[1].stock) == ("Kettle", Decimal("49.90"), None)
    assert (rows[3].price, rows[3].stock, rows[4].stock) == (Decimal("25.00"), 9, 0)
    assert rows[2].stock == 3, "the order holds two"
    assert rows[3].image == "media/image/product/3/first.jpg"


@pytest.mark.parametrize("newsletter", [True, False])
def test_sylius_1_and_consent_by_the_newsletter(
    server: Server, fresh_database: str, newsletter: bool
) -> None:
    variables = "version=1, consent=newsletter, channel=OUTLET"
    with preset_shop(server, fresh_database, "sylius", MARK, CURRENCY="EUR", SHOP_VARIABLES=variables) as db:
        create(db.run)
        shop = fill(db.run)
        db.run("ALTER TABLE sylius_product_image DROP position")
        assert list(check_server(db.settings().connection, db.resources.schema).warnings) == []
        cart = shop.cart(shop.register("jane@example.com", newsletter=newsletter), KETTLE)
        assert OnSylius(db, shop).reason(cart) is (None if newsletter else Reason.NO_CONSENT)
        loaded = db.load(cart)[cart]
        assert loaded.lines[0].image == "media/image/product/1/second.jpg"
        assert loaded.rate == Decimal("1.25")


async def test_the_mail(sylius: OnSylius, smtp: MailServer) -> None:
    cart = sylius.cart_of(sylius.jane(), KETTLE, RED)
    assert sylius.db.load(cart)[cart].total == Decimal("74.90")
    async with recovering(sylius.db, smtp, SHOP_SCHEMA="sylius") as cartwake:
        await cartwake.recover(cart)
    (mail,) = smtp.mails_to("jane@example.com")
    text = plain_text(mail)
    for words in ("Hi Jane", "T-Shirt (Red, M)", "$74.90", "https://shop.example.com/en_US/products/en-3"):
        assert words in text
