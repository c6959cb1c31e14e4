import html
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fakes.store import store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer import DiscountTable, Line, Links, Pick, RecoveryMail, Rendered, Renderer, Tier
from mailer.languages import languages
from mailer.text import display_width, wrapped

D = Decimal
STORE = store(
    name="Fernweh Outfitters",
    url="https://shop.example.com/en",
    address="12 Harbour Street\nBristol BS1 4RN",
    support_email="help@example.com",
    cart_url="https://shop.example.com/cart?a=1&b=2",
)
UNSUBSCRIBE = Links(b"0123456789abcdef", support_email="help@example.com").unsubscribe(7)
TABLE = DiscountTable((Tier(D(100), D(10), "SAVE10"), Tier(D(500), D(20))), note="Tell us when you order.")
BACKPACK = Line("Backpack 28 L", "Bags", D("129.90"), 1, "img/backpack.jpg")
MUG = Line("Mug", "Kitchen", D("10"), 2)
PICKS = (
    Pick("Dry Bag", D(24), "Bags", "/i/dry bag.png", "/p/1"),
    Pick("Beanie", D(29)),
    Pick("Poles", D(89)),
)
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Reads a mail as a mail client does; fails on tags that do not nest."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]

    def images(self) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == "img"]


def mail(
    *lines: Line, name: str | None = "Jane", picks: tuple[Pick, ...] = PICKS, text: str = "Try these."
) -> RecoveryMail:
    total = sum((line.total("USD") for line in lines), D(0))
    return RecoveryMail(
        first_name=name,
        lines=lines,
        log_id=7,
        unsubscribe=UNSUBSCRIBE,
        discount=TABLE.for_total(total),
        text=text,
        picks=picks,
    )


def render(given_mail: RecoveryMail, **changes: Any) -> tuple[Rendered, Page]:
    rendered = Renderer(replace(STORE, **changes)).render(given_mail)
    return rendered, Page(rendered.html)


def test_all_parts_are_in_the_html() -> None:
    rendered, page = render(mail(BACKPACK, MUG))
    for part in (
        "Fernweh Outfitters",
        "Hi Jane,",
        "10% off your cart",
        "SAVE10",
        "Free shipping on your order",
        "Backpack 28 L",
        "1 × $129.90",  # noqa: RUF001 - the multiplication sign is meant
        "2 × $10.00",  # noqa: RUF001 - same
        "Subtotal$149.90",
        "Discount (10%)−$14.99",  # noqa: RUF001 - the minus sign is meant
        "Estimated total with code SAVE10$134.91",
        "Return to Cart",
        "You might also like",
        "Try these.",
        "Dry Bag",
        "$24.00",
        "12 Harbour Street",
        "Bristol BS1 4RN",
        "help@example.com",
        "Unsubscribe",
    ):
        assert part in page.text, part
    assert STORE.cart_url in page.links()
    assert UNSUBSCRIBE.mailto in page.links()
    assert ("html", "en", "ltr") in {(tag, attrs.get("lang"), attrs.get("dir")) for tag, attrs in page.tags}
    assert re.search(r'<a class="button"[^>]*background-color: #15803d', rendered.html)
    assert sum("card" in (attrs.get("class") or "").split() for _, attrs in page.tags) == 3
    assert "dry%20bag.png" in str(page.images())
    assert "{%" not in rendered.html
    assert "jinja" not in rendered.html


def test_all_parts_are_in_the_text() -> None:
    text = render(mail(BACKPACK, MUG))[0].text
    for part in (
        "Hi Jane,",
        "10% OFF",
        "SAVE10",
        "Free shipping",
        "Backpack 28 L",
        "2 x $10.00 = $20.00",
        "Subtotal: $149.90",
        "Discount (10%): −$14.99",  # noqa: RUF001 - the minus sign is meant
        "Estimated total with code SAVE10: $134.91",
        STORE.cart_url,
        "Try these.",
        "Dry Bag - $24.00\n  https://shop.example.com/p/1",
        "12 Harbour Street\nBristol BS1 4RN",
        "help@example.com",
        f"unsubscribe {UNSUBSCRIBE.token}",
    ):
        assert part in text, part
    assert "\n\n\n\n" not in text


