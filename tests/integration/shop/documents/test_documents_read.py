"""Carts that are documents, as they are read: their lines, whose they are, and what the fence sees."""

from decimal import Decimal
from typing import TYPE_CHECKING
from unittest.mock import ANY

import pytest
from fakes.preset_shop import MINUTE, preset_shop
from fakes.session_shop import GUEST, POT, SHIRT, Open, of
from fakes.sessions import MARK, PRESET, PRESET_BY_SELECT, Item, Sessions

from binlog_watcher.core.decision import Send, Skip, Wait, decide
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.store.own_tables.fence import fence
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced
from binlog_watcher.store.shop_tables.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable


def test_orders_without_a_zone_meet_notes_that_are_moments(opened: Open) -> None:
    """So a zone that is not sure is refused: an order that is read as an hour too old would not end its cart."""
    database = opened.db.resources.database
    mixed = Shop(database, opened.db.settings().preset()).mixed
    assert mixed is not None
    assert "purchases.created_at has no zone" in mixed
    opened.db.run("ALTER TABLE purchases MODIFY created_at TIMESTAMP NULL")
    assert Shop(database, opened.db.settings().preset()).mixed is None


async def test_text_in_another_charset(server: Server, fresh_database: str, preset: str) -> None:
    """The lengths in the document are those of UTF-8, whatever the column holds."""
    with preset_shop(server, fresh_database, preset, MARK) as db:
        shop = Sessions(db.run)
        shop.create("latin1")
        async with db.stream() as stream:
            shop.save(GUEST, POT, email="jane@example.com")
            assert of(await stream.settle(), GUEST) == [Change.INSERT]
            shop.save(GUEST, POT, email="jane@example.com")
            assert of(await stream.settle(), GUEST) == []
        Open(db, shop).note(GUEST, minutes_ago=90)
        customer = db.load(GUEST)[GUEST].customer
        assert customer is not None
        assert customer.name == "Zoë Quinn"


async def test_latin1_has_all_bytes(server: Server, fresh_database: str, preset: str) -> None:
    """Five of them are nothing in Python's cp1252. A document of other lengths than it says would be unreadable."""
    name = bytes(range(0x80, 0x100)).decode("mysql_latin1")
    with preset_shop(server, fresh_database, preset, MARK) as db:
        shop = Sessions(db.run)
        shop.create("latin1")
        async with db.stream() as stream:
            for item in (POT, SHIRT):
                shop.save(GUEST, item, email="jane@example.com", wc_notices=name)
                (event,) = [one for one in await stream.settle() if isinstance(one, CartChanged)]
        pages = list(db.resources.scan.open_carts(0, db.resources.clock.now_us()))
    assert event.digest is not None
    assert [cart.digest for page in pages for cart in page] == [event.digest], "as the tables have it"


def test_a_cart_is_read_with_its_products(opened: Open) -> None:
    opened.shop.save(GUEST, POT, SHIRT, Item(404, 1, 1.0), email="jane@example.com", currency="CHF")
    opened.note(GUEST, minutes_ago=90)
    cart = opened.db.load(GUEST)[GUEST]
    assert [(line.name, line.quantity, line.price, line.image) for line in cart.lines] == [
        ("Tea pot", 1, Decimal(30), "pot.jpg"),
        ("Shirt, blue, M", 3, Decimal("23.80"), "blue.jpg"),
    ]
    assert [line.product_id for line in cart.lines] == [1, 2]
    assert (cart.total, cart.currency, set(cart.missing)) == (Decimal("101.40"), "CHF", {404})
    assert cart.customer is not None
    assert (cart.customer.email, cart.customer.name, cart.customer_id) == (
        "jane@example.com",
        "Zoë Quinn",
        None,
    )


