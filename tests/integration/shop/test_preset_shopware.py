"""The preset for Shopware 6 on its tables, with carts and orders written as Shopware writes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from fakes.mail_server import MailServer
from fakes.preset_shop import MINUTE, PresetShop, preset_shop
from fakes.running_service import following
from fakes.shopware.carts import OUTLET, STOREFRONT, new_token
from fakes.shopware.catalogue import (
    DRAFT,
    FRANC,
    FRENCH,
    GIFT,
    GREEN_SOLD_OUT,
    GREY_DISABLED,
    KETTLE,
    LAMP,
    MARK,
    RED_L,
    SHIRT,
    SPOON,
)
from fakes.shopware.payload import GZIP, PLAIN, ZSTD, Cart, line, promotion
from fakes.shopware.shop import Shopware
from fakes.waiting import until

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError

ADA, EVE = "ada@example.com", "eve@example.com"
MARKED = (f"UPDATE product SET sales = sales + 1 WHERE id = UNHEX('{MARK.id}')", MARK.id)


@dataclass
class Open:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: Shopware

    def left(self, key: int, *, minutes_ago: float = 90) -> None:
        """A cart as the service has noted it: filled so long ago, and since then as it is."""
        now_us = self.db.resources.clock.now_us()
        at_us = now_us - int(minutes_ago * MINUTE)
        pages = self.db.resources.scan.open_carts(0, now_us)
        digests = [cart.digest for page in pages for cart in page if cart.key == key]
        for digest in digests:
            self.db.resources.notes.write([CartNote(key, at_us, filled_us=at_us, digest=digest)])

    def key(self, token: str) -> int:
        """What Cartwake knows a cart by."""
        ((number,),) = self.db.run("SELECT auto_increment FROM cart WHERE token = %s", (token,))
        return int(number)

    def put(self, cart: Cart) -> tuple[str, int]:
        """A guest's first line: token, key."""
        token = new_token()
        self.shop.save(token, cart)
        return token, self.key(token)

    def guest(self, email: str = ADA, cart: Cart | None = None) -> tuple[int, Cart, str, str]:
        """Somebody who has entered the address in the checkout, and left: key, cart, customer, token."""
        cart = cart or Cart([line(KETTLE)])
        token, key = self.put(cart)
        token, customer = self.shop.enter_address(token, cart, email)
        self.left(key)
        return key, cart, customer, token


def opened(server: Server, database: str, **settings: str) -> Iterator[Open]:
    with preset_shop(
        server, database, "shopware-6", MARKED, CURRENCY="EUR", STORE_URL="https://shop.example.com", **settings
    ) as db:  # fmt: skip
        shop = Shopware(db.run)
        shop.create()
        yield Open(db, shop)


@pytest.fixture
def shopware(server: Server, fresh_database: str) -> Iterator[Open]:
    yield from opened(server, fresh_database)


def test_the_preset_fits(shopware: Open) -> None:
    shopware.guest()
    facts = check_server(shopware.db.settings().connection, shopware.db.settings().preset())
    assert [warning for warning in facts.warnings if "shopware" in warning] == []


def test_indexes_lead_in_a_large_shop(shopware: Open) -> None:
    """``check`` refuses SELECTs that read a large table from end to end."""
    run, many = shopware.db.run, 3000
    _, cart, customer, _ = shopware.guest()
    shopware.shop.order(cart, ADA, customer)
    shopware.shop.subscribe(ADA, "optIn")
    run("CREATE TEMPORARY TABLE numbers (n INT PRIMARY KEY)")
    run(f"INSERT INTO numbers VALUES {', '.join(f'({number})' for number in range(many))}")
    copied = {
        "customer": ("id", "email"), "sales_channel_api_context": ("token", "customer_id"), "cart": ("token",),
        "newsletter_recipient": ("id", "email", "hash"), "order": ("id", "order_number", "deep_link_code"),
        "order_customer": ("id", "customer_id", "order_id"), "order_transaction": ("id", "order_id"),
        "media": ("id",), "product": ("id", "product_number", "product_media_id"),
        "product_translation": ("product_id",), "product_media": ("id", "product_id", "media_id"),
        "product_visibility": ("id", "product_id"),
        "product_category": ("product_id",),
    }  # fmt: skip
    new = {"email": "CONCAT(n, '@example.com')", "hash": "n", "order_number": "n", "product_number": "n",
           "token": "LPAD(n, 32, 'x')", "deep_link_code": "LPAD(n, 32, 'x')"}  # fmt: skip
    run("SET foreign_key_checks = 0")
    for table, changed in copied.items():
        columns = [name for (name,) in run(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s "
            "AND EXTRA NOT LIKE '%%GENERATED%%' AND EXTRA NOT LIKE '%%auto_increment%%'", (table,),
        )]  # fmt: skip
        values = [
            new.get(name, "UNHEX(LPAD(HEX(n + 1000000), 32, '0'))") if name in changed else f"t.`{name}`"
            for name in columns
        ]
        run(
            f"INSERT INTO `{table}` ({', '.join(f'`{name}`' for name in columns)}) SELECT {', '.join(values)} "
            f"FROM numbers JOIN (SELECT * FROM `{table}` LIMIT 1) t"
        )
        run(f"ANALYZE TABLE `{table}`")
        assert run(f"SELECT COUNT(*) FROM `{table}`")[0][0] > many
    check_server(shopware.db.settings().connection, shopware.db.settings().preset())


