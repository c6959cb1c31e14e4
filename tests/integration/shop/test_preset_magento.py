"""The preset for Magento 2.4 on its real tables, with rows written as Magento writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from fakes.magento.catalogue import (
    EN,
    FR,
    JACKET,
    JACKET_M,
    KETTLE,
    MUG,
    PRODUCTS,
    RETIRED,
    SOLD_OUT,
    unit_price,
)
from fakes.magento.shop import Magento
from fakes.mail_server import MailServer
from fakes.preset_shop import MINUTE, PresetShop, preset_shop
from fakes.recovering import recovering
from fakes.session_shop import hydrator_of
from fakes.shop_statements import Statement

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.events import (
    CartChanged,
    CartClosed,
    CartKey,
    CustomerOrdersChanged,
    OrderChanged,
    OrderPlaced,
)
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.store.own_tables.log_rows import Fenced
from binlog_watcher.store.shop_tables.open_carts import CartScan

MARK = (
    f"UPDATE catalog_product_entity SET has_options = 1 - has_options WHERE entity_id = {RETIRED}",
    RETIRED,
)


@dataclass
class Shop:
    """The database, and the Magento that writes to it."""

    db: PresetShop
    magento: Magento

    def quote(self, email: str = "jane@example.com", *, minutes_ago: float = 60, **quote: Any) -> int:
        """A customer's quote with a mug."""
        customer = self.magento.register(email)
        number = self.magento.new_quote(customer=customer, minutes_ago=minutes_ago, **quote)
        self.magento.add(number, MUG, minutes_ago=minutes_ago)
        return number

    def guest(self, email: str, *, minutes_ago: float) -> int:
        """A guest's quote with a mug, and an address left."""
        number = self.magento.new_quote(minutes_ago=minutes_ago)
        self.magento.add(number, MUG, minutes_ago=minutes_ago)
        self.magento.enter_email(number, email, "Jane", minutes_ago=minutes_ago)
        return number


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with preset_shop(server, fresh_database, "magento-2", MARK) as db:

        def together(statements: Sequence[Statement]) -> None:
            db.run("START TRANSACTION")
            for statement, parameters in statements:
                db.run(statement, parameters)
            db.run("COMMIT")

        magento = Magento(db.run, together=together)
        magento.create()
        yield Shop(db, magento)


def of(events: list[Any], key: CartKey) -> list[str]:
    """What was said of one cart, in order."""
    return [type(event).__name__ for event in events if getattr(event, "key", None) == key]


BY_ADDRESS = "CREATE INDEX by_address ON sales_order (customer_email, customer_is_guest, store_id)"
"""Up to 2.4.9 Magento has none; whoever has waited for its guests' orders to be found has made this one."""


def test_the_preset_fits(shop: Shop) -> None:
    check = check_server(shop.db.settings().connection, shop.db.resources.schema)
    (warning,) = check.warnings
    assert "orders.email: no index begins with sales_order.customer_email" in warning
    assert "a guest who bought with another cart is mailed" in warning
    shop.db.run(BY_ADDRESS)
    assert check_server(shop.db.settings().connection, shop.db.resources.schema).warnings == ()


async def test_each_save_is_one_event_of_the_quote(shop: Shop) -> None:
    async with shop.db.stream() as stream:
        quote = shop.magento.new_quote()
        item = shop.magento.add(quote, MUG)
        assert of(await stream.settle(), quote) == ["CartChanged", "CartChanged"]
        shop.magento.change_quantity(item, 3)
        assert of(await stream.settle(), quote) == ["CartChanged"]
        shop.magento.remove(item)
        assert of(await stream.settle(), quote) == ["CartChanged"]
        assert stream.tracker.due_of(quote) is not None
        assert shop.db.decide(quote, minutes_later=60) == Skip(Reason.EMPTY)


