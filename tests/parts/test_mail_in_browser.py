"""The mails as a browser shows them; the pictures are left in test-output/mails."""

import re
import smtplib
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from parts.chromium import Browser, BrowserError, Page
from parts.specimens import MARKUP, RECIPIENT, Specimen, matrix, specimens

from binlog_watcher.demo.catcher import MailCatcher
from mailer.themes.colours import shades

pytestmark = pytest.mark.parts

MEASURE = (Path(__file__).parent / "measure.js").read_text()
DESK, PHONE, NARROW = 600, 375, 320
FOLD = 600
"""CSS pixels from the top, above which a phone of 375 by 667 shows the button."""

GREEN = [0x15, 0x80, 0x3D]

every_kind = pytest.mark.parametrize("kind", list(specimens()))
widths = pytest.mark.parametrize("width", [DESK, PHONE])
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


def measure(page: Page, specimen: Specimen) -> dict[str, Any]:
    page.show(specimen.rendered.html)
    found: dict[str, Any] = page.evaluate(MEASURE)
    return found


@every_kind
@widths
@schemes
def test_a_mail_fits_can_be_read_and_has_its_button(
    browser: Browser, pictures: Path, kind: str, width: int, scheme: str
) -> None:
    specimen = specimens()[kind]
    with browser.page(width, scheme=scheme) as page:
        seen = measure(page, specimen)
        page.screenshot(pictures / f"{kind}-{width}-{scheme}.png")
    assert seen["scrollWidth"] == width
    assert seen["outside"] == []
    assert seen["preheaderHeight"] == 0
    assert [text for text in seen["texts"] if text["contrast"] < (3 if text["large"] else 4.5)] == []
    assert [text for text in seen["texts"] if text["size"] < 12] == []
    button = seen["button"]
    assert button["background"] == list(bytes.fromhex(shades(specimen.brand).solid[1:]))
    assert button["onTop"]
    assert button["height"] >= 44
    assert button["width"] >= (width * 0.8 if width == PHONE else 200)


@every_kind
@pytest.mark.parametrize("width", [PHONE, NARROW, DESK])
@pytest.mark.parametrize("styled", [True, False], ids=["styled", "style-stripped"])
def test_no_client_cuts_stretches_or_overlaps_anything(
    browser: Browser, pictures: Path, kind: str, width: int, styled: bool
) -> None:
    # Gmail's app drops the style element where the account is a foreign one.
    html = specimens()[kind].rendered.html
    html = html if styled else re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    with browser.page(width) as page:
        page.show(html)
        seen = page.evaluate(MEASURE)
        page.screenshot(pictures / f"{kind}-{width}-{'styled' if styled else 'stripped'}.png")
    assert seen["scrollWidth"] == width
    assert seen["outside"] == []
    assert seen["overlapping"] == []
    shown = [picture for picture in seen["pictures"] if picture["placed"]]
    assert [
        one for one in shown if one["stretched"] > 0.03 or one["outside"] > 0.5 or one["enlarged"] > 1
    ] == []
    assert [one for one in shown if not 0.97 < one["ground"] < 1.03] == []
    assert seen["button"]["bottom"] <= FOLD
    assert seen["button"]["height"] >= 44


@every_kind
def test_a_product_is_one_link_and_read_out_once(browser: Browser, kind: str) -> None:
    with browser.page(PHONE) as page:
        page.show(specimens()[kind].rendered.html)
        page.call("Accessibility.enable")
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    told = [node for node in nodes if not node["ignored"]]
    links = [node["name"]["value"] for node in told if node["role"]["value"] == "link"]
    mail = specimens()[kind].mail
    names = [line.name for line in mail.lines[:8] if line.url] + [
        pick.name for pick in mail.picks if pick.url
    ]
    assert sorted(name for name in links if name in names) == sorted(names)
    assert [node for node in told if node["role"]["value"] == "image" and not node["name"].get("value")] == []


