"""The preset for OpenCart 4.1 and 4.0 on their real tables, with rows written as OpenCart writes them."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.opencart.catalogue import (
    BOX,
    CARD,
    EURO,
    EURO_RATE,
    EXTRAS,
    GERMAN,
    GERMANY,
    KETTLE,
    LAMP,
    LARGE,
    SHIRT,
    SIZE,
    SMALL,
    SOLD_OUT,
    UNITED_KINGDOM,
    WHOLESALE,
)  # fmt: skip
from fakes.opencart.on_cartwake import MARKED, Open, variables
from fakes.opencart.shop import CANCELLED, FAILED, PENDING, PROCESSING
from fakes.opencart.shop_4 import BEANS, GIFT_SHIRT, INDEXES, MONTHLY, TRIAL, V4_0, V4_1, OpenCart4
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering
from fakes.told import plain_text, said

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server

GUEST = 0
DAY = 24 * 60
LARGE_ONE = {str(SIZE): str(LARGE)}


@pytest.fixture(scope="module", params=[V4_1, V4_0])
def shop_of_a_release(server: Server, request: pytest.FixtureRequest) -> Iterator[Open]:
    release = str(request.param)
    name = f"opencart_{release.replace('.', '_')}"
    with server.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
        with preset_shop(
            server,
            name,
            "opencart-4",
            MARKED,
            CURRENCY="USD",
            SHOP_TIMEZONE="UTC",
            SHOP_VARIABLES=variables(release),
        ) as db:
            shop = OpenCart4(db.run, release)
            shop.create()
            yield Open(db, shop)
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def opencart(shop_of_a_release: Open) -> Open:
    """With nothing of the tests before it that could be in the way of this one."""
    shop_of_a_release.shop.no_offers()
    shop_of_a_release.db.run("DELETE FROM oc_cart")
    return shop_of_a_release


IN_4_1 = pytest.mark.parametrize("shop_of_a_release", [V4_1], indirect=True)
IN_4_0 = pytest.mark.parametrize("shop_of_a_release", [V4_0], indirect=True)


def money(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def test_the_preset_fits(opencart: Open) -> None:
    facts = check_server(opencart.db.settings().connection, opencart.db.resources.schema)
    assert facts.warnings == ()


async def test_a_cart_from_the_first_product_to_the_order(opencart: Open) -> None:
    customer = opencart.customer()
    async with opencart.db.stream() as stream:
        opencart.shop.view(customer, "a")
        opencart.shop.add(customer, KETTLE.id, session="a", minutes_ago=40)
        assert said(await stream.settle()) == [(customer, "INSERT")]
        due_us, version = stream.tracker.due_of(customer), opencart.cart(customer).version
        opencart.shop.view(customer, "b")  # each page takes all rows into its session; 4.1 dates them anew
        opencart.shop.view(customer, "b")
        assert said(await stream.settle()) == []
        assert stream.tracker.due_of(customer) == due_us
        assert opencart.cart(customer).version == version  # no new episode
        opencart.shop.add(customer, KETTLE.id, 2, session="b")
        assert said(await stream.settle()) == [(customer, "UPDATE")]
        assert isinstance(opencart.db.decide(customer, minutes_later=61), Send)
        opencart.shop.add(customer, LAMP.id, session="b")
        assert said(await stream.settle()) == [(customer, "INSERT")]
        assert (opencart.cart(customer).version or 0) > (version or 0)
        order = opencart.order(customer, {KETTLE.id: 3, LAMP.id: 1})
        # To look at the last page is activity, and no order yet.
        assert said(await stream.settle()) == [(customer, "INSERT")]
        assert isinstance(opencart.db.decide(customer, minutes_later=61), Send)
        opencart.shop.view(customer, "b")
        opencart.shop.set_status(order, PENDING)
        assert said(await stream.settle())[-1] == (customer, "OrderPlaced")
        assert stream.tracker.due_of(customer) is None
        assert opencart.db.decide(customer, minutes_later=61) == Skip(Reason.EMPTY)
        opencart.shop.clear(customer, session="b")
        assert said(await stream.settle()) == [(customer, "DELETE")]
        assert stream.tracker.due_of(customer) is None


@pytest.mark.parametrize(("status", "over"), [(PROCESSING, True), (CANCELLED, True), (FAILED, False)])
def test_a_cancelled_order_is_over_and_a_failed_one_is_none(opencart: Open, status: int, over: bool) -> None:
    customer = opencart.customer_with_cart()
    opencart.order(customer, {KETTLE.id: 1}, status)
    decision = opencart.db.decide(customer, minutes_later=61)
    assert (decision == Skip(Reason.EMPTY)) if over else isinstance(decision, Send)


def test_an_order_that_was_left_filled_stays_bought(opencart: Open) -> None:
    """Who does not come back from the payment page keeps the rows, and 4.1 dates them anew at the next page."""
    customer = opencart.customer_with_cart(KETTLE.id, minutes_ago=3 * DAY)
    opencart.order(customer, {KETTLE.id: 1}, PROCESSING, minutes_ago=2 * DAY)
    opencart.shop.view(customer, "later")
    assert opencart.db.decide(customer, minutes_later=61) == Skip(Reason.EMPTY)
    opencart.shop.add(customer, LAMP.id, session="later")
    assert [line.product_id for line in opencart.cart(customer).lines] == [LAMP.id]


@IN_4_1
def test_what_is_more_than_was_ordered_is_a_cart(opencart: Open) -> None:
    customer = opencart.customer_with_cart(KETTLE.id, minutes_ago=3 * DAY)
    opencart.order(customer, {KETTLE.id: 1}, PROCESSING, minutes_ago=2 * DAY)
    opencart.shop.change_quantity(customer, KETTLE.id, 2)
    opencart.shop.view(customer, "later")
    assert [line.quantity for line in opencart.cart(customer).lines] == [2]
    old = opencart.customer_with_cart(KETTLE.id, minutes_ago=40 * DAY)
    opencart.order(old, {KETTLE.id: 1}, PROCESSING, minutes_ago=30 * DAY)
    opencart.shop.view(old, "later")
    assert [line.quantity for line in opencart.cart(old).lines] == [1]


async def test_an_order_that_the_back_office_edits_stays_one(opencart: Open) -> None:
    customer = opencart.customer_with_cart(KETTLE.id)
    order = opencart.order(customer, {KETTLE.id: 1}, PROCESSING)
    async with opencart.db.stream() as stream:
        opencart.shop.edit(order, PROCESSING)
        assert said(await stream.settle())[-1] == (customer, "OrderPlaced")
        assert stream.tracker.due_of(customer) is None
    assert opencart.db.decide(customer, minutes_later=61) == Skip(Reason.EMPTY)


async def test_the_back_offices_own_rows(opencart: Open) -> None:
    """In 4.0 they are marked; in 4.1 they are the customer's for a moment, and go away in the same request."""
    customer = opencart.customer_with_cart(SHIRT.id)
    version = opencart.cart(customer).version
    async with opencart.db.stream() as stream:
        assert said(await stream.settle()) == [(customer, "CartRead")]
        opencart.shop.add(customer, KETTLE.id, api=1, session="api", override=Decimal("1.00"))
        assert said(await stream.settle()) == ([(customer, "INSERT")] if opencart.shop.has_stores else [])
        if opencart.shop.has_stores:
            opencart.shop.clear(customer, session="api")
    cart = opencart.cart(customer)
    assert ([line.product_id for line in cart.lines], cart.version) == ([SHIRT.id], version)