@pytest.mark.parametrize("billing_only", [False, True], ids=["in the quote", "in the billing address"])
async def test_a_guest_who_leaves_an_address_is_written_to(shop: Shop, *, billing_only: bool) -> None:
    quote = shop.magento.new_quote(minutes_ago=60)
    shop.magento.add(quote, KETTLE, minutes_ago=60)
    assert shop.db.decide(quote) == Skip(Reason.GUEST)
    async with shop.db.stream() as stream:
        shop.magento.enter_email(quote, "gus@example.com", "Gus", billing_only=billing_only)
        assert "CartChanged" in of(await stream.settle(), quote)
        assert stream.tracker.due_of(quote) is not None
    assert isinstance(shop.db.decide(quote, minutes_later=31), Send)
    cart = shop.db.load(quote)[quote]
    assert cart.customer is not None
    assert (cart.customer_id, cart.customer.email) == (None, "gus@example.com")
    assert (cart.customer.name or "").startswith("Gus")


async def test_login_without_a_cart_of_ones_own_keeps_the_quote_and_its_timer(shop: Shop) -> None:
    async with shop.db.stream() as stream:
        quote = shop.magento.new_quote()
        shop.magento.add(quote, MUG)
        await stream.settle()
        assert stream.tracker.due_of(quote) is not None
        assert shop.magento.login(quote, shop.magento.register("jane@example.com")) == quote
        assert of(await stream.settle(), quote) == ["CartChanged"]
        assert stream.tracker.due_of(quote) is not None
    assert isinstance(shop.db.decide(quote), Wait)
    assert isinstance(shop.db.decide(quote, minutes_later=31), Send)


@pytest.mark.parametrize("headless", [False, True], ids=["deleted", "set inactive"])
async def test_a_guests_quote_that_is_merged_into_the_customers(shop: Shop, *, headless: bool) -> None:
    own = shop.quote(minutes_ago=300)
    customer = shop.db.load(own)[own].customer_id
    async with shop.db.stream() as stream:
        guest = shop.magento.new_quote()
        shop.magento.add(guest, KETTLE)
        await stream.settle()
        assert shop.magento.login(guest, int(customer or 0), headless=headless) == own
        events = await stream.settle()
        assert "CartChanged" in of(events, own)
        if headless:
            assert of(events, guest)[-1] == "CartClosed"
            assert stream.tracker.due_of(guest) is None
        assert shop.db.decide(guest, minutes_later=60) == Skip(Reason.CLOSED if headless else Reason.EMPTY)
        assert stream.tracker.due_of(own) is not None
    assert [line.product_id for line in shop.db.load(own)[own].lines] == [MUG, KETTLE]


def test_an_order_of_the_account_on_another_website_counts(shop: Shop) -> None:
    quote = shop.quote("jane@example.com", minutes_ago=90)
    shop.db.run("UPDATE customer_entity SET website_id = 0")
    other = shop.quote("Jane@Example.com", minutes_ago=70)
    neighbour = shop.quote("joe@example.com", minutes_ago=90)
    assert isinstance(shop.db.decide(quote), Send)
    order = shop.magento.order(other, minutes_ago=60)
    assert shop.db.decide(quote) == Skip(Reason.EMPTY)
    assert isinstance(shop.db.decide(neighbour), Send)
    shop.magento.cancel(order, minutes_ago=50)
    assert isinstance(shop.db.decide(quote), Send)


def test_whose_account_was_erased_is_not_written_to_though_the_quote_remembers_the_address(
    shop: Shop,
) -> None:
    quote = shop.quote("jane@example.com", minutes_ago=90)
    assert shop.db.run("SELECT customer_email FROM quote") == [("jane@example.com",)]
    shop.db.run("DELETE FROM customer_entity")
    assert shop.db.load(quote)[quote].customer is None
    assert not isinstance(shop.db.decide(quote), Send)


def test_an_order_of_the_account_ends_the_guests_quote(shop: Shop) -> None:
    guest = shop.guest("jane@example.com", minutes_ago=90)
    shop.magento.order(shop.quote("JANE@example.com", minutes_ago=70), minutes_ago=60)
    assert shop.db.decide(guest) == Skip(Reason.EMPTY)


