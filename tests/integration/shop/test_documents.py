"""Carts that are documents: one row a cart, its lines inside of a column."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.mysql_proxy import MysqlProxy
from fakes.preset_shop import MINUTE, PresetShop, preset_shop
from fakes.running_service import following
from fakes.sessions import MARK, PRESET, PRESET_BY_SELECT, Item, Sessions
from fakes.waiting import until

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.decision import Send, Skip, Wait, decide
from binlog_watcher.core.events import CartChanged, CartKey, Change, Event, OrderPlaced
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.recovery import reconcile
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.service import service as service_module
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.store.own_tables.fence import fence
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced
from binlog_watcher.store.shop_tables import open_documents
from binlog_watcher.store.shop_tables.shop import Shop

GUEST = "t_0123456789abcdef0123456789abcd"
DUMPS = bytes([0x12, 0x1E])
"""COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID."""

POT, SHIRT = Item(1), Item(2, 3, 60.0, variant=21, tax=11.4)


@dataclass
class Open:
    db: PresetShop
    shop: Sessions

    def note(self, key: CartKey, *, minutes_ago: float) -> None:
        """As the service has noted it: filled so long ago, and as it is now."""
        now_us = self.db.resources.clock.now_us()
        at_us = now_us - int(minutes_ago * MINUTE)
        (digest,) = [
            cart.digest
            for page in self.db.resources.scan.open_carts(0, now_us)
            for cart in page
            if cart.key == key
        ]
        self.db.resources.notes.write([CartNote(key, at_us, filled_us=at_us, digest=digest)])


@pytest.fixture
def preset(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    file = tmp_path / "sessions.toml"
    file.write_text(getattr(request, "param", PRESET))
    return str(file)


@pytest.fixture
def opened(server: Server, fresh_database: str, preset: str) -> Iterator[Open]:
    with preset_shop(server, fresh_database, preset, MARK) as db:
        shop = Sessions(db.run)
        shop.create()
        yield Open(db, shop)


def hydrator_of(parts: PresetShop | Resources) -> Hydrator:
    resources = parts.resources if isinstance(parts, PresetShop) else parts
    return Hydrator(
        database=resources.database, scan=resources.scan, episodes=resources.episodes, notes=resources.notes,
        policy=resources.policy, clock=resources.clock, with_log=True,
    )  # fmt: skip


def progress_at(db: PresetShop) -> Progress:
    now_us = db.resources.clock.now_us()
    return Progress("", now_us, caught_up=True, lag_us=0, received_us=now_us)


def of(events: list[Event], key: CartKey) -> list[Change]:
    return [event.change for event in events if isinstance(event, CartChanged) and event.key == key]


REFUSES = PRESET.replace(
    "[cart]\n",
    '[[refuse]]\nselect = "SELECT 1 FROM products WHERE id = {own} AND price > 5"\nsay = "the shop mails itself: '
    'switch that off"\n[variables]\nown = 1\n[cart]\n',
    1,
)


@pytest.mark.parametrize("preset", [REFUSES], indirect=True)
def test_a_shop_that_mails_itself_is_refused(opened: Open) -> None:
    settings = opened.db.settings()
    with pytest.raises(ConfigError, match=r"refuse\.0: the shop mails itself: switch that off"):
        check_server(settings.connection, settings.preset())
    opened.db.run("UPDATE products SET price = 5 WHERE id = 1")
    check_server(settings.connection, settings.preset())
    opened.db.run("ALTER TABLE products RENAME COLUMN price TO cost")
    with pytest.raises(ConfigError, match="cost"):
        check_server(settings.connection, settings.preset())


def test_orders_without_a_zone_meet_notes_that_are_moments(opened: Open) -> None:
    """So a zone that is not sure is refused: an order that is read as an hour too old would not end its cart."""
    database = opened.db.resources.database
    mixed = Shop(database, opened.db.settings().preset()).mixed
    assert mixed is not None
    assert "purchases.created_at has no zone" in mixed
    opened.db.run("ALTER TABLE purchases MODIFY created_at TIMESTAMP NULL")
    assert Shop(database, opened.db.settings().preset()).mixed is None


async def test_only_what_the_customer_sees_is_activity(opened: Open) -> None:
    shop = opened.shop
    async with opened.db.stream() as stream:
        shop.save(GUEST)
        assert of(await stream.settle(), GUEST) == []  # a visitor without a cart
        for items, email, change in (
            ([POT], "", [Change.INSERT]),
            ([POT], "", []),  # a page view
            ([Item(1, 2, 60.0)], "", [Change.UPDATE]),
            ([Item(1, 2, 55.0)], "", []),  # a price rule
            ([Item(1, 2, 60.0), SHIRT], "", [Change.INSERT]),
            ([SHIRT], "", [Change.UPDATE]),
            ([SHIRT], "jane@example.com", [Change.UPDATE]),
            ([], "jane@example.com", [Change.DELETE]),
            ([], "", []),
        ):
            shop.save(GUEST, *items, email=email)
            assert of(await stream.settle(), GUEST) == change, (items, email)
        shop.leave(GUEST)
        assert of(await stream.settle(), GUEST) == [Change.DELETE]


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
    shop.save(key, Item(product), email="jane@example.com", order_awaiting_payment=order)  # type: ignore[arg-type]
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


async def test_a_machine_that_stalls_makes_no_document_unreadable(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is skipped as unreadable is never mailed: only what a document itself costs may count."""
    opened.shop.save("7", *[POT] * 800)
    opened.note("7", minutes_ago=90)
    seconds = itertools.count()
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(seconds) * 1_000_000_000)
    assert isinstance(opened.db.decide("7"), Send)