@pytest.mark.parametrize("preset", [PRESET, PRESET_BY_SELECT], ids=["columns", "select"], indirect=True)
def test_whose_it_is_and_whether_it_was_bought(opened: Open) -> None:
    shop, db = opened.shop, opened.db
    for key, email in (("7", ""), ("8", ""), (GUEST, "jane@example.com"), ("t_begun", "begun@example.com")):
        shop.save(key, POT, email=email)
        opened.note(key, minutes_ago=90)
    assert all(isinstance(db.decide(key), Send) for key in ("7", "8", GUEST, "t_begun"))
    customer = db.load("7")["7"].customer
    assert customer is not None
    assert customer.email == "seven@example.com"
    shop.order(customer=7)
    shop.order("open", customer=8)
    shop.order(email="jane@example.com")
    begun = shop.order("failed")
    shop.save("t_begun", POT, email="begun@example.com", order_awaiting_payment=begun)
    opened.note("t_begun", minutes_ago=90)
    assert [type(db.decide(key)) for key in ("7", "8", GUEST, "t_begun")] == [Skip, Send, Skip, Send]
    db.run("UPDATE purchases SET status = 'paid' WHERE id = %s", (begun,))
    assert db.decide("t_begun") == Skip(Reason.EMPTY)
    shop.save("7", POT, SHIRT)  # after the order
    opened.note("7", minutes_ago=-0.1)
    assert isinstance(db.decide("7", minutes_later=90), Send)


def test_a_guest_beside_a_customer_is_decided_on_as_if_alone(opened: Open) -> None:
    """Where nobody is asked for consent, a guest needs none, whoever's cart is read along."""
    opened.shop.save("7", POT)
    opened.shop.save("t_1", POT, email="jane@example.com")
    for key in ("7", "t_1"):
        opened.note(key, minutes_ago=90)
    resources = opened.db.resources
    carts = opened.db.load("7", "t_1")
    decisions = [decide(carts[key], None, resources.clock.now_us(), resources.policy) for key in ("7", "t_1")]
    assert [type(decision) for decision in decisions] == [Send, Send]


@pytest.mark.parametrize("preset", [PRESET, PRESET_BY_SELECT], ids=["columns", "select"], indirect=True)
def test_the_fence_sees_orders_and_the_document(opened: Open) -> None:
    shop, db = opened.shop, opened.db
    changes: dict[str, Callable[[], object]] = {
        "7": lambda: shop.order(customer=7),
        "t_a": lambda: shop.order(email="A@Example.com"),
        "t_b": lambda: shop.save("t_b", POT, SHIRT, email="b@example.com"),
        "t_c": lambda: db.run("UPDATE purchases SET status = 'paid'"),
        "8": lambda: shop.order("failed", customer=8),
    }
    begun = shop.order("open")
    for key in changes:
        more = {"order_awaiting_payment": begun} if key == "t_c" else {}
        shop.save(key, POT, email=f"{key[-1]}@example.com" if key[0] == "t" else "", **more)
        opened.note(key, minutes_ago=90)
    carts = db.load(*changes)
    resources, now_us = db.resources, db.resources.clock.now_us()
    episodes = [
        Episode(cart, cart.version or 0, cart.newest_row_us, "EUR", Decimal(0)) for cart in carts.values()
    ]
    claims = resources.episodes.claim(episodes, lease_us=MINUTE, cooldown_us=0, now_us=now_us)
    passed = {}
    for key, change in changes.items():
        change()
        fenced = Fenced(claims.ids[key], carts[key])
        with resources.database.session() as session:
            passed[key] = fence(
                session, resources.episodes.owner, resources.shop.queries, [fenced], lease_us=MINUTE
            )
    assert {key: bool(ids) for key, ids in passed.items()} == {
        "7": False,
        "t_a": False,
        "t_b": False,
        "t_c": False,
        "8": True,
    }


@pytest.mark.parametrize(
    ("key", "product", "order"),
    [
        ("t_1", "²", None),
        ("t_1", "--5", None),
        ("t_1", "9" * 120, None),
        ("t_1", 1, "²"),
        ("t_1", 1, "--5"),
        ("t_1", 1, "ORD-5"),
        ("t_1", 1, "5 of 7"),
        ("t_1", 1, "9" * 30),
        ("t_1", 1, "9" * 120),
        ("t_1", 1, "-5"),
        ("t_1", -5, None),
        ("²", 1, None),
        ("\uff17", 1, None),
    ],
)
def test_strange_ids_hold_up_nobody(opened: Open, key: str, product: object, order: object) -> None:
    shop, db, resources = opened.shop, opened.db, opened.db.resources
    shop.save(key, Item(product), email="jane@example.com", order_awaiting_payment=order)
    shop.save("8", POT)
    for one in (key, "8"):
        opened.note(one, minutes_ago=90)
    carts = db.load(key, "8")
    customer = carts[key].customer
    assert customer is not None
    assert customer.email == "jane@example.com"
    episodes = [
        Episode(cart, cart.version or 0, cart.newest_row_us, "EUR", Decimal(0)) for cart in carts.values()
    ]
    claims = resources.episodes.claim(
        episodes, lease_us=MINUTE, cooldown_us=0, now_us=resources.clock.now_us()
    )
    assert set(claims.ids) == {key, "8"}
    mails = [Fenced(claims.ids[one], carts[one]) for one in (key, "8")]
    with resources.database.session() as session:
        ids = fence(session, resources.episodes.owner, resources.shop.queries, mails, lease_us=MINUTE)
    assert ids == {mail.log_id for mail in mails}


