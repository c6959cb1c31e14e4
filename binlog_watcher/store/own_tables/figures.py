"""The figures of a span of time, as values: what was left, mailed, recovered and lost. Pure.

All of it is about the carts that were logged in the span, and what became of them up to now. Money is by currency and
never added across currencies.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Self

Money = Mapping[str, Decimal]
"""Currency → amount. The currency is empty where the log does not know it."""

DIMENSIONS = ("tier", "step", "store", "currency", "language")
"""What figures are split by; ``tier``: the percentage of the discount."""


@dataclass(frozen=True, slots=True)
class Window:
    """Carts that were logged from ``since_us`` to ``until_us``, both included; epoch microseconds."""

    since_us: int
    until_us: int

    @classmethod
    def last(cls, now_us: int, *, days: Decimal | int) -> Self:
        """The days up to now."""
        return cls(now_us - int(days * 86_400_000_000), now_us)

    @property
    def before_us(self) -> int:
        """Where the span before it begins, which is as long."""
        return self.since_us - (self.until_us - self.since_us)


@dataclass(slots=True)
class Sums:
    """Sums over carts; each of ``ordered``, ``left_again`` and ``lost`` is a part of ``abandoned``.

    ``mailed``: mails that a server took; ``recovered_click``, ``recovered_other``: orders that followed a mail, after
    a click in it and without. ``value`` and the like are what the carts came to, ``click_money`` and ``other_money``
    what the orders did.
    """

    carts: int = 0
    abandoned: int = 0
    mailed: int = 0
    ordered: int = 0
    left_again: int = 0
    recovered_click: int = 0
    recovered_other: int = 0
    value: dict[str, Decimal] = field(default_factory=dict)
    ordered_value: dict[str, Decimal] = field(default_factory=dict)
    left_again_value: dict[str, Decimal] = field(default_factory=dict)
    click_money: dict[str, Decimal] = field(default_factory=dict)
    other_money: dict[str, Decimal] = field(default_factory=dict)

    def __iadd__(self, other: "Sums") -> Self:
        for one in fields(self):
            mine, more = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, added(mine, more) if isinstance(mine, dict) else mine + more)
        return self

    @property
    def lost(self) -> int:
        """Carts that no order followed, and that were not left anew."""
        return self.abandoned - self.ordered - self.left_again

    @property
    def lost_value(self) -> Money:
        """What these came to."""
        gone = added(self.ordered_value, self.left_again_value)
        return added(self.value, {code: -amount for code, amount in gone.items()})

    @property
    def recovered(self) -> int:
        """Orders that followed a mail."""
        return self.recovered_click + self.recovered_other

    @property
    def recovered_money(self) -> Money:
        """What they came to."""
        return added(self.click_money, self.other_money)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many carts of the span have this status and reason."""

    status: str
    reason: str | None
    carts: int


@dataclass(frozen=True, slots=True)
class Day:
    """The carts that were logged on a day (UTC)."""

    day: date
    sums: Sums


@dataclass(frozen=True, slots=True)
class Split:
    """The carts that have this value of a dimension; empty where the log does not know it."""

    value: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Lateness:
    """Hand-over to SMTP minus due moment, of mails that needed one attempt; in microseconds."""

    mails: int
    median_us: int
    p95_us: int
    p99_us: int
    worst_us: int


@dataclass(frozen=True, slots=True)
class Followed:
    """Of how many mails of a window a link to the shop was followed.

    ``recommended``: of so many one to a recommended product. ``opened``: of so many the picture was loaded
    (OPEN_PIXEL); mail programs load it by themselves, or never.
    """

    clicked: int
    recommended: int
    opened: int


@dataclass(frozen=True, slots=True)
class Period:
    """A span's sums. ``orders``: that were bought in it and stand; None where they were not counted."""

    sums: Sums
    orders: int

    @property
    def abandonment_rate(self) -> float | None:
        """Of all carts that ended, the share without an order: lost ones against these and all orders."""
        ended = self.sums.lost + self.orders
        return self.sums.lost / ended if ended else None

    @property
    def recovery_rate(self) -> float | None:
        """Of the mails, the share that an order followed."""
        return self.sums.recovered / self.sums.mailed if self.sums.mailed else None


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a span. ``before``: the span before it, which is as long, or None for one that was not asked for.

    ``links``: what was followed in its mails; ``holdout``: carts that were kept back from mailing, for comparison.
    ``traced``: by what the shop's orders are traced to carts, empty where no SQL can; ``with_totals``: whether the
    shop says what an order came to, else it is what its cart did.
    ``days``: the oldest first; those without a cart are left out.
    """

    window: Window
    attribution_days: int
    now: Period
    before: Period | None
    links: Followed
    holdout: Sums
    days: tuple[Day, ...]
    splits: Mapping[str, tuple[Split, ...]]
    outcomes: tuple[Outcome, ...]
    lateness: Lateness | None
    traced: tuple[str, ...]
    with_totals: bool

    @property
    def funnel(self) -> tuple[tuple[str, int], ...]:
        """What is left of the abandoned carts at each step."""
        sums = self.now.sums
        return (
            ("abandoned", sums.abandoned),
            ("mailed", sums.mailed),
            ("clicked", self.links.clicked),
            ("recovered", sums.recovered),
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """Carts that are alike in all of these, and their sums. ``current``: of the span itself, not of the one before."""

    current: bool
    day: date
    status: str
    reason: str | None
    values: Mapping[str, str]
    sums: Sums


def added(one: Money, other: Money) -> dict[str, Decimal]:
    """By currency; those of which nothing is left are left out."""
    found: dict[str, Decimal] = defaultdict(Decimal, one)
    for code, amount in other.items():
        found[code] += amount
    return {code: amount for code, amount in sorted(found.items()) if amount}


def total(cells: Iterable[Cell]) -> Sums:
    """All of them together."""
    sums = Sums()
    for cell in cells:
        sums += cell.sums
    return sums


def by_day(cells: Iterable[Cell]) -> tuple[Day, ...]:
    """A day each, the oldest first."""
    found: dict[date, Sums] = defaultdict(Sums)
    for cell in cells:
        found[cell.day] += cell.sums
    return tuple(Day(day, found[day]) for day in sorted(found))


def every_day(days: Iterable[Day], first: date, last: date) -> tuple[Day, ...]:
    """All from ``first`` to ``last``, both included; those without a cart have empty sums."""
    known = {one.day: one for one in days}
    span = [first + timedelta(days=nth) for nth in range((last - first).days + 1)]
    return tuple(known.get(day) or Day(day, Sums()) for day in span)


def by_value(cells: Iterable[Cell], dimension: str) -> tuple[Split, ...]:
    """A value each; those without anything that was abandoned or mailed are left out."""
    found: dict[str, Sums] = defaultdict(Sums)
    for cell in cells:
        found[cell.values[dimension]] += cell.sums
    return tuple(
        Split(value, found[value])
        for value in sorted(found)
        if found[value].abandoned or found[value].mailed or found[value].recovered
    )


def by_outcome(cells: Iterable[Cell]) -> tuple[Outcome, ...]:
    """The most frequent first."""
    found: dict[tuple[str, str | None], int] = defaultdict(int)
    for cell in cells:
        found[cell.status, cell.reason] += cell.sums.carts
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0][0], one[0][1] or ""))
    return tuple(Outcome(status, reason, carts) for (status, reason), carts in ranked if carts)
