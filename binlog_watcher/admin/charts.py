"""Charts as numbers for SVG that the server writes: nothing runs in the browser, and colours come by the style sheet.

All lengths are in the units of a viewBox that is stretched to its place, so nothing but rectangles stands in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from binlog_watcher.admin import shown
from binlog_watcher.store.own_tables.figures import Day, Sums

HEIGHT = 100.0
STEP = 10.0
"""What a day has of the chart's width, and of it a bar has ``BAR``."""

BAR = 7.0

STRIP = 1000.0
MARK = 4.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle that stands on the ground."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ChartDay:
    """A day of the chart: bars that stand one before the other, and the same in words."""

    day: str
    iso: str
    title: str
    abandoned: int
    mailed: int
    recovered: int
    x: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """``top``: what the upper edge stands for."""

    days: tuple[ChartDay, ...]
    top: int
    width: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not any(one.abandoned or one.mailed or one.recovered for one in self.days)


def month(days: Sequence[Day], last: date, number: int) -> Chart:
    """So many days up to ``last``; one without a cart is left out of ``days`` and has no bars."""
    known = {one.day: one.sums for one in days}
    all_days = [last - timedelta(days=back) for back in reversed(range(number))]
    top = nice_top(max((sums.abandoned for day, sums in known.items() if day in all_days), default=0))
    return Chart(
        tuple(_day(at, known.get(at, Sums()), index, top) for index, at in enumerate(all_days)),
        top,
        STEP * number,
    )


def _day(at: date, sums: Sums, index: int, top: int) -> ChartDay:
    counted = (("abandoned", sums.abandoned), ("mailed", sums.mailed), ("recovered", sums.recovered))
    x = index * STEP + (STEP - BAR) / 2
    bars = []
    for kind, number in counted:
        height = round(HEIGHT * min(number / top, 1), 2)
        if number:
            bars.append(Bar(kind, round(x, 2), round(HEIGHT - height, 2), BAR, height))
    name = shown.day(at)
    title = f"{name}: " + ", ".join(f"{shown.count(number)} {kind}" for kind, number in counted)
    return ChartDay(
        name, at.isoformat(), title, sums.abandoned, sums.mailed, sums.recovered, index * STEP, tuple(bars)
    )


def nice_top(largest: int) -> int:
    """The next number from ``largest`` up that is easy to halve: 4, 10, 20, 40, 100 and so on."""
    if largest <= 4:
        return 4
    power = 10 ** math.floor(math.log10(largest))
    return int(next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= largest))


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick of the strip, at which so many timers are due."""

    x: float
    y: float
    height: float
    title: str


def strip(dues_us: Sequence[int], now_us: int, span_us: int, *, slots: int = 120) -> tuple[Mark, ...]:
    """Timers on the line of the next ``span_us``, by slot; those that are overdue stand at its beginning."""
    counts: dict[int, int] = {}
    for due_us in dues_us:
        slot = max(0, (due_us - now_us) * slots // span_us)
        if slot < slots:
            counts[slot] = counts.get(slot, 0) + 1
    most = max(counts.values(), default=1)
    marks = []
    for slot, number in sorted(counts.items()):
        height = round(35 + 65 * number / most, 2) if most > 1 else 70.0
        at = shown.span(slot * span_us // slots)
        marks.append(
            Mark(
                round(slot * STRIP / slots + 1, 2), round(100 - height, 2), height,
                f"{shown.count(number)} due in {at}" if slot else f"{shown.count(number)} due now",
            )
        )  # fmt: skip
    return tuple(marks)
