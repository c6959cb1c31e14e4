"""From a claimed cart to the bytes of its mail, with a real catalogue, renderer and writer."""

import email
import email.policy
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import structlog
from fakes.store import brand, catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

from binlog_watcher.core.cart import Cart, Customer, Line
from binlog_watcher.core.decision import Send
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.demo import sample_shop
from binlog_watcher.recovery.compose.brands import Brands
from binlog_watcher.recovery.compose.composer import Composer
from binlog_watcher.recovery.compose.product_pages import ProductPages
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail
from binlog_watcher.telemetry.metrics import Metrics
from mailer import DiscountTable, InvalidAddressError, Links, Tier, minor_digits
from recommender import LiveRecommender, Options, TemplateWriter

NOW = 1_790_000_000_000_000
DAY_US = 86_400_000_000


TIERS = DiscountTable((Tier(Decimal(100), Decimal(10)), Tier(Decimal(500), Decimal(20), "SAVE20")))


def composer(**changes: Any) -> Composer:
    parts: dict[str, Any] = {
        "brands": Brands(brand(discounts=TIERS)),
        "recommender": LiveRecommender(catalogue(), count=3, options=Options(threshold=0.05)),
        "writer": TemplateWriter(),
        "metrics": Metrics(),
        "installation": "abc",
        "bought_us": 365 * DAY_US,
    }
    return Composer(**(parts | changes))


@cache
def shared_composer() -> Composer:
    """One for tests with many examples: its templates are compiled once."""
    return composer(recommender=None)


async def make(making: Composer, entry: ClaimedCart, picks: Any, now_us: int) -> ComposedMail:
    """Text, rendering and building of one mail."""
    return making.build(entry, picks, await making.text(entry.cart, picks), now_us)


def cart(*, price: str = "20", quantity: int = 2, name: str | None = "Ada Lovelace") -> Cart:
    product = next(iter(sample_shop.products()))
    line = Line(product.id, product.name, product.category, Decimal(price), quantity, product.image)
    customer = Customer(7, name, "Ada@example.com", None, b"x" * 32)
    return Cart(7, customer, (line,), NOW, None)


def claimed(one: Cart) -> ClaimedCart:
    return ClaimedCart(DueCart(7, "binlog", NOW, NOW), one, Send(NOW, NOW), 42, 1)


def parsed(message: bytes) -> Any:
    return email.message_from_bytes(message, policy=email.policy.default)


async def test_a_mail_with_cart_discount_and_recommendations() -> None:
    making = composer()
    (picks,) = making.recommend([cart()])
    ready = await make(making, claimed(cart(price="300")), picks, NOW)
    mail = parsed(ready.message)
    assert ready.recipient == "Ada@example.com"
    assert mail["Message-ID"] == ready.message_id == brand().envelope.message_id(42, tag="abc")
    assert mail["Subject"].startswith("Ada, you left something in your cart")
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    for part in (text, html):
        assert "600.00" in part
        assert "480.00" in part
        assert "SAVE20" in part
    assert len(picks) == 3
    assert all(pick.product.name.split()[0] in text for pick in picks)


def test_what_the_customer_bought_not_long_ago_is_not_recommended() -> None:
    making = composer(bought_us=30 * DAY_US)
    (before,) = making.recommend([cart()])
    first, second, third = (pick.product.id for pick in before)
    bought = {first: NOW - 31 * DAY_US, second: NOW - 29 * DAY_US, third: None}
    (after,) = making.recommend([replace(cart(), bought=bought)])
    ids = [pick.product.id for pick in after]
    assert first in ids
    assert not {second, third} & set(ids)
    (anything,) = composer(bought_us=0).recommend([replace(cart(), bought={first: NOW, second: None})])
    assert [pick.product.id for pick in anything] == [first, second, third]


async def test_cart_lines_and_recommendations_lead_to_their_products() -> None:
    making = composer(brands=Brands(brand(product_pages=ProductPages(preset="index.php?id_product={id}"))))
    (picks,) = making.recommend([cart()])
    mail = parsed((await make(making, claimed(cart()), picks, NOW)).message)
    ids = [cart().lines[0].product_id, *(pick.product.id for pick in picks)]
    for part in ("html", "plain"):
        content = mail.get_body((part,)).get_content()
        assert all(f"https://shop.example.com/index.php?id_product={one}" in content for one in ids)


