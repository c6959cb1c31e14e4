"""The preset for Bagisto 2 on its real tables, with rows written as Bagisto writes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from fakes.bagisto.catalogue import GREEN, KETTLE, LAMP, MARK, RED, SOLD_OUT, Product
from fakes.bagisto.shop import INDEXES, Bagisto
from fakes.mail_server import MailServer
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering
from fakes.told import plain_text, said

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server

MARKED = (
    f"UPDATE product_flat SET meta_title = CONCAT(COALESCE(meta_title, ''), 'x') WHERE product_id = {MARK.id}",
    MARK.id,
)


@dataclass
class Open:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: Bagisto

    def cart_of(self, customer: int | None, *products: Product, **cart: Any) -> int:
        number = self.shop.cart(customer, **cart)
        for product in products or (KETTLE,):
            self.shop.add(number, product)
        return number

    def jane(self) -> int:
        return self.shop.register("jane@example.com")


@pytest.fixture
def bagisto(server: Server, fresh_database: str) -> Iterator[Open]:
    with preset_shop(server, fresh_database, "bagisto", MARKED, CURRENCY="USD") as db:
        shop = Bagisto(db.run)
        shop.create()
        yield Open(db, shop)


def reason(db: PresetShop, cart: int) -> Reason | None:
    """Why a cart is skipped."""
    decision = db.decide(cart, minutes_later=60)
    return decision.reason if isinstance(decision, Skip) else None


def test_the_preset_fits(bagisto: Open) -> None:
    facts = check_server(bagisto.db.settings().connection, bagisto.db.resources.schema)
    assert list(facts.warnings) == []


def test_without_the_indexes_check_names_them(bagisto: Open) -> None:
    for statement in INDEXES:
        bagisto.db.run(f"DROP INDEX {statement.split()[2]} ON orders")
    told = "\n".join(check_server(bagisto.db.settings().connection, bagisto.db.resources.schema).warnings)
    assert "orders.cart_id" in told
    assert "orders.customer_email" in told


async def test_a_cart_from_the_first_product_to_the_order(bagisto: Open) -> None:
    db, shop, customer = bagisto.db, bagisto.shop, bagisto.jane()
    async with db.stream() as stream:
        cart = shop.cart(customer, minutes_ago=40)
        item = shop.add(cart, KETTLE, minutes_ago=40)
        assert (cart, "INSERT") in said(await stream.settle())
        due_us = stream.tracker.due_of(cart)
        shop.collect_totals(cart)  # a page view
        shop.tax = Decimal(19)  # another rate, by the address: the totals change and the cart does not
        shop.collect_totals(cart)
        assert said(await stream.settle()) == []
        assert stream.tracker.due_of(cart) == due_us
        shop.change_quantity(item, 3)
        assert said(await stream.settle()) == [(cart, "UPDATE")]
        assert isinstance(db.decide(cart, minutes_later=90), Send)
        order = shop.order(cart, customer, "jane@example.com", KETTLE)
        shop.close(cart)
        assert (cart, "OrderPlaced") in said(await stream.settle())
        assert stream.tracker.due_of(cart) is None
        shop.set_status(order, "completed")
        assert not isinstance(db.decide(cart, minutes_later=90), Send)


@pytest.mark.parametrize(
    "status", ["pending", "pending_payment", "processing", "canceled", "closed", "fraud"]
)
def test_an_order_is_a_purchase_in_any_state(bagisto: Open, status: str) -> None:
    customer = bagisto.jane()
    cart = bagisto.cart_of(customer)
    order = bagisto.shop.order(cart, customer, "jane@example.com")
    bagisto.shop.set_status(order, status)
    assert bagisto.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)


def test_who_bought_as_a_guest_has_bought(bagisto: Open) -> None:
    cart = bagisto.cart_of(bagisto.jane())
    assert isinstance(bagisto.db.decide(cart, minutes_later=60), Send)
    other = bagisto.cart_of(None)
    bagisto.shop.order(other, None, "Jane@example.com")
    assert bagisto.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)


async def test_a_guest_is_mailed_once_there_is_an_address(bagisto: Open) -> None:
    db, shop = bagisto.db, bagisto.shop
    async with db.stream() as stream:
        cart = bagisto.cart_of(None)
        await stream.settle()
        assert reason(db, cart) is Reason.GUEST
        shop.check_out_as(cart, "joan@example.com")
        assert said(await stream.settle()) == [(cart, "INSERT")]
        assert isinstance(db.decide(cart, minutes_later=60), Send)
        shop.save_personal_details(cart)
        assert said(await stream.settle()) == [(cart, "UPDATE")]
    customer = db.load(cart)[cart].customer
    assert customer is not None
    assert (customer.name, customer.email) == ("Joan Guest", "joan@example.com")


async def test_a_guests_cart_becomes_the_customers_at_login(bagisto: Open) -> None:
    db, shop, customer = bagisto.db, bagisto.shop, bagisto.jane()
    async with db.stream() as stream:
        cart = bagisto.cart_of(None)
        shop.log_in(customer, cart)
        await stream.settle()
        assert stream.tracker.due_of(cart) is not None
        assert isinstance(db.decide(cart, minutes_later=60), Send)
        guest = bagisto.cart_of(None, LAMP)
        shop.log_in(customer, guest)
        await stream.settle()
    lines = db.load(cart, guest)
    assert [line.name for line in lines[cart].lines] == [KETTLE.name, LAMP.name]
    assert guest not in lines or not lines[guest].lines


async def test_what_empties_a_cart_leaves_nothing_to_mail(bagisto: Open) -> None:
    db, shop = bagisto.db, bagisto.shop
    async with db.stream() as stream:
        cart = shop.cart(bagisto.jane())
        item = shop.add(cart, KETTLE)
        await stream.settle()
        shop.remove(item)
        await stream.settle()
        assert cart not in db.load(cart) or not db.load(cart)[cart].lines


def test_a_cart_of_the_back_office_is_none(bagisto: Open) -> None:
    cart = bagisto.cart_of(bagisto.jane(), is_active=False)
    assert not isinstance(bagisto.db.decide(cart, minutes_later=60), Send)
    assert [one for page in bagisto.db.resources.scan.open_carts(0) for one in page] == []


async def test_buy_now_puts_the_cart_aside_and_back(bagisto: Open) -> None:
    async with bagisto.db.stream() as stream:
        cart = bagisto.cart_of(bagisto.jane())
        bagisto.shop.close(cart)
        await stream.settle()
        assert stream.tracker.due_of(cart) is None
        bagisto.shop.activate(cart)
        await stream.settle()
        assert stream.tracker.due_of(cart) is not None


# --- what is shown --------------------------------------------------------------------------------------------------


def test_a_chosen_variant_shows_its_options_and_its_picture(bagisto: Open) -> None:
    cart = bagisto.cart_of(bagisto.jane(), KETTLE, RED, GREEN)
    kettle, red, green = bagisto.db.load(cart)[cart].lines
    assert (kettle.name, kettle.category, kettle.image) == ("Kettle", "Home", "storage/product/1/1.webp")
    assert kettle.url == "product-1"
    assert red.name in {
        "T-Shirt (M, Rot)",
        "T-Shirt (Rot, M)",
    }  # MySQL sorts an object's keys, MariaDB does not
    assert (red.image, red.price) == ("storage/product/4/1.webp", Decimal("25.00"))
    assert red.url == "product-3"
    assert green.name in {"T-Shirt (L, Grün)", "T-Shirt (Grün, L)"}
    assert (kettle.available, red.available, green.available) == (True, True, False)


def test_the_total_is_what_the_customer_saw(bagisto: Open) -> None:
    shop, cart = bagisto.shop, bagisto.shop.cart(bagisto.jane())
    shop.tax = Decimal(19)
    shop.add(cart, KETTLE, 3)
    shop.add(cart, LAMP)
    shop.collect_totals(cart, discount=Decimal(10))
    ((grand_total,),) = bagisto.db.run("SELECT grand_total FROM cart WHERE id = %s", (cart,))
    loaded = bagisto.db.load(cart)[cart]
    assert round(loaded.total, 2) == grand_total == Decimal("184.96")
    assert [round(line.price * line.quantity, 2) for line in loaded.lines] == [
        Decimal("163.17"),
        Decimal("21.79"),
    ]


def test_a_cart_in_another_currency(bagisto: Open) -> None:
    cart = bagisto.shop.cart(bagisto.jane(), currency="EUR")
    bagisto.shop.add(cart, KETTLE, 2, rate=Decimal("0.8"))
    loaded = bagisto.db.load(cart)[cart]
    assert (loaded.currency, loaded.total, round(loaded.worth, 2)) == (
        "EUR",
        Decimal("79.84"),
        Decimal("99.80"),
    )


def test_what_can_not_be_bought(bagisto: Open) -> None:
    db, shop = bagisto.db, bagisto.shop
    cart = bagisto.cart_of(bagisto.jane(), SOLD_OUT)
    assert reason(db, cart) is Reason.UNAVAILABLE
    shop.without_stock(SOLD_OUT)
    assert isinstance(db.decide(cart, minutes_later=60), Send)
    shop.disable(SOLD_OUT)
    assert reason(db, cart) is Reason.UNAVAILABLE


def test_back_orders_are_for_sale(bagisto: Open) -> None:
    cart = bagisto.cart_of(bagisto.jane(), GREEN)
    assert reason(bagisto.db, cart) is Reason.UNAVAILABLE
    bagisto.shop.allow_back_orders()
    assert isinstance(bagisto.db.decide(cart, minutes_later=60), Send)


def test_what_is_given_away_is_no_line(bagisto: Open) -> None:
    cart = bagisto.cart_of(bagisto.jane(), KETTLE)
    bagisto.shop.collect_totals(cart, discount=Decimal(100))
    assert bagisto.db.load(cart)[cart].lines == ()
    assert not isinstance(bagisto.db.decide(cart, minutes_later=60), Send)


def test_each_channel_is_a_store(bagisto: Open) -> None:
    customer = bagisto.jane()
    cart, outlet = bagisto.cart_of(customer), bagisto.cart_of(None, channel=2)
    loaded = bagisto.db.load(cart, outlet)
    assert (loaded[cart].store, loaded[outlet].store) == ("1", "2")


def test_the_catalogue_is_one_channels(bagisto: Open) -> None:
    rows = {row.id: row for page in bagisto.db.resources.shop.catalogue() for row in page}
    assert set(rows) == {1, 2, 3, 6, 7}, "variants are shown as their product"
    assert (rows[1].name, rows[1].price, rows[1].stock) == ("Kettle", Decimal("49.90"), 9)
    assert (rows[3].price, rows[3].stock, rows[3].image) == (
        Decimal("25.00"),
        None,
        "storage/product/3/1.webp",
    )


@pytest.mark.parametrize("newsletter", [True, False])
def test_consent_by_the_newsletter(server: Server, fresh_database: str, newsletter: bool) -> None:
    with preset_shop(server, fresh_database, "bagisto", MARKED, SHOP_VARIABLES="consent=newsletter") as db:
        shop = Bagisto(db.run)
        shop.create()
        cart = shop.cart(shop.register("jane@example.com", newsletter=newsletter))
        shop.add(cart, KETTLE)
        assert reason(db, cart) is (None if newsletter else Reason.NO_CONSENT)


async def test_the_mail(bagisto: Open, smtp: MailServer) -> None:
    cart = bagisto.cart_of(bagisto.jane(), KETTLE, RED)
    assert bagisto.db.load(cart)[cart].total == Decimal("74.90")
    async with recovering(bagisto.db, smtp, SHOP_SCHEMA="bagisto") as cartwake:
        await cartwake.recover(cart)
    (mail,) = smtp.mails_to("jane@example.com")
    text = plain_text(mail)
    for words in ("Hi Jane", "T-Shirt (", "$74.90", "https://shop.example.com/product-3"):
        assert words in text
