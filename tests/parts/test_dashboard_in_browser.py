"""The dashboard in a real browser: looked at in every state, audited, used by keyboard, and kept fresh by htmx."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.admin import TOKEN, Clock, access_of
from fakes.dashboard import STATES, FakeInstance, app_in, part, standing
from parts.chromium import Browser, Page
from parts.markup import Checkers

from binlog_watcher.admin.app import admin_app
from binlog_watcher.telemetry.metrics_server import Obstacle
from mailer.web import PageServer

pytestmark = pytest.mark.parts

SIZES = {
    "desk": (1280, "light"),
    "dark": (1280, "dark"),
    "phone": (360, "light"),
    "dark-phone": (360, "dark"),
}
GROUND = {"light": "rgb(244, 246, 249)", "dark": "rgb(14, 18, 23)"}


@contextlib.contextmanager
def served(state: str) -> Iterator[str]:
    server = PageServer(app_in(state, access_of(Clock())), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.close()


def log_in(page: Page, site: str) -> None:
    page.call("Network.clearBrowserCookies")  # they are the host's, whatever the port
    page.visit(site + "/login")
    page.evaluate(f"document.querySelector('#token').value = '{TOKEN}'")
    page.evaluate("document.querySelector('button').click()")
    page.wait(f"document.readyState === 'complete' && location.href === '{site}/'")


def text(page: Page) -> str:
    return str(page.evaluate("document.body.innerText"))


def look(page: Page, name: str, pictures: Path) -> None:
    """A picture, and nothing of the page is wider than the screen."""
    page.screenshot(pictures / f"{name}.png")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_legible_everywhere(
    browser: Browser, checkers: Checkers, dashboard_pictures: Path, state: str, size: str
) -> None:
    width, scheme = SIZES[size]
    found: dict[str, list[str]] = {}
    with served(state) as site, browser.page(width, height=900, scheme=scheme) as page:
        page.run_scripts()
        log_in(page, site)
        assert page.violations == []
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == GROUND[scheme]
        look(page, f"{state}-{size}", dashboard_pictures)
        found["front"] = page.audit(checkers.axe)
        asked = {request.url.removeprefix(site) for request in page.requests}
        assert all(one.startswith("/") for one in asked), asked  # nothing of anybody else's
    assert {name: violations for name, violations in found.items() if violations} == {}


@pytest.mark.parametrize("size", SIZES)
def test_the_door_and_a_story(
    browser: Browser, checkers: Checkers, dashboard_pictures: Path, size: str
) -> None:
    width, scheme = SIZES[size]
    with served("fine") as site, browser.page(width, height=900, scheme=scheme) as page:
        page.call("Network.clearBrowserCookies")
        page.visit(site + "/login")
        look(page, f"login-{size}", dashboard_pictures)
        assert page.audit(checkers.axe) == []
        page.evaluate("document.querySelector('#token').value = 'wrong'")
        page.evaluate("document.querySelector('button').click()")
        page.wait("document.body.innerText.includes('That is not the token')")
        look(page, f"wrong-token-{size}", dashboard_pictures)
        assert page.audit(checkers.axe) == []
        log_in(page, site)
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        page.visit(site + "/cart?by=customer&q=4117")
        page.wait("document.querySelector('.story') !== null")
        look(page, f"story-{size}", dashboard_pictures)
        assert page.audit(checkers.axe) == []
        for word in ("j***@example.com", "Trail running shoes & socks", "order 9001"):
            assert word in text(page)


def test_an_address_that_is_looked_for_stands_in_no_link(browser: Browser) -> None:
    with served("fine") as site, browser.page(1280, height=900) as page:
        log_in(page, site)
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        page.visit(site + "/")
        page.evaluate("document.querySelector('#by').value = 'address'")
        page.evaluate("document.querySelector('#q').value = 'jane@example.com'")
        page.evaluate("document.querySelector('form.search').requestSubmit()")
        page.wait("document.querySelector('.story') !== null")
        assert page.evaluate("location.href") == site + "/cart"
        assert not [request.url for request in page.requests if "jane" in request.url]


def test_it_keeps_itself_fresh_and_says_when_nobody_answers(browser: Browser) -> None:
    instance = FakeInstance(standing())
    app = admin_app(access_of(Clock()), [part("fine", instance=instance)])
    server = PageServer(app, "127.0.0.1", 0)
    site = f"http://127.0.0.1:{server.port}"
    try:
        with browser.page(1280, height=900) as page:
            log_in(page, site)
            page.call("Emulation.setScriptExecutionDisabled", value=False)
            page.visit(site + "/")
            assert "All is well" in text(page)
            instance.obstacle = Obstacle("smtp", "the SMTP server takes no mail from us")
            page.wait("document.body.innerText.includes('No mail goes out')")
            server.close()
            page.wait("!document.getElementById('lost').hidden")
    finally:
        server.close()


def test_a_session_that_ended_leads_the_whole_page_to_the_login(browser: Browser) -> None:
    clock = Clock()
    server = PageServer(app_in("fine", access_of(clock)), "127.0.0.1", 0)
    site = f"http://127.0.0.1:{server.port}"
    try:
        with browser.page(1280, height=900) as page:
            log_in(page, site)
            page.call("Emulation.setScriptExecutionDisabled", value=False)
            page.visit(site + "/")
            clock.now += 13 * 3600
            page.wait("location.pathname === '/login'")
    finally:
        server.close()


def test_the_keyboard_alone_finds_a_cart(browser: Browser) -> None:
    with served("fine") as site, browser.page(1280, height=900) as page:
        log_in(page, site)
        page.evaluate("document.activeElement.blur()")
        seen = []
        for _ in range(5):
            for kind in ("rawKeyDown", "keyUp"):
                page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
            seen.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert seen[:4] == ["skip", "brand", "by", "q"]
        page.evaluate("document.querySelector('#q').focus()")
        page.call("Input.insertText", text="4117")
        for kind, typed in (("keyDown", "\r"), ("keyUp", "")):
            page.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text=typed
            )  # fmt: skip
        page.wait("location.pathname === '/cart' && location.search === '?by=customer&q=4117'")


# --- the chart -------------------------------------------------------------------------------------------------------

COLOURS = """(() => {
  const canvas = document.querySelector("#chart canvas");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] === 255) seen.add(`#${[0, 1, 2].map(c => data[at + c].toString(16).padStart(2, "0")).join("")}`);
  const wanted = ["abandoned", "mailed", "recovered"];
  return wanted.map(name => seen.has(getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()));
})()"""
"""Whether the style sheet's colours are in the picture."""

