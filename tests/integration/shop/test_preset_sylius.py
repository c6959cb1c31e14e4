"""The preset for Sylius on its real tables, with rows written as Sylius writes them: from the first product on."""

from collections.abc import Iterator

import pytest
from fakes.preset_shop import preset_shop
from fakes.sylius.catalogue import KETTLE, LAMP, RED, SAMPLE
from fakes.sylius.on_cartwake import MARK, OnSylius
from fakes.told import said

from binlog_watcher.core.decision import Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.doctor.preflight import check_server

MANY = {
    "sylius_customer": {
        "id": "i", "email": "CONCAT(i, '@example.org')", "email_canonical": "CONCAT(i, '@example.org')",
        "created_at": "NOW()", "subscribed_to_newsletter": "0",
    },
    "sylius_order": {
        "id": "i", "customer_id": "i", "channel_id": "1", "state": "'cart'", "items_total": "0",
        "adjustments_total": "0", "total": "0", "created_at": "NOW()", "currency_code": "'USD'",
        "locale_code": "'en_US'", "checkout_state": "'cart'", "payment_state": "'cart'", "shipping_state": "'cart'",
    },
    "sylius_order_item": {
        "order_id": "i", "variant_id": "11", "quantity": "1", "unit_price": "1", "units_total": "1",
        "adjustments_total": "0", "total": "1", "is_immutable": "0",
    },
    "sylius_order_item_unit": {"order_item_id": "i", "adjustments_total": "0", "created_at": "NOW()"},
    "sylius_product_image": {"owner_id": "i", "path": "'x'", "position": "0"},
    "sylius_product_channels": {"product_id": "i", "channel_id": "1"},
}  # fmt: skip
"""Table → columns and what is in them, for each number ``i``."""


@pytest.fixture
def paid_online(sylius: OnSylius) -> Iterator[OnSylius]:
    variables = "unpaid=awaiting_payment"
    of = sylius.db
    with preset_shop(of.server, of.name, "sylius", MARK, CURRENCY="USD", SHOP_VARIABLES=variables) as db:
        yield OnSylius(db, sylius.shop)


def test_the_preset_fits(sylius: OnSylius) -> None:
    facts = check_server(sylius.db.settings().connection, sylius.db.resources.schema)
    assert list(facts.warnings) == []


def test_its_reads_follow_indexes(sylius: OnSylius) -> None:
    """With many orders and customers beside it, and many rows of the catalogue, a cart costs no more to read."""
    cart = sylius.cart_of(sylius.jane(), KETTLE, RED)
    few = sylius.db.rows_read(cart)
    many = "WITH RECURSIVE n AS (SELECT 1000 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    bound = "cte_max_recursion_depth" if sylius.db.server.flavor == "mysql" else "max_recursive_iterations"
    sylius.db.run(f"SET SESSION {bound} = 10000")
    for table, values in MANY.items():
        columns = ", ".join(values)
        sylius.db.run(f"INSERT INTO {table} ({columns}) {many} SELECT {', '.join(values.values())} FROM n")
        sylius.db.run(f"ANALYZE TABLE {table}")
    assert sylius.db.rows_read(cart) <= few + 20
    facts = check_server(sylius.db.settings().connection, sylius.db.resources.schema)
    assert list(facts.warnings) == []


async def test_a_cart_from_the_first_product_to_the_order(sylius: OnSylius) -> None:
    db, shop, customer = sylius.db, sylius.shop, sylius.jane()
    async with db.stream() as stream:
        cart = shop.cart(customer, KETTLE, minutes_ago=40)
        assert (cart, "INSERT") in said(await stream.settle())
        due_us = stream.tracker.due_of(cart)
        shop.recalculate(cart)
        shop.processor.tax = 19
        shop.recalculate(cart)  # the totals change, and the cart does not
        assert said(await stream.settle()) == []
        assert stream.tracker.due_of(cart) == due_us
        item = shop.add(cart, RED)
        assert said(await stream.settle()) == [(cart, "INSERT")]
        shop.change_quantity(item, 3)
        assert said(await stream.settle()) == [(cart, "UPDATE")]
        shop.remove(item)
        await stream.settle()
        assert [line.name for line in db.load(cart)[cart].lines] == ["Kettle"]
        shop.address(cart)
        shop.select_payment(cart)
        assert set(said(await stream.settle())) == {(cart, "UPDATE")}
        assert sylius.sent(cart)
        shop.complete(cart)
        assert (cart, "OrderPlaced") in said(await stream.settle())
        assert stream.tracker.due_of(cart) is None
        assert not sylius.sent(cart)


@pytest.mark.parametrize("then", ["nothing", "pay", "fail", "cancel", "refund", "ship"])
def test_what_was_ordered_is_bought(sylius: OnSylius, then: str) -> None:
    shop, cart = sylius.shop, sylius.cart_of(sylius.jane(), LAMP)
    payment = shop.complete(cart)
    if then in {"refund", "ship"}:
        shop.pay(payment)
    if then != "nothing":
        getattr(shop, then)(payment)
    assert sylius.reason(cart) is Reason.CLOSED


