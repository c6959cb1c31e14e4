"""`cartwake explain` on shops of other shapes: header and lines (PrestaShop), and documents (WooCommerce)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.bagisto.catalogue import KETTLE as BAGISTO_KETTLE
from fakes.bagisto.shop import Bagisto
from fakes.preset_shop import MINUTE, PresetShop, preset_shop
from fakes.prestashop.catalogue import LAMP
from fakes.prestashop.on_cartwake import MARK, Presta
from fakes.prestashop.shop import PrestaShop
from fakes.prestashop.states import PAID
from fakes.shopware.carts import new_token
from fakes.shopware.catalogue import KETTLE as SHOPWARE_KETTLE
from fakes.shopware.payload import Cart as ShopwareCart
from fakes.shopware.payload import line as shopware_line
from fakes.shopware.shop import Shopware
from fakes.woocommerce.catalogue import KETTLE
from fakes.woocommerce.orders import PROCESSING
from fakes.woocommerce.session import Session, line
from fakes.woocommerce.sessions import guest_key
from fakes.woocommerce.shop import WooCommerce

from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.explain import CartStory, Explained, explain
from binlog_watcher.commands.explain_shown import shown
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import CartKey
from binlog_watcher.demo.server import Server
from binlog_watcher.store.own_tables.recipients import OptOuts

NO_MARK = ("DO 0", 0)


class Asked:
    """One shop, as `cartwake explain` sees it."""

    def __init__(self, db: PresetShop) -> None:
        self.db = db
        self._ = db.resources  # Cartwake has been there for weeks

    def all(self, settings: dict[str, Any] | None = None, **question: Any) -> Explained:
        return explain(self.db.settings(**(settings or {})), Question(**question))

    def __call__(self, cart: CartKey, **settings: str) -> CartStory:
        (one,) = self.all(settings, cart=str(cart)).carts
        return one

    def first(self, cart: CartKey, **settings: str) -> str:
        """The first sentence of what would happen now; the decision is the service's."""
        story = self(cart, **settings)
        if not settings:
            decided = self.db.decide(cart)
            assert (story.decision, story.reason) == (
                type(decided).__name__.lower(),
                getattr(decided, "reason", None),
            )
        return story.outcome[0]

    def suppress(self, address: str, reason: str) -> None:
        digest = self.db.resources.hasher(address)
        self.db.run(
            "INSERT INTO cart_abandonment_recipient (address_hash, suppressed_at, reason) "
            "VALUES (%s, UTC_TIMESTAMP(6), %s)",
            (digest, reason),
        )


@pytest.fixture
def presta(server: Server, fresh_database: str, tmp_path: Path) -> Any:
    stores = tmp_path / "stores.toml"
    stores.write_text("[1]\nstore_name = 'The First'")
    more = {"CURRENCY": "EUR", "SHOP_TIMEZONE": "UTC", "STORES": str(stores)}
    with preset_shop(server, fresh_database, "prestashop-8", MARK, **more) as db:
        shop = PrestaShop(db.run)
        shop.create()
        yield Presta(db, shop)