def test_a_dark_logo_is_seen_in_dark_mode(browser: Browser) -> None:
    look = (
        "[...document.querySelectorAll('.brand img')].filter(one => one.checkVisibility())"
        ".map(one => [one.src.split('/').pop(), getComputedStyle(one).backgroundColor])"
    )
    seen = {}
    for kind in ("tier-1", "two-cards"):
        for scheme in ("light", "dark"):
            with browser.page(PHONE, scheme=scheme) as page:
                page.show(specimens()[kind].rendered.html)
                seen[kind, scheme] = page.evaluate(look)
    clear, white = "rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"
    assert seen["tier-1", "light"] == [["logo.png", clear]]
    assert seen["tier-1", "dark"] == [["logo.png", white]]
    assert seen["two-cards", "light"] == [["logo.png", clear]]
    assert seen["two-cards", "dark"] == [["logo-dark.png", clear]]


@every_kind
def test_nothing_runs_and_nothing_but_pictures_is_asked_for(browser: Browser, kind: str) -> None:
    specimen = specimens()[kind]
    with browser.page(DESK) as page:
        seen = measure(page, specimen)
        asked = page.requests
    assert seen["active"] == []
    assert seen["small"] == [], "pictures need an alternative text"
    assert {request.kind for request in asked} <= {"Image"}
    assert all(request.url.startswith(("https://", "http://")) for request in asked)
    pictures = [line.image_url for line in specimen.mail.lines if line.image_url]
    pictures += [pick.image_url for pick in specimen.mail.picks if pick.image_url]
    assert bool(asked) >= bool(pictures)
    assert any("unsubscribe" in link or "/u/" in link for link in seen["links"])


@every_kind
@widths
def test_a_mail_holds_together_where_pictures_are_blocked(
    browser: Browser, pictures: Path, kind: str, width: int
) -> None:
    with browser.page(width, pictures=False) as page:
        seen = measure(page, specimens()[kind])
        page.screenshot(pictures / f"{kind}-{width}-blocked.png")
    assert seen["scrollWidth"] == width
    assert seen["outside"] == []
    assert seen["button"]["onTop"]


def test_a_word_without_end_fits_where_overflow_wrap_is_unknown(browser: Browser) -> None:
    # In Gmail, by caniemail's tables.
    html = specimens()["endless-words"].rendered.html
    older = html.replace("overflow-wrap: anywhere;", "")
    assert older != html
    with browser.page(PHONE) as page:
        page.show(older)
        seen = page.evaluate(MEASURE)
    assert seen["scrollWidth"] == PHONE
    assert seen["outside"] == []


def test_a_page_that_does_not_fit_or_is_hard_to_read_is_found_out(browser: Browser) -> None:
    bad = (
        '<meta name="viewport" content="width=device-width"><body style="background:#fff">'
        '<div class="preheader">peek</div><div style="width:700px">wide</div>'
        '<p style="color:#999;font-size:11px">pale</p><p style="color:rgba(0,0,0,.3)">thin</p>'
        '<img src="https://shop.example.com/x.png"><p onclick="x()">active</p><script>document.title=1</script>'
        '<link rel="stylesheet" href="https://shop.example.com/x.css">'
        '<a class="button" href="https://shop.example.com/" style="background:#15803d">Return to Cart</a>'
        '<div style="position:fixed;inset:0">veil</div></body>'
    )
    with browser.page(PHONE) as page:
        page.show(bad)
        seen = page.evaluate(MEASURE)
        kinds = {request.kind for request in page.requests}
    assert seen["scrollWidth"] > PHONE
    assert any(element.startswith("div. from 8") for element in seen["outside"])
    weak = {text["text"] for text in seen["texts"] if text["contrast"] < 4.5}
    assert {"pale", "thin"} <= weak
    assert "active" not in weak
    assert len(seen["active"]) == 3
    assert seen["small"] == ["https://shop.example.com/x.png"]
    assert seen["preheaderHeight"] > 0
    assert not seen["button"]["onTop"]
    assert seen["button"]["height"] < 44
    assert kinds == {"Image", "Stylesheet"}