@pytest.mark.parametrize(
    ("name", "line", "emoji", "subject"),
    [
        ("Jane", MUG, False, "Jane, you left something in your cart"),
        ("Jane", BACKPACK, False, "Jane, you left something in your cart – 10% off"),  # noqa: RUF001 - en dash
        (None, MUG, False, "You left something in your cart"),
        ("", MUG, False, "You left something in your cart"),
        ("Jane", MUG, True, "🛒 Jane, you left something in your cart"),
        ("Ja\r\nBcc: x@y.test", MUG, False, "Ja Bcc: x@y.test, you left something in your cart"),
    ],
)
def test_the_subject(name: str | None, line: Line, emoji: bool, subject: str) -> None:
    assert render(mail(line, name=name), emoji=emoji)[0].subject == subject


def test_without_discount_recommendations_name_or_free_shipping_nothing_is_left_hanging() -> None:
    rendered, page = render(mail(MUG, name=None, picks=(), text=""), free_shipping_text="")
    for absent in ("off", "Discount", "might also like", "Hi ", "shipping", "None"):
        assert absent not in page.text
        assert absent not in rendered.text
    assert "Hello," in page.text
    assert "Hello," in rendered.text


@pytest.mark.parametrize("price", ["0", "0.04"])
def test_a_discount_that_rounds_to_nothing_is_none(price: str) -> None:
    given = replace(mail(Line("Pin", None, D(price), 1)), discount=TABLE.for_total(D(100)))
    rendered = Renderer(STORE).render(given)
    for part in (rendered.subject, rendered.html, rendered.text):
        assert not re.search("10%|SAVE10|instead of|Discount", part)


def test_a_shops_own_subject_may_hold_a_percent_sign(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text('msgid "You left something in your cart"\nmsgstr "100% deins"\n')
    rendered = Renderer(STORE, languages(("de",), tmp_path)).render(mail(MUG, name=None))
    assert rendered.subject == "100% deins"


@pytest.mark.parametrize(
    ("tag", "name", "mark"),
    [
        ("en", "Jane", ""),
        ("en", "محمد", "\u200e"),
        ("de", "דנה", "\u200e"),
        ("ar", "محمد", ""),
        ("ar", "Jane", "\u200f"),
        ("he", "Jane", "\u200f"),
        ("en", "42", ""),
    ],
)
def test_a_subject_runs_as_its_language_does_whatever_the_name(tag: str, name: str, mark: str) -> None:
    subject = Renderer(STORE, languages((tag,))).render(mail(MUG, name=name)).subject
    assert subject.startswith(mark + name)


def test_a_discount_without_a_code_says_how_it_is_applied() -> None:
    rendered, page = render(mail(Line("TV", "TV", D(600), 1)))
    assert "20% off" in page.text
    assert "Tell us when you order." in page.text
    assert "Tell us when you order." in rendered.text
    assert "at checkout" not in page.text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "{{ 7*7 }}", "a & b"]
)
def test_markup_in_names_is_shown_not_obeyed(name: str) -> None:
    lines = Line(name, name, D(150), 1), MUG
    rendered, page = render(mail(*lines, name=name, text=name, picks=(Pick(name, D(1), name),)))
    assert page.text.count(name) == 6  # title, greeting, line, text, card name, card category
    assert name in rendered.subject
    assert name in rendered.text
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.images() == []


@pytest.mark.parametrize("name", ["سارة", "山田 太郎", "Zoë 👩‍👩‍👧", "O'Neil", "Łukasz"])
def test_names_of_all_scripts_are_kept_and_isolated(name: str) -> None:
    rendered, _ = render(mail(Line(name, None, D(5), 1), name=name))
    assert f'Hi <bdi dir="auto">{html.escape(name)}</bdi>'.replace("&#x27;", "&#39;") in rendered.html
    assert rendered.subject.removeprefix("\u200e").startswith(name)
    assert f"Hi {name}," in rendered.text


