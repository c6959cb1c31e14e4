"""A shop whose keys are BINARY, VARBINARY or UUID: the whole way, from the tables and the binlog to mail and report."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.byte_baskets import ODD, SELECTED_CUSTOMERS, ByteBaskets
from fakes.mail_server import MailServer
from fakes.preset_shop import MINUTE, PresetShop, preset_shop
from fakes.recovering import recovering

from binlog_watcher.commands.reconcile import reconcile_once
from binlog_watcher.commands.report import read_report
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Send
from binlog_watcher.core.events import (
    CartChanged,
    CartClosed,
    CartRead,
    Change,
    CustomerOrdered,
    Event,
    OrderPlaced,
)
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.fence import fence
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced

KINDS = (("mysql", "BINARY(16)"), ("mysql", "VARBINARY(64)"), ("mariadb", "BINARY(16)"), ("mariadb", "UUID"))


@dataclass
class Open:
    db: PresetShop
    shop: ByteBaskets


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}")
def baskets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    flavor, key_type = request.param
    server = request.getfixturevalue(f"{flavor}_server")
    with preset_shop(server, request.getfixturevalue(f"{flavor}_database"), "", ("", "")) as db:
        shop = ByteBaskets(db.run, key_type)
        db.preset = shop.preset(tmp_path)
        db.mark = ("UPDATE products SET views = views + 1 WHERE name = 'Mark'", shop.mark)
        yield Open(db, shop)


def told(events: list[Event]) -> list[tuple[str, Any]]:
    return [
        (type(event).__name__, getattr(event, "key", None) or getattr(event, "customer", None))
        for event in events
        if isinstance(event, CartChanged | CartClosed | OrderPlaced | CustomerOrdered | CartRead)
    ]


def claim(db: PresetShop, cart: Cart) -> Fenced:
    version = cart.version or 0
    now_us = db.resources.clock.now_us()
    episode = Episode(cart, version, version, "EUR", Decimal(0))
    claims = db.resources.episodes.claim([episode], now_us=now_us, lease_us=MINUTE, cooldown_us=0)
    return Fenced(claims.ids[cart.key], cart)


def passes(db: PresetShop, mail: Fenced) -> bool:
    queries, owner = db.resources.shop.queries, db.resources.episodes.owner
    with db.resources.database.session() as session:
        return bool(fence(session, owner, queries, [mail], lease_us=MINUTE))


def test_the_doctor_has_nothing_against_it(baskets: Open) -> None:
    settings = baskets.db.settings()
    report = check_server(settings.connection, baskets.db.resources.schema, writes=False)
    assert all("index" in warning or "binlog" in warning for warning in report.warnings), report.warnings


def test_carts_are_read_and_decided_on(baskets: Open) -> None:
    shop, db = baskets.shop, baskets.db
    for nth, text in enumerate(ODD):
        customer = shop.person(f"{nth}@example.com", text)
        basket = shop.basket(customer, text=text)
        shop.add(basket, shop.tea)
        shop.order(shop.basket(customer), customer, shop.cup, hours_ago=30)
        cart = db.load(basket)[basket]
        assert (cart.key, cart.customer_id) == (shop.key(text), shop.key(text))
        assert [line.product_id for line in cart.lines] == [shop.tea]
        assert cart.bought.keys() == {shop.cup}
        assert isinstance(db.decide(basket), Send)
    read = db.resources.shop
    ordered = [one for page in read.ordered() for one in page]
    assert [one.products for one in ordered] == [(shop.cup,)] * len(ODD)
    assert list(read.ordered(ordered[0].order_id)) == [[]]
    assert {key for page in db.resources.scan.open_carts(0) for key in [cart.key for cart in page]} == {
        shop.key(text) for text in ODD
    }
    now_us = db.resources.clock.now_us()
    assert {key for page in db.resources.scan.between(0, now_us) for key in page} == {
        shop.key(t) for t in ODD
    }
    ids = [shop.tea, shop.cup]
    assert {row.id for page in read.catalogue(ids) for row in page} == set(ids)
    assert {row.id for page in read.catalogue() for row in page} == {*ids, shop.mark}
    assert sorted(read.young([shop.key(text) for text in ODD], 0)) == sorted(shop.key(text) for text in ODD)


def test_a_guests_cart_and_nobodys_customer(baskets: Open) -> None:
    shop, db = baskets.shop, baskets.db
    nobody = shop.key("00000000-0000-0000-0000-000000000000")
    for customer in (None, nobody):
        basket = shop.basket(customer, email="guest@example.com")
        shop.add(basket, shop.tea)
        cart = db.load(basket)[basket]
        assert cart.customer_id is None
        assert isinstance(db.decide(basket), Send)
        claimed = claim(db, cart)
        shop.order(basket, None, hours_ago=60)
        assert not passes(db, claimed)
        assert passes(db, Fenced(claimed.log_id, db.load(basket)[basket]))
        db.run("DELETE FROM cart_abandonment_log")


async def test_the_binlog_tells_the_keys_that_the_tables_have(baskets: Open) -> None:
    shop, db = baskets.shop, baskets.db
    kept = shop.basket(shop.person("kept@example.com"), text=ODD[3])
    shop.add(kept, shop.tea)
    async with db.stream() as stream:
        assert ("CartRead", kept) in told(await stream.settle())
        for text in ODD[:3]:
            customer = shop.person("x@example.com", text)
            basket = shop.basket(customer, text=text)
            item = shop.add(basket, shop.tea)
            assert told(await stream.settle())[-1] == ("CartChanged", basket)
            assert stream.tracker.due_of(basket) is not None
            shop.run("UPDATE basket_items SET quantity = 3 WHERE id = %s", (shop.raw(item),))
            (changed,) = await stream.settle()
            assert isinstance(changed, CartChanged)
            assert (changed.key, changed.change) == (basket, Change.UPDATE)
            shop.order(basket, customer)
            assert set(told(await stream.settle())) == {
                ("OrderPlaced", basket),
                ("CustomerOrdered", customer),
            }
            assert stream.tracker.due_of(basket) is None
            assert db.resources.shop.carts_of([customer]) == {basket: customer}


@pytest.mark.parametrize("metadata", ["MINIMAL", "FULL"])
async def test_minimal_images_whatever_the_binlog_says_of_columns(baskets: Open, metadata: str) -> None:
    shop, db = baskets.shop, baskets.db
    ((image, before),) = db.run("SELECT @@GLOBAL.binlog_row_image, @@GLOBAL.binlog_row_metadata")
    basket = shop.basket(shop.person("old@example.com"), text=ODD[2])
    old = shop.add(basket, shop.tea)
    db.run("SET GLOBAL binlog_row_image = MINIMAL")
    db.run(f"SET GLOBAL binlog_row_metadata = {metadata}")
    try:
        with preset_shop(db.server, db.name, db.preset, db.mark) as minimal:
            async with minimal.stream() as stream:
                await stream.settle()
                shop.run = minimal.run
                new = shop.add(basket, shop.cup)
                await stream.settle()
                for item in (old, new):
                    minimal.run("UPDATE basket_items SET quantity = 3 WHERE id = %s", (shop.raw(item),))
                    assert told(await stream.settle()) == [("CartChanged", basket)]
    finally:
        db.run(f"SET GLOBAL binlog_row_image = {image}")
        db.run(f"SET GLOBAL binlog_row_metadata = {before}")


@pytest.mark.parametrize("selected", [False, True])
async def test_mailed_reported_and_not_mailed_again(
    baskets: Open, selected: bool, smtp: MailServer, tmp_path: Path
) -> None:
    shop, db = baskets.shop, baskets.db
    if selected:
        db.preset = shop.preset(tmp_path, customers=SELECTED_CUSTOMERS)
    keys = []
    for nth, text in enumerate(ODD):
        basket = shop.basket(shop.person(f"{nth}@example.com", text), text=text)
        shop.add(basket, shop.tea)
        keys.append(basket)
    smtp.answer("RCPT", "3@example.com", "451 later")
    assert db.resources.episodes.present
    async with recovering(db, smtp, SHOP_SCHEMA=db.preset) as cartwake:
        await cartwake.recover(*keys[:2])
        settings = cartwake.settings
    assert len(smtp.mails_to("0@example.com")) == len(smtp.mails_to("1@example.com")) == 1
    found = await reconcile_once(settings, dry_run=False)
    assert {one.key for one in found.found} == set(keys[2:])
    assert len(smtp.mails_to("2@example.com")) == 1
    assert {row["cart_key"]: row["status"] for row in db.log()} == {
        **dict.fromkeys(keys[:3], "sent"), keys[3]: "retry",
    }  # fmt: skip
    report = read_report(settings, days=Decimal(1), limit=20)
    assert report is not None
    assert [retry.cart for retry in report.retries] == [keys[3]]
    again = await reconcile_once(settings, dry_run=False)
    assert (again.found, again.mailed) == ([], 0)


def test_the_fence_sees_what_changes(baskets: Open) -> None:
    shop, db = baskets.shop, baskets.db
    customer = shop.person("one@example.com", ODD[1])
    basket = shop.basket(customer, text=ODD[2])
    shop.add(basket, shop.tea)
    for change in (
        lambda: shop.add(basket, shop.cup, hours_ago=1),
        lambda: shop.run(
            "UPDATE people SET email = 'other@example.com' WHERE id = %s", (shop.raw(customer),)
        ),
        lambda: shop.run("UPDATE baskets SET email = 'g@example.com' WHERE id = %s", (shop.raw(basket),)),
        lambda: shop.order(shop.basket(customer), customer, hours_ago=60),
        lambda: shop.order(basket, None, hours_ago=60),
    ):
        cart = db.load(basket)[basket]
        claimed = claim(db, cart)
        change()
        assert not passes(db, claimed)
        assert passes(db, Fenced(claimed.log_id, db.load(basket)[basket]))
        db.run("DELETE FROM cart_abandonment_log")


def test_keys_of_another_form_are_refused(baskets: Open) -> None:
    shop, db = baskets.shop, baskets.db
    settings, schema = db.settings(), db.resources.schema
    shop.run("ALTER TABLE orders DROP COLUMN basket_id, ADD COLUMN basket_id VARCHAR(64)")
    with pytest.raises(ConfigError, match=r"orders\.cart: orders.basket_id is varchar, the cart key is "):
        check_server(settings.connection, schema, writes=False)
    shop.run(f"ALTER TABLE orders DROP COLUMN basket_id, ADD COLUMN basket_id {shop.type}")
    shop.run("ALTER TABLE orders DROP KEY customer_id, DROP COLUMN customer_id, ADD COLUMN customer_id INT")
    with pytest.raises(ConfigError, match=r"orders\.customer: orders.customer_id is int, cart.customer is "):
        check_server(settings.connection, schema, writes=False)


@pytest.mark.parametrize("baskets", [KINDS[0]], indirect=True)
def test_a_select_that_gives_hex_is_refused(baskets: Open, tmp_path: Path) -> None:
    shop, db = baskets.shop, baskets.db
    shop.add(shop.basket(shop.person("one@example.com")), shop.tea)
    db.preset = shop.preset(tmp_path, customers=SELECTED_CUSTOMERS.replace("b.id AS", "HEX(b.id) AS"))
    with pytest.raises(ConfigError, match="column cart must be the column with the key itself, not its hex"):
        check_server(db.settings().connection, db.resources.schema, writes=False)


async def test_rows_that_a_filter_by_such_a_column_leaves_out(baskets: Open, tmp_path: Path) -> None:
    shop, db = baskets.shop, baskets.db
    ours, others = shop.person("ours@example.com", ODD[2]), shop.person("others@example.com", ODD[3])
    meant = 'only = {{ column = "customer_id", in = ["{}"] }}'
    db.preset = shop.preset(tmp_path, cart=meant.format(ours.upper()))
    async with db.stream() as stream:
        kept, left_out = shop.basket(ours), shop.basket(others)
        assert told(await stream.settle()) == [("CartChanged", kept)]
    for basket in (kept, left_out):
        shop.add(basket, shop.tea)
    assert {key: len(cart.lines) for key, cart in db.load(kept, left_out).items()} == {kept: 1, left_out: 0}
    db.preset = shop.preset(tmp_path, cart=meant.format("ours"))
    with pytest.raises(ConfigError, match=r"cart\.only: the column is .*: give "):
        check_server(db.settings().connection, db.settings().preset(), writes=False)


@pytest.mark.parametrize("key_type", ["BLOB", "DECIMAL(10,0)", "DATETIME"])
@pytest.mark.parametrize("baskets", [KINDS[0], KINDS[3]], indirect=True)
def test_types_that_are_no_keys(baskets: Open, key_type: str) -> None:
    shop, db = baskets.shop, baskets.db
    settings, schema = db.settings(), db.resources.schema
    shop.run("ALTER TABLE orders DROP KEY basket_id, DROP COLUMN basket_id")
    shop.run(f"ALTER TABLE orders ADD COLUMN basket_id {key_type}")
    with pytest.raises(
        ConfigError, match="Cartwake follows keys that are whole numbers, CHAR, VARCHAR, BINARY"
    ):
        check_server(settings.connection, schema, writes=False)