async def test_a_guests_cart_becomes_the_customers_at_login(opencart: Open) -> None:
    customer = opencart.customer()
    session = f"guest{customer}"
    async with opencart.db.stream() as stream:
        opencart.shop.view(GUEST, session)
        opencart.shop.add(GUEST, KETTLE.id, session=session)
        opencart.shop.add(GUEST, SHIRT.id, options=LARGE_ONE, session=session)
        assert said(await stream.settle()) == []
        opencart.shop.view(customer, session)
        assert {event for event in said(await stream.settle()) if event[0] == customer} <= {
            (customer, "INSERT"), (customer, "UPDATE"),
        }  # fmt: skip
        assert stream.tracker.due_of(customer) is not None
    assert opencart.prices(customer) == money("100.00", "23.50")
    assert customer in {cart.key for page in opencart.db.resources.scan.open_carts(0) for cart in page}


# --- the rules of prices: each fragment, by hand ----------------------------------------------------------------------


@IN_4_1
def test_discounts_and_specials_opencart(opencart: Open) -> None:
    """The one for the most pieces goes first, be it a special or not; then priority, then price."""
    customer, shop = opencart.customer_with_cart(KETTLE.id), opencart.shop
    shop.discount(KETTLE.id, 3, "80")
    shop.discount(KETTLE.id, 10, "25", kind="P")
    shop.discount(KETTLE.id, 20, "12.345", kind="S")
    shop.discount(KETTLE.id, 2, "70", group=WHOLESALE)
    found = []
    for pieces in (1, 3, 10, 20):
        shop.change_quantity(customer, KETTLE.id, pieces)
        found += opencart.prices(customer)
    assert found == money("100.00", "80.00", "75.00", "87.66")  # 100 - 12.345 = 87.655
    shop.change_quantity(customer, KETTLE.id, 1)
    shop.special(KETTLE.id, "90", until="2001-01-01")
    shop.special(KETTLE.id, "75", group=WHOLESALE)
    assert opencart.prices(customer) == money("100.00")
    shop.special(KETTLE.id, "85.005")
    assert opencart.prices(customer) == money("85.01")
    shop.change_quantity(customer, KETTLE.id, 3)
    assert opencart.prices(customer) == money("80.00")
    (row,) = [row for page in opencart.db.resources.shop.catalogue([KETTLE.id]) for row in page]
    assert row.price == Decimal("85.005")


