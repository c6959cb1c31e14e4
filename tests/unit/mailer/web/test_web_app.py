import re
import threading
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from fakes.pages import LINKS, RETURN_SECRET, SECRET, SHOP, Answer, FakeVisits, call, path_of, settings
from hypothesis import given
from hypothesis import strategies as st

from mailer import Links
from mailer.languages import languages
from mailer.themes import load_theme
from mailer.tokens import Purpose, Tokens
from mailer.web import Kind, Visit, pages_app
from mailer.web.app import Pages, app_of
from mailer.web.claims import CLAIM_SECONDS
from mailer.web.limits import INVALID_PER_WINDOW
from mailer.web.pages import PageTexts, State

NOW = 1_790_000_000
UNSUBSCRIBE = path_of(LINKS.unsubscribe(7).https)
BACK = path_of(LINKS.back_to_cart(7))
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
EVERYWHERE = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store",
}


def pages(visits: FakeVisits, **more: Any) -> Any:
    return pages_app(settings(**more), visits, now=lambda: NOW)


async def post(visits: FakeVisits, body: bytes, kind: str = FORM["content-type"]) -> Answer:
    return await call(pages(visits), UNSUBSCRIBE, "POST", headers={"content-type": kind}, body=body)


def is_guarded(answer: Answer) -> bool:
    return EVERYWHERE.items() <= answer.headers.items()


# --- unsubscribing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_page_changes_nothing(method: str) -> None:
    visits = FakeVisits()
    answer = await call(pages(visits), UNSUBSCRIBE, method)
    assert answer.status == 200
    assert visits == FakeVisits()
    assert is_guarded(answer)
    assert "Stop these mails" in answer.text
    assert "Not for this cart" in answer.text


async def test_the_page_holds_nothing_about_the_customer_and_no_script() -> None:
    text = (await call(pages(FakeVisits()), UNSUBSCRIBE)).text
    assert UNSUBSCRIBE.removeprefix("/u/") not in text
    assert not re.search(r"<script|<style|style=|onclick|@", text)
    assert set(re.findall(r'(?:href|src|action)="([^"]*)"', text)) == {SHOP.url, "../style.css"}


def multipart(name: str, value: str, boundary: str = "b0undary") -> tuple[bytes, str]:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--{boundary}--\r\n'
    )
    return body.encode(), f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, FORM["content-type"]),
        (ONE_CLICK, "application/x-www-form-urlencoded; charset=UTF-8"),
        (b"List-Unsubscribe=one-click", FORM["content-type"]),
        multipart("List-Unsubscribe", "One-Click"),
        (b"choice=stop", FORM["content-type"]),
        multipart("choice", "stop"),
    ],
)
async def test_one_click_and_the_pages_button_opt_out(body: bytes, kind: str) -> None:
    visits = FakeVisits()
    answer = await post(visits, body, kind)
    assert (answer.status, visits.stopped, visits.left) == (200, [7], [])
    assert "You are unsubscribed" in answer.text
    assert is_guarded(answer)
    assert "set-cookie" not in answer.headers


async def test_one_click_twice_has_the_same_answer() -> None:
    visits = FakeVisits()
    first, second = await post(visits, ONE_CLICK), await post(visits, ONE_CLICK)
    assert (first.status, first.body) == (second.status, second.body)


async def test_a_cart_can_be_left_alone() -> None:
    visits = FakeVisits()
    answer = await post(visits, b"choice=cart")
    assert (answer.status, visits.stopped, visits.left) == (200, [], [7])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM["content-type"]),
        (b"choice=all", FORM["content-type"]),
        (b"choice=stop&choice=cart", FORM["content-type"]),
        (b"list-unsubscribe=One-Click", FORM["content-type"]),
        (b"&".join([b"a=1"] * 50 + [ONE_CLICK]), FORM["content-type"]),
        (b'{"choice": "stop"}', "application/json"),
        (ONE_CLICK, "text/plain"),
        (b"--b\r\n\r\nOne-Click", "multipart/form-data"),
        (b"\xff\xfe\x00", "multipart/form-data; boundary=\xff"),
        (b"\xff=\xff", FORM["content-type"]),
    ],
)
async def test_any_other_body_does_nothing_and_says_so(body: bytes, kind: str) -> None:
    visits = FakeVisits()
    answer = await post(visits, body, kind)
    assert answer.status == 400
    assert visits == FakeVisits()


