"""What a recovery mail says, before it is rendered."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from mailer.addresses import InvalidAddressError, parse_address
from mailer.discounts import NO_DISCOUNT, Discount
from mailer.languages.language import message
from mailer.links import Unsubscribe
from mailer.money import round_money
from mailer.product_links import ProductKind

DEFAULT_FREE_SHIPPING = message("Free shipping on your order")

_NEVER_IN_A_URL = re.compile(r'[\s\x00-\x20<>"]')


@dataclass(frozen=True, slots=True)
class ShopInfo:
    """The shop that the mail comes from. URLs are absolute http(s); ``currency`` is an ISO 4217 code.

    ``address`` is the postal address that the law asks for in the footer (lines separated by newlines or
    commas). ``public_url`` is where Cartwake's own pages are reached, None while there are none.
    ``logo_dark_url``: of a logo to show in dark mode; without one ``logo_url`` stands on a light plate there.
    Raises ValueError for what could not work in a mail.
    """

    name: str
    url: str
    address: str
    support_email: str
    sender_email: str
    sender_name: str
    cart_url: str
    logo_url: str | None = None
    logo_dark_url: str | None = None
    public_url: str | None = None
    currency: str = "USD"
    emoji: bool = False
    free_shipping_text: str = DEFAULT_FREE_SHIPPING

    def __post_init__(self) -> None:
        for label in ("url", "cart_url", "logo_url", "logo_dark_url", "public_url"):
            value = getattr(self, label)
            if value is not None and not is_web_url(value):
                raise ValueError(f"store {label} is {value!r}: it must be a whole http:// or https:// URL")
        for label in ("support_email", "sender_email"):
            try:
                parse_address(getattr(self, label), exact=True)
            except InvalidAddressError as error:
                raise ValueError(f"store {label}: {error}") from None
        if not self.name.strip():
            raise ValueError("store name is empty: customers must see who writes to them")


@dataclass(frozen=True, slots=True)
class Line:
    """A counted row of the cart; ``unit_price`` in the cart's currency. ``url``: the product's page.

    ``available``: whether it can be bought just now.
    """

    name: str
    category: str | None
    unit_price: Decimal
    quantity: int
    image_url: str | None = None
    url: str | None = None
    available: bool = True

    def total(self, currency: str | None) -> Decimal:
        """Price times quantity, rounded to the currency's minor unit: rows are rounded, and totals are sums of rows."""
        return round_money(self.unit_price * self.quantity, currency)


@dataclass(frozen=True, slots=True)
class Pick:
    """A recommended product. Without ``url`` its card is no link: better none than a wrong one.

    ``price`` is in the mail's currency; None: not known in it, and not shown.
    """

    name: str
    price: Decimal | None
    category: str | None = None
    image_url: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class RecoveryMail:
    """One mail to one customer.

    ``first_name`` greets (see ``mailer.first_name``); None greets without a name. ``text`` is the
    recommendation text, plain. ``currency`` None means the store's. ``language``: of the products' names, as the shop
    has it (fr, fr_FR); a screen reader then speaks them rightly. ``unsubscribe`` comes from
    ``Links.unsubscribe(log_id)``, ``cart_link`` (None: the shop's own page) and ``pixel`` from ``Links``, too.
    ``product_link`` makes of a product's page the link to it, as ``Links.to_product`` does; None: the page itself.
    ``items``: what the shop's own page is to fill the cart with, see ``refill``. ``valid_until``: the last day of the
    discount's code.
    """

    first_name: str | None
    lines: Sequence[Line]
    log_id: int | str
    unsubscribe: Unsubscribe
    discount: Discount = NO_DISCOUNT
    text: str = ""
    picks: Sequence[Pick] = field(default=())
    currency: str | None = None
    language: str | None = None
    items: str = ""
    valid_until: date | None = None
    cart_link: str | None = None
    product_link: Callable[[ProductKind, int, str], str] | None = None
    pixel: str | None = None

    @property
    def payable(self) -> Sequence[Line]:
        """The lines that the totals are of: those that can be bought just now; where none can, all."""
        return [line for line in self.lines if line.available] or self.lines

    @property
    def subtotal(self) -> Decimal:
        """The cart before the discount."""
        return sum((line.total(self.currency) for line in self.payable), Decimal(0))

    @property
    def saving(self) -> Decimal:
        """What the discount takes off, of the cart or row by row, as the shop's own checkout does it."""
        if self.discount.rounding == "cart":
            return self.discount.amount(self.subtotal, self.currency)
        rows = (self.discount.amount(line.total(self.currency), self.currency) for line in self.payable)
        return sum(rows, Decimal(0))

    @property
    def total(self) -> Decimal:
        """What is left to pay."""
        return self.subtotal - self.saving

    @property
    def item_count(self) -> int:
        """Pieces that the totals are of, not lines."""
        return sum(line.quantity for line in self.payable)


def is_web_url(value: str) -> bool:
    """Whether ``value`` is an absolute http(s) URL without white space or control characters."""
    if _NEVER_IN_A_URL.search(value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
