"""The settings of what mails promise."""

from decimal import Decimal
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from binlog_watcher.settings.types import DiscountTier
from mailer import DEFAULT_FREE_SHIPPING, DEFAULT_NOTE


class DiscountSettings(BaseModel):
    """A part of ``Settings``."""

    discount_tiers: kind.Tiers = ()
    """Any number of tiers instead of the two below, amounts rising: `50:5:SAVE5, 100:10:SAVE10, 500:20`."""
    discount_tier_1_amount: kind.Amount = Decimal(100)
    """From this cart total on,"""
    discount_tier_1_percent: kind.Percent = Decimal(10)
    """so many percent off. 0: none."""
    discount_tier_1_code: kind.Text = ""
    """What the customer types at the checkout. Without one nothing gives the discount by itself."""
    discount_tier_2_amount: kind.Amount = Decimal(500)
    """The second tier: from this total on, which is higher than the first one,"""
    discount_tier_2_percent: kind.Percent = Decimal(20)
    """so many percent off,"""
    discount_tier_2_code: kind.Text = ""
    """by this code."""
    discount_max_total: kind.Amount | None = None
    """A cart with a higher total, in the shop's currency, is mailed without a discount, and a WARNING
    (`discount.too_dear`) says so. Empty: a hundred times the highest tier's amount and at least 10,000; none where
    the only tier begins at 0."""
    discount_rounding: Annotated[Literal["cart", "row"], kind.Lower] = "cart"
    """Where the discount is rounded to the currency's smallest unit: once for the `cart`, or in each `row`. Take
    what your checkout does, else the mail may be a cent off."""
    discount_code_days: Annotated[int, Ge(1), Le(365)] | None = None
    """For how many days the codes are good: the mail names the last one, counted from the date in UTC. Let the
    codes run a day longer in your shop: there it may be another date. Empty: the mail says nothing of it."""
    discount_note: kind.Text = DEFAULT_NOTE
    """What the mail says about a discount without a code."""
    free_shipping_text: kind.Text = DEFAULT_FREE_SHIPPING
    """A badge in the mail. It means something when it is empty: no badge."""
    promises_confirmed: kind.Promises = frozenset()
    """What your shop surely grants. Each start tells in one line (`settings.promises`) what mails promise,
    discounts without a code marked; as a WARNING while this does not name all of it. `schema check` does the
    same."""

    @field_validator("discount_tier_2_amount")
    @classmethod
    def _tiers_rise(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        lower = info.data.get("discount_tier_1_amount")
        if not info.data.get("discount_tiers") and lower is not None and value <= lower:
            raise ValueError(f"more than DISCOUNT_TIER_1_AMOUNT = {lower}")
        return value

    @property
    def tiers(self) -> tuple[DiscountTier, ...]:
        """The discount table, amounts rising: DISCOUNT_TIERS, else the two numbered tiers."""
        return self.discount_tiers or (
            DiscountTier(
                self.discount_tier_1_amount, self.discount_tier_1_percent, self.discount_tier_1_code
            ),
            DiscountTier(
                self.discount_tier_2_amount, self.discount_tier_2_percent, self.discount_tier_2_code
            ),
        )

    @property
    def discount_ceiling(self) -> Decimal | None:
        """The highest total that a discount is promised for: DISCOUNT_MAX_TOTAL, else by the highest tier.

        None: any total. Where the only tier begins at 0, nothing tells what is much in this currency.
        """
        highest = max(tier.amount for tier in self.tiers)
        by_tiers = max(100 * highest, Decimal(10_000)) if highest else None
        return by_tiers if self.discount_max_total is None else self.discount_max_total