def test_the_pictures_of_japanese_show_japanese(browser: Browser) -> None:
    with browser.page(PHONE) as page:
        page.show(specimens()["japanese"].rendered.html)
        page.call("DOM.enable")
        page.call("CSS.enable")
        root = page.call("DOM.getDocument")["root"]["nodeId"]
        for selector in (".hello bdi", ".name"):
            node = page.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
            fonts = page.call("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
            assert "IPAGothic" in {used["familyName"] for used in fonts}


def test_arabic_runs_from_the_right_and_leaves_its_surroundings_alone(browser: Browser) -> None:
    with browser.page(PHONE) as page:
        page.show(specimens()["arabic"].rendered.html)
        directions = page.evaluate(
            "['.hello bdi', '.name', '.hello', '.row-sum']"
            ".map(name => getComputedStyle(document.querySelector(name)).direction)"
        )
        # Whether the comma of "Hi ليلى," stands to the right of the name, as in any other greeting.
        order = page.evaluate(
            """(() => {
              const name = document.querySelector(".hello bdi");
              const range = document.createRange();
              range.selectNode(name.nextSibling);
              return range.getBoundingClientRect().left >= name.getBoundingClientRect().right - 0.5;
            })()"""
        )
    assert directions == ["rtl", "rtl", "ltr", "ltr"]
    assert order


def test_markup_is_shown_as_it_was_typed(browser: Browser) -> None:
    specimen = specimens()["markup"]
    with browser.page(DESK) as page:
        body = measure(page, specimen)["body"]
        made = page.evaluate("document.querySelectorAll('b, script, .cart img').length")
    assert "Hello," in body
    assert f"<b>Bold</b> {MARKUP}" in body
    assert '"><img src=x>' in body
    assert made == 0


@pytest.mark.parametrize("kind", list(matrix()))
@pytest.mark.parametrize(("width", "look"), [(DESK, "light"), (PHONE, "dark"), (PHONE, "blocked")])
def test_each_theme_in_each_language(
    browser: Browser, pictures: Path, kind: str, width: int, look: str
) -> None:
    specimen = matrix()[kind]
    scheme = "dark" if look == "dark" else "light"
    with browser.page(width, scheme=scheme, pictures=look != "blocked") as page:
        seen = measure(page, specimen)
        page.screenshot(pictures / f"{kind}-{width}-{look}.png")
    assert (seen["scrollWidth"], seen["outside"]) == (width, [])
    assert [text for text in seen["texts"] if text["contrast"] < (3 if text["large"] else 4.5)] == []
    assert seen["button"]["onTop"]
    assert width == DESK or seen["button"]["bottom"] < FOLD


def test_a_long_cart_counts_what_it_does_not_show(browser: Browser) -> None:
    specimen = specimens()["long-cart"]
    with browser.page(PHONE) as page:
        body = measure(page, specimen)["body"]
        rows = page.evaluate("document.querySelectorAll('.row-sum').length")
    hidden = specimen.mail.item_count - sum(line.quantity for line in specimen.mail.lines[:rows])
    assert f"and {hidden} more items" in body


def test_the_list_of_caught_mails(browser: Browser, pictures: Path, tmp_path: Path) -> None:
    sent = list(specimens().values())
    with MailCatcher(tmp_path) as catcher:
        with smtplib.SMTP("127.0.0.1", catcher.port, timeout=30) as smtp:
            for specimen in sent:
                smtp.sendmail("shop@example.com", [RECIPIENT], specimen.message)
        assert catcher.wait(lambda mails: len(mails) == len(sent), 30)
    with browser.page(1024) as page:
        page.show((tmp_path / "index.html").read_text(encoding="utf-8"))
        page.screenshot(pictures / "index.png")
        seen = page.evaluate(MEASURE)
        targets = page.evaluate("[...document.links].map(link => link.getAttribute('href'))")
    assert seen["scrollWidth"] == 1024
    assert seen["active"] == []
    for specimen in sent:
        subject = message_from_bytes(specimen.message, policy=policy.default)["Subject"]
        assert " ".join(subject.split()) in " ".join(seen["body"].split())
    assert len(targets) == 2 * len(sent)
    assert all((tmp_path / target).stat().st_size for target in targets)
    page_of_first = (tmp_path / targets[0]).read_text(encoding="utf-8")
    assert page_of_first.split() == sent[0].rendered.html.split()


def test_the_browsers_own_complaints_reach_us(browser: Browser) -> None:
    with browser.page(DESK) as page:
        with pytest.raises(BrowserError, match="nonsense"):
            page.evaluate("nonsense()")
        with pytest.raises(BrowserError, match=r"No such|wasn't found"):
            page.call("No.such")
