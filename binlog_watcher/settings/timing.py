"""The settings of when a cart counts as abandoned, and who is written to."""

from decimal import Decimal
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from mailer import AddressPatterns


class TimingSettings(BaseModel):
    """A part of ``Settings``."""

    abandonment_threshold_minutes: kind.Minutes = Decimal(30)
    """How long a cart must be quiet, with no order. In minutes, fractions too."""
    max_cart_age_hours: kind.PositiveHours = Decimal(72)
    """A cart abandoned longer ago gets no mail. In hours; more than the threshold."""
    email_cooldown_hours: kind.Hours = Decimal(24)
    """The least time between two mails to one address, in hours. A cart held back is written to later, so this must
    be less than `MAX_CART_AGE_HOURS`."""
    check_interval_seconds: kind.Interval = 60.0
    """How often the reconciliation looks for what the stream missed, in seconds. Not more often than an idle MySQL
    is heard of: a stream that is silent for three intervals counts as down."""
    rollout_percent: kind.Percent = Decimal(100)
    """The share of customers who get mails, always the same ones. Raising it does not mail carts that were
    skipped."""
    exclude_roles: kind.Roles = frozenset()
    """Values of `users.role` that get no mail; upper and lower case are the same."""
    order_grace_minutes: kind.Grace = Decimal(60)
    """Who ordered something and has nothing but that in a cart again, put in within so many minutes of the order,
    is not reminded of it (`just_bought`): a payment module clones the cart, say. 0: he is. Needs `[order_items]`
    and `orders.customer` in the preset; `sample` has none, so there such a cart is mailed."""
    mail_zero_totals: bool = False
    """Mail carts whose total is 0, too. Otherwise they are skipped (`zero_total`), as is a total below 0 in any
    case. No effect with `magento-2` and `prestashop-8`: there a line that costs nothing is a gift of the shop's,
    and no line, so such a cart is empty."""
    mail_unavailable: bool = False
    """Mail carts of which no product can be bought when they fall due, because it is sold out or not for sale.
    Otherwise they are skipped (`unavailable`). A cart with at least one that can be bought is mailed; what can't is
    marked, and in no total."""
    exclude_addresses: kind.Addresses = AddressPatterns()
    """Addresses that get no mail (shop bots, staff): `jane@example.com`, `noreply@` at every domain, `@example.com`
    the domain, `@*.example.com` those below it. `*` stands for any letters; upper and lower case are the same."""
    max_emails_per_minute: Annotated[int, Ge(1), Le(1_000_000)] | None = None
    """A limit on sending, for all instances on one database together. Empty: none."""
    bounce_limit: Annotated[int, Ge(0), Le(100)] = 2
    """An address gets no mail any more when the mail server has refused so many carts' mails to it for good because
    there is no such mailbox (5.1.1 and its like), none of which went out in between. 0: never. [`cartwake
    optout`](bounces.md#addresses-that-the-server-refuses) lists and undoes it."""
    dry_run: bool = False
    """Report only: nothing is written and nothing sent, and `SMTP_HOST` is not needed."""

    @field_validator("max_cart_age_hours")
    @classmethod
    def _age_above_threshold(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        minutes = info.data.get("abandonment_threshold_minutes")
        if minutes is not None and value * 60 <= minutes:
            raise ValueError(f"more hours than ABANDONMENT_THRESHOLD_MINUTES = {minutes} are")
        return value

    @field_validator("email_cooldown_hours")
    @classmethod
    def _cooldown_below_age(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        age = info.data.get("max_cart_age_hours")
        if age is not None and value >= age:
            # A cart held back that long would be too old for a mail when its time comes.
            raise ValueError(f"less than MAX_CART_AGE_HOURS = {age}")
        return value

    @property
    def order_grace_us(self) -> int:
        """How long after an order nobody is reminded of what was in it, in microseconds."""
        return int(self.order_grace_minutes * 60_000_000)

    @property
    def threshold_us(self) -> int:
        """How long a cart must be quiet, in microseconds."""
        return int(self.abandonment_threshold_minutes * 60_000_000)

    @property
    def max_cart_age_us(self) -> int:
        """The age from which an abandoned cart gets no mail, in microseconds."""
        return int(self.max_cart_age_hours * 3_600_000_000)

    @property
    def cooldown_us(self) -> int:
        """The least time between two mails to one address, in microseconds."""
        return int(self.email_cooldown_hours * 3_600_000_000)