def test_header_and_lines(presta: Presta) -> None:
    asked, shop = Asked(presta.db), presta.shop
    due = presta.customer_with_cart("due@example.com")
    waiting = presta.customer_with_cart("waiting@example.com", minutes_ago=10)
    bought = presta.customer_with_cart("bought@example.com")
    order = shop.order(bought, state=PAID, minutes_ago=5)
    account = presta.customer_with_cart("twice@example.com")
    guest_order = shop.order(
        presta.customer_with_cart("twice@example.com", is_guest=1), state=PAID, minutes_ago=5
    )
    left, gone = presta.customer_with_cart("left@example.com"), presta.customer_with_cart("gone@example.com")
    elsewhere = presta.customer_with_cart("elsewhere@example.com")
    presta.db.run("UPDATE ps_cart SET id_shop = 2 WHERE id_cart = %s", (elsewhere,))
    visitor = shop.new_cart(guest=301, minutes_ago=60)
    shop.add(visitor, LAMP.id, minutes_ago=60)
    OptOuts(presta.db.resources.database, presta.db.resources.hasher).add("left@example.com")
    asked.suppress("gone@example.com", "bounced")

    story = asked(due)
    assert story.outcome[0].startswith("Due since")
    assert story.outcome[0].endswith("a mail would go to d***@example.com now.")
    assert story.outcome[1] == "As things stand the fence would let it through."
    assert [(one.product, one.quantity) for one in story.lines] == [(str(LAMP.id), 1)]
    assert (story.store, story.currency, story.rows) == ("1", "EUR", 1)
    assert story.activity_from in {
        "the creation of its newest row that counts (ps_cart_product.date_add)",
        "the shop's update columns (ps_cart.date_upd)",
    }
    assert "; then a mail would go to w***@example.com." in asked.first(waiting)
    assert f"(order {order}, of this cart)" in asked.first(bought)
    assert f"(order {guest_order}, of another customer's row with the same address)" in asked.first(account)
    assert asked.first(left) == "No mail: the address opted out."
    assert asked.first(gone).startswith("No mail: mails to it bounced")
    assert asked.first(elsewhere) == "No mail: its store is not listed in STORES: 2."
    assert asked.first(visitor) == "No mail: a guest who left no e-mail address."
    assert "EXCLUDE_ADDRESSES" in asked.first(due, EXCLUDE_ADDRESSES="due@*")
    assert "ROLLOUT_PERCENT" in asked.first(due, ROLLOUT_PERCENT="0")
    assert "did not consent" in asked.first(due, SHOP_VARIABLES="consent=newsletter")
    presta.db.run("UPDATE ps_product_shop SET available_for_order = 0")
    assert "can be bought just now" in asked.first(due)

    both = asked.all(address="Twice@example.com")
    assert len(both.carts) == 2
    assert str(account) in {one.cart for one in both.carts}
    ((whose,),) = presta.db.run("SELECT id_customer FROM ps_cart WHERE id_cart = %s", (due,))
    assert [one.cart for one in asked.all(customer=str(whose)).carts] == [str(due)]
    assert asked.all(address="elsewhere@example.com", store="1").exit_code == 1
    assert asked.all(address="elsewhere@example.com", store="2").exit_code == 0
    nothing = asked.all(address="none@example.com").nothing or ""
    assert "ps_customer.email, ps_cart.id_customer, all open carts, by the preset's SELECT" in nothing
    assert nothing.endswith("cart_abandonment_log.address_hash.")


def noted(db: PresetShop, key: CartKey, minutes_ago: float) -> None:
    """A session as the service has noted it: filled so long ago, and as it is since then."""
    now_us = db.resources.clock.now_us()
    at_us = now_us - int(minutes_ago * MINUTE)
    for page in db.resources.scan.open_carts(0, now_us, among=[key]):
        db.resources.notes.write(
            [CartNote(one.key, at_us, filled_us=at_us, digest=one.digest) for one in page]
        )


def carts(explained: Explained) -> Sequence[str]:
    return [one.cart for one in explained.carts]


