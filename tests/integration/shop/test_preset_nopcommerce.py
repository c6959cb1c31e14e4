"""The preset for nopCommerce on its real tables, with rows written as nopCommerce writes them.

All tests share one shop; each has customers of its own, and takes back what it did to the catalogue.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.nopcommerce.catalogue import (
    BLUE,
    BOX,
    CARD,
    CLOTHES,
    COLOUR,
    ENGLISH,
    ENGRAVING,
    EURO,
    EXTRAS,
    GERMAN,
    KETTLE,
    LAMP,
    LARGE,
    MARK,
    RED,
    SAMPLE,
    SECOND_STORE,
    SHIRT,
    SIZE,
    SMALL,
    SOLD_OUT,
    WHOLESALE,
    YEN,
    chosen,
)
from fakes.nopcommerce.installation import INDEXES
from fakes.nopcommerce.shop import WISHLIST, NopCommerce
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering
from fakes.shop_statements import cents
from fakes.told import plain_text, said_of

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.presets import preset_text

MARKED = (f"UPDATE `Product` SET ApprovedRatingSum = ApprovedRatingSum + 1 WHERE Id = {MARK.id}", MARK.id)
_LARGE_RED = chosen((SIZE, LARGE), (COLOUR, RED))


@dataclass
class Nop:
    """The database, and the shop that writes to it."""

    db: PresetShop
    shop: NopCommerce
    numbers: Iterator[int]

    def address(self) -> str:
        return f"jane{next(self.numbers)}@example.com"

    def account(self, *products: int, minutes_ago: float = 60, email: str = "", **more: Any) -> int:
        """A customer with a cart."""
        who = self.shop.account(email or self.address(), **more)
        for product in products or (KETTLE.id,):
            self.shop.add(who, product, minutes_ago=minutes_ago)
        return who

    def guest(self, email: str = "", *, minutes_ago: float = 60) -> int:
        """A guest with a cart, and with an address if one is given."""
        who = self.shop.visitor()
        self.shop.add(who, KETTLE.id, minutes_ago=minutes_ago)
        if email:
            self.shop.enter_address(who, email)
        return who

    def prices(self, customer: int) -> list[Decimal]:
        return [line.price for line in self.db.load(customer)[customer].lines]

    def shirt(self, attributes: str, quantity: int = 1, **more: Any) -> int:
        who = self.shop.account(self.address(), **more)
        self.shop.add(who, SHIRT.id, quantity, attributes, minutes_ago=60)
        return who


def opened(server: Server, name: str, **settings: str) -> Iterator[Nop]:
    with preset_shop(server, name, "nopcommerce", MARKED, CURRENCY="USD", **settings) as db:
        shop = NopCommerce(db.run)
        shop.create()
        yield Nop(db, shop, count(1))


@pytest.fixture(scope="module")
def nop(server: Server, shared_database: str) -> Iterator[Nop]:
    yield from opened(server, shared_database)


def why_not(nop: Nop, customer: int) -> Reason | None:
    decision = nop.db.decide(customer)
    return decision.reason if isinstance(decision, Skip) else None


# --- the preset on the tables ---------------------------------------------------------------------------------------


def test_the_preset_fits(nop: Nop) -> None:
    nop.guest(nop.address())
    facts = check_server(nop.db.settings().connection, nop.db.resources.schema)
    assert facts.warnings == ()


def test_indexes_lead_in_a_large_shop(server: Server, fresh_database: str) -> None:
    """``check`` refuses SELECTs that read a large table from end to end, and names the index that is missing."""
    for nop in opened(server, fresh_database):
        customer = nop.shirt(_LARGE_RED)
        nop.shop.translate("Product", SHIRT.id, "Hemd")
        nop.shop.tier_price(SHIRT.id, 10, "5")
        nop.shop.assign(nop.shop.discount("10"), product=SHIRT.id)
        nop.shop.combination(_LARGE_RED, stock=9, picture="x")
        nop.shop.picture_of_value(RED, "red")
        nop.shop.enter_address(customer, nop.address())
        nop.shop.subscribe(nop.address())
        nop.shop.place(nop.account())
        nop.db.run("CREATE TEMPORARY TABLE numbers (n INT PRIMARY KEY)")
        nop.db.run(f"INSERT INTO numbers VALUES {', '.join(f'({number})' for number in range(3000))}")
        many = {
            "Address": "Email", "Customer": "Email", "CustomerAddresses": "Customer_Id",
            "Customer_CustomerRole_Mapping": "Customer_Id", "Discount": "", "Discount_AppliedToProducts": "Product_Id",
            "LocalizedProperty": "EntityId", "NewsLetterSubscription": "Email", "Order": "CustomerId",
            "OrderItem": "OrderId", "Picture": "", "Product": "", "ProductAttributeCombination": "ProductId",
            "ProductAttributeCombinationPicture": "ProductAttributeCombinationId",
            "ProductAttributeValue": "ProductAttributeMappingId", "Product_Category_Mapping": "ProductId",
            "ProductAttributeValuePicture": "ProductAttributeValueId", "Product_Picture_Mapping": "ProductId",
            "Product_ProductAttribute_Mapping": "ProductId", "ShoppingCartItem": "CustomerId", "TierPrice": "ProductId",
            "UrlRecord": "EntityId",
        }  # fmt: skip
        for table, changed in many.items():
            columns = nop.shop.columns_of(table)
            new = "CONCAT(n, '@example.com')" if changed == "Email" else "n + 1000"
            values = ", ".join(new if name == changed else f"t.`{name}`" for name in columns)
            names = ", ".join(f"`{name}`" for name in columns)
            nop.db.run(
                f"INSERT INTO `{table}` ({names}) SELECT {values} FROM numbers JOIN (SELECT * FROM `{table}` LIMIT 1) t"
            )
            nop.db.run(f"ANALYZE TABLE `{table}`")
        connection, schema = nop.db.settings().connection, nop.db.resources.schema
        assert check_server(connection, schema).warnings == ()
        nop.db.run("DROP INDEX cartwake_email ON `Address`")
        with pytest.raises(
            ConfigError, match=r"by_email: finds \{keys\} by Address\.Email, with which no index begins"
        ):
            check_server(connection, schema)


def test_the_pictures_of_4_60(server: Server, fresh_database: str) -> None:
    variables = (
        "value_pictures=ProductAttributeValue,of_value=Id,"
        "combination_pictures=ProductAttributeCombination,of_combination=Id"
    )
    for nop in opened(server, fresh_database, SHOP_VARIABLES=variables):
        for table in ("ProductAttributeValuePicture", "ProductAttributeCombinationPicture"):
            nop.db.run(f"DROP TABLE `{table}`")
        who, other = nop.shirt(_LARGE_RED), nop.shirt(chosen((SIZE, LARGE), (COLOUR, BLUE)))
        nop.db.run(f"UPDATE `ProductAttributeValue` SET PictureId = 2 WHERE Id = {RED.id}")
        check_server(nop.db.settings().connection, nop.db.resources.schema)
        images = [nop.db.load(one)[one].lines[0].image for one in (who, other)]
        assert images == [
            f"images/thumbs/000000{nth}_{'shirt' if nth == 2 else 'kettle'}_415.jpeg" for nth in (2, 2)
        ]
        nop.db.run(f"UPDATE `ProductAttributeValue` SET PictureId = 1 WHERE Id = {RED.id}")
        assert nop.db.load(who)[who].lines[0].image == "images/thumbs/0000001_kettle_415.jpeg"


# --- carts and orders -----------------------------------------------------------------------------------------------


async def test_a_cart_from_the_first_product_to_the_order(nop: Nop) -> None:
    async with nop.db.stream() as stream:
        who = nop.shop.account(nop.address())
        item = nop.shop.add(who, KETTLE.id)
        lamp = nop.shop.add(who, LAMP.id)
        assert said_of(await stream.settle(), who)[-2:] == ["INSERT", "INSERT"]
        due_us = stream.tracker.due_of(who)
        nop.shop.view(who)
        nop.shop.update_cart(item, 1)  # the form of the cart, unchanged
        nop.shop.add(who, LAMP.id, kind=WISHLIST)
        assert said_of(await stream.settle(), who) == []
        assert stream.tracker.due_of(who) == due_us
        nop.shop.update_cart(item, 3)
        assert said_of(await stream.settle(), who) == ["UPDATE"]
        nop.shop.remove(lamp)
        assert said_of(await stream.settle(), who) == ["DELETE"]
        assert isinstance(nop.db.decide(who, minutes_later=60), Send)
        assert nop.db.load(who)[who].total == Decimal("300.00")
        nop.shop.place(who)
        assert said_of(await stream.settle(), who)[0] == "OrderPlaced"
        assert why_not(nop, who) is Reason.EMPTY


async def test_a_guest_who_leaves_an_address_in_the_checkout_is_written_to(nop: Nop) -> None:
    who = nop.guest()
    assert why_not(nop, who) is Reason.NO_ADDRESS
    async with nop.db.stream() as stream:
        nop.shop.enter_address(who, "gus@example.com")
        assert said_of(await stream.settle(), who) == ["INSERT"]
        assert stream.tracker.due_of(who) is not None
    customer = nop.db.load(who)[who].customer
    assert customer is not None
    assert (customer.email, customer.name, customer.role) == ("gus@example.com", "Gus Guest", "Guests")
    assert isinstance(nop.db.decide(who, minutes_later=60), Send)


async def test_a_guest_who_registers_is_written_to(nop: Nop) -> None:
    who = nop.guest()
    async with nop.db.stream() as stream:
        nop.shop.register(who, nop.address())
        assert said_of(await stream.settle(), who) == ["INSERT"]
    assert isinstance(nop.db.decide(who, minutes_later=60), Send)


def test_an_address_to_ship_to_is_enough(nop: Nop) -> None:
    who = nop.guest()
    nop.shop.enter_address(who, "gus2@example.com", shipping=True)
    assert isinstance(nop.db.decide(who), Send)


async def test_a_guests_cart_becomes_the_customers_at_login(nop: Nop) -> None:
    who = nop.account(KETTLE.id, minutes_ago=300)
    guest = nop.guest()
    nop.shop.add(guest, LAMP.id)
    nop.shop.add(guest, SOLD_OUT.id, kind=WISHLIST)
    async with nop.db.stream() as stream:
        nop.shop.log_in(guest, who)
        events = await stream.settle()
        assert said_of(events, who) == ["UPDATE", "INSERT"]
        assert said_of(events, guest) == ["DELETE", "DELETE"]
        assert stream.tracker.due_of(who) is not None
    lines = nop.db.load(who)[who].lines
    assert [(line.product_id, line.quantity) for line in lines] == [(KETTLE.id, 2), (LAMP.id, 1)]
    assert why_not(nop, guest) is Reason.EMPTY


@pytest.mark.parametrize("end", ["begun", "paid", "cancelled", "deleted"])
def test_an_order_in_whatever_state_ends_what_was_before_it(nop: Nop, end: str) -> None:
    """In the other store, too, whose rows it leaves; what comes after it is another cart."""
    who = nop.account()
    nop.shop.add(who, LAMP.id, store=SECOND_STORE, minutes_ago=60)
    assert isinstance(nop.db.decide(who), Send)
    order = nop.shop.place(who, paid=end == "paid", minutes_ago=50)
    if end == "cancelled":
        nop.shop.cancel(order)
    if end == "deleted":
        nop.shop.delete(order)
    assert why_not(nop, who) is Reason.EMPTY
    nop.shop.add(who, SHIRT.id, minutes_ago=40)
    assert isinstance(nop.db.decide(who), Send)
    assert [line.product_id for line in nop.db.load(who)[who].lines] == [SHIRT.id]


def test_an_order_of_the_same_address_counts_whoever_made_it(nop: Nop) -> None:
    by_account, by_guest = nop.address(), nop.address()
    guest, account = nop.guest(by_account), nop.account(email=by_guest)
    assert isinstance(nop.db.decide(guest), Send)
    assert isinstance(nop.db.decide(account), Send)
    nop.shop.place(nop.account(email=by_account.upper(), minutes_ago=5))
    nop.shop.place(nop.guest(by_guest.upper(), minutes_ago=5))
    assert why_not(nop, guest) is Reason.EMPTY
    assert why_not(nop, account) is Reason.EMPTY


def test_the_fence_sees_what_changes_and_locks_no_row_of_the_shop(nop: Nop) -> None:
    shop, run = nop.shop, nop.db.run
    changes: dict[str, Callable[[int, str], Any]] = {
        "a page": lambda who, _: shop.view(who),
        "a wish": lambda who, _: shop.add(who, LAMP.id, kind=WISHLIST),
        "a piece": lambda who, _: shop.add(who, KETTLE.id),
        "an order": lambda who, _: shop.place(who),
        "an account's order": lambda _, email: shop.place(nop.account(email=email.upper())),
        "a guest's order": lambda _, email: shop.place(nop.guest(email.upper())),
        "the address": lambda who, _: shop.enter_address(who, "gus@example.com"),
    }
    passes = {}
    for name, change in changes.items():
        email = nop.address()
        guest = nop.guest(email)
        fenced = nop.db.claimed(guest)
        assert nop.db.fence_again(fenced), "nothing has changed"
        change(guest, email)
        passes[name] = nop.db.fence_again(fenced)
    assert passes == {name: name in {"a page", "a wish"} for name in changes}
    guest = nop.guest(nop.address())
    order = shop.place(nop.account())
    ((address,),) = run("SELECT BillingAddress_Id FROM `Customer` WHERE Id = %s", (guest,))
    nop.db.changes_at_once(
        nop.db.claimed(guest, fence=False),
        f"UPDATE `Customer` SET Email = 'x@example.com' WHERE Id = {guest}",
        f"UPDATE `Address` SET Email = 'y@example.com' WHERE Id = {address}",
        f"UPDATE `ShoppingCartItem` SET Quantity = 5 WHERE CustomerId = {guest}",
        f"UPDATE `Order` SET OrderStatusId = 40 WHERE Id = {order}",
        "UPDATE `Currency` SET DisplayOrder = 5",
    )


def test_wishlists_and_customers_who_are_none(nop: Nop) -> None:
    wishes = nop.shop.account(nop.address())
    nop.shop.add(wishes, KETTLE.id, kind=WISHLIST, minutes_ago=60)
    assert wishes not in {cart.key for page in nop.db.resources.scan.open_carts(0) for cart in page}
    for nobody in (nop.account(Deleted=1), nop.account(Active=0), nop.account(IsSystemAccount=1)):
        assert not isinstance(nop.db.decide(nobody), Send)
    assert isinstance(nop.db.decide(nop.account()), Send)


def test_two_stores(server: Server, fresh_database: str, tmp_path: Any) -> None:
    stores = tmp_path / "stores.toml"
    stores.write_text("[1]\nstore_name = 'The First'")
    for nop in opened(server, fresh_database, STORES=str(stores)):
        first, second = nop.account(), nop.shop.account(nop.address())
        nop.shop.add(second, KETTLE.id, store=SECOND_STORE, minutes_ago=60)
        carts = nop.db.load(first, second)
        assert [carts[who].store for who in (first, second)] == ["1", "2"]
        assert isinstance(nop.db.decide(first), Send)
        assert why_not(nop, second) is Reason.STORE


# --- prices ---------------------------------------------------------------------------------------------------------


def test_what_was_chosen_has_its_surcharge(nop: Nop) -> None:
    choices = {
        _LARGE_RED: "23.50",
        chosen((SIZE, SMALL), (COLOUR, BLUE), (EXTRAS, BOX), (EXTRAS, CARD)): "21.50",
        chosen((ENGRAVING, str(LARGE.id))): "20.00",  # a text that looks like a value
        chosen((ENGRAVING, "</Value> 100 % &lt;"), (SIZE, LARGE)): "23.50",
    }
    for attributes, price in choices.items():
        assert nop.prices(nop.shirt(attributes)) == [Decimal(price)], attributes


def test_a_combination_has_its_own_price_picture_and_stock(nop: Nop) -> None:
    nop.shop.combination(_LARGE_RED, stock=2, price="30", picture="large-red")
    nop.shop.combination(chosen((SIZE, SMALL), (COLOUR, RED)), stock=0)
    nop.shop.picture_of_value(BLUE, "blue")
    try:
        backwards = chosen((COLOUR, RED), (SIZE, LARGE), (ENGRAVING, "For Ada"))
        found = [
            nop.db.load(who)[who].lines[0]
            for who in (
                nop.shirt(backwards, 2), nop.shirt(_LARGE_RED, 3), nop.shirt(chosen((SIZE, SMALL), (COLOUR, RED))),
                nop.shirt(chosen((SIZE, LARGE), (COLOUR, BLUE))),
            )
        ]  # fmt: skip
        # A combination that is unknown may be bought unless the product says otherwise.
        assert [line.available for line in found] == [True, False, False, True]
        assert [line.price for line in found] == [
            Decimal(price) for price in ("30.00", "30.00", "19.00", "23.50")
        ]
        pictures = [(line.image or "").partition("_")[2] for line in found]
        assert pictures == ["large-red_415.jpeg", "large-red_415.jpeg", "shirt_415.jpeg", "blue_415.jpeg"]
        assert found[0].name == "Shirt (Size: Large, Colour: Red)"
    finally:
        for table in (
            "ProductAttributeCombination",
            "ProductAttributeCombinationPicture",
            "ProductAttributeValuePicture",
        ):
            nop.db.run(f"DELETE FROM `{table}`")


def test_tier_prices_and_discounts(nop: Nop) -> None:
    shop, who = nop.shop, nop.account()
    ((item,),) = nop.db.run("SELECT Id FROM `ShoppingCartItem` WHERE CustomerId = %s", (who,))
    try:
        shop.tier_price(KETTLE.id, 3, "80")
        shop.tier_price(KETTLE.id, 10, "60")
        shop.tier_price(KETTLE.id, 2, "70", role=WHOLESALE)
        shop.tier_price(KETTLE.id, 2, "65", store=SECOND_STORE)
        for quantity, price in ((1, "100.00"), (2, "100.00"), (3, "80.00"), (12, "60.00")):
            shop.update_cart(item, quantity)
            assert nop.prices(who) == [Decimal(price)]
        nop.db.run("INSERT INTO `Customer_CustomerRole_Mapping` VALUES (%s, %s)", (who, WHOLESALE))
        shop.update_cart(item, 2)
        assert nop.prices(who) == [Decimal("70.00")]
        for discount in (
            shop.discount("90", RequiresCouponCode=1, CouponCode="x"), shop.discount("90", DiscountLimitationId=15),
            shop.discount("90", IsActive=0), shop.discount("90", EndDateUtc="2001-01-01"),
        ):  # fmt: skip
            shop.assign(discount, product=KETTLE.id)
        for_some = shop.discount("90")
        shop.require(for_some)
        shop.assign(for_some, product=KETTLE.id)
        assert nop.prices(who) == [Decimal("70.00")]
        shop.assign(shop.discount("10"), product=KETTLE.id)
        shop.assign(shop.discount(amount="5", DiscountTypeId=5), category=21)
        assert nop.prices(who) == [Decimal("63.00")]
        shop.assign(shop.discount("20", MaximumDiscountedQuantity=1), product=KETTLE.id)  # there are two
        assert nop.prices(who) == [Decimal("63.00")]
        shop.assign(shop.discount("50", MaximumDiscountAmount=20, DiscountTypeId=5), category=21)
        assert nop.prices(who) == [Decimal("50.00")]
        shop.assign(shop.discount("50", DiscountTypeId=5), category=CLOTHES)
        assert nop.db.load(who)[who].total == Decimal("100.00")
    finally:
        for table in ("TierPrice", "Discount", "DiscountRequirement", "Discount_AppliedToProducts",
                      "Discount_AppliedToCategories"):  # fmt: skip
            nop.db.run(f"DELETE FROM `{table}`")


def test_currencies_and_a_price_that_the_customer_names(nop: Nop) -> None:
    carts = {currency: nop.account(KETTLE.id, LAMP.id, CurrencyId=currency) for currency in (EURO, YEN)}
    euro, dollar = (nop.db.load(who)[who] for who in carts.values())
    # Each piece is rounded in dollars (50.005 to 50.01); in euros it is as it is shown.
    assert ([cents(line.price) for line in euro.lines], euro.currency) == (
        [Decimal("86.00"), Decimal("43.01")],
        "EUR",
    )
    assert round(euro.worth, 2) == Decimal("150.01")
    assert (dollar.total, dollar.currency) == (Decimal("150.01"), "USD")  # the yen is published no more
    nop.shop.edit(LAMP.id, CustomerEntersPrice=1)
    try:
        who = nop.shop.account(nop.address())
        nop.shop.add(who, LAMP.id, named=Decimal("12.34"), minutes_ago=60)
        assert nop.prices(who) == [Decimal("12.34")]
    finally:
        nop.shop.edit(LAMP.id, CustomerEntersPrice=0)


def test_variables(server: Server, fresh_database: str) -> None:
    for nop in opened(
        server, fresh_database, SHOP_VARIABLES=f"tax=20,newsletter_only=1,picture_size=80,language={GERMAN}"
    ):
        email = nop.address()
        who, free = nop.account(KETTLE.id, LAMP.id, email=email), nop.account(IsTaxExempt=1)
        assert [cents(price) for price in nop.prices(who)] == [Decimal("120.00"), Decimal("60.01")]
        # nopCommerce taxes a line: three lamps are 150.03 and 20 percent of that.
        three = nop.account(LAMP.id, LAMP.id, LAMP.id)
        assert nop.db.load(three)[three].total == Decimal("180.04")
        assert nop.prices(free) == [Decimal("100.00")]
        assert nop.db.load(who)[who].lines[0].image == "images/thumbs/0000001_kettle_80.jpeg"
        assert not isinstance(nop.db.decide(who), Send)
        nop.shop.subscribe(email)
        assert isinstance(nop.db.decide(who), Send)
        assert {row.price for page in nop.db.resources.shop.catalogue([KETTLE.id]) for row in page} == {
            Decimal("120.00")
        }


# --- what is shown --------------------------------------------------------------------------------------------------


def test_lines_that_can_not_be_bought(nop: Nop) -> None:
    shop = nop.shop
    who = nop.account(KETTLE.id, LAMP.id, SOLD_OUT.id, SAMPLE.id)
    lines = nop.db.load(who)[who].lines
    assert [(line.product_id, line.available) for line in lines] == [
        (KETTLE.id, True), (LAMP.id, True), (SOLD_OUT.id, False)
    ]  # fmt: skip
    only_vase, only_sample = nop.account(SOLD_OUT.id), nop.account(SAMPLE.id)
    assert isinstance(nop.db.decide(only_vase), Wait | Skip)
    assert isinstance(nop.db.decide(only_sample), Wait | Skip)
    changes: tuple[dict[str, Any], ...] = (
        {"Published": 0}, {"Deleted": 1}, {"DisableBuyButton": 1}, {"AvailableEndDateTimeUtc": "2001-01-01"},
        {"AvailableStartDateTimeUtc": "2101-01-01"}, {"LimitedToStores": 1}, {"StockQuantity": 0},
    )  # fmt: skip
    lamp = nop.account(LAMP.id)
    for change in changes:
        before = nop.db.run(f"SELECT {', '.join(change)} FROM `Product` WHERE Id = %s", (LAMP.id,))[0]
        shop.edit(LAMP.id, **change)
        assert [line.available for line in nop.db.load(lamp)[lamp].lines] == [False], change
        assert not isinstance(nop.db.decide(lamp), Send), change
        shop.edit(LAMP.id, **dict(zip(change, before, strict=True)))
    shop.edit(LAMP.id, StockQuantity=0, BackorderModeId=1)
    assert isinstance(nop.db.decide(lamp), Send)
    shop.edit(LAMP.id, StockQuantity=LAMP.stock, BackorderModeId=0, CallForPrice=1)
    assert nop.db.load(lamp)[lamp].lines == ()
    shop.edit(LAMP.id, CallForPrice=0)


def test_lines_are_shown_in_the_customers_language(nop: Nop) -> None:
    try:
        for group, entity, text in (
            ("Product", SHIRT.id, "Hemd"), ("ProductAttribute", SIZE.id, "Größe"),
            ("ProductAttributeValue", LARGE.id, "Groß"), ("Product", LARGE.id, "None"),
        ):  # fmt: skip
            nop.shop.translate(group, entity, text)
        english, german = (nop.shirt(_LARGE_RED, LanguageId=language) for language in (ENGLISH, GERMAN))
        carts = nop.db.load(english, german)
        names = [carts[who].lines[0].name for who in (english, german)]
        assert names == ["Shirt (Size: Large, Colour: Red)", "Hemd (Größe: Groß, Colour: Red)"]
        customer = carts[german].customer
        assert customer is not None
        assert (customer.name, customer.language, customer.role) == ("Jane Doe", "de-DE", "Registered")
        line = carts[english].lines[0]
        assert (line.category, line.url) == ("Clothes", f"p-{SHIRT.id}")
    finally:
        nop.db.run("DELETE FROM `LocalizedProperty`")


def test_the_catalogue(nop: Nop) -> None:
    products = {row.id: row for page in nop.db.resources.shop.catalogue() for row in page}
    kettle, vase = products[KETTLE.id], products[SOLD_OUT.id]
    assert (kettle.name, kettle.price, kettle.stock) == ('Kettle "Nile" & lid', Decimal("100.00"), None)
    assert (kettle.url, kettle.image) == (f"p-{KETTLE.id}", "images/thumbs/0000001_kettle_415.jpeg")
    assert (vase.stock, vase.category) == (0, "Kitchen")


async def test_the_mail(nop: Nop, smtp: MailServer) -> None:
    email = nop.address()
    guest = nop.guest(email)
    nop.shop.add(guest, SHIRT.id, 2, _LARGE_RED, minutes_ago=60)
    assert nop.db.load(guest)[guest].total == Decimal("147.00")
    async with recovering(nop.db, smtp, SHOP_SCHEMA="nopcommerce") as cartwake:
        await cartwake.recover(guest)
    (mail,) = smtp.mails_to(email)
    text = plain_text(mail)
    assert 'Kettle "Nile" & lid' in text
    assert "Shirt (Size: Large, Colour: Red)" in text
    assert "$147.00" in text


def test_the_indexes_that_the_head_asks_for_are_these() -> None:
    head = preset_text("nopcommerce")
    assert all(statement in head for statement in INDEXES)
