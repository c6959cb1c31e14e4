"""The preset for Drupal Commerce on its real tables, with entities written as Drupal saves them.

All tests share one shop; each has customers of its own, and takes back what it did to the catalogue.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from fakes.drupal.catalogue import BLUE, EURO, GERMAN, KETTLE, MARK, RED, SAMPLE, SECOND_STORE
from fakes.drupal.shop import INDEX, Drupal
from fakes.drupal.statements import adjustment
from fakes.mail_server import MailServer
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering
from fakes.told import said_of

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.shop.presets import preset_text

MARKED = (
    f"UPDATE commerce_product_field_data SET uid = uid + 1 WHERE product_id = {MARK.product}",
    MARK.product,
)


@dataclass
class Commerce:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: Drupal
    numbers: Iterator[int]

    def address(self) -> str:
        return f"jane{next(self.numbers)}@example.com"

    def cart(self, *variations: int, uid: int | None = None, minutes_ago: float = 60, **more: Any) -> int:
        """A new customer's, unless ``uid`` says whose (0: a guest's)."""
        whose = self.shop.account(self.address()) if uid is None else uid
        cart = self.shop.new_cart(whose, minutes_ago=minutes_ago, **more)
        for variation in variations or (KETTLE.id,):
            self.shop.add(cart, variation, minutes_ago=minutes_ago)
        return cart

    def guest(self, email: str = "", *, minutes_ago: float = 60) -> int:
        """A guest's cart, with an address if one is given."""
        cart = self.cart(uid=0, minutes_ago=minutes_ago)
        if email:
            self.shop.enter_email(cart, email)
        return cart

    def why_not(self, cart: int) -> Reason | None:
        decision = self.db.decide(cart, minutes_later=60)
        return decision.reason if isinstance(decision, Skip) else None

    def is_mailed(self, cart: int) -> bool:
        return isinstance(self.db.decide(cart, minutes_later=60), Send)


def opened(server: Server, name: str, **settings: str) -> Iterator[Commerce]:
    with preset_shop(
        server, name, "drupal-commerce", MARKED, CURRENCY="USD", STORE_URL="https://shop.example.com", **settings
    ) as db:  # fmt: skip
        shop = Drupal(db.run)
        shop.create()
        yield Commerce(db, shop, count(1))


@pytest.fixture(scope="module")
def commerce(server: Server, shared_database: str) -> Iterator[Commerce]:
    yield from opened(server, shared_database)


# --- the preset on the tables ---------------------------------------------------------------------------------------


def test_the_preset_fits(commerce: Commerce) -> None:
    commerce.guest(commerce.address())
    facts = check_server(commerce.db.settings().connection, commerce.db.resources.schema)
    assert facts.warnings == ()
    assert INDEX in preset_text("drupal-commerce")
    commerce.db.run("DROP INDEX cartwake_mail ON commerce_order")
    (warning,) = check_server(commerce.db.settings().connection, commerce.db.resources.schema).warnings
    assert "a guest who bought with another cart is mailed" in warning
    commerce.db.run(INDEX)


def test_indexes_lead_in_a_large_shop(server: Server, fresh_database: str) -> None:
    """``check`` refuses SELECTs that read a large table from end to end."""
    for commerce in opened(server, fresh_database):
        run, shop = commerce.db.run, commerce.shop
        uid = shop.account(commerce.address(), roles=("editor",))
        shop.keep_address(uid, "Ada", "Doe")
        cart = commerce.cart(KETTLE.id, RED.id, uid=uid)
        shop.adjustments[shop.add(cart, BLUE.id)] = [adjustment("promotion", "-1.00")]
        shop.view(cart)
        run("CREATE TEMPORARY TABLE numbers (n INT PRIMARY KEY)")
        run(f"INSERT INTO numbers VALUES {', '.join(f'({number})' for number in range(2000, 5000))}")
        keys = {
            "commerce_order": "order_id", "commerce_order_item": "order_item_id", "users_field_data": "uid",
            "commerce_product_field_data": "product_id", "commerce_product_variation_field_data": "variation_id",
            "file_managed": "fid", "path_alias": "id", "profile": "profile_id",
        }  # fmt: skip
        new = {"uuid": "n", "mail": "CONCAT(n, '@example.com')", "name": "n", "revision_id": "n"}
        tables = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
        for (table,) in run(tables):
            if table not in keys and "__" not in table:
                continue
            columns = [name for (name,) in run(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
                "AND TABLE_NAME = %s", (table,),
            )]  # fmt: skip
            changed = new | {keys.get(table, "entity_id"): "n", "order_id": "n", "uid": "n", "path": "n"}
            values = ", ".join(changed.get(name, f"t.`{name}`") for name in columns)
            names = ", ".join(f"`{name}`" for name in columns)
            run(
                f"INSERT INTO `{table}` ({names}) SELECT {values} FROM numbers JOIN (SELECT * FROM `{table}` LIMIT 1) t"
            )
            run(f"ANALYZE TABLE `{table}`")
        check = check_server(commerce.db.settings().connection, commerce.db.resources.schema)
        assert check.warnings == ()