def test_a_shop_whose_carts_are_elsewhere_is_refused(shopware: Open) -> None:
    settings, shop = shopware.db.settings(), shopware.shop
    customer = shop.register(EVE)
    for _ in range(9):
        shop.order(Cart([line(SPOON)]), EVE, customer)
    check_server(settings.connection, settings.preset())
    shop.order(Cart([line(SPOON)]), EVE, customer)
    with pytest.raises(ConfigError, match=r"seems to keep its carts in Redis, .* cart:migrate redis"):
        check_server(settings.connection, settings.preset())
    shop.save(new_token(), Cart([line(SPOON)]))
    check_server(settings.connection, settings.preset())


@pytest.mark.parametrize(
    ("compressed", "old"),  # Shopware 6.5 knows gzcompress only
    [(PLAIN, False), (GZIP, False), (ZSTD, False), (PLAIN, True), (GZIP, True)],
)
def test_a_guests_cart(server: Server, fresh_database: str, compressed: int, old: bool) -> None:
    with preset_shop(
        server, fresh_database, "shopware-6", MARKED, CURRENCY="EUR", STORE_URL="https://shop.example.com"
    ) as db:
        shop = Shopware(db.run)
        shop.create(old=old)
        shop.compressed = compressed
        lines = [line(KETTLE, 2), line(RED_L), line(GREEN_SOLD_OUT), promotion("MINUS10", Decimal(10))]
        key, *_ = Open(db, shop).guest(ADA, Cart(lines))
        cart = db.load(key)[key]
        assert cart.customer is not None
        assert (cart.customer.email, cart.customer.name) == (ADA, "Ada Löwe")
        assert (cart.customer.language, cart.customer.role) == ("de-DE", "Standard-Kundengruppe")
        assert [one.product_id for one in cart.lines] == [KETTLE.id, SHIRT.id, SHIRT.id]
        assert [one.available for one in cart.lines] == [True, True, False]
        kettle, red, green = cart.lines
        assert (kettle.name, kettle.quantity) == ("Kessel „Größe L“ 🫖", 2)
        assert (kettle.image, kettle.url) == (KETTLE.picture, f"detail/{KETTLE.id}")
        assert red.name in {"Shirt Möwe - Rot, L", "Shirt Möwe - L, Rot"}
        assert (red.price, red.image, red.url) == (Decimal("24.90"), RED_L.picture, f"detail/{RED_L.id}")
        assert (green.price, green.image) == (Decimal("21.50"), SHIRT.picture)
        assert isinstance(db.decide(key), Send)


def test_a_customers_cart_before_and_after_they_log_in_and_out(shopware: Open) -> None:
    shop, cart = shopware.shop, Cart([line(KETTLE)])
    ada = shop.register(ADA)
    token, key = shopware.put(cart)
    shopware.left(key)
    assert shopware.db.decide(key) == Skip(Reason.GUEST)
    token = shop.log_in(token, cart, ada)
    assert isinstance(shopware.db.decide(key), Send)
    token = shop.log_out(token)
    assert isinstance(shopware.db.decide(key), Send)
    assert shopware.key(token) == key
    shop.change_password(ada)
    assert shopware.db.decide(key) == Skip(Reason.GUEST)


def test_carts_that_are_nobodys(shopware: Open) -> None:
    """Those of the administration, of customers who are locked out, and of nobody at all."""
    shop = shopware.shop
    begun, locked = new_token(), new_token()
    shop.begin_in_the_administration(begun, Cart([line(KETTLE)]), shop.register(ADA))
    shop.save(locked, Cart([line(KETTLE)]))
    locked = shop.log_in(locked, Cart([line(KETTLE)]), shop.register(EVE, active=0))
    for key in map(shopware.key, (begun, locked)):
        shopware.left(key)
        assert shopware.db.decide(key) == Skip(Reason.GUEST)


