"""The pages behind a mail's links in a real browser: used, looked at, and audited. Scripts are off."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.pages import LINKS, FakeVisits, path_of, settings
from parts.chromium import Browser, Page
from parts.markup import Checkers

from mailer.web import PageServer, ShopPages, pages_app

pytestmark = pytest.mark.parts

UNSUBSCRIBE = path_of(LINKS.unsubscribe(7).https)
BACK = path_of(LINKS.back_to_cart(7))
LONG = ShopPages(
    "Donaudampfschifffahrtsgesellschaftskapitänsmützen & Söhne",
    "https://shop.example.com",
    "https://s.example.com",
)


@contextlib.contextmanager
def served(visits: FakeVisits, shop: ShopPages | None = None) -> Iterator[str]:
    shops = {"shops": {"": shop}} if shop else {}
    server = PageServer(pages_app(settings(**shops), visits, now=lambda: 0), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.close()


def heading(page: Page) -> str:
    return str(page.evaluate("document.querySelector('h1').textContent"))


def press(page: Page, button: str, result: str) -> None:
    page.evaluate(f"document.querySelector('button[value={button}]').click()")
    page.wait(
        f"document.readyState === 'complete' && document.querySelector('h1').textContent === '{result}'"
    )


@pytest.mark.parametrize("width", [320, 375, 900])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_whole_readable_and_without_findings(
    browser: Browser, checkers: Checkers, page_pictures: Path, width: int, scheme: str
) -> None:
    visits = FakeVisits()
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        page.screenshot(page_pictures / f"{name}-{width}-{scheme}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(243, 244, 246)" if scheme == "light" else "rgb(16, 18, 22)"), (
            "no style sheet"
        )
        found[name] = page.audit(checkers.axe)

    with served(visits) as site, browser.page(width, scheme=scheme) as page:
        page.visit(site + UNSUBSCRIBE)
        look(page, "ask")
        heights = page.evaluate("[...document.querySelectorAll('button')].map(b => b.offsetHeight)")
        assert min(heights) >= 44
        press(page, "cart", "No more mails for this cart")
        look(page, "left")
        press(page, "stop", "You are unsubscribed")
        look(page, "stopped")
        assert (visits.left, visits.stopped) == ([7], [7])
        page.visit(site + "/u/made-up")
        look(page, "invalid")
        visits.down = True
        page.visit(site + UNSUBSCRIBE)
        press(page, "stop", "Please try again")
        look(page, "busy")
        page.visit(site + BACK)
        look(page, "back")
        asked = {request.url.removeprefix(site).partition("?")[0] for request in page.requests}
        # Nothing but the pages and their style sheet; browsers want an icon, which is none of ours.
        assert asked <= {UNSUBSCRIBE, BACK, "/u/made-up", "/style.css", "/favicon.ico"}
    with served(FakeVisits(), LONG) as site, browser.page(width, scheme=scheme) as page:
        page.visit(site + UNSUBSCRIBE)
        look(page, "long")
    assert {name: violations for name, violations in found.items() if violations} == {}


def test_the_keyboard_alone_unsubscribes(browser: Browser) -> None:
    visits = FakeVisits()
    with served(visits) as site, browser.page(900) as page:
        page.visit(site + UNSUBSCRIBE)
        for _ in range(2):  # the shop's name, then the first button
            for kind in ("rawKeyDown", "keyUp"):
                page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        assert page.evaluate("document.activeElement.value") == "stop"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        for kind, text in (("keyDown", "\r"), ("keyUp", "")):
            page.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text=text
            )  # fmt: skip
        page.wait("document.querySelector('h1').textContent === 'You are unsubscribed'")
    assert visits.stopped == [7]