def test_a_blank_at_the_end_of_a_key_holds_up_nobody(opened: Open) -> None:
    """Our tables take the two for one; where the shop does not, each is told what is known of both."""
    resources = opened.db.resources
    opened.shop.save("t_1", POT, email="jane@example.com")
    opened.note("t_1", minutes_ago=90)
    carts = opened.db.load("t_1").values()
    episodes = [Episode(cart, cart.version or 0, cart.newest_row_us, "EUR", Decimal(0)) for cart in carts]
    now_us = resources.clock.now_us()
    assert resources.episodes.claim(episodes, lease_us=MINUTE, cooldown_us=0, now_us=now_us).ids
    opened.db.run("UPDATE cart_abandonment_log SET sent_at = UTC_TIMESTAMP(6), status = 'sent'")
    keys = ["t_1", "t_1 "]
    with resources.database.session() as session:
        assert sorted(map(str, resources.episodes.newest(session, keys))) == keys
        assert sorted(map(str, resources.episodes.last_sent(session, keys, 0))) == keys


@pytest.mark.parametrize("key", ["99999999999999999999", "9" * 32])
def test_who_is_no_customer_that_there_can_be_is_waited_for(opened: Open, key: str) -> None:
    opened.shop.save(key, POT, email="jane@example.com")
    opened.note(key, minutes_ago=90)
    assert opened.db.decide(key) == Wait(ANY, Reason.NO_CUSTOMER)


@pytest.mark.parametrize("preset", [PRESET, PRESET_BY_SELECT], ids=["columns", "select"], indirect=True)
def test_many_mails_pass_the_fence_at_once(opened: Open) -> None:
    keys = ["7", "8", "t_a", "t_b"]
    for key in keys:
        opened.shop.save(key, POT, email=f"{key[-1]}@example.com")
        opened.note(key, minutes_ago=90)
    carts, resources = opened.db.load(*keys), opened.db.resources
    episodes = [
        Episode(cart, cart.version or 0, cart.newest_row_us, "EUR", Decimal(0)) for cart in carts.values()
    ]
    claims = resources.episodes.claim(
        episodes, lease_us=MINUTE, cooldown_us=0, now_us=resources.clock.now_us()
    )
    mails = [Fenced(claims.ids[key], carts[key]) for key in keys]
    with resources.database.session() as session:
        ids = fence(session, resources.episodes.owner, resources.shop.queries, mails, lease_us=MINUTE)
    assert ids == {mail.log_id for mail in mails}


@pytest.mark.parametrize(
    "document",
    [
        'a:1:{s:4:"cart";s:9:"a:1:{i:0;";}',
        Sessions(lambda *_: []).document(Item(1, -1)),
        Sessions(lambda *_: []).document(Item(1, 0.5)),
        Sessions(lambda *_: []).document(POT, currency="Euro"),
        'a:1:{s:4:"cart";O:8:"Whatever":1:{s:1:"x";i:1;}}',
    ],
    ids=["truncated", "negative", "fractional", "currency", "object"],
)
def test_a_document_that_cannot_be_read_is_left_alone(opened: Open, document: bytes | str) -> None:
    opened.shop.write(GUEST, document)
    opened.shop.save("7", POT)
    for key in (GUEST, "7"):
        opened.note(key, minutes_ago=90)
    decision = opened.db.decide(GUEST)
    assert isinstance(decision, Skip)
    assert (decision.reason, decision.logged) == (Reason.UNREADABLE, True)
    assert isinstance(opened.db.decide("7"), Send)