def test_entities_in_product_names_become_characters() -> None:
    rendered, page = render(mail(Line("Salt &amp; Pepper", "A&amp;B", D(5), 1)))
    assert "Salt & Pepper" in page.text
    assert "Salt & Pepper" in rendered.text
    assert "&amp;amp;" not in rendered.html


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ("img/mug.jpg", "https://shop.example.com/en/img/mug.jpg"),
        ("/img/mug.jpg", "https://shop.example.com/img/mug.jpg"),
        ("//cdn.example.org/mug.jpg", "https://cdn.example.org/mug.jpg"),
        ("https://cdn.example.org/m.jpg?w=1&h=2", "https://cdn.example.org/m.jpg?w=1&h=2"),
        ("blue mug.jpg", "https://shop.example.com/en/blue%20mug.jpg"),
        ("blue%20mug.jpg", "https://shop.example.com/en/blue%20mug.jpg"),
        ("tasse-grün.jpg", "https://shop.example.com/en/tasse-gr%C3%BCn.jpg"),
        ('x" onerror="alert(1)', "https://shop.example.com/en/x%22%20onerror=%22alert(1)"),
    ],
)
def test_images_are_made_absolute(raw: str, source: str) -> None:
    _, page = render(mail(Line("Mug", None, D(5), 1, raw)))
    assert page.images()[0]["src"] == source
    assert page.images()[0]["alt"] == ""  # its name stands beside it
    assert "onerror" not in page.images()[0]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "  ",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "C:\\images\\mug.jpg",
        "https://",
        "http://[broken",
        "https://cdn.example.org/" + "x" * 500,
        "java\nscript:alert(1)",
    ],
)
def test_what_is_no_picture_becomes_a_placeholder_that_loads_nothing(raw: str | None) -> None:
    rendered, page = render(mail(Line("Mug", None, D(5), 1, raw), picks=(Pick("Bag", D(1), None, raw, raw),)))
    if raw == "java\nscript:alert(1)":
        assert all(
            (image["src"] or "").startswith("https://shop.example.com/en/java%0Ascript")
            for image in page.images()
        )
    else:
        assert page.images() == []
        assert ">M</span>" in rendered.html
        assert page.links().count(STORE.url) == 1  # the shop's name, and no card
    assert "javascript:" not in rendered.html.lower()


def test_nothing_but_pictures_is_fetched_from_elsewhere() -> None:
    rendered, page = render(mail(BACKPACK))
    assert {tag for tag, _ in page.tags}.isdisjoint({"link", "script", "iframe", "object", "form"})
    assert "@import" not in rendered.html
    assert "url(" not in rendered.html


def test_a_cart_of_500_lines_stays_small_and_its_totals_whole() -> None:
    lines = [
        Line("W" * 300 + f" {n}", "C" * 99, D("9.99"), 2, f"https://cdn.test/{'i' * 470}{n}")
        for n in range(500)
    ]
    rendered, page = render(mail(*lines, picks=PICKS * 4))
    assert len(rendered.html.encode()) <= 80_000
    assert "and 984 more items" in page.text
    assert "... and 984 more items" in rendered.text
    assert "Subtotal$9,990.00" in page.text
    assert len(re.findall(r"2 × \$9\.99", page.text)) == 8  # noqa: RUF001 - the multiplication sign is meant


NASTY = st.text(max_size=200) | st.sampled_from(
    ["&" * 5000, "<" * 5000, "\U0001d54f" * 5000, "\u202e" * 50, "&quot;" * 3000]
)
LINES = st.builds(
    Line, NASTY, st.none() | NASTY, st.decimals(0, 10**6, places=2), st.integers(1, 10**6), st.none() | NASTY
)
PICKED = st.builds(
    Pick, NASTY, st.decimals(0, 10**6, places=2), st.none() | NASTY, st.none() | NASTY, st.none() | NASTY
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(LINES, min_size=1, max_size=30),
    picks=st.lists(PICKED, max_size=20),
    name=NASTY,
    text=NASTY,
)
def test_any_text_gives_a_well_formed_small_mail(
    lines: list[Line], picks: list[Pick], name: str, text: str
) -> None:
    rendered, page = render(mail(*lines, picks=tuple(picks), name=name, text=text))
    assert len(rendered.html.encode()) <= 80_000
    assert "\n" not in rendered.subject
    assert len(rendered.subject) <= 100
    assert all(link.startswith(("https://", "http://", "mailto:")) for link in page.links())
    assert all((image["src"] or "").startswith(("https://", "http://")) for image in page.images())