async def test_where_pages_are_served_links_to_products_are_counted_but_not_those_of_a_preview() -> None:
    links = Links(
        "a secret for tests only",
        support_email="help@example.com",
        public_url="https://c.example.com",
        product_site="https://shop.example.com",
    )
    pages = ProductPages(preset="p/{id}")
    making = composer(brands=Brands(brand(product_pages=pages, links=links)))
    (picks,) = making.recommend([cart()])
    mail = parsed((await make(making, claimed(cart()), picks, NOW)).message)
    page = "https://shop.example.com/p/{}"
    wanted = [links.to_product(42, "item", 1, page.format(cart().lines[0].product_id))]
    wanted += [
        links.to_product(42, "pick", n, page.format(pick.product.id)) for n, pick in enumerate(picks, 1)
    ]
    for part in ("html", "plain"):
        content = mail.get_body((part,)).get_content()
        assert all(link in content for link in wanted)
        assert "https://shop.example.com/p/" not in content
    rendered, _ = making.render(cart(), picks, "", 0, NOW)
    assert page.format(cart().lines[0].product_id) in rendered.text
    assert "https://c.example.com/r/" not in rendered.html


async def test_a_rebate_is_neither_written_about_nor_the_reason_of_a_recommendation() -> None:
    rebated = cart(price="300")
    rebate = Line(2, "Welcome rebate", "", Decimal(-5), 1, None)
    rebated = replace(rebated, lines=(*rebated.lines, rebate))
    making = composer()
    assert making.recommend([rebated]) == making.recommend([cart()])
    assert "rebate" not in await making.text(rebated, [])
    assert making.brands.of(rebated).discount(rebated).percent == 20


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.decimals(0, 10**6, places=6), st.integers(1, 10**4), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["USD", "JPY", "KWD", None]),
)
def test_the_mails_subtotal_is_the_total_that_is_logged_and_earns_the_discount(
    rows: list[tuple[Decimal, int, bool]], currency: str | None
) -> None:
    lines = tuple(
        Line(n, "Thing", "", price, quantity, None, available=available)
        for n, (price, quantity, available) in enumerate(rows)
    )
    one = replace(cart(), lines=lines, currency=currency, digits=minor_digits(currency))
    _, mail = shared_composer().render(one, [], "", 7, 0)
    assert mail.subtotal == one.total
    if currency in {None, "USD"}:  # the tiers' own
        assert mail.discount == TIERS.for_total(mail.subtotal)


async def test_the_same_row_gives_the_same_message_id_at_every_attempt() -> None:
    making = composer()
    one = await make(making, claimed(cart()), [], NOW)
    two = await make(making, replace(claimed(cart()), attempt=2), [], NOW + 3_600_000_000)
    assert one.message_id == two.message_id
    assert parsed(one.message)["Date"] != parsed(two.message)["Date"]


def test_a_recommender_that_breaks_recommends_nothing_for_the_whole_batch() -> None:
    class Broken:
        def recommend_many(self, _carts: object) -> None:
            raise MemoryError("matrix")

    metrics = Metrics()
    making = composer(recommender=Broken(), metrics=metrics)
    with structlog.testing.capture_logs() as logs:
        assert making.recommend([cart(), cart()]) == [[], []]
    assert [(entry["event"], entry["mails"], entry["log_level"]) for entry in logs] == [
        ("recommender.failed", 2, "warning")
    ]
    assert metrics.registry.get_sample_value("cartwake_fallbacks_total", {"part": "recommender"}) == 2


async def test_a_mail_without_recommendations_is_whole() -> None:
    ready = await make(composer(), claimed(cart(name=None)), [], NOW)
    mail = parsed(ready.message)
    assert "you left something in your cart" in mail["Subject"].lower()
    assert "40.00" in mail.get_body(("plain",)).get_content()


async def test_an_address_that_went_bad_is_an_error_of_this_mail() -> None:
    broken = replace(cart(), customer=Customer(7, "Ada", "no address", None, None))
    with pytest.raises(InvalidAddressError):
        await make(composer(), claimed(broken), [], NOW)


async def test_a_mail_says_where_it_comes_back_to() -> None:
    envelope = replace(brand().envelope, bounce_address="bounce+{verp}@mail.example.com")
    making = composer(brands=Brands(brand(envelope=envelope)))
    ready = await make(making, claimed(cart()), [], NOW)
    assert ready.sender == f"bounce+{envelope.ids.sign(42)}@mail.example.com"
    assert parsed(ready.message)["From"] == "The Sample Shop <hello@shop.example.com>"