# --- carts ----------------------------------------------------------------------------------------------------------


async def test_a_cart_from_the_first_product_to_the_order(commerce: Commerce) -> None:
    shop = commerce.shop
    async with commerce.db.stream() as stream:
        cart = shop.new_cart(shop.account(commerce.address()))
        item = shop.add(cart, RED.id)
        kettle = shop.add(cart, KETTLE.id)
        assert set(said_of(await stream.settle(), cart)) == {"INSERT"}
        due_us = stream.tracker.due_of(cart)
        shop.view(cart)
        shop.adjustments[item] = [adjustment("promotion", "-5.00")]
        shop.prices[KETTLE.id] += 1
        shop.view(cart)  # with a price that has risen, and a promotion
        shop.prices[KETTLE.id] -= 1
        assert said_of(await stream.settle(), cart) == []
        assert stream.tracker.due_of(cart) == due_us
        shop.change_quantity(item, "3")
        assert said_of(await stream.settle(), cart) == ["UPDATE"]
        shop.remove(kettle)
        assert said_of(await stream.settle(), cart) == ["DELETE"]
        assert commerce.is_mailed(cart)
        assert round(commerce.db.load(cart)[cart].total, 2) == Decimal("55.00")
        shop.enter_address(cart, "Ada", "Doe")
        assert said_of(await stream.settle(), cart) == ["UPDATE"]
        shop.place(cart)
        assert "OrderPlaced" in said_of(await stream.settle(), cart)
        assert stream.tracker.due_of(cart) is None
        assert commerce.why_not(cart) is Reason.CLOSED


async def test_a_guest_who_leaves_an_address_in_the_checkout_is_written_to(commerce: Commerce) -> None:
    cart = commerce.guest()
    assert commerce.why_not(cart) is Reason.GUEST
    async with commerce.db.stream() as stream:
        commerce.shop.enter_email(cart, "gus@example.com")
        assert said_of(await stream.settle(), cart) == ["UPDATE"]
        commerce.shop.enter_address(cart, "Gus", "Guest")
        assert said_of(await stream.settle(), cart) == ["UPDATE"]
    customer = commerce.db.load(cart)[cart].customer
    assert customer is not None
    assert (customer.email, customer.name, customer.language) == ("gus@example.com", "Gus Guest", None)
    assert commerce.is_mailed(cart)


async def test_a_guests_cart_becomes_the_customers_at_login(commerce: Commerce) -> None:
    shop, email = commerce.shop, commerce.address()
    uid = shop.account(email, language=GERMAN, roles=("wholesale", "editor"))
    shop.keep_address(uid, "Ada", "Doe")
    own, cart = commerce.cart(RED.id, uid=uid, minutes_ago=300), commerce.guest()
    async with commerce.db.stream() as stream:
        shop.log_in(cart, uid)
        events = await stream.settle()
        assert (said_of(events, cart), said_of(events, own)) == (["UPDATE"], [])
    found = commerce.db.load(own, cart)
    assert [found[key].customer_id for key in (own, cart)] == [uid, uid]
    customer = found[cart].customer
    assert customer is not None
    assert (customer.email, customer.name, customer.language) == (email, "Ada Doe", GERMAN)
    assert customer.role == "editor"