def test_the_worst_text_that_fits_stays_under_80_kb() -> None:
    amp, url = "&" * 200, "https://cdn.test/?" + "&" * 480
    lines = [Line(amp, amp, D("9999999.99"), 10**6, url)] * 500
    picks = (Pick(amp, D("9999999.99"), amp, url, url),) * 12
    worst = mail(*lines, picks=picks, text="&" * 3000, name=amp)
    for link in (None, lambda kind, number, page: f"https://c.test/{kind}{number}{page * 2}"[:1000]):
        rendered, _ = render(replace(worst, product_link=link), logo_url=url)
        assert len(rendered.html.encode()) <= 80_000


def test_the_preheader_tells_what_waits_and_what_it_costs() -> None:
    _, page = render(mail(BACKPACK, MUG))
    assert "3 items are waiting for you, now $134.91 with 10% off." in page.text
    assert "1 item is waiting for you." in render(mail(Line("Mug", None, D(10), 1)))[1].text


def test_a_carts_own_currency_beats_the_stores() -> None:
    cart = RecoveryMail(
        "Jane", [Line("Tee", None, D("455"), 1)], 7, UNSUBSCRIBE, TABLE.for_total(D(455)), currency="JPY"
    )
    rendered, _ = render(cart)
    assert "Estimated total with code SAVE10: ¥409" in rendered.text
    assert cart.saving == D(46)


def test_with_a_public_url_the_link_in_the_mail_is_the_web_one() -> None:
    links = Links(b"0123456789abcdef", support_email="help@example.com", public_url="https://c.test")
    cart = RecoveryMail("Jane", [MUG], 7, links.unsubscribe(7))
    rendered, page = render(cart)
    assert links.unsubscribe(7).https in page.links()
    assert f"Unsubscribe: {links.unsubscribe(7).https}" in rendered.text


def test_with_a_public_url_the_buttons_link_is_ours_in_both_parts() -> None:
    links = Links(b"0123456789abcdef", support_email="help@example.com", public_url="https://c.test")
    link = links.back_to_cart(7)
    rendered, page = render(RecoveryMail("Jane", [MUG], 7, links.unsubscribe(7), cart_link=link))
    assert link in page.links()
    assert f"Return to Cart:\n{link}\n" in rendered.text
    assert STORE.cart_url not in rendered.html + rendered.text


def test_links_to_products_are_numbered_as_they_stand_and_the_same_wherever_a_product_is_shown() -> None:
    sold_out = replace(MUG, url="mug", available=False)
    backpack = replace(BACKPACK, url="https://shop.example.com/en/backpack")

    def link(kind: str, number: int, url: str) -> str:
        return f"https://c.test/r/{kind}{number}{url.removeprefix(STORE.url)}"

    rendered, page = render(replace(mail(sold_out, backpack, picks=PICKS), product_link=link))
    links = [found for found in page.links() if "/r/" in found]
    # The dearest has the large picture, too; what has no page has no link.
    wanted = {"https://c.test/r/item1/backpack": 3, "https://c.test/r/item2/mug": 1}
    assert {one: links.count(one) for one in wanted} == wanted
    assert set(links) == {*wanted, "https://c.test/r/pick1https://shop.example.com/p/1"}
    assert all(f"  {one}\n" in rendered.text for one in links)
    assert "https://shop.example.com/p/1" not in page.links()