@IN_4_0
def test_discounts_and_specials_of_4_0(opencart: Open) -> None:
    """A special goes before all discounts by quantity."""
    customer, shop = opencart.customer_with_cart(KETTLE.id), opencart.shop
    shop.discount(KETTLE.id, 3, "80")
    shop.discount(KETTLE.id, 10, "60")
    shop.discount(KETTLE.id, 2, "70", group=WHOLESALE)
    found = []
    for pieces in (1, 3, 10):
        shop.change_quantity(customer, KETTLE.id, pieces)
        found += opencart.prices(customer)
    assert found == money("100.00", "80.00", "60.00")
    shop.special(KETTLE.id, "90", until="2001-01-01")
    shop.special(KETTLE.id, "75", group=WHOLESALE)
    assert opencart.prices(customer) == money("60.00")
    shop.special(KETTLE.id, "85.005")
    assert opencart.prices(customer) == money("85.01")
    (row,) = [row for page in opencart.db.resources.shop.catalogue([KETTLE.id]) for row in page]
    assert row.price == Decimal("85.005")


def test_pieces_are_counted_over_all_rows_of_a_product(opencart: Open) -> None:
    customer = opencart.customer()
    for options in (LARGE_ONE, {str(SIZE): str(SMALL)}):
        opencart.shop.add(customer, SHIRT.id, 2, options=options, minutes_ago=60)
    opencart.shop.discount(SHIRT.id, 4, "15")
    assert opencart.prices(customer) == money("18.50", "14.00")  # 15 + 3.50, 15 - 1.00


