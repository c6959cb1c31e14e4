"""The pages as bytes: rendered once at the start, since nothing in them is about a customer."""

import enum
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

import jinja2

from mailer.languages import Language
from mailer.languages.language import message
from mailer.refill import filled
from mailer.themes import Theme, values
from mailer.themes.colours import INK, WHITE, legible, mixed, shades
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
    State.ASK: message("Cart reminders"),
    State.STOPPED: message("You are unsubscribed"),
    State.LEFT: message("No more mails for this cart"),
    State.INVALID: message("This link is not valid"),
    State.LIMITED: message("Please wait a minute"),
    State.BUSY: message("Please try again"),
    State.BACK: message("Please try again"),
    State.NO_CHOICE: message("Nothing was chosen"),
    State.NO_METHOD: message("This is no such page"),
    State.TOO_LARGE: message("That was too much"),
    State.TOO_SLOW: message("That took too long"),
}


class PageTexts:
    """All pages of all storefronts, in the languages of each."""

    def __init__(self, settings: WebSettings) -> None:
        self._languages = {store: shop.languages for store, shop in settings.shops.items()}
        self._pages = {
            (state, store, language.tag): _rendered(state, store, shop, language)
            for store, shop in settings.shops.items()
            for language in shop.languages
            for state in State
        }

    def of(self, state: State, store: str = "", accepted: str = "") -> bytes:
        """The page; of a storefront that is not listed any more as of the first.

        ``accepted``: the visitor's Accept-Language.
        """
        if store not in self._languages:
            store = ""
        language = self._languages[store].accepted(accepted)
        return self._pages[state, store, language.tag]


def _rendered(state: State, store: str, shop: ShopPages, language: Language) -> bytes:
    page = _template().render(
        state=state,
        shop=shop,
        cart_url=filled(shop.cart_url, "") or shop.url,
        title=language.text(_TITLES[state]),
        style="../style.css" + (f"?{urlencode({'s': store})}" if store else ""),
        language=language,
        _=language.in_html,
    )
    return page.encode()


@cache
def style(theme: Theme) -> bytes:
    """The style sheet, in the theme's colours and corners."""
    sheet = (files(__package__) / "templates" / "style.css").read_text(encoding="utf-8")
    known, brand = values(theme), shades(theme.brand)
    light = {
        "main": brand.solid,
        "main-over": legible(mixed(brand.solid, INK, 0.85), brand.on_solid),
        "on-main": brand.on_solid,
        "corner": known["corner"],
        "corner-card": known["corner-panel"],
    }
    dark = {"main": brand.dark_text, "main-over": mixed(brand.dark_text, WHITE, 0.75), "on-main": INK}
    return f"{sheet}{_root(light)}@media (prefers-color-scheme: dark) {{ {_root(dark)} }}\n".encode()


def _root(properties: Mapping[str, str]) -> str:
    return ":root { " + " ".join(f"--{name}: {value};" for name, value in properties.items()) + " }\n"


@cache
def _template() -> jinja2.Template:
    source = (files(__package__) / "templates" / "page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
