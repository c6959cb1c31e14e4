"""What a mail shows of a storefront and promises for it: made at the start, and chosen cart by cart. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from binlog_watcher.core.cart import Cart
from binlog_watcher.recovery.compose.product_pages import NO_PAGES, ProductPages
from mailer import (
    NO_DISCOUNT,
    Discount,
    DiscountTable,
    DkimSigner,
    Envelope,
    Links,
    Renderer,
    ShopInfo,
    language_tag,
    refill,
)
from mailer.languages import Language, Languages
from mailer.themes import Theme, load_theme


@dataclass(frozen=True, slots=True)
class Brand:
    """One storefront. ``prices_in``: the currency of the catalogue's prices, and what carts' rates go to.

    The tiers' amounts are in the storefront's own currency. ``signer``: of its mails, unless its mail server does it.
    ``code_days``: how long a discount's code is good for; None: nothing is said of it.
    """

    store: ShopInfo
    discounts: DiscountTable
    links: Links
    envelope: Envelope
    prices_in: str
    product_pages: ProductPages = NO_PAGES
    signer: DkimSigner | None = None
    languages: Languages = field(default_factory=Languages)
    theme: Theme = field(default_factory=load_theme)
    code_days: int | None = None
    renderer: Renderer = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "renderer", Renderer(self.store, self.languages, self.theme))

    def language(self, cart: Cart) -> Language:
        """What the mail is written in: the customer's language where it is known and offered, else the store's own."""
        customer = cart.customer
        return self.languages.best(language_tag(customer.language if customer else None))

    def discount(self, cart: Cart) -> Discount:
        """The discount of the cart's tier; none for a cart in another currency, without a rate to go by."""
        worth = self._worth(cart)
        return NO_DISCOUNT if worth is None else self.discounts.for_total(worth)

    def valid_until(self, today: date) -> date | None:
        """The last day of the codes in a mail of ``today`` (UTC)."""
        return None if self.code_days is None else today + timedelta(days=self.code_days)

    def is_too_dear(self, cart: Cart) -> bool:
        """Whether the cart gets no discount because its total lies above DISCOUNT_MAX_TOTAL."""
        worth = self._worth(cart)
        return worth is not None and self.discounts.is_too_high(worth)

    def _worth(self, cart: Cart) -> Decimal | None:
        """The total in the currency of the tiers; None where that is not known."""
        is_own = cart.currency in {None, self.store.currency}
        if self.store.currency != self.prices_in:
            return cart.total if is_own else None
        return cart.worth if is_own or cart.rate is not None else None

    def items(self, cart: Cart) -> str:
        """What the link to the cart fills it with; "" where it does not."""
        if refill.PLACE not in self.store.cart_url:
            return ""
        bought = [line for line in cart.lines if line.available and line.price >= 0]
        return refill.items_of((line.variant_id or line.product_id, line.quantity) for line in bought)

    def price(self, cart: Cart, price: Decimal) -> Decimal | None:
        """A catalogue price in the cart's currency; None where that is not known."""
        if (cart.currency or self.store.currency) == self.prices_in:
            return price
        return None if cart.rate is None else price * cart.rate


@dataclass(frozen=True, slots=True)
class Brands:
    """``default``: of every cart while no stores are listed; ``listed``: by the store's name, in small letters."""

    default: Brand
    listed: Mapping[str, Brand] = field(default_factory=dict)

    def of(self, cart: Cart) -> Brand:
        """The cart's. Whose store is not listed is never mailed, see ``decide``."""
        return self.listed.get(cart.store or "", self.default)

    def is_too_dear(self, cart: Cart) -> bool:
        """Whether the cart's brand promises no discount for a total as high as this one."""
        return self.of(cart).is_too_dear(cart)
