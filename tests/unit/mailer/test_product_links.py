from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import Links
from mailer.product_links import MOST, ProductKind, ProductLink, packed, unpacked
from mailer.refill import LONGEST, items_of
from mailer.tokens import Purpose, Tokens

SECRET = "a secret for the tests only"
SITE = "https://shop.example.com/en"
KINDS = st.sampled_from(get_args(ProductKind))
URLS = st.one_of(
    st.text(max_size=60).map(lambda path: f"{SITE}/{path}"),
    st.text(min_size=1, max_size=60).map(lambda rest: f"https://{rest}"),
    st.text(max_size=60).map(lambda rest: f"{SITE}{rest}"),
)


@given(KINDS, st.integers(1, MOST), URLS, st.sampled_from([SITE, SITE + "/", "https://other.example.com"]))
def test_a_token_brings_kind_number_and_page_back(
    kind: ProductKind, number: int, url: str, site: str
) -> None:
    link = ProductLink(kind, number, url)
    tokens = Tokens(SECRET, Purpose.RETURN)
    _, _, target = tokens.read(tokens.make(7, "de", packed(link, site)))
    assert unpacked(target, site) == link


@given(st.lists(st.tuples(st.integers(1) | st.text(max_size=20), st.integers(1, 99)), max_size=9))
def test_what_fills_a_cart_is_no_product(lines: list[tuple[int | str, int]]) -> None:
    assert len(items_of(lines)) <= LONGEST
    assert unpacked(items_of(lines), SITE) is None


@pytest.mark.parametrize(
    "target", ["", "i0 /x", "i1 x", "i1 //", "x1 /x", "i1 javascript:alert(1)", "i1  /x", "i12345 /x", "i1"]
)
def test_what_packed_never_made_leads_nowhere_but_into_the_shop(target: str) -> None:
    found = unpacked(target, SITE)
    assert found is None or found.url.startswith(f"{SITE}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com/english",
        "https://shop.example.com/en.evil.example/x",
        "https://evil.example/en/",
    ],
)
def test_a_page_elsewhere_keeps_its_whole_address(url: str) -> None:
    assert packed(ProductLink("item", 1, url), SITE) == f"i1 {url}"


def test_a_link_follows_a_shop_that_moves() -> None:
    target = packed(ProductLink("pick", 3, f"{SITE}/lamp?id=7"), SITE)
    assert unpacked(target, "https://new.example.com/") == ProductLink(
        "pick", 3, "https://new.example.com/lamp?id=7"
    )


def test_without_pages_and_where_they_are_not_counted_links_lead_to_the_product_itself() -> None:
    page = f"{SITE}/lamp"
    for public_url, site in ((None, SITE), ("https://c.example.com", None)):
        links = Links(SECRET, support_email="help@example.com", public_url=public_url, product_site=site)
        assert links.to_product(7, "item", 1, page) == page


@given(st.integers(0, 2**64 - 1), st.text(max_size=64), KINDS, st.integers(1, MOST))
def test_the_longest_address_that_a_mail_shows_has_a_token_that_is_read(
    log_id: int, store: str, kind: ProductKind, number: int
) -> None:
    page = "https://cdn.example.com/" + "x" * 476
    links = Links(
        SECRET,
        support_email="help@example.com",
        public_url="https://c.example.com",
        store=store.encode("ascii", "ignore").decode(),
        product_site=SITE,
    )
    token = links.to_product(log_id, kind, number, page).removeprefix("https://c.example.com/r/")
    found = Tokens(SECRET, Purpose.RETURN).read(token)
    assert found.log_id == log_id
    assert unpacked(found.target, SITE) == ProductLink(kind, number, page)


@given(st.data())
def test_no_changed_character_leads_elsewhere(data: st.DataObject) -> None:
    tokens = Tokens(SECRET, Purpose.RETURN)
    made = tokens.make(123_456, "de", packed(ProductLink("item", 2, f"{SITE}/lamp"), SITE))
    place = data.draw(st.integers(0, len(made)))
    forged = (
        made[:place] + data.draw(st.characters(codec="ascii")) + made[place + data.draw(st.integers(0, 1)) :]
    )
    try:
        read = tokens.read(forged)
    except ValueError:
        return
    assert read == tokens.read(made)  # unchanged, or the padding bits of the last character
