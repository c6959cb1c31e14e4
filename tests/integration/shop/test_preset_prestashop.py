"""The preset for PrestaShop 8 on its real tables, with rows written as PrestaShop writes them."""

import re
from decimal import Decimal
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.preset_shop import preset_shop
from fakes.prestashop.catalogue import BLANKET, CANDLESTICK, CUSHION, DOLLAR, FRENCH, LAMP, LANTERN, WICK
from fakes.prestashop.on_cartwake import MARK, Presta
from fakes.prestashop.states import AWAITING_WIRE, CANCELED, PAID, PAYMENT_ERROR, REFUNDED, SHIPPED
from fakes.recovering import recovering

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.events import CartChanged, CartKey
from binlog_watcher.core.log_status import Reason
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.store.own_tables.log_rows import Claims, Episode, Fenced
from mailer.languages import Language


def kinds(events: list[Any], key: CartKey) -> list[str]:
    """What was said of one cart, in order; the last of a run of changes stands for it."""
    return [type(event).__name__ for event in events if getattr(event, "key", None) == key]


def test_the_preset_fits(presta: Presta) -> None:
    facts = check_server(presta.db.settings().connection, presta.db.resources.schema)
    assert facts.warnings == ()


async def test_a_guests_cart_gets_its_customer_at_login_and_keeps_its_timer(presta: Presta) -> None:
    async with presta.db.stream() as stream:
        cart = presta.shop.new_cart(guest=301, minutes_ago=40)
        presta.shop.add(cart, LAMP.id, minutes_ago=40)
        events = await stream.settle()
        assert {event.key for event in events if isinstance(event, CartChanged)} == {cart}
        armed = stream.tracker.due_of(cart)
        assert armed is not None
        assert presta.db.decide(cart) == Skip(Reason.GUEST)
        presta.shop.login(cart, presta.shop.register("jane@example.com"))
        assert kinds(await stream.settle(), cart)[-1] == "CartChanged"
        assert (stream.tracker.due_of(cart) or 0) >= armed  # moved, by as little as the login came later
        # PrestaShop's date_upd moved with the login, so it counts as activity in the tables, too.
        assert isinstance(presta.db.decide(cart), Wait)
        decision = presta.db.decide(cart, minutes_later=31)
        assert isinstance(decision, Send)
    customer = presta.db.load(cart)[cart].customer
    assert customer is not None
    assert customer.email == "jane@example.com"


async def test_quantities_and_removed_lines(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.add(cart, CUSHION.id, 2, minutes_ago=50)
    version = presta.db.load(cart)[cart].version
    async with presta.db.stream() as stream:
        presta.shop.change_quantity(cart, CUSHION.id, 5)
        events = await stream.settle()
        assert kinds(events, cart)[-1] == "CartChanged"
        (line,) = [line for line in presta.db.load(cart)[cart].lines if line.product_id == CUSHION.id]
        assert line.quantity == 5
        assert presta.db.load(cart)[cart].version == version  # date_add stays: no new episode
        presta.shop.remove(cart, CUSHION.id)
        assert kinds(await stream.settle(), cart)
        assert [line.product_id for line in presta.db.load(cart)[cart].lines] == [LAMP.id]
        presta.shop.remove(cart, LAMP.id)
        await stream.settle()
        assert presta.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)


def test_a_cart_whose_products_are_being_imported_waits_for_them(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("CREATE TABLE kept AS SELECT * FROM ps_product_shop")
    presta.db.run("DELETE FROM ps_product_shop")
    decision = presta.db.decide(cart, minutes_later=60)
    assert isinstance(decision, Wait)
    assert decision.reason is Reason.NO_PRODUCT
    assert presta.db.resources.loader.absences.waiting_for([LAMP.id]) == [cart]
    version = presta.db.load(cart)[cart].version
    presta.db.run("INSERT INTO ps_product_shop SELECT * FROM kept")
    assert isinstance(presta.db.decide(cart, minutes_later=60), Send)
    assert presta.db.load(cart)[cart].version == version
    presta.db.run("DELETE FROM ps_product_shop")
    presta.shop.remove(cart, LAMP.id)
    assert presta.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)