@pytest.mark.parametrize("index", [True, False], ids=["with the index", "without"])
def test_an_order_of_a_guest_counts_where_an_index_finds_it(shop: Shop, *, index: bool) -> None:
    if index:
        shop.db.run(BY_ADDRESS)
    account = shop.quote("jane@example.com", minutes_ago=90)
    guest = shop.guest("jane@example.com", minutes_ago=90)
    shop.magento.order(shop.guest("Jane@example.com", minutes_ago=70), minutes_ago=60)
    for quote in (account, guest):
        decision = shop.db.decide(quote)
        assert decision == Skip(Reason.EMPTY) if index else isinstance(decision, Send)


@pytest.mark.parametrize(
    "change",
    [
        "nothing", "the guest's order", "the account's order", "address in the quote",
        "address in the billing address", "name", "newsletter", "account",
    ],
)  # fmt: skip
@pytest.mark.parametrize("whose", ["guest", "account"])
def test_the_fence_sees_whoever_has_the_address_and_whatever_changes_of_them(
    shop: Shop, change: str, whose: str
) -> None:
    shop.db.run(BY_ADDRESS)
    shop.magento.subscribe("jane@example.com")
    with preset_shop(
        shop.db.server, shop.db.name, "magento-2", MARK, SHOP_VARIABLES="consent=newsletter"
    ) as db:
        if whose == "guest":
            quote = shop.guest("jane@example.com", minutes_ago=90)
        else:
            quote = shop.quote("jane@example.com", minutes_ago=90)
            shop.db.run(
                "UPDATE newsletter_subscriber SET customer_id = (SELECT MAX(entity_id) FROM customer_entity)"
            )
        other = shop.guest("Jane@example.com", minutes_ago=80)
        fenced = db.claimed(quote)
        assert db.fence_again(fenced), "nothing has changed"
        run = shop.db.run
        match change:
            case "the guest's order":
                shop.magento.order(other)
            case "the account's order":
                run("UPDATE customer_entity SET website_id = 0")
                shop.magento.order(shop.quote("JANE@example.com"))
            case "address in the quote":
                run("UPDATE quote SET customer_email = 'new@example.com' WHERE entity_id = %s", (quote,))
            case "address in the billing address":
                run("UPDATE quote SET customer_email = NULL WHERE entity_id = %s", (quote,))
                run("UPDATE quote_address SET email = 'new@example.com' WHERE quote_id = %s", (quote,))
                fenced = Fenced(
                    fenced.log_id, replace(fenced.cart, fingerprint=db.load(quote)[quote].fingerprint)
                )
                assert db.fence_again(fenced)
                run("UPDATE quote_address SET email = 'newer@example.com' WHERE quote_id = %s", (quote,))
            case "name":
                run("UPDATE quote SET customer_firstname = 'Zoë'")
                run("UPDATE customer_entity SET firstname = 'Zoë'")
            case "newsletter":
                shop.magento.unsubscribe("jane@example.com")
            case "account":
                run("DELETE FROM customer_entity")
        # The account's own address is above that of a quote or its billing address; guests have no account.
        stays = {"guest": {"account"}, "account": {"address in the billing address"}}[whose]
        assert db.fence_again(fenced) is (change == "nothing" or change in stays)


def test_the_fence_locks_no_row_of_the_shop(shop: Shop) -> None:
    shop.db.run(BY_ADDRESS)
    quote = shop.quote("jane@example.com", minutes_ago=90)
    shop.magento.order(shop.guest("joe@example.com", minutes_ago=90))
    fenced = shop.db.claimed(quote, fence=False)
    shop.db.changes_at_once(
        fenced,
        "UPDATE customer_entity SET email = CONCAT('x', email)",
        "UPDATE quote SET is_changed = 1",
        "UPDATE quote_address SET email = 'x@example.com'",
        "UPDATE quote_item SET qty = 5",
        "UPDATE sales_order SET state = 'canceled'",
        "UPDATE store SET sort_order = 5",
        "DELETE FROM core_config_data",
    )


