"""The page of `cartwake theme preview` in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.previewed_theme import previewed
from parts.chromium import Browser
from parts.markup import Checkers

from mailer.theme_preview import PreviewServer

pytestmark = pytest.mark.parts

LOADED = (
    "[...document.querySelectorAll('iframe')].every(frame => frame.src && !frame.hasAttribute('aria-busy'))"
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PreviewServer]:
    with previewed(tmp_path / "mine", "bold") as made:
        yield made


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (1400, "dark"), (375, "light")])
def test_it_shows_the_theme_and_shows_it_anew_when_it_is_saved(
    browser: Browser,
    checkers: Checkers,
    page_pictures: Path,
    tmp_path: Path,
    server: PreviewServer,
    width: int,
    scheme: str,
) -> None:
    with browser.page(width, scheme=scheme) as page:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        page.visit(server.url)
        page.wait(LOADED)
        (tmp_path / "mine/theme.toml").write_text('based_on = "bold"\nbrand = "#b91c1c"\n')
        page.wait("document.getElementById('state').textContent.startsWith('Shown anew at')")
        page.wait(LOADED)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(page_pictures / f"theme-preview-{width}-{scheme}.png")
        assert page.audit(checkers.axe) == []
