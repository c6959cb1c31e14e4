"""Renders a theme with what shops really put into mails, and says what would go wrong."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from html import unescape
from pathlib import Path

import jinja2

from mailer.discounts import NO_DISCOUNT, Discount
from mailer.languages import languages
from mailer.links import Links
from mailer.recovery_mail import Line, Pick, RecoveryMail, ShopInfo
from mailer.render import MAX_HTML, Renderer
from mailer.text import PRODUCT_LIMIT, one_line
from mailer.themes import Theme, ThemeError, values
from mailer.themes.colours import contrast

_SPOKEN = ("en", "de", "ar")
"""One of short words, one of long words, one from right to left."""

_VISIBLE = 1.3
"""Contrast of a button's ground and the card that it stands on, below which nobody sees that it is one."""

_CART_LINK = "https://shop.example.com/back-to-the-cart"
"""Like no other link in the mail, so that it is missed where it is missing."""

_NASTY = "<b>\"'&amp;</b> {{ 7 * 7 }} {% raw %} حذاء \u202e رياضي " + "W" * 60
_LINE = Line(
    "Kettle", "Kitchen", Decimal("49.90"), 1, "https://shop.example.com/k.jpg", "https://shop.example.com/k"
)


def problems(store: ShopInfo, theme: Theme) -> list[str]:
    """What is wrong with mails of ``store`` in ``theme``, one sentence each; none if all is well."""
    found = dict.fromkeys(_of_colours(theme), "")
    for tag in _SPOKEN:
        try:
            renderer = Renderer(store, languages((tag,), theme.messages), theme)
            for name, mail in specimens(store).items():
                for problem in _of_mail(renderer, store, mail):
                    found.setdefault(problem, f" (first with {name}, in {tag})")
        except ValueError as error:  # ThemeError is one; others are of the theme's messages
            found.setdefault(str(error), "")
    found.update(dict.fromkeys(_of_messages(theme.messages), ""))
    return [problem + where for problem, where in found.items()]


def specimens(store: ShopInfo) -> dict[str, RecoveryMail]:
    """Mails of every kind, by what is special about each."""
    picks = tuple(Pick(f"Cup {number}", Decimal(9), "Kitchen", "c.jpg", "/c") for number in range(3))
    plain = RecoveryMail(
        first_name="Jane",
        lines=(_LINE, replace(_LINE, name="Teapot", quantity=2)),
        log_id=7,
        unsubscribe=Links(b"only for looking at it", support_email=store.support_email).unsubscribe(7),
        discount=Discount(Decimal(10), "SAVE10"),
        text="Chosen with the kettle in mind.",
        picks=picks,
        cart_link=_CART_LINK,
    )
    nasty = Line(_NASTY, _NASTY, Decimal("1234567.891"), 9999, 'x" onerror="y', "javascript:z")
    return {
        "a cart of two things": plain,
        "fifty lines": replace(plain, lines=(_LINE,) * 50),
        "strange names": replace(
            plain, first_name=_NASTY, lines=(nasty, nasty), text=_NASTY, picks=(Pick(_NASTY, None),)
        ),
        "nothing but one thing": replace(
            plain,
            first_name=None,
            lines=(replace(_LINE, image_url=None, url=None),),
            discount=NO_DISCOUNT,
            text="",
            picks=(),
        ),
        "a discount without a code": replace(plain, discount=Discount(Decimal(20), None, "Tell us.")),
        "nothing to be had": replace(plain, lines=(replace(_LINE, available=False),)),
    }


def _of_colours(theme: Theme) -> Iterator[str]:
    known = values(theme)
    if contrast(known["brand"], known["panel"]) < _VISIBLE:
        yield f"brand = {theme.brand}: on white nobody sees that the button is one; give a stronger colour"


def _of_messages(folder: Path | None) -> Iterator[str]:
    for path in sorted(folder.glob("*.po")) if folder else ():
        try:
            languages((path.stem,), folder)
        except ValueError as error:
            yield str(error) if str(path) in str(error) else f"{path}: {error}"


def _of_mail(renderer: Renderer, store: ShopInfo, mail: RecoveryMail) -> Iterator[str]:
    try:
        rendered = renderer.render(mail)
    except jinja2.TemplateError as error:
        yield f"a block can't be rendered: {error}; docs/themes.md lists the values that there are"
        return
    except ThemeError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        yield f"a block can't be rendered: {type(error).__name__}: {error}"
        return
    if len(rendered.html.encode("utf-8", "replace")) > MAX_HTML:
        yield f"a mail has more than {MAX_HTML:,} bytes, and Gmail cuts it off: shorten the blocks and style.css"
    rows = [row for row in store.address.splitlines() if row.strip()]
    needed = {
        "the link to the cart": _CART_LINK,
        "the link to unsubscribe": mail.unsubscribe.token,
        "the postal address": one_line(rows[0], PRODUCT_LIMIT) if rows else "",
        "what is in the cart": mail.lines[0].name if mail.lines[0].name.isalpha() else "",
    }
    html, plain = _bare(unescape(rendered.html)), _bare(rendered.text)
    for what, text in needed.items():
        if _bare(text) not in html:
            yield f"{what} is missing in the HTML: a block has lost it"
        if _bare(text) not in plain:
            yield f"{what} is missing in the plain text: a block has lost it"


def _bare(text: str) -> str:
    """Without white space: long lines of the plain text are broken."""
    return "".join(text.split())