async def test_a_cart_that_is_cleared_away(commerce: Commerce) -> None:
    cart = commerce.cart()
    async with commerce.db.stream() as stream:
        commerce.shop.expire(cart)
        assert "DELETE" in said_of(await stream.settle(), cart)
    assert not commerce.is_mailed(cart)


def test_drafts_and_customers_that_are_none(commerce: Commerce) -> None:
    """What the merchant makes is a draft that is no cart."""
    shop = commerce.shop
    for made in (commerce.cart(cart=0), commerce.cart(cart=None)):
        assert commerce.why_not(made) is Reason.CLOSED
    blocked = commerce.cart(uid=shop.account(commerce.address(), status=0))
    assert not commerce.is_mailed(blocked)
    assert commerce.is_mailed(commerce.cart())


# --- orders ---------------------------------------------------------------------------------------------------------


def test_what_ends_a_cart(commerce: Commerce) -> None:
    shop, found = commerce.shop, {}
    ways: dict[str, list[Any]] = {
        "failed": [shop.fail_to_pay],
        "placed": [shop.place],
        "placed at last": [shop.fail_to_pay, shop.place],
        "placed and cancelled": [shop.place, shop.cancel],
        "completed": [shop.place, shop.complete],
        "cancelled while a draft": [shop.cancel],
    }
    for name, steps in ways.items():
        email = commerce.address()
        cart, uid = commerce.guest(email), shop.account(email.upper())
        other = commerce.cart(RED.id, uid=uid)
        for step in steps:
            step(cart)
        later = commerce.cart(BLUE.id, uid=uid, minutes_ago=-1)
        found[name] = tuple(commerce.is_mailed(one) for one in (cart, other, later))
    # Whoever has bought has bought, with whatever account; what comes after that is another cart.
    assert found == {
        "failed": (True, True, True),
        "placed": (False, False, True),
        "placed at last": (False, False, True),
        "placed and cancelled": (False, False, True),
        "completed": (False, False, True),
        "cancelled while a draft": (False, True, True),
    }


async def test_a_guests_order_ends_no_other_guests_cart(commerce: Commerce) -> None:
    customers = commerce.cart()
    async with commerce.db.stream() as stream:
        cart, bought = (commerce.guest(commerce.address(), minutes_ago=0) for _ in range(2))
        await stream.settle()
        commerce.shop.place(bought)
        await stream.settle()
        assert stream.tracker.due_of(bought) is None
        assert stream.tracker.due_of(cart) is not None
    assert [commerce.is_mailed(one) for one in (cart, bought, customers)] == [True, False, True]


def test_an_order_ends_the_customers_other_carts(commerce: Commerce) -> None:
    uid = commerce.shop.account(commerce.address())
    first, second = commerce.cart(uid=uid, minutes_ago=90), commerce.cart(RED.id, uid=uid)
    assert commerce.is_mailed(first)
    commerce.shop.place(second)
    assert commerce.why_not(first) is Reason.EMPTY


def test_the_fence_sees_what_changes_and_locks_no_row_of_the_shop(commerce: Commerce) -> None:
    shop, run = commerce.shop, commerce.db.run
    changes: dict[str, Callable[[int, str], Any]] = {
        "a page": lambda cart, _: shop.view(cart),
        "a product": lambda cart, _: shop.add(cart, RED.id),
        "an order": lambda cart, _: shop.place(cart),
        "an account's order": lambda _, email: shop.place(commerce.cart(uid=shop.account(email.upper()))),
        "a guest's order": lambda _, email: shop.place(commerce.guest(email.upper())),
        "the address": lambda cart, _: shop.enter_email(cart, "gus@example.com"),
    }
    passes = {}
    for name, change in changes.items():
        email = commerce.address()
        cart = commerce.guest(email)
        fenced = commerce.db.claimed(cart)
        assert commerce.db.fence_again(fenced), "nothing has changed"
        change(cart, email)
        passes[name] = commerce.db.fence_again(fenced)
    assert passes == {name: name == "a page" for name in changes}
    cart = commerce.cart()
    ((uid,),) = run("SELECT uid FROM commerce_order WHERE order_id = %s", (cart,))
    commerce.db.changes_at_once(
        commerce.db.claimed(cart, fence=False),
        f"UPDATE commerce_order SET checkout_step = 'review' WHERE order_id = {cart}",
        f"UPDATE commerce_order_item SET quantity = 5 WHERE order_id = {cart}",
        f"UPDATE users_field_data SET access = 5 WHERE uid = {uid}",
    )