def test_a_pixel_is_in_the_mail_only_if_the_shop_wants_it() -> None:
    without, _ = render(RecoveryMail("Jane", [MUG], 7, UNSUBSCRIBE))
    assert 'height="1"' not in without.html
    rendered, _ = render(RecoveryMail("Jane", [MUG], 7, UNSUBSCRIBE, pixel="https://c.test/o/x"))
    assert '<img src="https://c.test/o/x" alt="" width="1" height="1"' in rendered.html
    assert "https://c.test/o/x" not in rendered.text


def test_an_empty_cart_is_no_mail() -> None:
    with pytest.raises(ValueError, match="cart is empty"):
        render(mail())


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"url": "shop.example.com"}, "store url"),
        ({"cart_url": "javascript:alert(1)"}, "store cart_url"),
        ({"logo_url": "logo.png"}, "store logo_url"),
        ({"public_url": "ftp://x.test"}, "store public_url"),
        ({"support_email": "nobody"}, "store support_email"),
        ({"sender_email": "a@b.test\r\nBcc: c@d.test"}, "store sender_email"),
        ({"name": " "}, "store name"),
    ],
)
def test_a_store_that_could_not_work_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        render(mail(MUG), **changes)


def test_pictures_and_their_places_have_enough_contrast() -> None:
    rendered, _ = render(mail(*[MUG] * 6))
    places = re.findall(r"background-color:\s?(#\w{6});color:\s?(#\w{6})", rendered.html)
    assert len(places) >= 6
    assert all(_contrast(back, ink) >= 4.5 for back, ink in places)


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_lines_and_cards_link_to_their_products() -> None:
    line = replace(MUG, url='https://shop.example.com/p?id=1&x="2"')
    pick = Pick("Poles", D(89), image_url="poles.jpg", url="poles")
    rendered, page = render(mail(line, picks=(pick,)))
    assert "https://shop.example.com/p?id=1&x=%222%22" in page.links()
    assert page.links().count("https://shop.example.com/en/poles") == 2  # its picture's place, and its name
    assert page.links().count(STORE.url) == 1  # the logo alone leads to the front page
    assert "    https://shop.example.com/p?id=1&x=%222%22\n" in rendered.text
    assert "  https://shop.example.com/en/poles\n" in rendered.text


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "data:text/html,x", "ftp://shop.example.com/x"]
)
def test_where_nobody_knows_the_page_there_is_no_link(url: str | None) -> None:
    rendered, page = render(mail(replace(MUG, url=url), picks=(Pick("Poles", D(89), url=url),)))
    plain, without = render(mail(MUG, picks=()))
    assert [link for link in page.links() if link not in without.links()] == []
    assert page.links().count(STORE.url) == without.links().count(STORE.url)
    assert rendered.text.count("http") == plain.text.count("http")


def test_rows_are_rounded_and_the_totals_are_sums_of_rows() -> None:
    thirds = [Line(f"Third {n}", None, D("0.333"), 1) for n in range(3)]
    rendered, page = render(mail(*thirds))
    assert page.text.count("$0.33") == 6  # each row's price and total
    assert "Subtotal$0.99" in page.text
    assert "1.00" not in rendered.text


def test_a_rounded_price_that_does_not_make_the_rows_total_is_not_shown() -> None:
    rendered, page = render(mail(Line("Third", None, D("0.333"), 3)))
    assert "Quantity: 3" in page.text
    assert "Quantity: 3 = $1.00" in rendered.text
    assert "0.33" not in page.text


@pytest.mark.parametrize(("rounding", "saving"), [("cart", "3.02"), ("row", "3.03")])
def test_where_the_discount_is_rounded_is_the_shops_choice(rounding: Any, saving: str) -> None:
    lines = [Line(f"Row {n}", None, D("10.05"), 1) for n in range(3)]
    table = DiscountTable((Tier(D(0), D(10)),), rounding=rounding)
    rendered, _ = render(replace(mail(*lines), discount=table.for_total(D("30.15"))))
    assert f"−${saving}" in rendered.text  # noqa: RUF001 - the minus sign is meant
    assert f"${D('30.15') - D(saving)}" in rendered.text