MASS_UPDATES = (
    # markQuotesRecollectOnCatalogRules
    (
        "UPDATE quote q JOIN (SELECT quote_id FROM quote_item GROUP BY quote_id) t ON q.entity_id = t.quote_id "
        "SET q.trigger_recollect = 1"
    ),
    # subtractProductFromQuotes
    (
        "UPDATE quote q, quote_item i SET q.items_qty = q.items_qty - i.qty, q.items_count = q.items_count - 1 "
        f"WHERE i.product_id = {MUG} AND q.entity_id = i.quote_id AND i.parent_item_id IS NULL"
    ),
)
"""They touch the quotes of years, and the server sets their updated_at."""


async def test_a_price_rule_that_touches_all_quotes_moves_no_timer(shop: Shop) -> None:
    old, left = shop.quote(minutes_ago=60 * 24 * 40), shop.quote("joe@example.com")
    async with shop.db.stream() as stream:
        young = shop.quote("jim@example.com", minutes_ago=0)
        await stream.settle()
        due_us = {quote: stream.tracker.due_of(quote) for quote in (old, left, young)}
        assert due_us[young] is not None
        for statement in MASS_UPDATES:
            shop.db.run(statement)
        assert shop.db.run("SELECT COUNT(*) FROM quote WHERE updated_at < NOW() - INTERVAL 1 MINUTE") == [
            (0,)
        ]
        assert await stream.settle() == []
        assert {quote: stream.tracker.due_of(quote) for quote in due_us} == due_us
        shop.magento.enter_email(young, "new@example.com")
        assert "CartChanged" in of(await stream.settle(), young)
    assert isinstance(shop.db.decide(left), Send)


def test_a_price_rule_that_touches_all_quotes_while_nobody_looks_makes_none_young(shop: Shop) -> None:
    old, left = shop.quote(minutes_ago=60 * 24 * 40), shop.quote("joe@example.com", minutes_ago=60)
    changed = shop.quote("jim@example.com", minutes_ago=90)
    ((item,),) = shop.db.run("SELECT item_id FROM quote_item WHERE quote_id = %s", (changed,))
    shop.magento.change_quantity(item, 2, minutes_ago=10)
    for statement in MASS_UPDATES:
        shop.db.run(statement)
    now_us = shop.db.resources.clock.now_us()
    read = {read.key: read.activity_us for page in hydrator_of(shop.db)() for read in page}
    assert old not in read
    assert {key: round((now_us - active_us) / MINUTE) for key, active_us in read.items()} == {
        left: 60,
        changed: 10,
    }


async def test_what_only_the_quote_tells_is_noted(shop: Shop) -> None:
    """An address that was left, a row that was taken out: at the next start no row tells of it."""
    quote = shop.quote(minutes_ago=60)
    ((item,),) = shop.db.run("SELECT item_id FROM quote_item WHERE quote_id = %s", (quote,))
    shop.magento.add(quote, KETTLE, minutes_ago=60)
    async with shop.db.stream() as stream:
        shop.magento.remove(item)
        (event,) = [event for event in await stream.settle() if isinstance(event, CartChanged)]
        notes = stream.tracker.take_unsaved()
    assert [note.key for note in notes] == [quote]
    shop.db.resources.notes.write(notes)
    (read,) = [read for page in hydrator_of(shop.db)() for read in page]
    assert abs(read.activity_us - event.at_us) < MINUTE / 60  # timers have ticks


async def test_an_order_closes_the_quote(shop: Shop) -> None:
    quote = shop.quote()
    async with shop.db.stream() as stream:
        shop.magento.add(quote, KETTLE)
        await stream.settle()
        assert stream.tracker.due_of(quote) is not None
        order = shop.magento.order(quote)
        events = await stream.settle()
        assert {type(event) for event in events} >= {OrderPlaced, CartClosed}
        assert stream.tracker.due_of(quote) is None
        assert shop.db.decide(quote, minutes_later=60) == Skip(Reason.CLOSED)
        shop.magento.cancel(order)
        events = await stream.settle()
        assert {OrderChanged, CustomerOrdersChanged} <= {type(event) for event in events}
        # Magento does not open the quote of a cancelled order again.
        assert shop.db.decide(quote, minutes_later=60) == Skip(Reason.CLOSED)