def test_options_change_the_price_of_their_own_line(opencart: Open) -> None:
    customer = opencart.customer()
    chosen: tuple[Any, ...] = (
        LARGE_ONE, {str(SIZE): str(SMALL), str(EXTRAS): [str(BOX), str(CARD)]}, [],
    )  # fmt: skip
    for options in chosen:
        opencart.shop.add(customer, SHIRT.id, options=options, minutes_ago=60)
    opencart.shop.add(
        customer, GIFT_SHIRT.id, options=LARGE_ONE, minutes_ago=60
    )  # a variant has its master's
    assert opencart.prices(customer) == money("23.50", "21.50", "20.00", "25.50")
    assert opencart.cart(customer).total == Decimal("90.50")


@IN_4_1
def test_a_discount_of_a_line_with_options(opencart: Open) -> None:
    """A percentage takes the surcharge in, a fixed price has it on top."""
    customer = opencart.customer()
    opencart.shop.add(customer, SHIRT.id, options=LARGE_ONE, minutes_ago=60)
    found = []
    for kind, amount in (("P", "10"), ("S", "5"), ("F", "16")):
        opencart.shop.no_offers()
        opencart.shop.special(SHIRT.id, amount, kind=kind)
        found += opencart.prices(customer)
    assert found == money("21.15", "18.50", "19.50")


@pytest.mark.parametrize(("plan", "price"), [(MONTHLY, "11.00"), (TRIAL, "9.00"), (0, "12.00")])
def test_a_subscriptions_first_price(opencart: Open, plan: int, price: str) -> None:
    customer = opencart.customer()
    opencart.shop.add(customer, BEANS.id, plan=plan, minutes_ago=60)
    assert opencart.prices(customer) == money(price)
    of_another_group = opencart.customer(group=WHOLESALE)
    opencart.shop.add(of_another_group, BEANS.id, plan=plan, minutes_ago=60)
    assert opencart.prices(of_another_group) == money("12.00")


def test_a_price_that_was_given_goes_before_all(opencart: Open) -> None:
    customer = opencart.customer()
    opencart.shop.special(KETTLE.id, "75")
    opencart.shop.add(customer, KETTLE.id, override=Decimal("33.25"), minutes_ago=60)
    assert opencart.prices(customer) == money("33.25")


@pytest.mark.parametrize(
    ("country", "price"),
    [(UNITED_KINGDOM, "62.00"), (GERMANY, "50.00"), (0, "62.00")],
    ids=["at home", "abroad", "no address: as the shop"],
)
def test_taxes_go_by_the_customers_address(opencart: Open, country: int, price: str) -> None:
    customer = opencart.customer_with_cart(LAMP.id, country=country)
    assert opencart.prices(customer) == money(price)  # 50 + 20 % and 2 for the ecology
    (row,) = [row for page in opencart.db.resources.shop.catalogue([LAMP.id]) for row in page]
    assert row.price == Decimal("62.00")


def test_a_tax_counts_once_however_many_zones_lead_to_it(opencart: Open) -> None:
    customer = opencart.customer_with_cart(LAMP.id, country=UNITED_KINGDOM)
    (columns,) = opencart.db.run(
        "SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND table_name = 'oc_zone_to_geo_zone' AND column_name <> 'zone_to_geo_zone_id'"
    )
    copied = f"INSERT INTO oc_zone_to_geo_zone ({columns[0]}) SELECT {columns[0]} FROM oc_zone_to_geo_zone"
    opencart.db.run(copied)
    try:
        assert opencart.prices(customer) == money("62.00")
        (row,) = [row for page in opencart.db.resources.shop.catalogue([LAMP.id]) for row in page]
        assert row.price == Decimal("62.00")
    finally:
        opencart.db.run("DELETE FROM oc_zone_to_geo_zone WHERE zone_to_geo_zone_id > 1")


def test_a_shop_that_shows_prices_without_tax(opencart: Open) -> None:
    customer = opencart.customer_with_cart(LAMP.id, country=UNITED_KINGDOM)
    without = variables(opencart.shop.release, with_tax="0")
    more = {"SHOP_TIMEZONE": "UTC", "SHOP_VARIABLES": without}
    with preset_shop(opencart.db.server, opencart.db.name, "opencart-4", MARKED, **more) as db:
        assert db.load(customer)[customer].total == Decimal("50.00")
        (row,) = [row for page in db.resources.shop.catalogue([LAMP.id]) for row in page]
        assert row.price == Decimal("50.00")