# --- what is shown --------------------------------------------------------------------------------------------------


def test_promotions_and_taxes_of_a_line_are_in_its_price(commerce: Commerce) -> None:
    shop, cart = commerce.shop, commerce.cart(RED.id)
    red, kettle = shop.add(cart, RED.id, "2"), shop.add(cart, KETTLE.id)
    shop.adjustments[red] = [
        adjustment("promotion", "-10.00", label='Spring "sale" äöü; number";s:4:"9.99'),
        adjustment("tax", "9.500000"),
        adjustment("tax", "3.33", included=True),
    ]
    shop.adjustments[kettle] = [adjustment("promotion", "-33.33")]
    shop.view(cart)
    lines = commerce.db.load(cart)[cart].lines
    assert [(line.product_id, line.quantity) for line in lines] == [(RED.product, 3), (KETTLE.product, 1)]
    total = commerce.db.load(cart)[cart].total
    assert round(total, 2) == Decimal("126.17")
    assert total >= Decimal("126.17")  # a discount from this amount on is given
    commerce.db.run(
        "UPDATE commerce_order_item SET uses_legacy_adjustments = 1 WHERE order_item_id = %s", (red,)
    )
    assert commerce.db.load(cart)[cart].total == Decimal("125.17")  # of older versions: for each piece


def test_half_a_metre(commerce: Commerce) -> None:
    shop, cart = commerce.shop, commerce.cart(RED.id)
    ((item,),) = commerce.db.run("SELECT order_item_id FROM commerce_order_item WHERE order_id = %s", (cart,))
    shop.change_quantity(item, "0.50")
    assert commerce.db.load(cart)[cart].total == Decimal("10.00")


def test_what_costs_nothing_is_no_line(commerce: Commerce) -> None:
    cart, only_sample = commerce.cart(KETTLE.id, SAMPLE.id), commerce.cart(SAMPLE.id)
    assert [line.product_id for line in commerce.db.load(cart)[cart].lines] == [KETTLE.product]
    assert not commerce.is_mailed(only_sample)
    given_away = commerce.shop.add(only_sample, RED.id)
    assert commerce.is_mailed(only_sample)
    commerce.shop.adjustments[given_away] = [adjustment("promotion", "-20.00")]
    commerce.shop.view(only_sample)
    assert not commerce.is_mailed(only_sample)


def test_currency_and_store(server: Server, fresh_database: str, tmp_path: Any) -> None:
    stores = tmp_path / "stores.toml"
    stores.write_text("[1]\nstore_name = 'The First'")
    for commerce in opened(server, fresh_database, STORES=str(stores)):
        euro, second = commerce.cart(currency=EURO), commerce.cart(store=SECOND_STORE)
        carts = commerce.db.load(euro, second)
        assert [carts[cart].store for cart in (euro, second)] == ["1", "2"]
        assert (carts[euro].currency, carts[euro].total) == (EURO, Decimal("100.00"))
        assert commerce.is_mailed(euro)
        assert commerce.why_not(second) is Reason.STORE


def test_lines_have_the_names_and_pictures_of_their_variation(commerce: Commerce) -> None:
    cart = commerce.cart(RED.id, BLUE.id, KETTLE.id)
    red, blue, kettle = commerce.db.load(cart)[cart].lines
    folder = "sites/default/files/2026-01"
    assert (red.name, red.image, red.url) == (
        "Shirt - Red, L", f"{folder}/red shirt.jpg", f"product/12?v={RED.id}"
    )  # fmt: skip
    assert (blue.image, blue.url) == (f"{folder}/shirt.jpg", f"product/12?v={BLUE.id}")
    assert (kettle.name, kettle.url) == ('Kettle "Nile" & lid', f"kitchen/kettle?v={KETTLE.id}")