async def test_an_unconfirmed_order_counts_from_the_update_that_confirms_it(shop: Shop) -> None:
    quote = shop.quote()
    async with shop.db.stream() as stream:
        order = shop.magento.order(quote, state="pending_payment", status="pending_payment")
        events = await stream.settle()
        assert "OrderPlaced" not in of(events, quote)
        shop.magento.restore_quote(order)  # back from the payment page without having paid
        assert of(await stream.settle(), quote) == ["CartChanged"]
        assert stream.tracker.due_of(quote) is not None
        assert isinstance(shop.db.decide(quote, minutes_later=60), Send)
        shop.magento.set_state(order, "processing", "processing")  # and yet the money came
        events = await stream.settle()
        assert of(events, quote) == ["OrderPlaced"]
        assert stream.tracker.due_of(quote) is None
        assert shop.db.decide(quote, minutes_later=60) == Skip(Reason.EMPTY)


@pytest.mark.parametrize(
    ("story", "abandoned"),
    [
        (["fails", "cancelled", "comes back"], True),
        (["fails", "comes back", "cancelled"], True),  # the cart was given back before the shop cleared up
        (["fails", "cancelled"], False),  # nobody came back: Magento keeps the cart closed
        (["orders", "cancelled"], False),
        (["orders", "paid", "cancelled"], False),
        (["orders", "refunded"], False),
        (["fails", "cancelled", "comes back", "orders", "cancelled"], False),
    ],
    ids=str,
)
async def test_a_failed_payment_gives_the_cart_back_and_a_cancellation_does_not(
    shop: Shop, story: list[str], *, abandoned: bool
) -> None:
    quote, order = shop.quote(), 0
    async with shop.db.stream() as stream:
        for step in story:
            match step:
                case "fails":
                    order = shop.magento.order(quote, state="pending_payment", status="pending_payment")
                case "orders":
                    order = shop.magento.order(quote)
                case "comes back":
                    assert shop.magento.restore_quote(order) == quote
                case "paid":
                    shop.magento.set_state(order, "processing", "processing")
                case "refunded":
                    shop.magento.set_state(order, "closed", "closed")
                case "cancelled":
                    shop.magento.cancel(order)
        await stream.settle()
        # An order that is changed has the cart looked at again in any case.
        assert stream.tracker.due_of(quote) is not None or not abandoned
    decision = shop.db.decide(quote, minutes_later=60)
    assert isinstance(decision, Send) if abandoned else decision == Skip(Reason.CLOSED)


async def test_a_cancelled_order_makes_the_customers_other_cart_count_again(shop: Shop) -> None:
    first = shop.quote(minutes_ago=90)
    customer = int(shop.db.load(first)[first].customer_id or 0)
    order = shop.magento.order(first, minutes_ago=50)
    second = shop.magento.new_quote(customer=customer, minutes_ago=70)
    shop.magento.add(second, KETTLE, minutes_ago=70)
    assert shop.db.decide(second) == Skip(Reason.EMPTY)
    async with shop.db.stream() as stream:
        shop.magento.cancel(order)
        events = await stream.settle()
        (changed,) = [event for event in events if isinstance(event, CustomerOrdersChanged)]
        keys = shop.db.resources.shop.carts_of([changed.customer])
        assert keys == {second: customer}  # the other one is closed
        stream.tracker.customer_orders_changed(second, changed.at_us, "binlog", counts=changed.counts)
        assert stream.tracker.due_of(second) is not None
    assert isinstance(shop.db.decide(second, minutes_later=31), Send)


def test_two_currencies_and_two_languages(shop: Shop) -> None:
    quote = shop.magento.new_quote(store=FR, customer=shop.magento.register("jeanne@example.com", store=FR),
                                   minutes_ago=60)  # fmt: skip
    shop.magento.add(quote, MUG, 2, minutes_ago=60)
    english = shop.quote()
    carts = shop.db.load(quote, english)
    cart = carts[quote]
    assert (cart.currency, carts[english].currency) == ("EUR", "USD")
    assert [line.name for line in cart.lines] == [PRODUCTS[MUG].french]
    assert [line.category for line in cart.lines] == ["Café"]
    ((incl_tax,),) = shop.db.run("SELECT row_total_incl_tax FROM quote_item WHERE quote_id = %s", (quote,))
    assert abs(cart.total - incl_tax) <= 1
    assert cart.customer is not None
    assert cart.customer.language == "fr_FR"
    assert [line.image for line in cart.lines] == ["media/catalog/product/m/u/mug.jpg"]