def test_the_catalogue_has_the_prices_that_visitors_see(opencart: Open) -> None:
    opencart.shop.special(KETTLE.id, "75")
    opencart.shop.special(KETTLE.id, "70", group=WHOLESALE)
    found = []
    for more in ({}, {"shop_country": str(GERMANY)}, {"customer_group": str(WHOLESALE)}):
        chosen = variables(opencart.shop.release, **more)
        with preset_shop(
            opencart.db.server,
            opencart.db.name,
            "opencart-4",
            MARKED,
            SHOP_TIMEZONE="UTC",
            SHOP_VARIABLES=chosen,
        ) as db:
            pages = db.resources.shop.catalogue([KETTLE.id, LAMP.id])
            found.append([row.price for page in pages for row in page])
    assert found == [money("75.00", "62.00"), money("75.00", "50.00"), money("70.00", "50.00")]


def test_lines_are_rounded_and_not_their_pieces(opencart: Open) -> None:
    customer = opencart.customer_with_cart()
    opencart.shop.special(KETTLE.id, "8.335")
    opencart.shop.change_quantity(customer, KETTLE.id, 3)
    assert opencart.prices(customer) == money("8.34")
    assert opencart.cart(customer).total == Decimal("25.01")  # 25.005


def test_a_currency_of_three_digits(opencart: Open) -> None:
    opencart.db.run(
        "UPDATE oc_currency SET code = 'KWD', decimal_place = '3', value = 0.3071 WHERE code = 'EUR'"
    )
    try:
        customer = opencart.customer_with_cart()
        session = f"currency{customer}"
        opencart.shop.view(customer, session)
        opencart.shop.session(session, {"currency": "KWD"})
        opencart.shop.special(KETTLE.id, "8.34")
        cart = opencart.cart(customer)
        assert (cart.total, cart.currency) == (Decimal("2.561"), "KWD")  # 2.561214
    finally:
        opencart.db.run(
            "UPDATE oc_currency SET code = 'EUR', decimal_place = '2', value = %s WHERE code = 'KWD'",
            (EURO_RATE,),
        )


def test_the_currency_of_the_customers_session(opencart: Open) -> None:
    customer = opencart.customer_with_cart()
    session = f"currency{customer}"
    opencart.shop.view(customer, session)
    opencart.shop.session(session, None)
    assert opencart.cart(customer).currency == "USD"
    opencart.shop.session(session, {"currency": EURO, "language": "en-gb"})
    cart = opencart.cart(customer)
    assert (cart.total, cart.currency) == (Decimal("78.46"), EURO)
    assert round(cart.worth, 2) == Decimal("100.00")


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_lines_as_they_are_shown(opencart: Open) -> None:
    customer = opencart.customer_with_cart(KETTLE.id, SOLD_OUT.id, language_id=GERMAN)
    cart = opencart.cart(customer)
    kettle, vase = cart.lines
    assert (kettle.name, kettle.category) == ("Kettle &quot;Nile&quot; &amp; lid (de)", "Home &amp; Garden")
    assert kettle.image == "image/catalog/28.jpg"
    assert (kettle.available, vase.available) == (True, False)
    assert cart.customer is not None
    assert (cart.customer.name, cart.customer.language) == ("Jane Doe", "de-de")


def test_what_can_not_be_bought(opencart: Open) -> None:
    too_many = opencart.customer()
    opencart.shop.add(too_many, SHIRT.id, 10, options=LARGE_ONE, minutes_ago=60)  # nine large ones are there
    assert opencart.db.decide(too_many, minutes_later=61) == Skip(
        Reason.UNAVAILABLE, opencart.cart(too_many).created_us
    )
    more_than_there_are = opencart.customer()
    opencart.shop.add(more_than_there_are, KETTLE.id, 51, minutes_ago=60)
    assert [line.available for line in opencart.cart(more_than_there_are).lines] == [False]
    two_rows = opencart.customer()
    for options in ({}, {"1": "x"}):
        opencart.shop.add(two_rows, KETTLE.id, 30, options=options, minutes_ago=60)  # fifty are there
    told = [line.available for line in opencart.cart(two_rows).lines]
    assert told == ([False, False] if opencart.shop.has_stores else [True, True])  # as each release counts