@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(["multipart/form-data; boundary=b", FORM["content-type"]]),
)
async def test_no_bytes_break_the_form(body: bytes, kind: str) -> None:
    assert (await post(FakeVisits(), b"--b\r\n" + body, kind)).status in {200, 400}


async def test_a_multipart_of_multiparts_is_no_bomb() -> None:
    inner = b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(70)
    )
    answer = await post(FakeVisits(), inner[:4000], "multipart/form-data; boundary=0")
    assert answer.status == 400


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_refused_unread(declared: bool) -> None:
    visits = FakeVisits()
    headers = FORM | ({"content-length": "999999999999"} if declared else {})
    body = b"" if declared else ONE_CLICK + b"&x=" + b"y" * 5000
    answer = await call(pages(visits), UNSUBSCRIBE, "POST", headers=headers, body=body)
    assert answer.status == 413
    assert visits == FakeVisits()


# --- back to the cart -----------------------------------------------------------------------------------------------


async def test_a_click_is_counted_and_leads_to_the_cart() -> None:
    visits = FakeVisits()
    answer = await call(pages(visits), BACK)
    assert answer.status == 303
    assert answer.headers["location"] == SHOP.cart_url
    assert is_guarded(answer)
    assert visits.visits == [Visit(7, Kind.CART)]


async def test_a_storefronts_link_leads_to_its_own_cart_with_parameters_added() -> None:
    link = Links(
        SECRET, support_email="a@example.com", public_url="https://c.example.com", store="de"
    ).back_to_cart(7)
    app = pages(FakeVisits(), utm=(("utm_source", "cartwake"), ("view", "other")))
    answer = await call(app, path_of(link))
    # What the cart's page has already stays as it is.
    assert answer.headers["location"] == "https://laden.example.com/kasse?view=cart&utm_source=cartwake#top"


@pytest.mark.parametrize(
    ("items", "target"),
    [
        ("12:2,34:1", "https://shop.example.com/checkout-link/?products=12:2,34:1&utm_source=cartwake"),
        ("", f"{SHOP.url}?utm_source=cartwake"),
    ],
)
async def test_a_link_fills_the_cart_anew(items: str, target: str) -> None:
    shop = replace(SHOP, cart_url="https://shop.example.com/checkout-link/?products={items}")
    app = pages(FakeVisits(), shops={"": shop}, utm=(("utm_source", "cartwake"),))
    answer = await call(app, path_of(LINKS.back_to_cart(7, items)))
    assert answer.headers["location"] == target


async def test_a_link_of_a_storefront_that_is_gone_leads_to_the_shop() -> None:
    link = Links(
        SECRET, support_email="a@example.com", public_url="https://c.example.com", store="fr"
    ).back_to_cart(7)
    assert (await call(pages(FakeVisits()), path_of(link))).headers["location"] == SHOP.cart_url


async def test_the_claim_names_issuer_shop_end_and_the_row_and_nothing_else() -> None:
    answer = await call(pages(FakeVisits(), return_secret=RETURN_SECRET), BACK)
    (claim,) = parse_qs(urlsplit(answer.headers["location"]).query)["cartwake"]
    assert jwt.get_unverified_header(claim) == {"alg": "HS256", "typ": "JWT"}
    said = jwt.decode(
        claim, RETURN_SECRET, algorithms=["HS256"], audience=SHOP.url, options={"verify_exp": False}
    )
    assert len(said.pop("jti")) > 20
    assert said == {"iss": "https://c.example.com", "aud": SHOP.url, "exp": NOW + CLAIM_SECONDS, "cart": "7"}


async def test_no_two_claims_are_alike() -> None:
    app = pages(FakeVisits(), return_secret=RETURN_SECRET)
    assert (await call(app, BACK)).headers["location"] != (await call(app, BACK)).headers["location"]


@pytest.mark.parametrize("asked", ["?next=https://evil.example", "?cartwake=x", "?url=//evil.example"])
async def test_nothing_of_the_request_reaches_the_target(asked: str) -> None:
    answer = await call(pages(FakeVisits()), BACK + asked, headers={"host": "evil.example"})
    assert answer.headers["location"] == SHOP.cart_url