def test_currency_and_language_are_those_of_the_domain_or_that_were_chosen(shopware: Open) -> None:
    shop, cart = shopware.shop, Cart([line(KETTLE)])
    guest, german, french = new_token(), new_token(), new_token()
    for token in (guest, german, french):
        shop.save(token, cart)
    guest, _ = shop.enter_address(guest, cart, ADA, domain="/fr")
    german = shop.log_in(german, cart, shop.register(EVE))
    french = shop.log_in(french, cart, shop.register("zoe@example.com", language_id=FRENCH))
    keys = [shopware.key(token) for token in (guest, german, french)]
    carts = shopware.db.load(*keys)
    assert [carts[key].currency for key in keys] == ["CHF", "EUR", "CHF"]
    key, _, customer, token = shopware.guest()
    assert shopware.db.load(key)[key].currency == "EUR"
    shopware.shop.choose(token, customer, currencyId=FRANC, languageId=FRENCH)
    chosen = shopware.db.load(key)[key]
    assert (chosen.currency, chosen.customer and chosen.customer.language) == ("CHF", "fr-FR")


def test_what_ends_a_cart(shopware: Open) -> None:
    """Whoever has an order has bought, also when it was cancelled; whose payment failed has not."""
    shop, found = shopware.shop, {}
    ways: dict[str, list[str]] = {
        "open": [],
        "paid": ["paid"],
        "given up at the provider's": ["cancelled"],
        "failed": ["failed"],
        "paid otherwise": ["failed", "otherwise"],
        "failed and cancelled": ["failed", "order"],
    }
    for nth, (name, steps) in enumerate(ways.items()):
        key, cart, *_ = shopware.guest(f"c{nth}@example.com")
        # another customer row with the same address, as each purchase of a guest has
        elsewhere = shop.register(f"C{nth}@example.com", guest=True)
        assert isinstance(shopware.db.decide(key), Send)
        order = shop.order(cart, f"c{nth}@example.com", elsewhere)
        for step in steps:
            if step == "order":
                shop.set_state(order, "cancelled")
            elif step == "otherwise":
                shop.pay_otherwise(order)
            else:
                shop.set_payment(order, step)
        found[name] = isinstance(shopware.db.decide(key), Skip)
    assert found == {name: name != "failed" for name in ways}


def test_orders_before_the_cart_and_versions_of_them_end_nothing(shopware: Open) -> None:
    shop = shopware.shop
    key, cart, customer, _ = shopware.guest()
    order = shop.order(cart, ADA, customer, minutes_ago=200)
    assert isinstance(shopware.db.decide(key), Send)
    shop.edit(order)
    assert isinstance(shopware.db.decide(key), Send)


def test_the_catalogue_has_what_can_be_found_in_the_shop(shopware: Open) -> None:
    products = {row.id: row for page in shopware.db.resources.shop.catalogue() for row in page}
    assert products.keys() == {KETTLE.id, SHIRT.id, LAMP.id, SPOON.id, MARK.id}
    assert GIFT.id not in products
    assert DRAFT.id not in products
    kettle, shirt = products[KETTLE.id], products[SHIRT.id]
    assert (kettle.name, kettle.price, kettle.category) == ("Kessel „Größe L“ 🫖", Decimal("19.99"), "Küche")
    assert (kettle.image, kettle.url) == (KETTLE.picture, f"detail/{KETTLE.id}")
    assert (shirt.price, shirt.stock) == (Decimal("21.50"), 1)
    assert (products[LAMP.id].stock, products[SPOON.id].stock) == (0, None)


def test_what_is_gone_from_sale_is_shown_as_such(shopware: Open) -> None:
    key, *_ = shopware.guest(
        ADA, Cart([line(KETTLE), line(LAMP), line(GREY_DISABLED), line(GIFT), line(SPOON)])
    )
    assert [one.available for one in shopware.db.load(key)[key].lines] == [True, False, False, True, True]
    for table in ("product_translation", "product_media", "product"):
        column = "id" if table == "product" else "product_id"
        shopware.db.run(f"DELETE FROM {table} WHERE {column} = UNHEX(%s)", (KETTLE.id,))
    names = [one.name for one in shopware.db.load(key)[key].lines]
    assert [name.partition(" - ")[0] for name in names] == ["Lampe", "Shirt Möwe", "Dreingabe", "Löffel"]