def test_a_disabled_product_is_no_line(opencart: Open) -> None:
    customer = opencart.customer_with_cart(KETTLE.id, GIFT_SHIRT.id)
    opencart.shop.set_product(GIFT_SHIRT.id, status=0)
    try:
        cart = opencart.cart(customer)
        assert [line.product_id for line in cart.lines] == [KETTLE.id]
    finally:
        opencart.shop.set_product(GIFT_SHIRT.id, status=1)


async def test_the_mail(opencart: Open, smtp: MailServer) -> None:
    customer = opencart.customer_with_cart(KETTLE.id, LAMP.id, country=UNITED_KINGDOM)
    assert opencart.cart(customer).total == Decimal("162.00")
    chosen = variables(opencart.shop.release)
    async with recovering(
        opencart.db, smtp, SHOP_SCHEMA="opencart-4", SHOP_TIMEZONE="UTC", SHOP_VARIABLES=chosen
    ) as cartwake:
        await cartwake.recover(customer)
    (mail,) = smtp.mails_to(opencart.email(customer))
    text = plain_text(mail)
    assert 'Kettle "Nile" & lid' in text
    assert "$162.00" in text
    assert "https://shop.example.com/index.php?route=product/product&product_id=28" in text


# --- stores -----------------------------------------------------------------------------------------------------------


def test_another_stores_cart_is_none_here(opencart: Open) -> None:
    customer = opencart.customer(store=1)
    opencart.shop.add(customer, KETTLE.id, store=1, minutes_ago=60)
    decision = opencart.db.decide(customer, minutes_later=61)
    assert isinstance(decision, Wait)
    assert decision.reason is Reason.NO_PRODUCT  # nothing is final: it has no rows here


def test_stores_are_told_apart(opencart: Open, tmp_path: Path) -> None:
    """By where the row was put in; in 4.0, whose carts have no store, by where the customer registered."""
    listed = tmp_path / "stores.toml"
    listed.write_text("[1]\nstore_name = 'The Other'")
    here, there = opencart.customer(), opencart.customer(store=1)
    for customer, store in ((here, 0), (there, 1)):
        opencart.shop.add(customer, KETTLE.id, store=store, minutes_ago=60)
    release = opencart.shop.release
    db: PresetShop
    with preset_shop(
        opencart.db.server,
        opencart.db.name,
        "opencart-4",
        MARKED,
        CURRENCY="USD",
        SHOP_TIMEZONE="UTC",
        SHOP_VARIABLES=variables(release, stores="all"),
        STORES=str(listed),
    ) as db:
        assert [cart.store for cart in db.load(here, there).values()] == ["0", "1"]
        decision = db.decide(here, minutes_later=61)
        assert isinstance(decision, Skip)
        assert decision.reason is Reason.STORE
        assert isinstance(db.decide(there, minutes_later=61), Send)


# --- last, since it changes the tables -------------------------------------------------------------------------------


def test_without_the_indexes_check_names_them(opencart: Open) -> None:
    statements = INDEXES[opencart.shop.release]
    for statement in statements:
        name, table = statement.split()[2], statement.split()[4]
        opencart.db.run(f"DROP INDEX {name} ON {table}")
    told = "\n".join(check_server(opencart.db.settings().connection, opencart.db.resources.schema).warnings)
    places = ["oc_order.customer_id", "oc_order.email", "oc_customer.email"]
    assert [place in told for place in places] == [True] + [not opencart.shop.has_stores] * 2
    for statement in statements:
        opencart.db.run(statement)