@pytest.mark.parametrize(
    ("method", "headers", "flag"),
    [
        ("HEAD", {}, "head"),
        ("GET", {"sec-purpose": "prefetch;prerender"}, "prefetch"),
        ("GET", {"purpose": "prefetch"}, "prefetch"),
        ("GET", {"x-moz": "prefetch"}, "prefetch"),
        ("GET", {"user-agent": ""}, "scanner"),
        ("GET", {"user-agent": "curl/8.14"}, "scanner"),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "scanner"),
        ("GET", {"user-agent": "Mozilla/5.0 (Windows NT 10.0) BarracudaCentral"}, "scanner"),
        ("GET", {"user-agent": "WhatsApp/2.23.20.0"}, "scanner"),
        ("GET", {"user-agent": "python-requests/2.32"}, "scanner"),
        ("GET", {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Mobile/15E148"}, None),
        ("GET", {"user-agent": "Mozilla/5.0 (Linux; Android 15; Cubot X90) Chrome/138.0 Mobile Safari/537.36"}, None),
    ],
)  # fmt: skip
async def test_who_is_no_customer_is_kept_with_a_flag_and_led_on_all_the_same(
    method: str, headers: dict[str, str], flag: str | None
) -> None:
    visits = FakeVisits()
    answer = await call(pages(visits), BACK, method, headers=headers)
    assert answer.status == 303
    assert visits.visits == [Visit(7, Kind.CART, flag=flag)]


# --- to a product ---------------------------------------------------------------------------------------------------


def product_link(url: str, *, number: int = 2, store: str = "", secret: str = SECRET) -> str:
    links = Links(
        secret,
        support_email="a@example.com",
        public_url="https://c.example.com",
        store=store,
        product_site=settings().shop(store).url,
    )
    return path_of(links.to_product(7, "pick", number, url))


@pytest.mark.parametrize(
    ("url", "store", "location"),
    [
        (f"{SHOP.url}/lamp", "", "https://shop.example.com/lamp?utm_source=cartwake"),
        (f"{SHOP.url}/p?id=7&utm_source=own#top", "", "https://shop.example.com/p?id=7&utm_source=own#top"),
        ("https://laden.example.com/lampe", "de", "https://laden.example.com/lampe?utm_source=cartwake"),
        ("https://others.example.com/lamp", "", "https://others.example.com/lamp?utm_source=cartwake"),
        (
            "https://b\u00fccher.example/\u00fc",
            "",
            "https://xn--bcher-kva.example/%C3%BC?utm_source=cartwake",
        ),
    ],
)
async def test_a_product_link_is_counted_and_leads_to_its_page_without_a_claim(
    url: str, store: str, location: str
) -> None:
    visits = FakeVisits()
    app = pages(visits, utm=(("utm_source", "cartwake"),), return_secret=RETURN_SECRET)
    answer = await call(app, product_link(url, store=store))
    assert (answer.status, answer.headers["location"]) == (303, location)
    assert is_guarded(answer)
    assert visits.visits == [Visit(7, Kind.PICK, 2)]


@pytest.mark.parametrize(("method", "headers", "flag"), [("HEAD", {}, "head"), ("GET", {"user-agent": ""}, "scanner"),
                                                         ("GET", {"purpose": "prefetch"}, "prefetch")])  # fmt: skip
async def test_whoever_looks_at_product_links_for_others_is_flagged(
    method: str, headers: dict[str, str], flag: str
) -> None:
    visits = FakeVisits()
    assert (
        await call(pages(visits), product_link(SHOP.url + "/lamp"), method, headers=headers)
    ).status == 303
    assert visits.visits == [Visit(7, Kind.PICK, 2, flag)]


@pytest.mark.parametrize("asked", ["?next=https://evil.example", "?utm_source=x", "?url=//evil.example"])
async def test_nothing_of_the_request_reaches_a_products_address(asked: str) -> None:
    answer = await call(
        pages(FakeVisits()), product_link(SHOP.url + "/lamp") + asked, headers={"host": "evil.example"}
    )
    assert answer.headers["location"] == "https://shop.example.com/lamp"


async def test_a_customer_on_his_way_to_a_product_waits_for_no_database() -> None:
    visits = FakeVisits()
    app = pages(visits)
    assert (await call(app, product_link(SHOP.url + "/lamp"))).status == 303
    visits.down = True
    answer = await call(app, product_link(SHOP.url + "/lamp"))
    assert (answer.status, answer.headers["location"]) == (303, "https://shop.example.com/lamp")


# --- the picture ----------------------------------------------------------------------------------------------------


async def test_the_picture_is_served_only_if_the_shop_wants_it() -> None:
    visits = FakeVisits()
    answer = await call(pages(visits, pixel=True), path_of(LINKS.pixel(7)))
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.body.startswith(b"GIF89a")
    assert answer.body.endswith(b";")
    assert is_guarded(answer)
    assert visits.visits == [Visit(7, Kind.OPEN)]
    assert (await call(pages(visits), path_of(LINKS.pixel(7)))).status == 404


# --- wrong links ----------------------------------------------------------------------------------------------------

FOREIGN = Links(
    "another secret, long enough", support_email="a@example.com", public_url="https://c.example.com"
)
WRONG = [
    UNSUBSCRIBE[:-1],
    BACK[:-3],
    path_of(FOREIGN.unsubscribe(7).https),
    path_of(FOREIGN.back_to_cart(7)),
    BACK.replace("/r/", "/u/"),
    UNSUBSCRIBE.replace("/u/", "/r/"),
    product_link("https://evil.example", secret="another secret, long enough"),
    product_link(SHOP.url + "/lamp")[:-1],
    product_link(SHOP.url + "/lamp").replace("/r/", "/u/"),
    path_of(LINKS.back_to_cart(77)),  # erased
    f"/r/{Tokens(SECRET, Purpose.RETURN).make(2**63)}",
    f"/r/{Tokens(SECRET, Purpose.RETURN).make('text')}",
    "/u/x", "/u/", "/r/../u/x", "/u/%00", "/", "/favicon.ico", "/nothing", "/u/a/b", "/style.css/", "//evil.example",
]  # fmt: skip


async def test_whatever_is_wrong_with_a_link_the_answer_is_the_same() -> None:
    app = pages(FakeVisits())
    answers = [await call(app, path, client=f"192.0.2.{n}") for n, path in enumerate(WRONG)]
    old = FakeVisits(age_s=31 * 86_400)
    answers.extend([await call(pages(old), link) for link in (BACK, product_link(SHOP.url + "/lamp"))])
    assert {(answer.status, answer.body, tuple(answer.headers.items())) for answer in answers} == {
        (answers[0].status, answers[0].body, tuple(answers[0].headers.items()))
    }
    assert answers[0].status == 404
    assert is_guarded(answers[0])
    assert old.visits == []


@given(st.text(max_size=60))
async def test_no_address_is_an_error_of_ours(text: str) -> None:
    path = "/u/" + text.replace("?", "")
    assert (await call(pages(FakeVisits()), path.encode("utf-8", "replace").decode())).status == 404


async def test_an_erased_mail_is_not_confirmed() -> None:
    answer = await call(
        pages(FakeVisits()), path_of(LINKS.unsubscribe(77).https), "POST", headers=FORM, body=ONE_CLICK
    )
    assert answer.status == 404


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW", "get"])
@pytest.mark.parametrize("path", [UNSUBSCRIBE, BACK, "/style.css"])
async def test_other_methods_are_refused(method: str, path: str) -> None:
    visits = FakeVisits()
    answer = await call(pages(visits), path, method)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert is_guarded(answer)
    assert visits == FakeVisits()


async def test_a_post_to_the_way_back_is_refused() -> None:
    assert (await call(pages(FakeVisits()), BACK, "POST", headers=FORM, body=ONE_CLICK)).status == 405


async def test_who_tries_links_out_is_slowed_down_but_no_valid_link_is() -> None:
    app = pages(FakeVisits())
    statuses = [(await call(app, "/u/made-up")).status for _ in range(INVALID_PER_WINDOW + 2)]
    assert statuses == [404] * INVALID_PER_WINDOW + [429] * 2
    assert (await call(app, UNSUBSCRIBE)).status == 200
    assert (await call(app, UNSUBSCRIBE, "POST", headers=FORM, body=ONE_CLICK)).status == 200
    assert (await call(app, "/u/made-up", client="192.0.2.2")).status == 404


async def test_the_limit_goes_by_what_a_trusted_proxy_says_and_by_nobody_else() -> None:
    from ipaddress import ip_network  # noqa: PLC0415 - beside its use

    app = pages(FakeVisits(), trusted_proxies=(ip_network("127.0.0.0/8"),))
    statuses = [
        (
            await call(app, "/u/made-up", client="127.0.0.1", headers={"x-forwarded-for": f"198.51.100.{n}"})
        ).status
        for n in range(INVALID_PER_WINDOW + 2)
    ]
    assert set(statuses) == {404}
    statuses = [
        (
            await call(app, "/u/made-up", client="192.0.2.9", headers={"x-forwarded-for": f"198.51.100.{n}"})
        ).status
        for n in range(INVALID_PER_WINDOW + 2)
    ]
    assert statuses[-1] == 429


# --- nothing can be kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["down", "broken"])
async def test_without_the_database_an_opt_out_is_not_confirmed(fault: str) -> None:
    visits = FakeVisits()
    app = pages(visits)
    assert (await call(app, UNSUBSCRIBE)).status == 200  # the secret is known from now on
    setattr(visits, fault, True)
    answer = await call(app, UNSUBSCRIBE, "POST", headers=FORM, body=ONE_CLICK)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "30"
    assert is_guarded(answer)
    assert visits.stopped == []
    assert (await call(app, UNSUBSCRIBE)).status == 200, "the page itself needs no database"


async def test_without_the_database_the_way_back_has_a_link_to_the_cart() -> None:
    visits = FakeVisits(down=True)
    answer = await call(pages(visits), BACK)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    visits = FakeVisits()
    app = pages(visits)
    await call(app, UNSUBSCRIBE)
    visits.down = True
    answer = await call(app, BACK)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert f'href="{SHOP.cart_url}"' in answer.text


async def test_a_database_that_does_not_answer_is_not_waited_for_without_end() -> None:
    visits = FakeVisits()
    app = app_of(Pages(settings(), visits, now=lambda: NOW, patience_s=0.05))
    await call(app, UNSUBSCRIBE)
    visits.stuck = threading.Event()
    try:
        for _ in range(20):  # more than there are threads
            assert (await call(app, UNSUBSCRIBE, "POST", headers=FORM, body=ONE_CLICK)).status == 503
        assert (await call(app, UNSUBSCRIBE)).status == 200
    finally:
        visits.stuck.set()


async def test_the_style_sheet_is_a_file_of_ours() -> None:
    answer = await call(pages(FakeVisits()), "/style.css")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert b"prefers-color-scheme: dark" in answer.body
    assert b"url(" not in answer.body


# --- languages and themes -------------------------------------------------------------------------------------------

GERMAN = replace(SHOP, name="Laden", languages=languages(("de", "ar")), theme=load_theme("bold"))


@pytest.mark.parametrize(
    ("accepted", "tag", "direction", "words"),
    [
        ("", "de", "ltr", "Keine dieser E-Mails mehr"),
        ("fr, ar;q=0.5", "ar", "rtl", "إيقاف هذه الرسائل"),
        ("en", "de", "ltr", "Keine dieser E-Mails mehr"),
    ],
)
async def test_a_page_is_in_the_browsers_language_where_the_shop_has_it(
    accepted: str, tag: str, direction: str, words: str
) -> None:
    answer = await call(
        pages(FakeVisits(), shops={"": GERMAN}), UNSUBSCRIBE, headers={"accept-language": accepted}
    )
    assert f'<html lang="{tag}" dir="{direction}">' in answer.text
    assert words in answer.text
    assert answer.headers["vary"] == "Accept-Language"


async def test_a_storefronts_pages_are_in_its_own_colours() -> None:
    shops = {"": SHOP, "de": GERMAN}
    page = PageTexts(settings(shops=shops)).of(State.BACK, "de").decode()
    assert 'href="../style.css?s=de"' in page
    app = pages(FakeVisits(), shops=shops)
    sheets = [(await call(app, f"/style.css{query}")).body for query in ("", "?s=de", "?s=unknown")]
    assert b"--main: #15803d; " in sheets[0]
    assert b"--main: #1d4ed8; " in sheets[1]
    assert b"--corner: 0;" in sheets[1]
    assert sheets[2] == sheets[0]