def test_a_customer_who_is_being_imported_is_waited_for(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.db.run("UPDATE ps_customer SET deleted = 1")
    decision = presta.db.decide(cart, minutes_later=31)
    assert isinstance(decision, Wait)
    assert decision.reason is Reason.NO_CUSTOMER
    presta.db.run("UPDATE ps_customer SET deleted = 0")
    assert isinstance(presta.db.decide(cart, minutes_later=31), Send)


async def test_an_order_ends_the_cart_and_its_cancellation_does_not_open_it_again(presta: Presta) -> None:
    cart = presta.customer_with_cart(minutes_ago=60)
    other = presta.customer_with_cart("joe@example.com", minutes_ago=60)
    async with presta.db.stream() as stream:
        presta.shop.change_quantity(cart, LAMP.id, 2)
        await stream.settle()
        assert stream.tracker.due_of(cart) is not None
        order = presta.shop.order(cart, state=AWAITING_WIRE)
        events = await stream.settle()
        assert "OrderPlaced" in kinds(events, cart)
        assert stream.tracker.due_of(cart) is None or kinds(events, cart)[-1] != "OrderPlaced"
        assert presta.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)
        presta.shop.cancel(order)
        events = await stream.settle()
        assert kinds(events, cart)[-1] == "OrderChanged"
        assert stream.tracker.due_of(cart) is not None
        assert presta.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)
        assert isinstance(presta.db.decide(other, minutes_later=60), Send)


def test_a_cart_that_was_cloned_by_the_payment_is_not_what_anybody_left(presta: Presta) -> None:
    cart = presta.customer_with_cart(minutes_ago=90)
    who = int(presta.db.load(cart)[cart].customer_id or 0)
    presta.shop.order(cart, minutes_ago=60)
    clone = presta.shop.new_cart(customer=who, minutes_ago=59)
    presta.shop.add(clone, LAMP.id, minutes_ago=59)
    decision = presta.db.decide(clone, minutes_later=31)
    assert isinstance(decision, Skip)
    assert decision.reason is Reason.JUST_BOUGHT
    presta.shop.add(clone, CUSHION.id, minutes_ago=58)
    assert isinstance(presta.db.decide(clone, minutes_later=31), Send)


@pytest.mark.parametrize(
    ("change", "available"),
    [
        ("UPDATE ps_stock_available SET quantity = 5", True),
        ("UPDATE ps_stock_available SET quantity = 0, out_of_stock = 1", True),
        ("UPDATE ps_stock_available SET quantity = 0, out_of_stock = 0", False),
        ("UPDATE ps_product_shop SET active = 0", False),
        ("UPDATE ps_product_shop SET available_for_order = 0", False),
        ("DELETE FROM ps_product_attribute_shop", False),
    ],
)
def test_what_can_t_be_bought_is_not_mailed(presta: Presta, change: str, available: bool) -> None:
    cart = presta.shop.new_cart(customer=presta.shop.register("jane@example.com"), minutes_ago=60)
    presta.shop.add(cart, BLANKET.id, attribute=12, minutes_ago=60)
    presta.db.run(change)
    assert [line.available for line in presta.db.load(cart)[cart].lines] == [available]
    decision = presta.db.decide(cart, minutes_later=31)
    assert isinstance(decision, Send) is available
    assert available or getattr(decision, "reason", None) is Reason.UNAVAILABLE


