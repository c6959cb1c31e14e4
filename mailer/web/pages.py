"""The pages as bytes: rendered once at the start, since nothing in them is about a customer."""

import enum
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import jinja2

from mailer.refill import filled
from mailer.web.settings import ShopPages, WebSettings

RETRY_AFTER_S = 30
"""When a visitor is asked to come again."""

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer."""

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A GIF of one transparent pixel."""


class State(enum.StrEnum):
    """What a page says, and by ``STATUS`` the status that it comes with."""

    ASK = "ask"
    STOPPED = "stopped"
    LEFT = "left"
    INVALID = "invalid"
    LIMITED = "limited"
    BUSY = "busy"
    BACK = "back"
    NO_CHOICE = "no_choice"
    NO_METHOD = "no_method"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"


STATUS: Mapping[State, int] = {
    State.ASK: 200,
    State.STOPPED: 200,
    State.LEFT: 200,
    State.INVALID: 404,
    State.LIMITED: 429,
    State.BUSY: 503,
    State.BACK: 503,
    State.NO_CHOICE: 400,
    State.NO_METHOD: 405,
    State.TOO_LARGE: 413,
    State.TOO_SLOW: 408,
}

_TITLES: Mapping[State, str] = {
    State.ASK: "Cart reminders",
    State.STOPPED: "You are unsubscribed",
    State.LEFT: "No more mails for this cart",
    State.INVALID: "This link is not valid",
    State.LIMITED: "Please wait a minute",
    State.BUSY: "Please try again",
    State.BACK: "Please try again",
    State.NO_CHOICE: "Nothing was chosen",
    State.NO_METHOD: "This is no such page",
    State.TOO_LARGE: "That was too much",
    State.TOO_SLOW: "That took too long",
}


class PageTexts:
    """All pages of all storefronts."""

    def __init__(self, settings: WebSettings) -> None:
        self._pages = {
            (state, store): _rendered(state, shop)
            for state in State
            for store, shop in settings.shops.items()
        }

    def of(self, state: State, store: str = "") -> bytes:
        """The page; of a storefront that is not listed any more as of the first."""
        return self._pages.get((state, store)) or self._pages[state, ""]


def _rendered(state: State, shop: ShopPages) -> bytes:
    cart_url = filled(shop.cart_url, "") or shop.url
    page = _template().render(state=state, shop=shop, cart_url=cart_url, titles=_TITLES, style="../style.css")
    return page.encode()


@cache
def style() -> bytes:
    """The style sheet."""
    return (files(__package__) / "templates" / "style.css").read_bytes()


@cache
def _template() -> jinja2.Template:
    source = (files(__package__) / "templates" / "page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