@pytest.mark.parametrize(
    ("variables", "mailed"),
    [
        ("consent=newsletter", {"optIn": True, "direct": True, "notSet": False, "optOut": False}),
        (f"channel={STOREFRONT}", {"": True}),
        (f"channel={OUTLET}", {"": False}),
    ],
)
def test_variables(server: Server, fresh_database: str, variables: str, mailed: dict[str, bool]) -> None:
    for one in opened(server, fresh_database, SHOP_VARIABLES=f"{variables},language={FRENCH}"):
        check_server(one.db.settings().connection, one.db.settings().preset())
        key, *_ = one.guest()
        assert one.db.load(key)[key].lines[0].name == "Bouilloire"
        for status, expected in mailed.items():
            if status:
                one.shop.subscribe(ADA, status)
            assert isinstance(one.db.decide(key), Send) is expected


async def test_the_stream_tells_of_the_carts_that_the_customer_sees(shopware: Open) -> None:
    shop, ada = shopware.shop, shopware.shop.register(ADA)
    cart = Cart([line(KETTLE)])

    def changes(events: object, whose: int) -> list[Change]:
        assert isinstance(events, list)
        return [one.change for one in events if isinstance(one, CartChanged) and one.key == whose]

    async with shopware.db.stream() as stream:
        token, key = shopware.put(cart)
        assert changes(await stream.settle(), key) == [Change.INSERT]
        for compressed in (PLAIN, GZIP, ZSTD, PLAIN):  # also when the shop's setting changes
            shop.compressed = compressed
            shop.look_at_a_page(token, cart)
        assert changes(await stream.settle(), key) == []
        cart.lines = [line(KETTLE, 2), promotion("MINUS10", Decimal(10))]
        shop.save(token, cart)
        assert changes(await stream.settle(), key) == [Change.UPDATE]
        token = shop.log_in(token, cart, ada)
        assert changes(await stream.settle(), key) == [Change.UPDATE]
        guest, guests_key = shopware.put(Cart([line(RED_L)]))
        cart.lines.append(line(RED_L))
        shop.log_in_again(guest, token, cart)
        events = await stream.settle()
        assert (changes(events, key), changes(events, guests_key)) == (
            [Change.INSERT],
            [Change.INSERT, Change.DELETE],
        )
        shop.place(token, cart, ADA, ada)
        assert changes(await stream.settle(), key) == [Change.DELETE]


async def test_a_cart_is_mailed_once_by_the_service(shopware: Open, smtp: MailServer) -> None:
    shop = shopware.shop
    settings = shopware.db.settings(smtp, ABANDONMENT_THRESHOLD_MINUTES="0.05", CHECK_INTERVAL_SECONDS="1")
    async with following(settings) as service:
        key, cart, _, token = shopware.guest(ADA, Cart([line(KETTLE), line(RED_L)]))
        _, bought, customer, buyer = shopware.guest(EVE)
        await until(lambda: service.tracker.armed + service.tracker.in_hand == 2)
        shop.place(buyer, bought, EVE, customer)
        await until(lambda: len(smtp.mails_to(ADA)) == 1)
        shop.look_at_a_page(token, cart)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert [mail.rcpt_tos for mail in smtp.accepted] == [[ADA]]
    (mail,) = smtp.mails_to(ADA)
    html = mail.get_body(("html",))
    assert html is not None
    assert "https://shop.example.com/media/1a/2b/3c/kessel" in html.get_content()
    assert f"https://shop.example.com/detail/{RED_L.id}" in html.get_content()
    assert [(row["cart_key"], row["status"]) for row in shopware.db.log()] == [(str(key), "sent")]


async def test_an_address_that_comes_later_is_written_to(shopware: Open, smtp: MailServer) -> None:
    """By then the cart was found to be a guest's, and its lines are as they were."""
    settings = shopware.db.settings(smtp, ABANDONMENT_THRESHOLD_MINUTES="0.05", CHECK_INTERVAL_SECONDS="1")
    async with following(settings) as service:
        cart = Cart([line(KETTLE)])
        token, key = shopware.put(cart)
        await until(lambda: service.tracker.armed + service.tracker.in_hand == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
        assert smtp.accepted == []
        shopware.shop.enter_address(token, cart, ADA)
        await until(lambda: len(smtp.mails_to(ADA)) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert [row["cart_key"] for row in shopware.db.log() if row["status"] == "sent"] == [str(key)]
