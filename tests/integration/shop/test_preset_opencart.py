"""The preset for OpenCart 3.0 on its real tables, with rows written as OpenCart writes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.opencart.catalogue import (
    BOX,
    CARD,
    EURO,
    EXTRAS,
    GERMAN,
    GERMANY,
    KETTLE,
    LAMP,
    LARGE,
    MARK,
    SHIRT,
    SIZE,
    SMALL,
    SOLD_OUT,
    UNITED_KINGDOM,
    WHOLESALE,
)  # fmt: skip
from fakes.opencart.shop import CANCELLED, FAILED, INDEXES, PENDING, PROCESSING, OpenCart
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering
from fakes.told import plain_text, said

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server

MARKED = (f"UPDATE oc_product SET viewed = viewed + 1 WHERE product_id = {MARK.id}", MARK.id)
VARIABLES = f"shop_country={UNITED_KINGDOM},shop_zone=0"
GUEST = 0


@dataclass
class Open:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: OpenCart

    def customer_with_cart(self, *products: int, minutes_ago: float = 60, **customer: Any) -> int:
        who = self.shop.register("jane@example.com", **customer)
        for product in products or (KETTLE.id,):
            self.shop.add(who, product, minutes_ago=minutes_ago)
        return who

    def prices(self, customer: int) -> list[Decimal]:
        return [line.price for line in self.db.load(customer)[customer].lines]


@pytest.fixture
def opencart(server: Server, fresh_database: str) -> Iterator[Open]:
    with preset_shop(
        server,
        fresh_database,
        "opencart-3",
        MARKED,
        CURRENCY="USD",
        SHOP_TIMEZONE="UTC",
        SHOP_VARIABLES=VARIABLES,
    ) as db:
        shop = OpenCart(db.run)
        shop.create()
        yield Open(db, shop)


def test_the_preset_fits(opencart: Open) -> None:
    facts = check_server(opencart.db.settings().connection, opencart.db.resources.schema)
    # Those that the installer makes are told, too.
    assert all("is kept by MyISAM" in warning for warning in facts.warnings)


async def test_a_cart_from_the_first_product_to_the_order(opencart: Open) -> None:
    customer = opencart.shop.register("jane@example.com")
    async with opencart.db.stream() as stream:
        opencart.shop.view(customer, "a")
        opencart.shop.add(customer, KETTLE.id, session="a", minutes_ago=40)
        assert said(await stream.settle()) == [(customer, "INSERT")]
        due_us = stream.tracker.due_of(customer)
        opencart.shop.view(customer, "b")  # each page of another session moves all rows into it
        opencart.shop.view(customer, "b")
        assert said(await stream.settle()) == []
        assert stream.tracker.due_of(customer) == due_us
        opencart.shop.add(customer, KETTLE.id, 2, session="b")
        assert said(await stream.settle()) == [(customer, "UPDATE")]
        assert isinstance(opencart.db.decide(customer, minutes_later=60), Send)
        order = opencart.shop.confirm_page(customer, KETTLE.id)
        # To look at the last page is activity, and no order yet.
        assert said(await stream.settle()) == [(customer, "INSERT")]
        assert isinstance(opencart.db.decide(customer, minutes_later=60), Send)
        opencart.shop.set_status(order, PENDING)
        assert said(await stream.settle())[-1] == (customer, "OrderPlaced")
        assert stream.tracker.due_of(customer) is None
        assert opencart.db.decide(customer, minutes_later=60) == Skip(Reason.EMPTY)
        opencart.shop.clear(customer)
        assert said(await stream.settle()) == [(customer, "DELETE")]
        assert stream.tracker.due_of(customer) is None


@pytest.mark.parametrize(("status", "over"), [(PROCESSING, True), (CANCELLED, True), (FAILED, False)])
def test_a_cancelled_order_is_over_and_a_failed_one_is_none(opencart: Open, status: int, over: bool) -> None:
    customer = opencart.customer_with_cart()
    order = opencart.shop.confirm_page(customer, KETTLE.id)
    opencart.shop.set_status(order, status)
    decision = opencart.db.decide(customer, minutes_later=60)
    assert (decision == Skip(Reason.EMPTY)) if over else isinstance(decision, Send)


async def test_a_guests_cart_becomes_the_customers_at_login(opencart: Open) -> None:
    customer = opencart.shop.register("jane@example.com")
    async with opencart.db.stream() as stream:
        opencart.shop.view(GUEST, "g")
        opencart.shop.add(GUEST, KETTLE.id, session="g")
        opencart.shop.add(GUEST, SHIRT.id, options={str(SIZE): str(LARGE)}, session="g")
        assert said(await stream.settle()) == []
        opencart.shop.view(customer, "g")
        assert (customer, "INSERT") in said(await stream.settle())
        assert stream.tracker.due_of(customer) is not None
    assert opencart.prices(customer) == [Decimal("100.00"), Decimal("23.50")]


async def test_an_order_that_the_back_office_edits_is_no_cart(opencart: Open) -> None:
    customer = opencart.shop.register("jane@example.com")
    async with opencart.db.stream() as stream:
        opencart.shop.add(customer, KETTLE.id, api=1)
        assert said(await stream.settle()) == []
    opencart.shop.add(customer, SHIRT.id, minutes_ago=60)
    assert [line.product_id for line in opencart.db.load(customer)[customer].lines] == [SHIRT.id]
    assert {cart.key for page in opencart.db.resources.scan.open_carts(0) for cart in page} == {customer}


# --- prices ---------------------------------------------------------------------------------------------------------


def test_specials_go_before_discounts_by_quantity(opencart: Open) -> None:
    customer = opencart.customer_with_cart(KETTLE.id)
    opencart.shop.discount(KETTLE.id, 3, "80")
    opencart.shop.discount(KETTLE.id, 10, "60")
    opencart.shop.discount(KETTLE.id, 2, "70", group=WHOLESALE)
    assert opencart.prices(customer) == [Decimal("100.00")]
    opencart.shop.change_quantity(customer, KETTLE.id, 3)
    assert opencart.prices(customer) == [Decimal("80.00")]
    opencart.shop.special(KETTLE.id, "90", until="2001-01-01")
    opencart.shop.special(KETTLE.id, "75", group=WHOLESALE)
    assert opencart.prices(customer) == [Decimal("80.00")]
    opencart.shop.special(KETTLE.id, "85.005")
    assert opencart.prices(customer) == [Decimal("85.005")]
    # OpenCart rounds what a line costs, and no piece of it.
    assert opencart.db.load(customer)[customer].total == Decimal("255.02")


def test_options_change_the_name_and_the_price_of_their_own_line(opencart: Open) -> None:
    customer = opencart.shop.register("jane@example.com")
    chosen: tuple[Any, ...] = (
        {str(SIZE): str(LARGE)}, {str(SIZE): str(SMALL), str(EXTRAS): [str(BOX), str(CARD)]}, [],
    )  # fmt: skip
    for options in chosen:
        opencart.shop.add(customer, SHIRT.id, options=options, minutes_ago=60)
    assert opencart.prices(customer) == [Decimal("23.50"), Decimal("21.50"), Decimal("20.00")]
    assert [line.name.removeprefix(SHIRT.name) for line in opencart.db.load(customer)[customer].lines] == [
        " (Large)", " (Small, Gift box, Card)", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("country", "price"),
    [(UNITED_KINGDOM, "62.00"), (GERMANY, "50.00"), (0, "62.00")],
    ids=["at home", "abroad", "no address: as the shop"],
)
def test_taxes_go_by_the_customers_address(opencart: Open, country: int, price: str) -> None:
    customer = opencart.customer_with_cart(LAMP.id, country=country)
    assert opencart.prices(customer) == [Decimal(price)]
    (row,) = [row for page in opencart.db.resources.shop.catalogue([LAMP.id]) for row in page]
    assert row.price == Decimal("62.00")


def test_the_currency_of_the_customers_session(opencart: Open) -> None:
    customer = opencart.customer_with_cart()
    opencart.shop.view(customer, "e")
    opencart.shop.use_currency("e", EURO)
    cart = opencart.db.load(customer)[customer]
    assert (cart.total, cart.currency) == (Decimal("78.46"), EURO)
    assert round(cart.worth, 2) == Decimal("100.00")


# --- what is shown --------------------------------------------------------------------------------------------------


def test_lines_as_they_are_shown(opencart: Open) -> None:
    customer = opencart.customer_with_cart(KETTLE.id, SOLD_OUT.id, language_id=GERMAN)
    cart = opencart.db.load(customer)[customer]
    kettle, vase = cart.lines
    assert (kettle.name, kettle.category) == ("Kettle &quot;Nile&quot; &amp; lid (de)", "Home &amp; Garden")
    assert kettle.image == "image/catalog/28.jpg"
    assert (kettle.available, vase.available) == (True, False)
    assert cart.customer is not None
    assert (cart.customer.name, cart.customer.language) == ("Jane Doe", "de-de")


def test_another_stores_cart_is_none_here(opencart: Open) -> None:
    customer = opencart.customer_with_cart(store=1)
    decision = opencart.db.decide(customer, minutes_later=60)
    assert isinstance(decision, Wait)
    assert decision.reason is Reason.NO_PRODUCT  # nothing is final: it has no rows here
    assert opencart.db.log() == []


async def test_the_mail(opencart: Open, smtp: MailServer) -> None:
    customer = opencart.customer_with_cart(KETTLE.id, LAMP.id, country=UNITED_KINGDOM)
    assert opencart.db.load(customer)[customer].total == Decimal("162.00")
    async with recovering(
        opencart.db, smtp, SHOP_SCHEMA="opencart-3", SHOP_TIMEZONE="UTC", SHOP_VARIABLES=VARIABLES
    ) as cartwake:
        await cartwake.recover(customer)
    (mail,) = smtp.mails_to("jane@example.com")
    text = plain_text(mail)
    assert 'Kettle "Nile" & lid' in text
    assert "$162.00" in text
    assert "https://shop.example.com/index.php?route=product/product&product_id=28" in text


def test_without_the_indexes_check_names_them(opencart: Open) -> None:
    for statement in INDEXES:
        name, table = statement.split()[2], statement.split()[4]
        opencart.db.run(f"DROP INDEX {name} ON {table}")
    told = "\n".join(check_server(opencart.db.settings().connection, opencart.db.resources.schema).warnings)
    for place in ("oc_order.customer_id", "oc_order.email", "oc_customer.email"):
        assert place in told