def test_a_configurable_is_one_line(shop: Shop) -> None:
    quote = shop.quote()
    shop.magento.add(quote, JACKET, 2, minutes_ago=50)
    lines = shop.db.load(quote)[quote].lines
    assert [(line.product_id, line.quantity) for line in lines] == [(MUG, 1), (JACKET, 2)]


@pytest.mark.parametrize(("store", "shown"), [
    (EN, "Rain jacket (Size: M, Colour: blue)"),
    (FR, "Veste de pluie (Taille: M, Couleur: bleu)"),
])  # fmt: skip
def test_a_variant_is_shown_by_its_options_and_its_own_picture(shop: Shop, store: int, shown: str) -> None:
    quote = shop.magento.new_quote(store=store, minutes_ago=60)
    shop.magento.add(quote, JACKET, minutes_ago=60)
    (line,) = shop.db.load(quote)[quote].lines
    assert (line.name, line.image) == (shown, "media/catalog/product/j/a/jacket-m.jpg")
    # Where the variant has no picture the product's is shown, and options that can't be read are none.
    shop.db.run(
        f"UPDATE catalog_product_entity_varchar SET value = 'no_selection' WHERE entity_id = {JACKET_M}"
    )
    for unreadable in ("", 'a:1:{i:93;s:1:"5";}', "[]", "{}", '{"93": "none"}'):
        shop.db.run("UPDATE quote_item_option SET value = %s WHERE code = 'attributes'", (unreadable,))
        (line,) = shop.db.load(quote)[quote].lines
        assert (line.name, line.image) == (shown.partition(" (")[0], "media/catalog/product/j/a/jacket.jpg")


STATE_OF = "UPDATE catalog_product_entity_int SET value = 2 WHERE attribute_id = 97 AND entity_id = "


@pytest.mark.parametrize(
    ("change", "available"),
    [
        (f"UPDATE cataloginventory_stock_item SET qty = 1 WHERE product_id = {JACKET_M}", True),
        (f"UPDATE cataloginventory_stock_item SET is_in_stock = 0 WHERE product_id = {JACKET_M}", False),
        (
            "UPDATE cataloginventory_stock_item SET is_in_stock = 0, use_config_manage_stock = 0, manage_stock = 0",
            True,
        ),
        (f"UPDATE cataloginventory_stock_item SET is_in_stock = 0 WHERE product_id = {JACKET}", False),
        (f"{STATE_OF}{JACKET_M}", False),
        (f"{STATE_OF}{JACKET}", False),
        (f"DELETE FROM catalog_product_entity WHERE entity_id = {JACKET_M}", False),
    ],
)
def test_a_variant_that_can_t_be_bought_is_not_mailed(shop: Shop, change: str, available: bool) -> None:
    quote = shop.magento.new_quote(customer=shop.magento.register("jane@example.com"), minutes_ago=60)
    shop.magento.add(quote, JACKET, minutes_ago=60)
    shop.db.run(change)
    assert [line.available for line in shop.db.load(quote)[quote].lines] == [available]
    decision = shop.db.decide(quote, minutes_later=31)
    assert isinstance(decision, Send) is available
    assert available or getattr(decision, "reason", None) is Reason.UNAVAILABLE


FREE = "price = 0, base_price = 0, price_incl_tax = 0, row_total = 0, row_total_incl_tax = 0"
GIVEN = "discount_percent = 100, discount_amount = row_total_incl_tax"


