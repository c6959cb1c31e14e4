"""The preset for WooCommerce on its real tables, with sessions and orders written as WooCommerce writes them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from unittest.mock import ANY

import pytest
from fakes.mail_server import MailServer
from fakes.preset_shop import MINUTE, PresetShop, preset_shop
from fakes.running_service import following
from fakes.waiting import until
from fakes.woocommerce.catalogue import BLUE_ANY, GREEN_SOLD_OUT, KETTLE, RED_L, SHIRT, SPOON
from fakes.woocommerce.orders import CANCELLED, FAILED, PENDING, PROCESSING
from fakes.woocommerce.session import Session, line
from fakes.woocommerce.sessions import guest_key
from fakes.woocommerce.shop import WooCommerce

from binlog_watcher.commands.schema import check_schema
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.decision import Send, Skip, decide
from binlog_watcher.core.events import CartChanged, Change, CustomerOrdered
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced

ADA, EVE = "ada@example.com", "eve@example.com"
MARKED = (
    f"UPDATE wp_wc_product_meta_lookup SET total_sales = total_sales + 1 WHERE product_id = {SPOON.id}",
    SPOON.id,
)


@dataclass
class Open:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: WooCommerce

    def left(self, key: str, *, minutes_ago: float = 90) -> None:
        """A cart as the service has noted it: filled so long ago, and since then as it is."""
        now_us = self.db.resources.clock.now_us()
        at_us = now_us - int(minutes_ago * MINUTE)
        pages = self.db.resources.scan.open_carts(0, now_us)
        digests = [cart.digest for page in pages for cart in page if cart.key == key]
        for digest in digests:
            self.db.resources.notes.write([CartNote(key, at_us, filled_us=at_us, digest=digest)])

    def guest(self, email: str = ADA, *what: Session) -> tuple[str, Session]:
        key, session = guest_key(), what[0] if what else Session(line(KETTLE))
        self.shop.type_address(key, session, email)
        return key, session


@pytest.fixture(params=["own", "legacy"])
def woo(server: Server, fresh_database: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    with preset_shop(
        server, fresh_database, "woocommerce", MARKED, CURRENCY="EUR", SHOP_VARIABLES=f"orders={request.param}",
        STORE_URL="https://shop.example.com",
    ) as db:  # fmt: skip
        shop = WooCommerce(db.run, "wp_")
        shop.create(hpos=request.param == "own")
        yield Open(db, shop)


def test_the_preset_fits(woo: Open) -> None:
    facts = check_server(woo.db.settings().connection, woo.db.settings().preset())
    assert [line for line in facts.warnings if "woocommerce" in line] == []


def test_the_check_shows_names_as_people_read_them(woo: Open) -> None:
    woo.guest()
    (example,) = check_schema(woo.db.settings(), woo.db.settings().preset()).examples
    assert "„Größe L“ & Deckel" in example.lines


@pytest.mark.parametrize("way", ["cart recovery", "abandoned cart recovery"])
def test_a_shop_that_mails_itself_is_refused(woo: Open, way: str) -> None:
    settings = woo.db.settings()
    if way == "cart recovery":
        woo.shop.own_recovery_mail(enabled=True)
    else:
        automated = 'a:2:{s:7:"enabled";s:3:"yes";s:9:"automated";s:3:"yes";}'
        woo.shop.option("woocommerce_customer_abandoned_cart_recovery_settings", automated)
    with pytest.raises(ConfigError, match=r"nobody should be mailed twice: switch its own mail off"):
        check_server(settings.connection, settings.preset())
    woo.shop.own_recovery_mail(enabled=False)
    by_hand = 'a:2:{s:7:"enabled";s:3:"yes";s:9:"automated";s:2:"no";}'
    woo.shop.option("woocommerce_customer_abandoned_cart_recovery_settings", by_hand)
    check_server(settings.connection, settings.preset())


def test_a_guests_cart(woo: Open) -> None:
    key, _ = woo.guest(ADA, Session(line(KETTLE, 2), line(RED_L), line(GREEN_SOLD_OUT)))
    woo.left(key)
    cart = woo.db.load(key)[key]
    assert cart.customer is not None
    assert (cart.customer.email, cart.customer_id) == (ADA, None)
    assert [line.product_id for line in cart.lines] == [KETTLE.id, SHIRT.id, SHIRT.id]
    assert [line.available for line in cart.lines] == [True, True, False]
    kettle, red, _ = cart.lines
    assert kettle.image == "wp-content/uploads/2026/09/wasserkessel-größe-l.jpg"
    assert kettle.url == f"?p={KETTLE.id}"
    assert red.name.startswith(f"{SHIRT.name} - ")
    document = woo.db.run("SELECT session_value FROM wp_woocommerce_sessions WHERE session_key = %s", (key,))
    assert "line_total" in document[0][0]
    # What is sold out counts in no total.
    assert cart.total == sum((one.total(2) for one in cart.lines if one.available), Decimal(0))
    assert isinstance(woo.db.decide(key), Send)


def test_a_variation_that_is_gone_cannot_be_bought(woo: Open) -> None:
    """Whether it was deleted or switched off: its product is there still, and shows in its place."""
    keys = []
    for variation, change in (
        (RED_L, f"DELETE FROM wp_posts WHERE ID = {RED_L.id}"),
        (BLUE_ANY, f"UPDATE wp_posts SET post_status = 'private' WHERE ID = {BLUE_ANY.id}"),
    ):
        key, _ = woo.guest(f"{variation.id}@example.com", Session(line(variation)))
        woo.left(key)
        assert isinstance(woo.db.decide(key), Send)
        woo.db.run(change)
        keys.append(key)
    carts = woo.db.load(*keys)
    assert [(one.product_id, one.available) for key in keys for one in carts[key].lines] == [
        (SHIRT.id, False)
    ] * 2
    assert [woo.db.decide(key) for key in keys] == [Skip(Reason.UNAVAILABLE, ANY)] * 2


def test_a_user_by_the_sessions_key(woo: Open) -> None:
    ada = woo.shop.register(ADA, locale="fr_FR")
    for key in (str(ada), f"{ada}x", "999999"):
        woo.shop.save(key, Session(line(KETTLE)))
        woo.left(key)
    carts = woo.db.load(str(ada), f"{ada}x", "999999")
    customer = carts[str(ada)].customer
    assert customer is not None
    assert (customer.email, customer.language) == (ADA, "fr_FR")
    assert isinstance(woo.db.decide(str(ada)), Send)
    assert woo.db.decide(f"{ada}x") == Skip(Reason.GUEST)
    assert carts["999999"].lacks_customer


def test_what_ends_a_cart(woo: Open) -> None:
    """Whoever paid, by whatever way, has bought; whose payment failed has not; who cancelled is let be."""
    shop, user = woo.shop, woo.shop.register(ADA)
    found = {}
    for name, statuses in (
        ("paid", [PROCESSING]),
        ("failed", [FAILED]),
        ("paid and cancelled", [PROCESSING, CANCELLED]),
        ("pending", []),
    ):
        email = f"{name.replace(' ', '.')}@example.com"
        key, session = woo.guest(email)
        woo.left(key)
        order = shop.place(key, session, email)
        shop.report(order, session, email, user=None, status=PENDING)
        woo.left(key)
        for status in statuses:
            shop.set_status(order, status)
        found[name] = type(woo.db.decide(key))
    assert found == {"paid": Skip, "failed": Send, "paid and cancelled": Skip, "pending": Send}
    # somewhere else, with the same account or address
    shop.save(str(user), Session(line(KETTLE)))
    key, _ = woo.guest(EVE)
    for cart in (str(user), key):
        woo.left(cart)
        assert isinstance(woo.db.decide(cart), Send)
    for email, whose in ((ADA, user), (EVE, 0)):
        session = Session(line(SPOON))
        order = shop.order(session, email, user=whose, status=PROCESSING)
        shop.report(order, session, email, user=whose or None, status=PROCESSING)
    assert [type(woo.db.decide(cart)) for cart in (str(user), key)] == [Skip, Skip]


@pytest.mark.parametrize("block", [False, True])
@pytest.mark.parametrize("whose", ["guest", "user"])
def test_an_order_that_the_shop_cancelled_since_nobody_paid_has_bought_nothing(
    woo: Open, whose: str, *, block: bool
) -> None:
    shop = woo.shop
    user = shop.register(ADA) if whose == "user" else 0

    def placed(key: str, session: Session, email: str) -> int:
        if block:
            draft = shop.open_block_checkout(key, session, user=user)
            shop.place_draft(key, session, draft, email)
            order = draft
        else:
            order = shop.place(key, session, email, user=user)
        shop.report(order, session, email, user=user or None, status=PENDING)
        woo.left(key)
        return order

    key, session = (str(user), Session(line(KETTLE))) if user else woo.guest()
    unpaid = placed(key, session, ADA)
    shop.cancel_unpaid(unpaid)
    other, _ = woo.guest(ADA, Session(line(SPOON)))  # it does not wait for that order
    woo.left(other)
    assert [isinstance(woo.db.decide(cart), Send) for cart in (key, other)] == [True, False]
    assert woo.db.load(key)[key].unpaid_order == unpaid
    assert woo.db.load(key)[key].bought == {}
    assert [
        one.products for page in woo.db.resources.shop.ordered() for one in page if one.order_id != unpaid
    ] == []

    shop.cancel_at_gateway(key, session, placed(key, session, ADA))
    woo.left(key)
    assert not isinstance(woo.db.decide(key), Send)  # the customer's own word


async def test_the_stream_tells_of_an_unpaid_order_that_is_cancelled_and_the_tables_know_better(
    woo: Open,
) -> None:
    shop, user = woo.shop, woo.shop.register(ADA)
    key, session = str(user), Session(line(KETTLE))
    async with woo.db.stream() as stream:
        order = shop.place(key, session, ADA, user=user)
        shop.cancel_unpaid(order)
        told = [event for event in await stream.settle() if isinstance(event, CustomerOrdered)]
    assert [event.customer for event in told] == ([user] if shop.hpos else [])
    woo.left(key)
    cart = woo.db.load(key)[key]
    now_us, policy = woo.db.resources.clock.now_us(), woo.db.resources.policy
    assert isinstance(decide(cart, None, now_us, policy, ordered=True), Send)
    assert isinstance(decide(replace(cart, told_order_us=now_us), None, now_us, policy), Send)


def test_the_fence_sees_an_unpaid_order_being_cancelled_and_paid_after_all(woo: Open) -> None:
    shop = woo.shop
    key, session = woo.guest()
    order = shop.place(key, session, ADA)
    shop.report(order, session, ADA, user=None, status=PENDING)
    woo.left(key)
    episodes, cart = woo.db.resources.episodes, woo.db.load(key)[key]
    episode = Episode(cart, cart.version or 0, cart.newest_row_us, "EUR", Decimal(10))
    now_us = woo.db.resources.clock.now_us()
    log_id = episodes.claim([episode], lease_us=MINUTE, cooldown_us=0, now_us=now_us).ids[key]
    assert episodes.fence([Fenced(log_id, cart)], lease_us=MINUTE) == {log_id}

    def passes(cart: Cart) -> bool:
        return episodes.fence_again(Fenced(log_id, cart), lease_us=MINUTE)

    shop.cancel_unpaid(order)
    assert not passes(cart)
    cart = woo.db.load(key)[key]
    assert passes(cart)
    shop.set_status(order, PROCESSING)  # the bank's answer comes late
    assert not passes(cart)


def test_a_draft_of_the_block_checkout_is_no_order(woo: Open) -> None:
    key, session = woo.guest()
    draft = woo.shop.open_block_checkout(key, session)
    woo.left(key)
    assert isinstance(woo.db.decide(key), Send)
    woo.shop.place_draft(key, session, draft, ADA)
    woo.left(key)
    assert isinstance(woo.db.decide(key), Send)
    woo.shop.set_status(draft, PROCESSING)
    assert isinstance(woo.db.decide(key), Skip)


async def test_the_stream_tells_of_the_carts_that_the_customer_sees(woo: Open) -> None:
    shop, ada = woo.shop, woo.shop.register(ADA)
    key, session = guest_key(), Session(line(KETTLE))

    def changes(events: object, whose: str) -> list[Change]:
        assert isinstance(events, list)
        return [one.change for one in events if isinstance(one, CartChanged) and one.key == whose]

    async with woo.db.stream() as stream:
        shop.save(key, session)
        assert changes(await stream.settle(), key) == [Change.INSERT]
        for notice in ("added", "", "shipping"):
            shop.look_at_a_page(key, session, notice)
        assert changes(await stream.settle(), key) == []
        session.put_lines([line(KETTLE, 2)])
        shop.save(key, session)
        assert changes(await stream.settle(), key) == [Change.UPDATE]
        shop.log_in(key, session, ada)
        events = await stream.settle()
        assert changes(events, str(ada)) == [Change.INSERT]
        assert changes(events, key) == [Change.DELETE]
        twin, _ = shop.clone(session, str(ada))
        assert changes(await stream.settle(), twin) == [Change.INSERT]
        shop.log_out(ada)
        assert changes(await stream.settle(), str(ada)) == [Change.DELETE]


async def test_a_cart_is_mailed_once_by_the_service(woo: Open, smtp: MailServer) -> None:
    shop = woo.shop
    settings = woo.db.settings(
        smtp, ABANDONMENT_THRESHOLD_MINUTES="0.05", CHECK_INTERVAL_SECONDS="1",
        CART_URL="https://shop.example.com/checkout-link/?products={items}",
    )  # fmt: skip
    async with following(settings) as service:
        key, session = woo.guest(ADA, Session(line(KETTLE), line(RED_L)))
        buyer, cart = woo.guest(EVE)
        await until(lambda: service.tracker.armed + service.tracker.in_hand == 2)
        order = shop.place(buyer, cart, EVE)
        shop.pay(buyer, cart, order)
        await until(lambda: len(smtp.mails_to(ADA)) == 1)
        shop.look_at_a_page(key, session, "back again")
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert [mail.rcpt_tos for mail in smtp.accepted] == [[ADA]]
    (mail,) = smtp.mails_to(ADA)
    html = mail.get_body(("html",))
    assert html is not None
    assert "https://shop.example.com/wp-content/uploads/2026/09/wasserkessel" in html.get_content()
    assert f"/checkout-link/?products={KETTLE.id}:1,{RED_L.id}:1" in html.get_content()
    assert [(row["cart_key"], row["status"]) for row in woo.db.log()] == [(key, "sent")]