async def test_where_all_pay_online_an_unpaid_order_is_abandoned(paid_online: OnSylius) -> None:
    """Its own pieces are held for it: the last one of them is not sold out."""
    shop = paid_online.shop
    async with paid_online.db.stream() as stream:
        cart = paid_online.cart_of(paid_online.jane(), LAMP, quantity=5)
        payment = shop.complete(cart)
        await stream.settle()
        assert stream.tracker.due_of(cart) is not None
        assert paid_online.sent(cart)
        again = shop.fail(payment)
        assert paid_online.sent(cart)
        shop.pay(again)
        assert (cart, "OrderPlaced") in said(await stream.settle())
        assert stream.tracker.due_of(cart) is None
    assert not paid_online.sent(cart)


def test_where_all_pay_online_a_cancelled_order_is_over(paid_online: OnSylius) -> None:
    cart = paid_online.cart_of(paid_online.jane())
    paid_online.shop.cancel(paid_online.shop.complete(cart))
    assert not paid_online.sent(cart)


def test_what_costs_nothing_is_bought_at_once(paid_online: OnSylius) -> None:
    cart = paid_online.cart_of(paid_online.jane(), SAMPLE)
    paid_online.shop.complete(cart)
    ((state,),) = paid_online.db.run("SELECT payment_state FROM sylius_order WHERE id = %s", (cart,))
    assert state == "paid"
    assert not paid_online.sent(cart)


def test_who_bought_as_a_guest_has_bought(sylius: OnSylius) -> None:
    cart = sylius.cart_of(sylius.jane())
    assert sylius.sent(cart)
    other = sylius.cart_of(None, LAMP, minutes_ago=30)
    sylius.shop.address(other, "Jane@example.com")
    sylius.shop.complete(other)
    assert sylius.db.decide(cart, minutes_later=60) == Skip(Reason.EMPTY)
    later = sylius.cart_of(None, minutes_ago=-1)
    sylius.shop.address(later, "jane@example.com")
    assert sylius.sent(later)


def test_what_was_added_after_an_order_is_not_bought(sylius: OnSylius) -> None:
    """Though the cart is older than the order: each piece has its time."""
    customer = sylius.jane()
    cart = sylius.cart_of(customer, KETTLE, minutes_ago=90)
    other = sylius.cart_of(customer, LAMP, minutes_ago=80)
    sylius.shop.complete(other, minutes_ago=70)
    assert sylius.reason(cart) is Reason.EMPTY
    sylius.shop.add(cart, RED, minutes_ago=40)
    assert [line.name for line in sylius.db.load(cart)[cart].lines] == ["T-Shirt (Red, M)"]
    assert sylius.sent(cart)


async def test_a_guest_is_mailed_once_there_is_an_address(sylius: OnSylius) -> None:
    db, shop = sylius.db, sylius.shop
    async with db.stream() as stream:
        cart = sylius.cart_of(None)
        await stream.settle()
        assert sylius.reason(cart) is Reason.GUEST
        shop.address(cart, "joan@example.com")
        assert said(await stream.settle()) == [(cart, "UPDATE")]
        assert stream.tracker.due_of(cart) is not None
    assert sylius.sent(cart)
    customer = db.load(cart)[cart].customer
    assert customer is not None
    assert (customer.name, customer.email) == ("Joan Guest", "joan@example.com")
    shop.address(cart, "jo@example.com")  # a slip: the step is taken once more
    customer = db.load(cart)[cart].customer
    assert customer is not None
    assert customer.email == "jo@example.com"


async def test_a_guests_cart_becomes_the_customers_at_login(sylius: OnSylius) -> None:
    db, shop, customer = sylius.db, sylius.shop, sylius.jane()
    async with db.stream() as stream:
        older, cart = sylius.cart_of(customer, LAMP, minutes_ago=90), sylius.cart_of(None)
        shop.log_in(customer, cart)
        await stream.settle()
        assert stream.tracker.due_of(cart) is not None
        assert sylius.sent(cart)
        assert [line.name for line in db.load(older)[older].lines] == ["Lamp & Shade (60 W)"]
        shop.complete(cart)
        await stream.settle()
    assert not sylius.sent(older)


async def test_what_empties_a_cart_leaves_nothing_to_mail(sylius: OnSylius) -> None:
    db, shop = sylius.db, sylius.shop
    async with db.stream() as stream:
        cart, other = sylius.cart_of(sylius.jane()), sylius.cart_of(sylius.shop.register("joe@example.com"))
        await stream.settle()
        ((item,),) = db.run("SELECT id FROM sylius_order_item WHERE order_id = %s", (cart,))
        shop.remove(item)
        shop.clear(other)
        await stream.settle()
        for key in (cart, other):
            assert key not in db.load(key) or not db.load(key)[key].lines


def test_the_scan_finds_open_carts_alone(sylius: OnSylius) -> None:
    customer = sylius.jane()
    bought, cart = sylius.cart_of(customer), sylius.cart_of(customer, minutes_ago=-1)
    sylius.shop.complete(bought, minutes_ago=2)
    found = [one.key for page in sylius.db.resources.scan.open_carts(0) for one in page]
    assert found == [cart]


def test_what_a_plugin_orders_in_the_back_office_was_no_cart(sylius: OnSylius) -> None:
    order = sylius.shop.order_in_the_back_office(sylius.jane(), KETTLE)
    assert not sylius.sent(order)
