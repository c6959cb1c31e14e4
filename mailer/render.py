"""Renders a recovery mail to subject, HTML and plain text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import jinja2

from mailer.inlining import inline_styles
from mailer.money import format_money, format_percent, round_money
from mailer.recovery_mail import Line, Pick, RecoveryMail, ShopInfo, is_web_url
from mailer.refill import filled
from mailer.text import (
    NAME_LIMIT,
    PRODUCT_LIMIT,
    initial,
    language_tag,
    names_told_apart,
    one_line,
    shop_line,
)

MAX_HTML = 80_000
"""Bytes. Gmail clips mails beyond 102 KB, and the unsubscribe link with them."""

_SIZES = ((8, 12), (8, 3), (3, 0))
"""Cart lines and cards shown; smaller only when freak texts burst MAX_HTML. The rest of the cart is counted in
one more row, and the totals always hold it all."""

_SHELF = 2
"""So many cards are rows, picture beside text; more of them stand in columns."""

_WIDE = 12
"""Characters of a row's total that leave room for its name beside them on a phone; longer ones stand below it."""

MAX_TEXT = 1000
MAX_URL = 500
"""Characters of an image or product URL; longer ones are data in disguise."""

_TINTS = (
    ("#e4eefb", "#1d4f91"),
    ("#e6f4ea", "#1e6b38"),
    ("#fdecd8", "#8a4b08"),
    ("#f3e8fd", "#6b2fa0"),
    ("#fde7ec", "#9b1c42"),
    ("#e0f4f4", "#0f5f66"),
)
"""Background and ink (contrast at least 5.5 to 1) of the place of a picture that is missing or blocked."""

_PREHEADER_FILLER = "\u034f\u200c\u00a0" * 40
"""Invisible: keeps mail clients from filling the preview line with whatever text comes next."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's three texts; lines end in a bare newline."""

    subject: str
    html: str
    text: str


class Renderer:
    """Renders the mails of one store. Templates are compiled here, styles inlined once per process."""

    def __init__(self, store: ShopInfo) -> None:
        self._store = store
        self._site = store.url if store.url.endswith("/") else store.url + "/"
        self._html = _compile("mail.html", _html_source())
        self._text = _compile("mail.txt", _template("mail.txt"))
        self._shared: dict[str, Any] = {
            "store": replace(
                store,
                name=one_line(store.name, PRODUCT_LIMIT),
                free_shipping_text=one_line(store.free_shipping_text, PRODUCT_LIMIT),
            ),
            # Many postal addresses begin with the shop's name; it is not printed twice.
            "footer_name": None if store.address.strip().startswith(store.name.strip()) else store.name,
            "address": [one_line(row, PRODUCT_LIMIT) for row in store.address.splitlines() if row.strip()],
            "preheader_filler": _PREHEADER_FILLER,
        }

    def render(self, mail: RecoveryMail) -> Rendered:
        """The mail's subject, HTML (at most 80 KB) and plain text.

        Raises ValueError for an empty cart: there is nothing to recover.
        """
        if not mail.lines:
            raise ValueError("the cart is empty: there is nothing to write about")
        greeted = one_line(mail.first_name or "", NAME_LIMIT) or None
        discount = replace(mail.discount, note=one_line(mail.discount.note, 300))
        mail = replace(
            mail, first_name=greeted, discount=discount, currency=mail.currency or self._store.currency
        )
        html, context = "", dict[str, Any]()
        for lines, picks in _SIZES:
            context = self._context(mail, lines, picks)
            html = self._html.render(context)
            if len(html.encode("utf-8", "replace")) <= MAX_HTML:
                break
        return Rendered(subject=context["subject"], html=html, text=self._text.render(context))

    def _context(self, mail: RecoveryMail, max_lines: int, max_picks: int) -> dict[str, Any]:
        currency = mail.currency or self._store.currency
        # What can be bought comes first: the rows that are not shown are of what can't.
        ordered = sorted(mail.lines, key=lambda line: not line.available)
        told_apart = names_told_apart([(line.name, line.category) for line in ordered[:max_lines]])
        hidden = ordered[max_lines:]
        picks = [self._pick(pick, currency, place) for place, pick in enumerate(mail.picks[:max_picks])]
        return self._shared | {
            "mail": mail,
            "cart_link": mail.cart_link or filled(self._store.cart_url, mail.items) or self._store.url,
            "subject": self._subject(mail),
            "preheader": _preheader(mail, currency),
            "lines": [
                self._line(line, currency, place) | {"name": name, "detail": detail}
                for place, (line, (name, detail)) in enumerate(zip(ordered, told_apart, strict=False))
            ],
            "unavailable": _unavailable(mail.lines),
            "hidden": sum(line.quantity for line in hidden),
            "language": language_tag(mail.language) or "en",
            "percent": format_percent(mail.discount.percent),
            "code": one_line(mail.discount.code or "", 64),
            "subtotal": format_money(mail.subtotal, currency),
            "saving": format_money(-mail.saving, currency),
            "total": format_money(mail.total, currency),
            "text": one_line(mail.text, MAX_TEXT),
            "picks": picks,
            "pick_rows": _rows(picks),
        }

    def _subject(self, mail: RecoveryMail) -> str:
        emoji = "🛒 " if self._store.emoji else ""
        what = f"{mail.first_name}, you" if mail.first_name else "You"
        offer = f" \N{EN DASH} {format_percent(mail.discount.percent)}% off" if mail.discount.percent else ""
        return f"{emoji}{what} left something in your cart{offer}"

    def _line(self, line: Line, currency: str, place: int) -> dict[str, Any]:
        name = shop_line(line.name) or "Item"
        price, total = round_money(line.unit_price, currency), line.total(currency)
        return _picture(name, place, self._url(line.image_url)) | {
            "url": self._url(line.url),
            "available": line.available,
            "quantity": f"{line.quantity:,}",
            # A price that was rounded may not make the row's total: then it is not shown.
            "unit_price": format_money(price, currency) if price * line.quantity == total else None,
            "total": (shown := format_money(total, currency)),
            "is_wide": len(shown) > _WIDE,
        }

    def _pick(self, pick: Pick, currency: str, place: int) -> dict[str, Any]:
        name = shop_line(pick.name, 80) or "Item"
        return _picture(name, place, self._url(pick.image_url)) | {
            "name": name,
            "category": shop_line(pick.category, 40),
            "price": None if pick.price is None else format_money(pick.price, currency),
            "url": self._url(pick.url),
        }

    def _url(self, raw: str | None) -> str | None:
        """``raw`` as stored by the shop, made absolute; None when it is missing, too long or no web URL.

        Bare names and paths are taken from the store's front page; javascript:, data: and file: are refused.
        """
        text = (raw or "").strip()
        if not text or len(text) > MAX_URL:
            return None
        try:
            parts = urlsplit(text)
            if parts.scheme and not parts.netloc:
                return None  # javascript:, data:, C:\\
            # Shops store file names with spaces, quotes and letters of any script; % stays as it is, for the
            # name may be quoted already.
            joined = urljoin(self._site, quote(text, safe="%/:?#[]@!$&()*+,;=~"))
        except ValueError:
            return None
        return joined if len(joined) <= MAX_URL and is_web_url(joined) else None


