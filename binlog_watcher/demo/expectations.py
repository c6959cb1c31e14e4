"""What the shoppers expect to find in their mailboxes; pure data.

This is the demo's oracle. It shares no code with the service on purpose: discount tiers, totals and the way
money is written are stated here a second time. All times are epoch seconds as floats; amounts are Decimal.
"""

import enum
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

CODES = {Decimal(0): "", Decimal(10): "COMEBACK10", Decimal(20): "COMEBACK20"}
"""The discount code that the demo's shop promises for each percentage."""

CLOCK_SLACK = 0.02
"""Seconds by which two readings of this machine's clock in different processes may disagree."""


class Timing(enum.Enum):
    """How exactly the moment is known at which a mail becomes due."""

    LIVE = "live"  # last activity + threshold, with the service running: these count for the lateness
    HELD = "held"  # the end of the cool-down, counted from when the mail before arrived
    OUTAGE = "outage"  # due while the service was down, or read from the tables when it came back
    CLOCK = "clock"  # only the shop's own clock tells the time of the activity, in whole seconds


EARLY = {Timing.LIVE: 0.0, Timing.HELD: 0.5, Timing.OUTAGE: 1.0, Timing.CLOCK: 1.0}
"""How many seconds before ``due`` a mail may come.

LIVE: none. HELD: the cool-down counts from the claim, which comes before the mail's arrival. The others: the
shop's ``created_at`` is all that is known of the activity (after a restart, say), and it has whole seconds.
"""


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a cart; ``price`` of one piece. What is not ``in_stock`` is shown, and not in the totals."""

    name: str
    price: Decimal
    quantity: int = 1
    in_stock: bool = True


@dataclass(frozen=True, slots=True)
class ExpectedMail:
    """One mail that must arrive: for whom, about what, and not before when."""

    user_id: int
    address: str
    greeting: str | None
    items: tuple[Item, ...]
    due: float
    timing: Timing = Timing.LIVE

    @property
    def subtotal(self) -> Decimal:
        """What can be bought of the cart, before the discount."""
        return sum((item.price * item.quantity for item in self.items if item.in_stock), Decimal(0))

    @property
    def percent(self) -> Decimal:
        """Below 100 no discount, below 500 ten per cent, from 500 on twenty."""
        return discount_percent(self.subtotal)

    @property
    def saving(self) -> Decimal:
        """The discount in money, rounded half up to cents."""
        return (self.subtotal * self.percent / 100).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    @property
    def total(self) -> Decimal:
        """What is left to pay."""
        return self.subtotal - self.saving


@dataclass(slots=True)
class Story:
    """What one shopper did, and what must come of it.

    ``skips``: the reasons that the log must give for carts of this shopper that are not mailed.
    ``inconclusive``: set when the shopper was too slow for the scenario (a busy machine): nothing is judged.
    """

    scenario: str
    user_id: int
    address: str
    expected: list[ExpectedMail] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    inconclusive: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One caught mail as a customer would read it; ``page`` is the visible text of the HTML part.

    ``active``: markup that has no business in a mail (scripts, event handlers, frames). ``products``: the names
    from the catalogue that the page shows, in the cart and among the recommendations.
    """

    number: int
    arrived_at: float
    address: str
    header_to: str
    subject: str
    page: str
    text: str
    active: tuple[str, ...] = ()
    products: frozenset[str] = frozenset()
    unsubscribe: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class LoggedCart:
    """One row of ``cart_abandonment_log``."""

    user_id: int
    status: str
    reason: str | None
    email_sent: int | None
    cart_total: Decimal | None
    discount_percent: Decimal | None


def discount_percent(total: Decimal) -> Decimal:
    """The owner's tiers: below 100 none, below 500 ten per cent, else twenty."""
    return Decimal(0) if total < 100 else Decimal(10) if total < 500 else Decimal(20)


def money(amount: Decimal) -> str:
    """US dollars as the mail writes them."""
    return f"${amount:,.2f}"