@pytest.mark.parametrize("how", [FREE, GIVEN], ids=["costs nothing", "given away"])
async def test_what_is_given_away_is_no_line(shop: Shop, smtp: MailServer, how: str) -> None:
    quote, alone = shop.quote(), shop.quote("joe@example.com")
    shop.magento.add(quote, KETTLE, minutes_ago=50)
    shop.db.run(f"UPDATE quote_item SET {how} WHERE product_id = {MUG}")
    cart = shop.db.load(quote)[quote]
    assert [line.product_id for line in cart.lines] == [KETTLE]
    assert cart.total == PRODUCTS[KETTLE].special
    async with recovering(shop.db, smtp, SHOP_SCHEMA="magento-2") as cartwake:
        assert (await cartwake.recover(alone))[alone] == Skip(Reason.EMPTY)
    assert smtp.accepted == []


def test_a_line_costs_what_its_row_says(shop: Shop) -> None:
    """Where taxes are by lines or totals Magento rounds the line, and rounds a piece of it once more to show it."""
    quote = shop.quote()
    shop.db.run(
        f"UPDATE quote_item SET qty = 3, row_total_incl_tax = 35.96, price_incl_tax = 11.99 WHERE product_id = {MUG}"
    )
    assert shop.db.load(quote)[quote].total == Decimal("35.96")


def test_a_shop_whose_cart_shows_prices_without_tax(server: Server, fresh_database: str) -> None:
    with preset_shop(server, fresh_database, "magento-2", MARK, SHOP_VARIABLES="tax=excluded") as db:
        magento = Magento(db.run)
        magento.create()
        magento.open_second(FR)
        quote = magento.new_quote(store=FR, customer=magento.register("jane@example.com", store=FR))
        magento.add(quote, MUG, 3)
        ((net, gross),) = db.run("SELECT row_total, row_total_incl_tax FROM quote_item")
        assert db.load(quote)[quote].total == net < gross


def test_two_websites(shop: Shop) -> None:
    shop.magento.open_second(FR)
    shop.magento.sell_there(MUG, JACKET)
    quotes = []
    for store in (EN, FR):
        customer = shop.magento.register(f"jane{store}@example.com", store=store)
        quotes.append(shop.magento.new_quote(store=store, customer=customer, minutes_ago=60))
        for product in (MUG, KETTLE, JACKET):
            shop.magento.add(quotes[-1], product, minutes_ago=60)
    english, french = (shop.db.load(quote)[quote] for quote in quotes)
    assert [(line.name, line.price, line.available) for line in english.lines] == [
        ("Stoneware mug", unit_price(MUG), True),
        ("Gooseneck kettle", unit_price(KETTLE), True),
        ("Rain jacket (Size: M, Colour: blue)", unit_price(JACKET), True),
    ]
    assert [(line.name, line.price, line.available) for line in french.lines] == [
        ("Tasse en grès", unit_price(MUG, FR), True),
        ("Bouilloire col de cygne", unit_price(KETTLE, FR), False),  # that website does not sell it
        ("Veste de pluie (Taille: M, Couleur: bleu)", unit_price(JACKET, FR), True),
    ]
    assert (english.currency, french.currency) == ("USD", "EUR")
    # A product may be disabled in one store alone.
    shop.db.run("INSERT INTO catalog_product_entity_int (attribute_id, store_id, entity_id, value) VALUES "
                f"(97, {FR}, {MUG}, 2), (97, {FR}, {JACKET_M}, 2)")  # fmt: skip
    assert [line.available for line in shop.db.load(quotes[0])[quotes[0]].lines] == [True, True, True]
    assert [line.available for line in shop.db.load(quotes[1])[quotes[1]].lines] == [False, False, False]
    assert isinstance(shop.db.decide(quotes[0], minutes_later=31), Send)
    assert getattr(shop.db.decide(quotes[1], minutes_later=31), "reason", None) is Reason.UNAVAILABLE


def test_a_quote_that_the_back_office_makes_gets_no_mail(shop: Shop) -> None:
    own = shop.quote(minutes_ago=300)
    customer = int(shop.db.load(own)[own].customer_id or 0)
    made = shop.magento.back_office_quote(customer)
    shop.magento.add(made, KETTLE)
    assert shop.db.decide(made, minutes_later=60) == Skip(Reason.CLOSED)
    assert isinstance(shop.db.decide(own), Send)
    # To edit an order is to enter another one and to cancel the first.
    order = shop.magento.order(own)
    edited = shop.magento.back_office_quote(customer)
    shop.magento.add(edited, MUG, 2)
    shop.magento.order(edited)
    shop.magento.cancel(order)
    for quote in (own, made, edited):
        assert shop.db.decide(quote, minutes_later=60) == Skip(Reason.CLOSED)