SWAP = "htmx.ajax('GET', '/figures', {target: '#figures', swap: 'outerHTML'})"


@contextlib.contextmanager
def charted(browser: Browser, state: str, width: int = 1280) -> Iterator[Page]:
    """The page with its chart."""
    with served(state) as site, browser.page(width, height=900) as page:
        page.run_scripts()
        log_in(page, site)
        yield page


def swap(page: Page) -> None:
    """The figures come anew, and with them the chart."""
    page.evaluate("document.querySelector('#figures').dataset.old = 'yes'")
    page.evaluate(SWAP + ", null")
    page.wait("!document.querySelector('#figures').dataset.old && !document.querySelector('.htmx-settling')")


def test_the_chart_has_the_colours_of_the_scheme_and_follows_a_change(browser: Browser) -> None:
    with charted(browser, "fine") as page:
        assert page.evaluate(COLOURS) == [True, True, True]
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        page.call("Emulation.setEmulatedMedia", features=[dark])
        page.wait(f"{COLOURS}.every(Boolean)")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == GROUND["dark"]
        assert page.violations == []


def test_the_chart_is_as_wide_as_its_place(browser: Browser) -> None:
    with charted(browser, "fine") as page:
        fits = "document.querySelector('#chart canvas').clientWidth === document.querySelector('#chart').clientWidth"
        assert page.evaluate(fits)
        page.call(
            "Emulation.setDeviceMetricsOverride", width=360, height=900, deviceScaleFactor=2, mobile=True
        )
        page.wait(f"innerWidth === 360 && {fits}")
        assert page.evaluate("document.querySelector('#chart').clientWidth") < 340
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_day_that_is_pointed_at_tells_its_numbers(browser: Browser) -> None:
    with charted(browser, "fine") as page:
        left, top, width = page.evaluate(
            "(({left, top, width}) => [left, top, width])(document.querySelector('.u-over').getBoundingClientRect())"
        )
        for nth, wanted in ((0, "19 Feb"), (12, "3 Mar\n0 abandoned\n0 mailed\n0 recovered"), (29, "20 Mar")):
            at = left + (nth + 0.5) * width / 30
            page.call("Input.dispatchMouseEvent", type="mouseMoved", x=at, y=top + 60)
            page.wait("!document.querySelector('.tip').hidden")
            assert str(page.evaluate("document.querySelector('.tip').textContent")).startswith(wanted)
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=5, y=5)
        page.wait("document.querySelector('.tip').hidden")


def test_a_chart_that_was_swapped_leaves_nothing_behind(browser: Browser) -> None:
    with charted(browser, "fine") as page:
        page.evaluate(
            "document.querySelector('#days summary').click(), document.querySelector('#days summary').focus()"
        )
        counted = []
        for swaps in (3, 10):
            for _ in range(swaps):
                swap(page)
            page.call("HeapProfiler.collectGarbage")
            counted.append(page.call("Memory.getDOMCounters"))
        before, after = counted
        # Ten charts that stay would be 70 listeners and 10,000 nodes; other parts of the page come anew meanwhile.
        assert after["jsEventListeners"] - before["jsEventListeners"] < 10, counted
        assert after["nodes"] - before["nodes"] < 2_000, counted
        assert page.evaluate("document.querySelectorAll('canvas').length") == 1
        assert page.evaluate(COLOURS) == [True, True, True]
        assert page.evaluate("document.querySelector('#days').open")  # whoever reads the table reads on
        assert page.evaluate("document.activeElement.id") == "days-shown"
        assert page.violations == []


def test_nothing_to_draw_and_nothing_to_draw_with(browser: Browser) -> None:
    with charted(browser, "empty") as page:
        assert page.evaluate("document.querySelector('canvas')") is None
        assert "No cart was abandoned in these 30 days." in text(page)
    with served("fine") as site, browser.page(1280, height=900) as page:
        log_in(page, site)
        assert page.evaluate("document.querySelector('#chart').clientHeight") == 0
        assert "the table has its numbers" in text(page)
        assert page.evaluate("document.querySelectorAll('#days tbody tr').length") == 30


def test_the_policy_forbids_what_it_should(browser: Browser) -> None:
    """Else an empty list of violations would say nothing."""
    with charted(browser, "fine") as page:
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=color:red>x</p>')")
        page.evaluate(
            "document.head.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
        )
        page.wait("violations.length >= 2")
        assert [one.partition(":")[0] for one in page.violations] == ["style-src-attr", "script-src-elem"]
        assert page.evaluate("window.ran === undefined")
