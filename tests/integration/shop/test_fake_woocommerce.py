"""The WooCommerce shop of the tests writes what WooCommerce would: sessions, and orders of both kinds."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from fakes.php import serialized
from fakes.woocommerce.catalogue import BLUE_ANY, KETTLE, RED_L, SHIRT, SPOON
from fakes.woocommerce.opened import DOCUMENT, Open, opened
from fakes.woocommerce.orders import CANCELLED, FAILED, ON_HOLD, PENDING, PROCESSING
from fakes.woocommerce.session import Session, line
from fakes.woocommerce.sessions import DAY, guest_key

from binlog_watcher.demo.server import Server
from binlog_watcher.shop.documents.cart import DocumentCart

ADA = "ada@example.com"


@pytest.fixture
def woo(server: Server, fresh_database: str) -> Iterator[Open]:
    with opened(server, fresh_database) as shop:
        yield shop


@pytest.fixture(params=[False, True], ids=["", "later"])
def later(request: pytest.FixtureRequest) -> bool:
    """Whether the shop keeps nothing in a session that is empty."""
    return bool(request.param)


@pytest.fixture(params=[True, False], ids=["hpos", "legacy"])
def ordering(request: pytest.FixtureRequest, woo: Open) -> Open:
    woo.shop.hpos = request.param
    return woo


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_document_is_stored_as_it_was_built(woo: Open, later: bool) -> None:
    session = Session(line(KETTLE, 2), line(RED_L), line(BLUE_ANY, size="größe-m"), later=later)
    key = guest_key()
    session.notice("„Kessel“ 🫖 &times; 2 wurde hinzugefügt")
    woo.shop.type_address(key, session, ADA, first_name="Ada", last_name="Löwe 🦁")
    assert woo.document(key) == session.document
    assert b"\0*\0meta_data" in session.document
    cart = woo.cart(key)
    assert [(one.product, one.variant, int(one.quantity)) for one in cart.lines] == [
        (KETTLE.id, None, 2), (SHIRT.id, RED_L.id, 1), (SHIRT.id, BLUE_ANY.id, 1),
    ]  # fmt: skip
    assert [one.total and round(one.total, 2) for one in cart.lines] == [
        Decimal("39.98"), Decimal("24.90"), Decimal("21.50"),
    ]  # fmt: skip
    assert (cart.email, cart.name) == (ADA, "Ada Löwe 🦁")


def test_each_page_is_an_upsert_of_the_one_row(woo: Open) -> None:
    session, key = Session(line(KETTLE)), guest_key()
    woo.shop.save(key, session)
    number, first, expiry = woo.rows()[key]
    woo.shop.look_at_a_page(key, session, "Hinzugefügt")
    again, second, _ = woo.rows()[key]
    assert (again, second == first) == (number, False)
    assert woo.cart(key) == DOCUMENT.plan.read(first)
    woo.shop.look_at_a_page(key, session)
    woo.shop.renew(key, expiry + DAY)
    assert woo.rows()[key][0::2] == (number, expiry + DAY)
    # The column's collation takes capitals for the same key: the upsert finds the row.
    woo.shop.save(key.upper(), session)
    assert list(woo.rows()) == [key]


def test_quantity_and_removal(woo: Open) -> None:
    key = guest_key()
    session = Session(line(KETTLE), line(SPOON))
    woo.shop.save(key, session)
    session.put_lines([line(KETTLE, 3), line(SPOON)])
    woo.shop.save(key, session)
    assert [one.quantity for one in woo.cart(key).lines] == [3, 1]
    session.put_lines([line(SPOON)])
    session.remember_removed(line(KETTLE, 3))
    woo.shop.save(key, session)
    assert [one.product for one in woo.cart(key).lines] == [SPOON.id]
    assert f'"product_id";i:{KETTLE.id};'.encode() in woo.document(key)


def test_a_coupon_lowers_the_lines_total(woo: Open) -> None:
    session = Session(line(KETTLE, 2), line(SPOON))
    session.apply_coupon("größe10", Decimal("10.00"))
    woo.shop.save("7", session)
    assert [round(one.total or 0, 2) for one in woo.cart("7").lines] == [Decimal("29.98"), Decimal("3.33")]


def test_login_moves_the_guests_row(woo: Open, later: bool) -> None:
    user, guest = woo.shop.register(ADA), guest_key()
    before = Session(line(SPOON))
    woo.shop.save(str(user), before)
    number = woo.rows()[str(user)][0]
    session = Session(line(KETTLE), later=later)
    woo.shop.save(guest, session)
    assert woo.shop.log_in(guest, session, user) == str(user)
    assert {key: row[:2] for key, row in woo.rows().items()} == {str(user): (number, session.document)}
    woo.shop.keep_cart(user, session)
    woo.shop.log_out(user)
    assert woo.rows() == {}
    kept = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key LIKE %s"
    assert woo.run(kept, (user, "%persistent%")) == [(serialized({"cart": session.values["cart"]}).decode(),)]


def test_a_clone_is_a_row_without_the_customer(woo: Open) -> None:
    key, session = guest_key(), Session(line(KETTLE))
    woo.shop.type_address(key, session, ADA)
    twin, _ = woo.shop.clone(session, key)
    assert set(woo.rows()) == {key, twin}
    assert woo.cart(twin).lines == woo.cart(key).lines
    assert (woo.cart(key).email, woo.cart(twin).email) == (ADA, None)
    assert b's:20:"previous_customer_id";s:32:"%s"' % key.encode() in woo.document(twin)


def test_what_has_expired_is_cleaned_up(woo: Open) -> None:
    new = guest_key()
    expiry = woo.shop.save(new, Session(line(KETTLE)))
    for batch in (None, 2):
        for _ in range(3):
            woo.shop.save(guest_key(), Session(line(KETTLE)), expiry=expiry - 3 * DAY)
        woo.shop.clean_up(batch=batch)
        assert set(woo.rows()) == {new}


def test_a_truncated_document_is_stored_too(woo: Open) -> None:
    session = Session(line(KETTLE))
    woo.shop.save("7", session, written=session.document[:100])
    assert woo.document("7") == session.document[:100]


# --- orders ---------------------------------------------------------------------------------------------------------


def test_the_classic_checkout(ordering: Open) -> None:
    key, session, shop = guest_key(), Session(line(KETTLE), line(RED_L)), ordering.shop
    shop.save(key, session)
    order = shop.place(key, session, ADA)
    assert ordering.cart(key).order == order
    assert not ordering.counts(order)
    shop.set_status(order, FAILED)
    assert not ordering.counts(order)
    assert len(ordering.cart(key).lines) == 2
    shop.pay(key, session, order)
    assert ordering.counts(order)
    assert ordering.cart(key) == DocumentCart(lines=())
    assert b's:4:"cart";s:6:"a:0:{}";' in ordering.document(key)
    assert b's:22:"order_awaiting_payment";N;' in ordering.document(key)


def test_later_versions_keep_nothing_that_is_empty(woo: Open) -> None:
    key, session, shop = guest_key(), Session(line(KETTLE), later=True), woo.shop
    shop.look_at_a_page(key, session)
    assert list(session.values) == ["cart_totals", "cart"]
    shop.type_address(key, session, ADA)
    shop.pay(key, session, shop.place(key, session, ADA))
    assert list(session.values) == ["customer", "chosen_payment_method"]
    assert woo.cart(key) == DocumentCart(lines=(), email=ADA)
    other, left = guest_key(), Session(line(KETTLE), later=True)
    shop.save(other, left)
    shop.thank(other, left)
    assert set(woo.rows()) == {key}


def test_the_block_checkout(ordering: Open) -> None:
    key, session, shop = guest_key(), Session(line(KETTLE)), ordering.shop
    draft = shop.open_block_checkout(key, session)
    assert not ordering.counts(draft)
    assert ordering.cart(key).order is None
    assert f's:21:"store_api_draft_order";i:{draft};'.encode() in ordering.document(key)
    shop.place_draft(key, session, draft, ADA)
    assert not ordering.counts(draft)
    assert ordering.cart(key).order == draft
    shop.pay(key, session, draft, status=ON_HOLD)
    assert ordering.counts(draft)
    left = shop.open_block_checkout(guest_key(), Session(line(SPOON)))
    shop.drop_drafts()
    assert not ordering.counts(left)
    assert ordering.counts(draft)


def test_cancelled_by_customer_merchant_and_clock(ordering: Open) -> None:
    key, session, shop = guest_key(), Session(line(KETTLE)), ordering.shop
    order = shop.place(key, session, ADA)
    shop.cancel_at_gateway(key, session, order)
    assert ordering.counts(order)  # it is over
    assert b's:22:"order_awaiting_payment";b:0;' in ordering.document(key)
    unpaid = shop.place(key, session, ADA)
    shop.cancel_unpaid(unpaid)
    assert ordering.counts(unpaid)  # no column of the order tells this from the others …
    assert ordering.cart(key).order == unpaid  # … but the session still waits for its payment
    paid = shop.place(key, session, ADA)
    shop.pay(key, session, paid)
    shop.set_status(paid, CANCELLED)
    assert ordering.counts(paid)
    assert ordering.cart(key).order is None


def test_a_refund_is_no_order(ordering: Open) -> None:
    order = ordering.shop.order(Session(line(KETTLE)), ADA, status=PROCESSING)
    refund = ordering.shop.refund(order)
    assert ordering.counts(order)
    assert not ordering.counts(refund)


def test_hpos_orders_by_customer_and_address(woo: Open) -> None:
    user = woo.shop.register(ADA)
    mine = woo.shop.order(Session(line(KETTLE)), ADA, user=user, status=PROCESSING, minutes_ago=30)
    guests = woo.shop.order(Session(line(SPOON)), ADA.upper(), status=PROCESSING)
    for column, wanted, found in (("customer", user, {mine}), ("email", ADA, {mine, guests})):
        name = woo.selects.sections["orders"][column]
        rows = woo.run(
            f"SELECT id FROM wp_wc_orders WHERE {name} = %s AND {woo.selects.counting('orders')}", (wanted,)
        )
        assert {row[0] for row in rows} == found
    ago = "SELECT TIMESTAMPDIFF(MINUTE, date_created_gmt, UTC_TIMESTAMP()) FROM wp_wc_orders WHERE id = %s"
    assert woo.run(ago, (mine,)) == [(30,)]
    assert woo.run("SELECT post_type, post_status FROM wp_posts WHERE ID = %s", (mine,)) == [
        ("shop_order_placehold", "draft")
    ]


def test_legacy_orders_by_customer_and_address(woo: Open) -> None:
    shop, shop_session = woo.shop, Session(line(KETTLE), line(RED_L))
    shop.hpos = False
    user = shop.register(ADA)
    mine = shop.order(shop_session, ADA, user=user, status=PROCESSING)
    assert woo.told("orders_legacy", user, select="by_customer") == []  # the queue has not run yet
    shop.report(mine, shop_session, ADA, user=user, status=PENDING)
    guests = shop.order(Session(line(SPOON)), "guest@example.com", status=PROCESSING)
    shop.report(guests, Session(line(SPOON)), "guest@example.com", user=0, status=PROCESSING)
    (by_customer,) = woo.told("orders_legacy", user, select="by_customer")
    assert by_customer["id"] == mine
    (by_email,) = woo.told("orders_legacy", "guest@example.com", select="by_email")
    assert by_email["id"] == guests
    values = woo.run(
        "SELECT meta_key, meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key IN (%s, %s) ORDER BY 1",
        (mine, "_customer_user", "_billing_email"),
    )
    assert values == [("_billing_email", ADA), ("_customer_user", str(user))]


def test_items_of_an_order(ordering: Open) -> None:
    session = Session(line(KETTLE, 2), line(RED_L))
    order = ordering.shop.order(session, ADA, status=PROCESSING)
    ordering.shop.report(order, session, ADA, user=None, status=PROCESSING)
    section = ordering.selects.sections["order_items"]
    rows = ordering.run(
        f"SELECT {section['product']}, variation_id, product_qty FROM {ordering.selects.table('order_items')} "
        f"WHERE {section['order']} = %s ORDER BY order_item_id",
        (order,),
    )
    assert rows == [(KETTLE.id, 0, 2), (SHIRT.id, RED_L.id, 1)]


def test_a_draft_is_deleted_with_all_its_rows(ordering: Open) -> None:
    draft = ordering.shop.open_block_checkout("7", Session(line(KETTLE)))
    ordering.shop.drop_drafts()
    for table, column in (("wp_posts", "ID"), ("wp_wc_orders", "id"), ("wp_woocommerce_order_items", "order_id"),
                          ("wp_wc_order_addresses", "order_id"), ("wp_postmeta", "post_id")):  # fmt: skip
        assert ordering.run(f"SELECT 1 FROM {table} WHERE {column} = %s", (draft,)) == []