def test_what_can_not_be_bought_is_marked_comes_last_and_is_not_in_the_total() -> None:
    gone = replace(BACKPACK, available=False)
    rendered, page = render(mail(gone, MUG))
    assert (
        page.text.index("Mug") < page.text.index("Backpack 28 L") < page.text.index("Currently unavailable")
    )
    assert "Subtotal$20.00" in page.text
    assert "Subtotal: $20.00" in rendered.text
    assert "$129.90 (Currently unavailable)" in rendered.text
    assert "2 items are waiting" in page.text
    for text in (page.text, rendered.text):
        assert "kept it for you" not in text
        assert "art of it is currently unavailable" in " ".join(text.split())
    none, without = render(mail(gone, replace(MUG, available=False)))
    assert "Subtotal$149.90" in without.text
    assert "kept it" not in none.text
    assert "It is currently unavailable" in without.text


def test_variants_of_one_product_read_apart() -> None:
    long = f"Women's waterproof jacket {'of three layers and a lining, ' * 4}"
    lines = [Line(f"{long}{colour}, size M", "Jackets", D(10), 1) for colour in ("red", "midnight blue")]
    same = [Line("Gift card", kind, D(5), 1) for kind in ("Books", "Games")]
    rendered, page = render(mail(*lines, *same, MUG))
    for text in (page.text, rendered.text):
        assert "red, size M" in text
        assert "midnight blue, size M" in text
        assert "Books" in text
        assert "Games" in text
        assert "Kitchen" not in text
    assert max(map(len, re.findall("Women.*?M", " ".join(rendered.text.split())))) <= 120


@pytest.mark.parametrize(("cards", "rows"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (5, 2), (7, 3)])
def test_no_card_stands_alone_beside_a_hole(cards: int, rows: int) -> None:
    _, page = render(mail(MUG, picks=tuple(Pick(f"Card {n}", D(1)) for n in range(cards))))
    classes = [attrs.get("class") for _, attrs in page.tags]
    assert classes.count("cards") == rows
    assert classes.count("card-name") == cards
    assert classes.count("shelf-text") == (cards if cards < 3 else 0)


@pytest.mark.parametrize(("lines", "buttons"), [(1, 1), (3, 1), (4, 2), (50, 2)])
def test_the_button_stands_above_the_lines_and_again_below_many(lines: int, buttons: int) -> None:
    rendered, page = render(mail(*[replace(MUG, image_url="m.jpg", url="/m")] * lines))
    assert rendered.html.index('class="button"') < rendered.html.index('class="cart"')
    assert [attrs.get("class") for _, attrs in page.tags].count("button") == buttons
    assert len(rendered.html.encode()) < 40_000


@pytest.mark.parametrize("text", ["", "You left a mug in your cart."])
def test_without_recommendations_there_is_no_heading_over_nothing(text: str) -> None:
    rendered, page = render(mail(MUG, picks=(), text=text))
    assert "also like" not in page.text
    assert "ALSO LIKE" not in rendered.text


def test_the_plain_text_is_wrapped_and_its_links_are_not() -> None:
    long = Line("A rather long name " * 6, None, D(5), 1, url="/p/" + "x" * 120)
    text = render(
        mail(long, BACKPACK, text="Chosen with a great many words in mind, so that it must be wrapped. " * 2)
    )[0].text
    assert max(len(line) for line in text.splitlines() if "://" not in line) <= 78
    assert "https://shop.example.com/p/" + "x" * 120 in text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("    one two three four", ["    one two", "    three", "    four"]),
        ("カートの商品、が残っています。", ["カートの商", "品、が残っ", "ています。"]),
        ("x" * 30, ["x" * 30]),
        ("see https://example.com/a b c d e f", ["see https://example.com/a b c d e f"]),
    ],
)
def test_lines_are_broken_between_words_or_wide_letters(text: str, lines: list[str]) -> None:
    assert wrapped(text, 11).split("\n") == lines


def test_marks_take_no_columns_and_wide_letters_two() -> None:
    assert [display_width(text) for text in ("abc", "e\u0301", "\u200fab", "カート", "￥5")] == [
        3,
        1,
        2,
        6,
        3,
    ]
