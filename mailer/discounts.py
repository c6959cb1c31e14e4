"""Which discount a cart's total earns."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mailer.languages.language import message
from mailer.money import round_money

Rounding = Literal["cart", "row"]
"""Where a discount is rounded to the currency's minor unit: once for the cart, or in each row."""

DEFAULT_NOTE = message("Mention this mail to our support when you order, and we will apply the discount.")


@dataclass(frozen=True, slots=True)
class Tier:
    """From ``amount`` (inclusive, in the shop's currency) on, ``percent`` is taken off.

    ``code`` is what the customer types at checkout; None when the shop applies the discount some other way.
    """

    amount: Decimal
    percent: Decimal
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Discount:
    """What one cart gets: ``percent`` in 0…100, and how (a ``code`` to type, else the ``note``); see ``Rounding``."""

    percent: Decimal
    code: str | None = None
    note: str = ""
    rounding: Rounding = "cart"

    def amount(self, total: Decimal, currency: str | None = None) -> Decimal:
        """The money taken off ``total``, rounded half up to cents (or the currency's own minor unit)."""
        return round_money(total * self.percent / 100, currency)


NO_DISCOUNT = Discount(Decimal(0))


@dataclass(frozen=True, slots=True)
class DiscountTable:
    """Tiers with rising amounts; below the first there is no discount.

    ``note`` tells the customer how a discount without a code is applied. ``ceiling``: a total above it earns none, for
    nobody wants to promise a fifth of a billion (None: any total does). ``rounding``: as the shop's checkout does it.
    Raises ValueError when the amounts do not rise or a percentage lies outside 0…100.
    """

    tiers: tuple[Tier, ...]
    note: str = DEFAULT_NOTE
    ceiling: Decimal | None = None
    rounding: Rounding = "cart"

    def is_too_high(self, total: Decimal) -> bool:
        """Whether a total earns no discount because it lies above the ceiling."""
        return self.ceiling is not None and total > self.ceiling

    def __post_init__(self) -> None:
        previous: Decimal | None = None
        for number, tier in enumerate(self.tiers, start=1):
            if not tier.amount.is_finite() or tier.amount < 0:
                raise ValueError(f"discount tier {number}: the amount is {tier.amount}, allowed is 0 or more")
            if not tier.percent.is_finite() or not 0 <= tier.percent <= 100:
                raise ValueError(
                    f"discount tier {number}: the percentage is {tier.percent}, allowed is 0 to 100"
                )
            if previous is not None and tier.amount <= previous:
                raise ValueError(
                    f"discount tier {number} starts at {tier.amount}: it must start above"
                    f" the {previous} of the tier before it"
                )
            previous = tier.amount

    def for_total(self, total: Decimal) -> Discount:
        """The discount of the highest tier that ``total`` reaches; none for one above the ceiling."""
        if self.is_too_high(total):
            return NO_DISCOUNT
        reached = [tier for tier in self.tiers if tier.amount <= total]
        if not reached or reached[-1].percent == 0:
            return NO_DISCOUNT
        tier = reached[-1]
        code = (tier.code or "").strip() or None
        return Discount(tier.percent, code, "" if code else self.note, self.rounding)


DEFAULT_TABLE = DiscountTable((Tier(Decimal(100), Decimal(10)), Tier(Decimal(500), Decimal(20))))
"""Below 100 nothing, below 500 10 %, from 500 on 20 %."""
