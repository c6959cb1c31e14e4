"""The page of `cartwake report --html` in a real browser: looked at by day, at night, on a phone and on paper."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.dashboard import NOW, NOW_US, day, figures
from parts.chromium import Browser
from parts.markup import Checkers

from binlog_watcher.commands.report_html import page
from binlog_watcher.store.own_tables.figures import Figures, Split, Window
from binlog_watcher.store.own_tables.webhook_queue import EventCount, State

pytestmark = pytest.mark.parts

SIZES = {"desk": (1100, "light"), "dark": (1100, "dark"), "phone": (360, "light")}


def long() -> Figures:
    """Three years, and many storefronts, whose names are long."""
    days = [day(NOW.date() - timedelta(days=back), 9 + back % 30, 5, 2) for back in range(1_095, 0, -30)]
    found = figures(days, window=Window.last(NOW_US, days=1_095))
    stores = tuple(Split(f"A storefront with a long name, number {nth}", found.now.sums) for nth in range(40))
    return replace(found, before=found.now, splits={"store": stores})


STATES = {"usual": figures, "empty": lambda: figures([], outcomes=(), lateness=None), "long": long}


@pytest.mark.parametrize("state", STATES)
def test_it_is_legible_everywhere(
    browser: Browser, checkers: Checkers, dashboard_pictures: Path, state: str
) -> None:
    html = page(STATES[state](), "The <Shop> & Sons", [EventCount("cart.clicked", State.DEAD, 3)])
    for size, (width, scheme) in SIZES.items():
        with browser.page(width, height=900, scheme=scheme) as shown:
            shown.show(html)
            if size == "dark":
                assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)"
            shown.screenshot(dashboard_pictures / f"report-{state}-{size}.png")
            if size == "desk":
                shown.call("Emulation.setEmulatedMedia", media="print")
                shown.screenshot(dashboard_pictures / f"report-{state}-print.png")
                shown.call("Emulation.setEmulatedMedia", media="")
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert shown.evaluate(wide) <= 0, f"{state}-{size} scrolls sideways"
            assert shown.audit(checkers.axe) == []
            assert not shown.requests