def test_many_options_of_attributes_are_not_gone_over(shop: Shop) -> None:
    quote = shop.quote()
    shop.magento.add(quote, JACKET, minutes_ago=50)
    for _ in range(14):  # 32,768 options
        shop.db.run(
            "INSERT INTO eav_attribute_option (attribute_id) SELECT attribute_id FROM eav_attribute_option"
        )
    shop.db.run("INSERT INTO eav_attribute_option_value (option_id, value) "
                "SELECT option_id, 'other' FROM eav_attribute_option WHERE option_id > 12")  # fmt: skip
    shop.db.run("ANALYZE TABLE eav_attribute_option_value")
    assert shop.db.load(quote)[quote].lines[1].name == "Rain jacket (Size: M, Colour: blue)"
    assert shop.db.rows_read(quote) < 5000


async def test_a_mail_recommends_nothing_that_was_bought_before(shop: Shop, smtp: MailServer) -> None:
    bought = shop.quote(minutes_ago=400)
    customer = int(shop.db.load(bought)[bought].customer_id or 0)
    shop.magento.order(bought, minutes_ago=390)
    quote = shop.magento.new_quote(customer=customer, minutes_ago=60)
    shop.magento.add(quote, KETTLE, minutes_ago=60)
    assert shop.db.load(quote)[quote].bought.keys() == {MUG}
    assert [order.products for page in shop.db.resources.shop.ordered() for order in page] == [(MUG,)]
    async with recovering(
        shop.db, smtp, SHOP_SCHEMA="magento-2", SIMILARITY_THRESHOLD="0", RECOMMENDATION_COUNT="12"
    ) as cartwake:
        assert isinstance((await cartwake.recover(quote))[quote], Send)
    (mail,) = smtp.mails_to("jane@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    assert PRODUCTS[KETTLE].name in text.get_content()
    assert PRODUCTS[MUG].name not in text.get_content()


def test_the_catalogue(shop: Shop) -> None:
    rows = {row.id: row for page in shop.db.resources.shop.catalogue() for row in page}
    kettle = rows[KETTLE]
    assert (kettle.name, kettle.price, kettle.image) == (
        PRODUCTS[KETTLE].name, PRODUCTS[KETTLE].special, "media/catalog/product/k/e/kettle.jpg",
    )  # fmt: skip
    assert [rows[product].stock for product in (RETIRED, SOLD_OUT)] == [0, 0]
    assert rows[JACKET].price > 0


async def test_the_cron_that_deletes_old_quotes_resets_nothing(shop: Shop) -> None:
    quotes = [shop.quote(f"u{number}@example.com") for number in range(3)]
    async with shop.db.stream() as stream:
        shop.magento.expire(*quotes)
        events = await stream.settle()
        assert stream._follower.resets == []
        assert {of(events, quote)[-1] for quote in quotes if of(events, quote)} == {"CartChanged"}
    assert [shop.db.decide(quote) for quote in quotes] == [Skip(Reason.EMPTY)] * 3


def test_reconcile_goes_by_the_ids_of_the_rows(shop: Shop) -> None:
    """No index leads to a moment but quote.updated_at, which a price rule moves."""
    shop.quote(minutes_ago=200)
    scan = shop.db.resources.scan
    assert isinstance(scan, CartScan)
    assert not scan.by_time
    now_us = shop.db.resources.clock.now_us()
    watermark = scan.id_watermark(now_us - 110 * MINUTE)
    quote = shop.quote("joe@example.com", minutes_ago=100)
    shop.db.run("UPDATE quote SET trigger_recollect = 1")
    pages = list(scan.rows_after_id(watermark, now_us - 90 * MINUTE, now_us))
    assert [key for keys, _ in pages for key in keys] == [quote]