def test_lines_that_can_not_be_bought(commerce: Commerce) -> None:
    shop, run = commerce.shop, commerce.db.run
    cart, both = commerce.cart(BLUE.id), commerce.cart(RED.id, BLUE.id)
    shop.edit("product_variation", BLUE.id, status=0)
    assert not commerce.is_mailed(cart)
    assert [line.available for line in commerce.db.load(both)[both].lines] == [True, False]
    shop.edit("product_variation", BLUE.id, status=1)
    shop.edit("product", BLUE.product, status=0)
    assert not commerce.is_mailed(cart)
    shop.edit("product", BLUE.product, status=1)
    assert commerce.is_mailed(cart)
    run("UPDATE commerce_product__stores SET deleted = 1 WHERE entity_id = %s AND delta = 0", (BLUE.product,))
    assert not commerce.is_mailed(cart)
    run("UPDATE commerce_product__stores SET deleted = 0 WHERE entity_id = %s", (BLUE.product,))


def test_the_catalogue(commerce: Commerce) -> None:
    products = {row.id: row for page in commerce.db.resources.shop.catalogue() for row in page}
    assert products.keys() == {
        KETTLE.product,
        RED.product,
        MARK.product,
    }  # what costs nothing is not recommended
    kettle, shirt = products[KETTLE.product], products[RED.product]
    assert (kettle.name, kettle.price, kettle.url) == ("Kettle", Decimal("100.00"), "kitchen/kettle")
    assert "About Kettle" in (kettle.description or "")
    assert (shirt.price, shirt.image) == (Decimal("20.00"), "sites/default/files/2026-01/red shirt.jpg")
    commerce.shop.edit("product_variation", RED.id, status=0)
    ((row,),) = [list(page) for page in commerce.db.resources.shop.catalogue([RED.product])]
    assert (row.price, row.image) == (Decimal("22.50"), "sites/default/files/2026-01/shirt.jpg")
    commerce.shop.edit("product_variation", RED.id, status=1)


@pytest.mark.parametrize("pictures", ["of products only", "none"])
def test_variables(server: Server, fresh_database: str, pictures: str) -> None:
    table, column = (
        ("commerce_product__field_images", "field_images_target_id")
        if pictures == "of products only"
        else ("commerce_product__variations", "delta")
    )
    variables = (
        f"image={column},images={table},images_of=product_id,more_images={table},more_images_of=product_id,"
        f"language={GERMAN},currency={EURO}"
    )
    for commerce in opened(server, fresh_database, SHOP_VARIABLES=variables):
        commerce.db.run("DROP TABLE commerce_product_variation__field_images")
        if pictures == "none":
            commerce.db.run("DROP TABLE commerce_product__field_images")
        cart = commerce.cart(RED.id)
        check_server(commerce.db.settings().connection, commerce.db.resources.schema)
        image = commerce.db.load(cart)[cart].lines[0].image
        assert image == (None if pictures == "none" else "sites/default/files/2026-01/shirt.jpg")
        commerce.shop.translate(RED.product, "Hemd")
        assert [row for page in commerce.db.resources.shop.catalogue() for row in page] == []
        commerce.shop.edit("product_variation", RED.id, price__currency_code=EURO)
        assert [row.name for page in commerce.db.resources.shop.catalogue() for row in page] == ["Hemd"]


async def test_the_mail(commerce: Commerce, smtp: MailServer) -> None:
    email = commerce.address()
    cart = commerce.guest(email)
    shirts = commerce.shop.add(cart, RED.id, "2", minutes_ago=60)
    commerce.shop.adjustments[shirts] = [adjustment("promotion", "-4.00")]
    commerce.shop.view(cart)
    async with recovering(
        commerce.db, smtp, SHOP_SCHEMA="drupal-commerce", STORE_URL="https://shop.example.com"
    ) as cartwake:
        await cartwake.recover(cart)
    (mail,) = smtp.mails_to(email)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    text = plain.get_content()
    assert 'Kettle "Nile" & lid' in text
    assert "Shirt - Red, L" in text
    assert "$136.00" in text
    assert f"https://shop.example.com/kitchen/kettle?v={KETTLE.id}" in text