async def test_nothing_is_known_of_what_was_there_before_the_first_start(opened: Open) -> None:
    db, shop = opened.db, opened.shop
    shop.save("7", POT)
    shop.save("8", POT)
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.armed == 0
        shop.save("8", Item(1, 2, 60.0))
        await stream.settle()
        assert stream.tracker.keys() == ["8"]
        db.resources.notes.write(stream.tracker.take_unsaved())
    shop.save(GUEST, POT, email="jane@example.com")  # while nobody looked
    async with db.stream() as stream:
        await stream.settle()
        assert sorted(map(str, stream.tracker.keys())) == ["8", GUEST]


def test_a_first_start_that_was_cut_off_is_still_one(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all that it had not come to would pass for filled just now, and be mailed."""
    db, shop = opened.db, opened.shop
    monkeypatch.setattr(open_documents, "DOCUMENT_PAGE_SIZE", 1)
    for key in ("7", "8", "9"):
        shop.save(key, POT)
    hydrator = hydrator_of(db)
    for _ in range(2):
        pages = hydrator()
        next(pages)  # the process ends
    assert [read for page in hydrator() for read in page] == []
    assert list(db.resources.notes.read(["7", "8", "9"])) == ["7", "8", "9"]
    shop.save("9", POT, SHIRT)
    assert [read.key for page in hydrator() for read in page] == ["9"]


async def test_a_dry_run_notes_nothing(opened: Open) -> None:
    opened.shop.save("7", POT)
    async with opened.db.stream(writes=False) as stream:
        await stream.settle()
        assert stream.tracker.armed == 0
    assert opened.db.run("SELECT * FROM cart_abandonment_cart") == []
    assert not opened.db.resources.notes.tell_of_all()


def test_after_an_edit_of_its_paths_nothing_passes_for_new(opened: Open) -> None:
    """All digests are others then; who was mailed would be mailed again."""
    db, shop = opened.db, opened.shop
    list(hydrator_of(db)())
    for key in ("7", "8"):
        shop.save(key, POT, email="jane@example.com")
        opened.note(key, minutes_ago=10)
    due = {read.key: read.due_us for page in hydrator_of(db)() for read in page}
    assert list(due) == ["7", "8"]
    file = Path(db.preset)
    file.write_text(file.read_text().replace('email = "customer|php?.email"\n', "", 1))
    with closing(open_resources(db.settings(), write=True)) as edited:
        for _ in range(2):
            assert {read.key: read.due_us for page in hydrator_of(edited)() for read in page} == due
        assert edited.notes.tell_of_all()


async def test_a_cart_that_was_bought_at_once_is_no_new_one_after_a_restart(opened: Open) -> None:
    """Its timer was cancelled before anything was noted, and the shop left the cart as it was."""
    db, shop = opened.db, opened.shop
    list(hydrator_of(db)())
    async with db.stream() as stream:
        shop.save("7", POT)
        await stream.settle()
        stream.tracker.apply(
            Batch("binlog", (OrderPlaced("7", db.resources.clock.now_us()),), progress_at(db))
        )
        db.resources.notes.write(stream.tracker.take_unsaved())
    assert [read for page in hydrator_of(db)() for read in page if read.digest is not None] == []


async def test_who_bought_while_nobody_looked_is_not_mailed(opened: Open) -> None:
    """The cart is as it was bought: a webhook paid the order, and the shop empties it at the next page view."""
    db, shop = opened.db, opened.shop
    shop.order(customer=8)
    async with db.stream() as stream:
        for key in ("7", "8"):
            shop.save(key, POT)
        await stream.settle()
        db.resources.notes.write(stream.tracker.take_unsaved())
    db.run("UPDATE purchases SET created_at = created_at - INTERVAL 1 DAY")
    for key in ("7", "8"):
        shop.save(key, POT, SHIRT)
    shop.order(customer=7)
    await asyncio.sleep(1.1)  # orders have whole seconds
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.due_of("7") is not None, "only the tables tell of the order"
        db.resources.notes.write(stream.tracker.take_unsaved())
    assert isinstance(db.decide("7", minutes_later=90), Skip)
    assert isinstance(db.decide("8", minutes_later=90), Send)


async def test_a_restart_knows_when_each_cart_was_left(opened: Open) -> None:
    db, shop = opened.db, opened.shop
    async with db.stream() as stream:
        for key in ("7", "8"):
            shop.save(key, POT)
        await stream.settle()
        due = {key: stream.tracker.due_of(key) for key in ("7", "8")}
        notes = stream.tracker.take_unsaved()
        db.resources.notes.write(notes)
        stream.tracker.saved(notes)
    shop.save("7", POT)  # a page view
    shop.save("8", POT, SHIRT)
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.due_of("7") == due["7"]
        assert (stream.tracker.due_of("8") or 0) > (due["8"] or 0)


async def test_the_note_of_a_document_lasts_as_long_as_the_document(opened: Open) -> None:
    """Without it a cart that was mailed a week ago would pass for filled just now, and be mailed again."""
    db, shop = opened.db, opened.shop
    for key in ("7", "8"):
        shop.save(key, POT)
        opened.note(key, minutes_ago=10 * 24 * 60)
    shop.leave("8")
    db.run("UPDATE cart_abandonment_cart SET noted_at = noted_at - INTERVAL 10 DAY")
    notes, now_us = db.resources.notes, db.resources.clock.now_us()
    assert notes.purge(now_us - 24 * 60 * MINUTE) == 1
    assert list(notes.read(["7", "8"])) == ["7"]
    assert notes.purge(now_us - 24 * 60 * MINUTE) == 0
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.armed == 0


def test_the_check_says_what_it_understood(opened: Open) -> None:
    db = opened.db
    if db.server.flavor == "mysql":  # MariaDB's JSON is text
        db.run("ALTER TABLE sessions MODIFY session_value JSON")
    if db.server.flavor == "mysql":
        with pytest.raises(Exception, match=r"cart\.document\.column: sessions\.session_value is json"):
            check_server(db.settings().connection, db.settings().preset())
        db.run("ALTER TABLE sessions MODIFY session_value LONGTEXT")
    facts = check_server(db.settings().connection, db.settings().preset())
    assert not [line for line in facts.warnings if "cart." in line]


async def test_the_service_mails_each_cart_once(opened: Open, smtp: MailServer) -> None:
    """A guest who left an address, page views all the time, a login, a restart; nobody who bought."""
    shop, db = opened.shop, opened.db
    settings = db.settings(smtp, ABANDONMENT_THRESHOLD_MINUTES="0.05", CHECK_INTERVAL_SECONDS="1")
    shop.save("8", POT)  # before the first start
    async with following(settings) as service:
        shop.save(GUEST, POT, SHIRT, email="jane@example.com")
        shop.save("t_bought", POT, email="max@example.com")
        shop.save("t_broken", Item(1, -2), email="eve@example.com")
        await until(lambda: service.tracker.armed + service.tracker.in_hand == 3)
        shop.order(email="max@example.com")
        shop.leave("t_bought")
        for _ in range(10):
            shop.save(GUEST, POT, SHIRT, email="jane@example.com")
        await until(lambda: len(smtp.mails_to("jane@example.com")) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    async with following(settings) as service:
        shop.save("7", POT, SHIRT)  # jane logs in as somebody with another address
        shop.leave(GUEST)
        await until(lambda: len(smtp.mails_to("seven@example.com")) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert [mail.rcpt_tos for mail in smtp.accepted] == [["jane@example.com"], ["seven@example.com"]]
    log = {row["cart_key"]: (row["status"], row["reason"]) for row in db.log()}
    assert log == {GUEST: ("sent", None), "7": ("sent", None), "t_broken": ("skipped", "unreadable")}
    (mail,) = smtp.mails_to("jane@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Shirt, blue, M" in text.get_content()


async def test_while_the_binlog_is_not_followed_nobody_is_mailed(
    opened: Open, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables do not tell that somebody is busy with a document: its note is as old as the stream."""
    for module in (reconcile, service_module):
        monkeypatch.setattr(module, "GRACE_US", 1_000_000)
    settings = {"ABANDONMENT_THRESHOLD_MINUTES": "0.05", "CHECK_INTERVAL_SECONDS": "1"}
    opened.shop.save("7", POT)
    with MysqlProxy(opened.db.server.host, opened.db.server.port).running() as proxy:
        opened.note("7", minutes_ago=0.05)
        async with following(opened.db.settings(smtp, MYSQL_PORT=str(proxy.port), **settings)) as service:
            proxy.refuse(DUMPS)
            proxy.cut()
            proxy.mend()
            opened.shop.save("7", Item(1, 2, 60.0))
            await until(lambda: not service.is_ready())
            with structlog.testing.capture_logs() as logs:
                await until(lambda: len(passes(logs)) >= 3, 60)
            assert smtp.accepted == []
            proxy.refuse(b"")
            await until(lambda: len(smtp.accepted) == 1, 60)


def passes(logs: Sequence[Any]) -> list[str]:
    return [entry["event"] for entry in logs if entry["event"] in {"reconcile.waits", "reconcile.alone"}]


async def test_the_safety_net_goes_by_the_notes(opened: Open) -> None:
    opened.shop.save("7", POT)
    opened.note("7", minutes_ago=90)
    now_us = opened.db.resources.clock.now_us()
    between = opened.db.resources.scan.between
    assert [key for page in between(now_us - 100 * MINUTE, now_us - 80 * MINUTE) for key in page] == ["7"]
    assert [key for page in between(now_us - 80 * MINUTE, now_us) for key in page] == []


@pytest.mark.parametrize("image", ["MINIMAL", "NOBLOB"])
async def test_images_that_do_not_tell_what_was_there(opened: Open, image: str) -> None:
    """A change is held against what was last seen of the cart; what was not seen yet may have changed."""
    shop, db = opened.shop, opened.db
    db.run(
        "ALTER TABLE sessions MODIFY session_id BIGINT UNSIGNED NULL, DROP PRIMARY KEY, DROP KEY session_key, "
        "ADD PRIMARY KEY (session_key)"
    )
    db.run(f"SET SESSION binlog_row_image = {image}")
    shop.save("7", POT)
    async with db.stream() as stream:
        for change in ([Change.UPDATE], []):
            shop.save("7", POT)
            assert of(await stream.settle(), "7") == change
        for items, change in (
            ([POT], [Change.INSERT]),
            ([POT], []),
            ([Item(1, 2)], [Change.UPDATE]),
            ([Item(1, 2), SHIRT], [Change.INSERT]),
            ([Item(1, 2), SHIRT], []),
            ([], [Change.DELETE]),
            ([], []),
        ):
            shop.save(GUEST, *items)
            assert of(await stream.settle(), GUEST) == change, items
        shop.leave(GUEST)
        assert of(await stream.settle(), GUEST) == [Change.DELETE]