def _picture(name: str, place: int, image: str | None) -> dict[str, Any]:
    """What fills a picture's place: the image, and behind it a tint that differs from its neighbours'."""
    tint, ink = _TINTS[place % len(_TINTS)]
    return {"image": image, "tint": tint, "ink": ink, "initial": initial(name)}


def _unavailable(lines: Sequence[Line]) -> str:
    """Which of the lines can't be bought just now: ``none``, ``some`` or ``all``."""
    known = {line.available for line in lines}
    return "some" if len(known) > 1 else "none" if known == {True} else "all"


def _rows(picks: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cards in columns: three in a row, or two where they are four, so that none stands alone. None for few cards."""
    if len(picks) <= _SHELF:
        return []
    per_row = 2 if len(picks) == 4 else 3
    return [picks[start : start + per_row] for start in range(0, len(picks), per_row)]


def _preheader(mail: RecoveryMail, currency: str) -> str:
    items = "1 item is" if mail.item_count == 1 else f"{mail.item_count:,} items are"
    offer = f", now {format_money(mail.total, currency)} with {format_percent(mail.discount.percent)}% off"
    return f"{items} waiting for you{offer if mail.discount.percent else ''}."


@cache
def _template(name: str) -> str:
    return (files("mailer") / "templates" / name).read_text(encoding="utf-8")


@cache
def _html_source() -> str:
    # Lines of a template that hold only a Jinja tag, and the indentation, would be half of the mail.
    html = re.sub(r">\s*\n\s*", ">", _template("mail.html"))
    html = re.sub(r"%\}\s*\n\s*", "%}", html)
    return inline_styles(html, _template("mail.css"), _template("responsive.css"))


def _compile(name: str, source: str) -> jinja2.Template:
    """Escaping goes by the name's ending: HTML is escaped, plain text is not."""
    return jinja2.Environment(
        loader=jinja2.DictLoader({name: source}),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)