def test_a_gift_and_what_costs_nothing_are_no_lines(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.add(cart, CUSHION.id, 2, minutes_ago=59)
    presta.shop.add(cart, WICK.id, minutes_ago=58)
    presta.shop.give(cart, CUSHION.id, minutes_ago=57)  # a third one
    presta.shop.give(cart, BLANKET.id, attribute=12, minutes_ago=56)
    presta.db.run(f"UPDATE ps_product_shop SET price = 0 WHERE id_product = {WICK.id}")
    loaded = presta.db.load(cart)[cart]
    assert [(line.product_id, line.quantity) for line in loaded.lines] == [(LAMP.id, 1), (CUSHION.id, 2)]
    assert loaded.total == LAMP.gross() + 2 * CUSHION.gross()


async def test_nobody_is_mailed_for_gifts_alone(presta: Presta, smtp: MailServer) -> None:
    cart = presta.shop.new_cart(customer=presta.shop.register("jane@example.com"), minutes_ago=60)
    presta.shop.give(cart, CUSHION.id, minutes_ago=60)
    presta.shop.add(cart, WICK.id, minutes_ago=60)
    presta.db.run(f"UPDATE ps_product_shop SET price = 0 WHERE id_product = {WICK.id}")
    sold_out = presta.shop.new_cart(customer=presta.shop.register("joe@example.com"), minutes_ago=60)
    presta.shop.add(sold_out, CANDLESTICK.id, minutes_ago=60)
    assert presta.db.resources.with_log
    async with recovering(
        presta.db, smtp, SHOP_SCHEMA="prestashop-8", CURRENCY="EUR", SHOP_TIMEZONE="UTC"
    ) as cartwake:
        decisions = await cartwake.recover(cart, sold_out)
    assert decisions[cart] == Skip(Reason.EMPTY)
    assert getattr(decisions[sold_out], "reason", None) is Reason.UNAVAILABLE
    assert smtp.accepted == []


@pytest.mark.parametrize(
    ("states", "abandoned"),
    [
        ([PAYMENT_ERROR], True),
        ([AWAITING_WIRE, PAYMENT_ERROR], True),
        ([PAYMENT_ERROR, PAID], False),
        ([PAYMENT_ERROR, CANCELED], False),  # the shop has put an end to it
        ([AWAITING_WIRE, CANCELED], False),
        ([PAID, CANCELED], False),
        ([PAID, SHIPPED, REFUNDED], False),
    ],
    ids=str,
)
async def test_a_failed_payment_leaves_the_cart_and_a_cancellation_does_not(
    presta: Presta, states: list[int], *, abandoned: bool
) -> None:
    cart = presta.customer_with_cart()
    async with presta.db.stream() as stream:
        order = presta.shop.order(cart, state=states[0])
        for state in states[1:]:
            presta.shop.set_state(order, state)
        assert kinds(await stream.settle(), cart)
        assert stream.tracker.due_of(cart) is not None or not abandoned
    decision = presta.db.decide(cart, minutes_later=60)
    assert isinstance(decision, Send) if abandoned else decision == Skip(Reason.EMPTY)


def test_a_cart_that_the_back_office_makes_gets_no_mail(presta: Presta) -> None:
    own = presta.customer_with_cart()
    presta.customer_with_cart("joe@example.com")
    made = presta.shop.back_office_cart(presta.shop.register("jim@example.com"), minutes_ago=60)
    presta.shop.add(made, CUSHION.id, minutes_ago=60)
    assert presta.db.decide(made, minutes_later=31) == Skip(Reason.EMPTY)
    assert isinstance(presta.db.decide(own, minutes_later=31), Send)
    presta.shop.check_out(made)  # it was sent to the customer, who has opened it
    assert isinstance(presta.db.decide(made, minutes_later=31), Send)


@pytest.mark.parametrize("first", [501, 1], ids=["somewhere", "at the beginning"])
def test_in_a_shop_that_numbers_no_visitors_every_cart_is_a_customers(presta: Presta, first: int) -> None:
    carts = [presta.customer_with_cart(f"u{number}@example.com") for number in range(3)]
    for table in ("ps_cart", "ps_cart_product"):
        presta.db.run(f"UPDATE {table} SET id_cart = id_cart - %s", (carts[0] - first,))
    presta.db.run("UPDATE ps_cart SET id_guest = 0 WHERE id_cart > %s", (first,))
    for cart in range(first, first + 3):
        assert isinstance(presta.db.decide(cart, minutes_later=31), Send)
    presta.db.run("UPDATE ps_cart SET id_guest = 1 WHERE id_cart > %s", (first,))
    presta.db.run("UPDATE ps_cart SET id_guest = 0 WHERE id_cart = %s", (first,))
    assert presta.db.decide(first, minutes_later=31) == Skip(Reason.EMPTY)


@pytest.mark.parametrize("state", [AWAITING_WIRE, CANCELED, PAYMENT_ERROR])
def test_what_the_back_office_adds_to_an_order_is_nothing_that_was_left(presta: Presta, state: int) -> None:
    cart = presta.customer_with_cart(minutes_ago=90)
    order = presta.shop.order(cart, state=state, minutes_ago=80)
    presta.shop.add_to_order(order, CUSHION.id, minutes_ago=60)
    decision = presta.db.decide(cart, minutes_later=31)
    assert isinstance(decision, Send) if state == PAYMENT_ERROR else decision == Skip(Reason.EMPTY)


def test_an_order_of_the_customers_other_cart_counts_too(presta: Presta) -> None:
    cart = presta.customer_with_cart(minutes_ago=90)
    who = presta.db.load(cart)[cart].customer_id
    other = presta.shop.new_cart(customer=int(who or 0), minutes_ago=70)
    presta.shop.add(other, CUSHION.id, minutes_ago=70)
    presta.shop.order(other, minutes_ago=65)
    assert presta.db.decide(cart) == Skip(Reason.EMPTY)
    presta.shop.add(cart, CUSHION.id, minutes_ago=40)
    assert [line.product_id for line in presta.db.load(cart)[cart].lines] == [CUSHION.id]


def test_two_currencies_and_two_languages(presta: Presta) -> None:
    english = presta.customer_with_cart()
    french = presta.shop.new_cart(
        customer=presta.shop.register("jeanne@example.com", language=FRENCH), language=FRENCH, currency=DOLLAR,
        minutes_ago=60,
    )  # fmt: skip
    presta.shop.add(french, LAMP.id, 2, minutes_ago=60)
    presta.shop.add(french, BLANKET.id, attribute=12, minutes_ago=60)
    carts = presta.db.load(english, french)
    assert (carts[english].currency, carts[english].total) == ("EUR", LAMP.gross())
    cart = carts[french]
    assert cart.currency == "USD"
    assert cart.total == 2 * LAMP.gross(currency=DOLLAR) + BLANKET.gross(currency=DOLLAR, attribute=12)
    assert cart.rate == Decimal("1.25")
    assert cart.customer is not None
    assert cart.customer.language == "fr-FR"
    variant = f"{BLANKET.names[FRENCH]} (Taille: L, Couleur: bleu)"
    assert [line.name for line in cart.lines] == [LAMP.names[FRENCH], variant]
    assert all(re.fullmatch(r"img/p/(\d/)+\d+-home_default\.jpg", line.image or "") for line in cart.lines)


def test_a_variant_is_shown_by_its_attributes_and_its_own_picture(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.add(cart, BLANKET.id, attribute=11, minutes_ago=59)
    presta.shop.add(cart, BLANKET.id, attribute=12, minutes_ago=58)
    lines = presta.db.load(cart)[cart].lines
    assert [(line.name, line.image) for line in lines] == [
        ("Oak table lamp", "img/p/2/3/23-home_default.jpg"),
        ("Wool blanket (Size: M, Colour: grey)", "img/p/2/5/25-home_default.jpg"),
        ("Wool blanket (Size: L, Colour: blue)", "img/p/3/1/31-home_default.jpg"),
    ]
    # A picture that this shop does not show is none, and a language without the attributes has the product's name.
    presta.db.run("DELETE FROM ps_image_shop WHERE id_image = 31")
    presta.db.run("DELETE FROM ps_attribute_lang WHERE id_lang = 1")
    assert [(line.name, line.image) for line in presta.db.load(cart)[cart].lines[2:]] == [
        ("Wool blanket", "img/p/3/0/30-home_default.jpg")
    ]


async def test_a_mail_in_the_carts_currency(presta: Presta, smtp: MailServer) -> None:
    cart = presta.shop.new_cart(
        customer=presta.shop.register("jeanne@example.com", firstname="Jeanne", language=FRENCH),
        language=FRENCH, currency=DOLLAR, minutes_ago=60,
    )  # fmt: skip
    presta.shop.add(cart, LAMP.id, 2, minutes_ago=60)
    assert presta.db.resources.with_log
    async with recovering(
        presta.db, smtp, SHOP_SCHEMA="prestashop-8", CURRENCY="EUR", SHOP_TIMEZONE="UTC"
    ) as cartwake:
        assert isinstance((await cartwake.recover(cart))[cart], Send)
    (mail,) = smtp.mails_to("jeanne@example.com")
    html = mail.get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert re.search(rf'lang="fr-FR"[^>]*>(<a [^>]*>)?{re.escape(LAMP.names[FRENCH])}', content)
    assert Language("fr").money(2 * LAMP.gross(currency=DOLLAR), "USD") in content
    assert "€" not in content
    (row,) = presta.db.log()
    assert (row["status"], row["cart_key"], row["currency"]) == ("sent", str(cart), "USD")
    assert row["cart_total"] == 2 * LAMP.gross(currency=DOLLAR)
    assert row["user_id"] == presta.db.load(cart)[cart].customer_id


def claimed(presta: Presta, cart: int) -> tuple[Claims, Fenced]:
    resources = presta.db.resources
    loaded = presta.db.load(cart)[cart]
    episode = Episode(loaded, loaded.version or 0, loaded.newest_row_us, "EUR", Decimal(0))
    claims = resources.episodes.claim(
        [episode], lease_us=60_000_000, cooldown_us=0, now_us=resources.clock.now_us()
    )
    return claims, Fenced(claims.ids[cart], loaded)


@pytest.mark.parametrize("stamp", ["JANE@example.com", "jane@example.com"])
def test_an_order_of_a_guest_with_the_customers_address_counts(presta: Presta, stamp: str) -> None:
    """A guest checkout makes a customer of its own."""
    cart = presta.customer_with_cart(minutes_ago=90)
    neighbour = presta.customer_with_cart("joe@example.com", minutes_ago=90)
    guest = presta.customer_with_cart(stamp, is_guest=1, minutes_ago=70)
    assert isinstance(presta.db.decide(cart), Send)
    presta.shop.order(guest, minutes_ago=60)
    assert presta.db.decide(cart) == Skip(Reason.EMPTY)
    assert isinstance(presta.db.decide(neighbour), Send)


def test_an_order_of_the_account_ends_the_guests_cart(presta: Presta) -> None:
    guest = presta.customer_with_cart(is_guest=1, minutes_ago=90)
    account = presta.customer_with_cart(minutes_ago=70)
    order = presta.shop.order(account, minutes_ago=60)
    assert presta.db.decide(guest) == Skip(Reason.EMPTY)
    presta.shop.set_state(order, PAYMENT_ERROR, minutes_ago=50)
    assert isinstance(presta.db.decide(guest, minutes_later=31), Send)


CHANGES = {
    "address": "UPDATE ps_customer SET email = 'new@example.com'",
    "name": "UPDATE ps_customer SET lastname = 'Dough'",
    "newsletter": "UPDATE ps_customer SET newsletter = 1",
    "deleted": "UPDATE ps_customer SET deleted = 1",
    "gone": "DELETE FROM ps_customer",
}


@pytest.mark.parametrize(
    "change",
    [
        "nothing", "order", "other cart's order", "line", "quantity", "login", "guest's order", "guest's row",
        *CHANGES,
    ],
)  # fmt: skip
def test_the_fence_sees_every_change(presta: Presta, change: str) -> None:
    cart = presta.customer_with_cart()
    customer = int(presta.db.load(cart)[cart].customer_id or 0)
    other = presta.shop.new_cart(customer=customer)
    presta.shop.add(other, CUSHION.id)
    claims, fenced = claimed(presta, cart)
    match change:
        case "order":
            presta.shop.order(cart)
        case "other cart's order":
            presta.shop.order(other)
        case "line":
            presta.shop.add(cart, CUSHION.id)
        case "quantity":
            presta.shop.change_quantity(cart, LAMP.id, 3)
        case "login":
            presta.shop.login(cart, presta.shop.register("joe@example.com"))
        case "guest's order":
            presta.shop.order(presta.customer_with_cart("Jane@example.com", is_guest=1))
        case "guest's row":
            presta.customer_with_cart("Jane@example.com", is_guest=1)
        case "nothing":
            pass
        case of_the_row:
            presta.db.run(f"{CHANGES[of_the_row]} WHERE id_customer = %s", (customer,))
    passed = presta.db.resources.episodes.fence([fenced], lease_us=60_000_000)
    # The newsletter is of no concern until the variable says that consent is asked for.
    passes = change in {"nothing", "guest's row", "newsletter"}
    assert passed == (set(claims.ids.values()) if passes else set())


def test_the_fence_locks_no_row_of_the_shop(presta: Presta) -> None:
    cart = presta.customer_with_cart()
    presta.shop.order(presta.customer_with_cart("joe@example.com"))
    _, fenced = claimed(presta, cart)
    presta.db.changes_at_once(
        fenced,
        "UPDATE ps_customer SET email = CONCAT('x', email)",
        "UPDATE ps_cart SET date_upd = NOW()",
        "UPDATE ps_cart_product SET quantity = 5",
        "UPDATE ps_orders SET current_state = 6",
        "UPDATE ps_currency SET conversion_rate = conversion_rate * 2",
    )


def test_hydrating_and_reconciling_find_the_same_carts(presta: Presta) -> None:
    due = presta.customer_with_cart(minutes_ago=100)
    presta.shop.order(presta.customer_with_cart("joe@example.com", minutes_ago=95))
    empty = presta.shop.new_cart(customer=presta.shop.register("eve@example.com"), minutes_ago=90)
    resources = presta.db.resources
    now_us = resources.clock.now_us()
    opened = {
        cart.key: cart for page in resources.scan.open_carts(now_us - 72 * 3_600_000_000) for cart in page
    }
    assert set(opened) == {due}
    assert opened[due].version == presta.db.load(due)[due].version
    assert opened[due].activity_us == presta.db.load(due)[due].activity_us
    assert resources.scan.by_time  # the index (id_shop, date_upd) leads there
    found = {key for page in resources.scan.between(now_us - 110 * 60_000_000, now_us) for key in page}
    assert {due, empty} <= found
    assert list(resources.scan.between(now_us - 200 * 60_000_000, now_us - 150 * 60_000_000)) == [[]]


def test_consent_is_asked_for_when_the_variable_says_so(presta: Presta) -> None:
    with preset_shop(presta.db.server, presta.db.name, "prestashop-8", MARK, SHOP_VARIABLES="consent=newsletter",
                     SHOP_TIMEZONE="UTC") as asking:  # fmt: skip
        no = presta.customer_with_cart("no@example.com")
        yes = presta.customer_with_cart("yes@example.com", newsletter=1)
        later = {"minutes_later": 31}
        assert asking.decide(no, **later) == Skip(Reason.NO_CONSENT, asking.load(no)[no].activity_us)
        assert isinstance(asking.decide(yes, **later), Send)
        assert isinstance(presta.db.decide(no, **later), Send)


def test_the_catalogue(presta: Presta) -> None:
    rows = {row.id: row for page in presta.db.resources.shop.catalogue() for row in page}
    assert LANTERN.id not in rows  # inactive
    lamp = rows[LAMP.id]
    assert (lamp.name, lamp.price, lamp.category) == (LAMP.names[1], LAMP.gross(), "Lighting")
    assert "<" in lamp.description  # HTML, which the recommender strips
    assert [row.id for page in presta.db.resources.shop.catalogue([LAMP.id, 999]) for row in page] == [
        LAMP.id
    ]


def test_a_batch_costs_the_same_number_of_statements(presta: Presta) -> None:
    carts = [presta.customer_with_cart(f"u{number}@example.com") for number in range(12)]
    database = presta.db.resources.database
    counts = []
    for keys in (carts[:1], carts):
        before = database.statements
        assert len(presta.db.load(*keys)) == len(keys)
        counts.append(database.statements - before)
    assert counts[0] == counts[1]
