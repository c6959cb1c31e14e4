"""What a mail's templates show: each value of a mail as text in its language, made fit for its place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from mailer.languages import Language
from mailer.money import round_money
from mailer.product_links import ProductKind
from mailer.recovery_mail import Line, Pick, RecoveryMail, ShopInfo, is_web_url
from mailer.refill import filled
from mailer.text import (
    PRODUCT_LIMIT,
    directed,
    display_width,
    initial,
    language_tag,
    names_told_apart,
    one_line,
    shop_line,
)
from mailer.themes import Theme

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


class Shown:
    """Makes the values of one store's mails in one language."""

    def __init__(self, store: ShopInfo, language: Language, theme: Theme) -> None:
        self._store = store
        self._language = language
        self._has_hero = theme.hero
        self._site = store.url if store.url.endswith("/") else store.url + "/"
        self._item = language.text("Item")
        self._shared: dict[str, Any] = {
            "store": replace(
                store,
                name=one_line(store.name, PRODUCT_LIMIT),
                logo_url=theme.logo or store.logo_url,
                logo_dark_url=theme.logo_dark or store.logo_dark_url,
            ),
            "help": language.text(theme.help),
            "trust": [language.text(line) for line in theme.trust],
            "social": [{"name": language.text(name), "url": url} for name, url in theme.social],
            "language": language,
            # What the shop says in its own words is a message, too: its catalogues may have it.
            "free_shipping": one_line(language.text(store.free_shipping_text), PRODUCT_LIMIT),
            # Many postal addresses begin with the shop's name; it is not printed twice.
            "footer_name": None if store.address.strip().startswith(store.name.strip()) else store.name,
            "address": [one_line(row, PRODUCT_LIMIT) for row in store.address.splitlines() if row.strip()],
            "preheader_filler": _PREHEADER_FILLER,
        }

    def values(self, mail: RecoveryMail, max_lines: int, max_picks: int) -> dict[str, Any]:
        """What the templates are rendered with, with so many lines of the cart and so many recommendations at most."""
        language, currency = self._language, mail.currency or self._store.currency
        # What can be bought comes first: the rows that are not shown are of what can't.
        ordered = sorted(mail.lines, key=lambda line: not line.available)
        told_apart = names_told_apart([(line.name, line.category) for line in ordered[:max_lines]])
        hidden = sum(line.quantity for line in ordered[max_lines:])
        picks = [self._pick(mail, pick, currency, place) for place, pick in enumerate(mail.picks[:max_picks])]
        lines = [
            self._line(mail, line, currency, place) | {"name": name or self._item, "detail": detail}
            for place, (line, (name, detail)) in enumerate(zip(ordered, told_apart, strict=False))
        ]
        return self._shared | {
            "mail": mail,
            "cart_link": mail.cart_link or filled(self._store.cart_url, mail.items) or self._store.url,
            "lines": lines,
            "hero": self._hero(ordered, lines),
            "unavailable": _unavailable(mail.lines),
            "hidden": hidden,
            "hidden_shown": language.number(hidden),
            "products_language": language_tag(mail.language) or language.tag,
            "percent": language.percent(mail.discount.percent),
            "code": one_line(mail.discount.code or "", 64),
            "valid_until": language.date(mail.valid_until) if mail.valid_until else "",
            "note": one_line(language.text(mail.discount.note), 300),
            "subtotal": language.money(mail.subtotal, currency),
            "saving": language.money(-mail.saving, currency),
            "total": language.money(mail.total, currency),
            "text": one_line(mail.text, MAX_TEXT),
            "picks": picks,
            "pick_rows": _rows(picks),
        }

    def subject(self, mail: RecoveryMail) -> str:
        """The subject: who, what, and the discount if there is one."""
        text, greets, saves = self._language.text, mail.first_name, mail.discount.percent
        if greets and saves:
            message = text("%(name)s, you left something in your cart – %(percent)s off")  # noqa: RUF001 - en dash
        elif greets:
            message = text("%(name)s, you left something in your cart")
        elif saves:
            message = text("You left something in your cart – %(percent)s off")  # noqa: RUF001 - en dash
        else:
            message = text("You left something in your cart")
        values: dict[str, str] = {"name": greets} if greets else {}
        if saves:
            values["percent"] = self._language.percent(saves)
        filled_in = message % values if values else message
        return ("🛒 " if self._store.emoji else "") + directed(filled_in, self._language.direction)

    def preheader(self, mail: RecoveryMail) -> str:
        """What mail clients show behind the subject."""
        language, count = self._language, mail.item_count
        if mail.discount.percent:
            message = language.plural(
                "%(count)s item is waiting for you, now %(total)s with %(percent)s off.",
                "%(count)s items are waiting for you, now %(total)s with %(percent)s off.",
                count,
            )
        else:
            message = language.plural(
                "%(count)s item is waiting for you.", "%(count)s items are waiting for you.", count
            )
        return message % {
            "count": language.number(count),
            "total": language.money(mail.total, mail.currency or self._store.currency),
            "percent": language.percent(mail.discount.percent),
        }

    def _line(self, mail: RecoveryMail, line: Line, currency: str, place: int) -> dict[str, Any]:
        name = shop_line(line.name) or self._item
        price, total = round_money(line.unit_price, currency), line.total(currency)
        shown = self._language.money(total, currency)
        return _picture(name, place, self._url(line.image_url)) | {
            "url": self._link(mail, "item", place, line.url),
            "available": line.available,
            "quantity": self._language.number(line.quantity),
            # A price that was rounded may not make the row's total: then it is not shown.
            "unit_price": self._language.money(price, currency) if price * line.quantity == total else None,
            "total": shown,
            "is_wide": display_width(shown) > _WIDE,
        }

    def _hero(self, ordered: Sequence[Line], shown: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """The main item: the dearest row that can be bought and has a picture."""
        pictured = [
            (line.unit_price, -place)
            for place, (line, values) in enumerate(zip(ordered, shown, strict=False))
            if line.available and values["image"]
        ]
        return shown[-max(pictured)[1]] if self._has_hero and pictured else None

    def _pick(self, mail: RecoveryMail, pick: Pick, currency: str, place: int) -> dict[str, Any]:
        name = shop_line(pick.name, 80) or self._item
        return _picture(name, place, self._url(pick.image_url)) | {
            "name": name,
            "category": shop_line(pick.category, 40),
            "price": None if pick.price is None else self._language.money(pick.price, currency),
            "url": self._link(mail, "pick", place, pick.url),
        }

    def _link(self, mail: RecoveryMail, kind: ProductKind, place: int, raw: str | None) -> str | None:
        """The link to a product's page ``raw``; None where that is none."""
        url = self._url(raw)
        return url if url is None or mail.product_link is None else mail.product_link(kind, place + 1, url)

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