@pytest.mark.parametrize("orders", ["own", "legacy"])
def test_documents(server: Server, fresh_database: str, orders: str) -> None:
    more = {"CURRENCY": "EUR", "SHOP_VARIABLES": f"orders={orders}", "STORE_URL": "https://shop.example.com"}
    with preset_shop(server, fresh_database, "woocommerce", NO_MARK, **more) as db:
        shop = WooCommerce(db.run, "wp_")
        shop.create(hpos=orders == "own")
        asked = Asked(db)
        db.resources.notes.all_written()

        def guest(email: str, minutes_ago: float) -> tuple[str, Session]:
            key, session = guest_key(), Session(line(KETTLE, 2))
            shop.type_address(key, session, email)
            noted(db, key, minutes_ago)
            return key, session

        due, _ = guest("due@example.com", 60)
        waiting, _ = guest("waiting@example.com", 10)
        fresh = guest_key()
        shop.type_address(fresh, Session(line(KETTLE)), "fresh@example.com")
        left, _ = guest("left@example.com", 60)
        bought, session = guest("bought@example.com", 60)
        order = shop.order(session, "bought@example.com", status=PROCESSING)
        shop.report(order, session, "bought@example.com", user=None, status=PROCESSING)
        broken, _ = guest("broken@example.com", 60)
        db.run(
            'UPDATE wp_woocommerce_sessions SET session_value = \'a:1:{s:4:"cart";s:99:"x";}\' WHERE session_key = %s',
            (broken,),
        )
        user = shop.register("ada@example.com")
        shop.save(str(user), Session(line(KETTLE)))
        noted(db, str(user), 60)
        asked.suppress("left@example.com", "complained")

        story = asked(due)
        assert story.outcome[0].startswith("Due since"), story.outcome
        assert story.outcome[1] == "As things stand the fence would let it through."
        assert story.activity_from == "Cartwake's note of what the binlog told"
        assert [(one.product, one.quantity) for one in story.lines] == [(str(KETTLE.id), 2)]
        assert "; then a mail would go to w***@example.com." in asked.first(waiting)
        touched = asked(fresh)
        assert (touched.decision, touched.reason) == ("wait", "activity")
        assert touched.activity_from is not None
        assert touched.activity_from.startswith("nothing: what is in it is not as Cartwake noted it")
        assert asked.first(left) == "No mail: the address opted out."
        assert "that our mail is spam" in "".join(event.text for event in asked(left).events)
        assert f"(order {order}, with the same address)" in asked(bought).outcome[0]
        assert "nobody can tell from its document what is in it" in asked(broken).outcome[0]

        assert carts(asked.all(address="due@example.com")) == [due]
        assert carts(asked.all(address="ada@example.com")) == [str(user)]
        assert carts(asked.all(customer=str(user))) == [str(user)]
        assert "the documents in wp_woocommerce_sessions.session_value" in (
            asked.all(address="none@example.com").nothing or ""
        )


def test_documents_that_name_no_customer(server: Server, fresh_database: str) -> None:
    """Shopware's carts are packed, and whose they are is only in the context that they are read with."""
    with preset_shop(server, fresh_database, "shopware-6", NO_MARK, CURRENCY="EUR") as db:
        shop = Shopware(db.run)
        shop.create()
        asked = Asked(db)
        db.resources.notes.all_written()
        token, cart = new_token(), ShopwareCart([shopware_line(SHOPWARE_KETTLE)])
        shop.save(token, cart)
        token, customer = shop.enter_address(token, cart, "ada@example.com")
        ((key,),) = db.run("SELECT auto_increment FROM cart WHERE token = %s", (token,))
        noted(db, key, 60)
        (story,) = asked.all(address="Ada@example.com").carts
        assert story.cart == str(key)
        assert story.outcome[0].endswith("a mail would go to a***@example.com now.")
        assert story.outcome[1] == "As things stand the fence would let it through."
        nothing = asked.all(customer=customer).nothing or ""
        assert "no table of the shop, as the preset does not say whose a cart is (--address)" in nothing


def test_guests_whose_cart_carries_the_address(server: Server, fresh_database: str) -> None:
    with preset_shop(server, fresh_database, "bagisto", NO_MARK, CURRENCY="USD") as db:
        shop = Bagisto(db.run)
        shop.create()
        asked = Asked(db)
        keys = [shop.cart(None, minutes_ago=60) for _ in range(23)]
        for key in keys:
            shop.add(key, BAGISTO_KETTLE, minutes_ago=60)
        shop.check_out_as(keys[0], "ada@example.com")
        (story,) = asked.all(address="ADA@example.com").carts
        assert (story.cart, story.customer) == (str(keys[0]), None)
        assert story.outcome[0].startswith("Due since"), story.outcome
        assert asked.first(keys[1]) == "No mail: a guest who left no e-mail address."
        db.run("UPDATE cart SET customer_email = 'ada@example.com'")
        db.run("UPDATE addresses SET email = 'bob@example.com'")
        many = asked.all(address="ada@example.com")
        assert (len(many.carts), many.more) == (20, 3)
        assert "3 older carts are left out: ask for one with --cart." in list(shown(many))
